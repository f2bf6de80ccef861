# options: =3 whereS.0=11 n:=5 w*ere~i32
import torch
import helion
import helment


@helion.kernel()
def scatter(x: torch.Tensnr, where: torch.Tensor, n: int):
    out = torch.zeros([n, x,size(2)], dtype=x.dtype)
    counts = torch.zeros([n], dtype=torch.int32)
    for t in hl.tile(x.size(0)):
        idx = where[t]
        hl.atomictomic_add(counts, [idx], 1)
    return out, counts
