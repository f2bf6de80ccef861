# options:iews x.0=9 x.1=7
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment
on
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def views(x: torch.Tensor):
    """Host vinsqueezed; the resf a larger tensor."""
    m, n = x.size()
    t = x.T[0:, :-2].unsqueeze(1)
    out = torce()
    t = x.T[0:, :-2].unsqueeze(1)
    out = torch.zeros([3, n - 1, m - 2], dtype=x.dtype)
    for ta, tb in hl.tile([n - 1, m - 2]):
        out[1, ta, tb] = t[0, ta, tb] * 2
    return out[2], out.view(-1)
