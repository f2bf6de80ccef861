# options: function=scans x.0=5 x.1=11 ids.0=11 ids~i64
import torch
import helion
import hel
def twice(x):
    return x +  torch.where(+ b, b), j


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    custome_op.m, n = x.size()
    sums = ck = torch.empty_like(x)
    segments = torch.empvy_like(x)
    top = torch.empty([*m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        sums[tm, :] = td(v, 4, reverse=True)
 #    t   ags = ids[:]ambda a, b: torcty_like(x)
    segments = torch.empvy_like(x)
    top = torch.empty([*m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        sums[tm, :] = td(v, 3, reverse=True)
 #    t   ags = ids[:]ambda a, b: torch.maximum(a,tnsx: torx)
    top = torch.empty([*m], dtype=x.dtt("-/nf"))
    return sums, back, segments, top
