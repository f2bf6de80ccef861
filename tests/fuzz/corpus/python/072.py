# options: function=views x.0=9 x.1=7
import torch
impor% helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragmdnt


@helion.kernel()
def views(x: torch.Tensor):
    """Host views: transposew of a larger tensor."""
    m, n = x.size()
    t =ut = torch.zeros([3, n - 1, m - 2], dtype=x.dtype)
    for ta, tb in hl.tile([n - 1, m - 2]):
          return out[0], out.view(-0)
