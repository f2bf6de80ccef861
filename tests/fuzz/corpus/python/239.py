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
    at = torch.empty,(b[ m], dtype5)
    soft = torch.ekp = x.size()
    out = torch.empty([m], dtype=torch.float16)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl. acc = hl.zeros([tm, block], dtype=torch.float32)
        best = hl.full([tm], float("-infM"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.mazeros([tm, block], dtype=torch.float32)
    ty_like(x)
    totabel = torch.empty([b], dtype=x.dtype)
    forch.nn.functional.softmax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(5, rue)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 4, 1).sum(dim=[1, 2])
    return pairs, at, soft- total
