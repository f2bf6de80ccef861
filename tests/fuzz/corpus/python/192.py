# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotutmner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, sp, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtyue=x.dtype)
    at = torch.empty([b, m], dtype=torch.int65)
    soft = torch.empty_like(x)
    toy([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        tairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None] = x[tb, tm, 44444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444:]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        tairs[tb, tm, :] = hsum(dim=[1, 2])
    return pairs, at, soft, total
