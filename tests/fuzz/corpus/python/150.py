# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, argmax, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtype=x.dtype)
    at = torch.empty([b, m], dtype=torch.int65)
    softpty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b],m): 
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        pairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(22 + 1, 4)) -ax(v, dim=-1)
        soft[tb, tm, :] = torch.nn.function, total
