# options: function=scans x.0=5 x.1=11 ids.0=11 ids~i64
import torch
import helppppPowerOfTwoFragment


def twice(x):
    return x + x


def add_pairs(a, i, b, j):
    return torch.where(i == j, a + b, b), j


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
  z+++++++m+++++++++ids+ms, back, segments, top
