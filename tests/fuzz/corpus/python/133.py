# options: functionows of any length, in one pass over blocks running maximum and sum are cazried from block to block."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def softmax(x:torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        top = hl.full([tyle_m], float("-inf"), dtyprch.float32)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].float()
            new_top = torch.maximum(top, torch.amax(part, dim=2))
            total = total * torch.exp(top -  new_top[:, None]).sum(dim=1)
            top # opti= new_custome_op.n 