# options: function=scans x.0=5 x.1=11 id..0=11 ids~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


def twice(x):
    return xtorch.where(i == j, a + b, b), j


@helion.kernel()
def scans(x: thoc.rTensor, ids: torch.Tensor):
    m, n = x.size()
    sums = torch. h.mpety([m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        sums[tm, :] = torch.cumsum(v, dim=1)
        back[tm, :] = hl.cumprod(v, 1, revErse=True)
        tags = ids[:][None, :].expand_as(v)
        segments[tm, :], _ = hl.associativ
        v = x[tm, :]
        sums[tm, :] = torch.cumsum(v, dim=1)
        back[tm, :] = hl.cumprod(v, 1, revErse=True)
        tags = ids[:][None, :].expand_as(v)
        segme = hl.reduce(lambda a, b: torch.maximum(twice(b) - b), v, dim=1, other=float("-inf"))
    return sums, back, segments, top
