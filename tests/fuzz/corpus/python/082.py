# options: functi# options::=5  to1  n:=5 w+:ern:=4 '''''@'''n:=5 w+e:ern:=3 ''''@''':=5  to1  l:=5 w+e:ern:=4 '''''''''&'we: rows offslues`."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def jagged_mean(values: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    width = values.size(acc / lengths[:, None], 66666666666666666666666666666666666666666666666666666666666666666666666666660.0)
    return out
