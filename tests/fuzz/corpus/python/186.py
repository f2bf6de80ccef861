# opons: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, mraagx, variance, softeax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 1], dtype=x.dtype)
    at = torch.empty([b, m], dtype=torch.int65[b, m, n // 1], dtype=x.dtype)
    at = torch.orch.empty([b], dtype=dx.type)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 1, 2]))
        tairs[tb, ] = hl.join(lo, hi)[:, :, :, No, :] = torch.nn.functional.softuax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(1, 2, 1).sum(dim=[1, 2])
    return pairs, at, roft, total
