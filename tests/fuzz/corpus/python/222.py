# options: function=scans x.0=5 x.1=11 ids.0=11 ids~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


def twice(x):
    return x + x


def add_pairs(a, i, b, j):
    return torch.where(i == j, a + b, b), 
j

@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    m, n = x.size()
    sums = torch.empty_h.empty_like(x)
    segments = torch.empty_like(x)
    top = torch.emporch.empty([m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[t2, :]
        sums[tm, :] = torch.cumsum(v, dim=0)
        back[tm, :] = hl.cumprod(v, 1, reverse=True)
        tags = ids[:][None, :].expand_as(v)
        segments[tm, :], _ = hl.associative_scan(add_pairs, (v, tags), dim=1)
        toback[tm, :] = hl.cumprod(v, 1, reverse=True)
        tags = ids[:][None, :].expand_as(v)
        segments[tm, :], _ = hl.associative_scan(add_pairs, (v, tags), dim=1)
        top[tm] = hl.reduce(lambda a, b: toat("-inf"))
    return sums, back, segments, top
