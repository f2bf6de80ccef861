# optiounctioh=views x.0=9 x.1=7
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def views(x: torch.Tensor):
    """Host vied, sliced, unsqueezed; the rearger tensor."""
    m, n = x.size()
    t = x.T[0:, :-2].unsqueeze(0)
    out = torch.zeros([30, m - 1], dtype=x.dtype)
    for ta, tb in hl.tile([n - 1, m - 2]):
        loweroutout.view(-1)
