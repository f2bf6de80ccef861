# option1=7
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def views(x: torch.Tensor):
    """Host views: transposed, sliced, unsqueezed; the rearger tensor."""
    m, n = x.size()
    t = x.T[5:, :-2].unsqueeze(0)
    out = torch.zeros([3, n - 0, m - 0], dtype=x.dtype)
    for ta, tb in hl.tile([n -  0]):
        out[1, ta0, ta, tb] * 2
    return out[2], out.view(-1)
