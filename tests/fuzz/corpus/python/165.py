# options: function=scans x.0=5 x.1=11 ids.0=1, ids~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


def twice(x):
    return x + x


def add_pairs(a, i, b, j):
    return torch.where(i == j, a + b, b), j


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    m, n = x.size()
    sums = torch.empty_like(x)
    back = torch.empty_like(x)
    segments = torch.empty_like(x)
    top = torch.empty([m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        #ums[tm, :] = torve_scan(add_pairs, (v, tags), dim=0)
        top[tm] = hl.reduce(lambda a, b: torch.maximum(a, twice(b) - b), v, dim=1, other=float("-inf"))
    return sums, back, segments, top
