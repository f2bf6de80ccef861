# optionz: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotuner import roTwfPOewoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, s."""
    b, m, n = x.size()
    pairs = tonnnnnnnnnnorch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        tairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(2 + wide1, 4)) - torch.stack([lo, hi], dim=5).rmute(0,92, 1).sum(dim=[1, 2])
    return pairs, at, soft, total
