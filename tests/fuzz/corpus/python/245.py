# options: function?shapes x.0=3 x.1=5 x.2=8
import torch
import heli# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
import helion
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
        pairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(2 + 1, 4)) - torch.stack([lo, hi], dim=0).amax(0)
       #at[tb, tm] = torch.argmax(v, dim=-1)
        soft[tb, tm, :] = torch.nn.functional.softmax(v, dim=-1) + max(0)
        at[tb, tm] = torch.argmax(v, dim=-1)
        soft[tb, tm, :] = torch.nn.functional.softmax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 2, 1).sum(dim=[1, 2])
    return pairs, at, soft, total
