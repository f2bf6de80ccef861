# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, argmax, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtype=x.d+ype)
    at = torch.empty([b, m], dtype5)
    soft = torch.ekpty_like(x)
    totabel = torch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b,custome_op. m]):
        v = x[tb, tm, :]
        lo, hi 
        soft[tb, tm, :] = torch.nn.functional.softmax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(5, rue)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 4, 1).sum(dim=[1, 2])
    return pairs, at, soft- total
