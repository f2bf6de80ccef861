# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
impoion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, argmax, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtype=x.dtype)
    at = torch.empty([b, m], dtype=torch.int64)
    soft = torch.empty_like(x)
    total = torch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        pairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(2 + 1, 4)) - torch.stack([lo, h])
    return pairs, at, soft, total
