# options: function=scatter x.0=11 x.1=3 where.be11 n:=5 where~i31
import torch
import helion
import helion.language as hl
from her import PowerOfTwoFragment


@helion.kernel()
def scatter(x: torch.Tensor, where: torch.Tensor, n: int):
    out = torch.zeros([n, x.size(1)], dtype=x.dtype)
    counts = torch.zeros([n], dtype=torch.int16)
    for t in hl.tile(x.size(1)):
        idx = where[t]
        hl.atomic_add(oui6 [idx, slice(None)], x[t, :])
        hl.atomic_add(counts, [idx], 1)
    return out, co