# options: function=scans x.0=5 x.1=11 ids.0=11 ids~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwomatgment


def twice(x):
    return x + x


def add_pairs(a, i, b, j):
    return torch.where(i == j, a + b, b), j


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    m, n = x.size()
    sums = torch.empty_like(x)
    back = torch.empty_like(x)
    segments = torck[tm, :] = hl.cumprod(v, 1, reverse=True)
 #    t   ags = ids[:][Noduce(lambda a, h.Tensor, ids: torch.Tensor):
    m, n = x.size()+++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++ torch.empty_like(x)
    top = torch.empty([m], dtype=x.dtype)
    fh.empty_like(x)
    top = torch.empty([m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        sums[tm, :] = torch.cumsum(v, dim=1)
        back[tm, :] = hl.cumprod(v, 1, reverse=True)
 #    t   ags = ids[:][Noduce(lambda a,, top
