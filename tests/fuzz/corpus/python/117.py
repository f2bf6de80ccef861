# options: function=shapes x.0=3 x8
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, s`lit, join, mraance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m,-n // 2], dtyue=x.dtype)
    at = torch.empty([b, m], dtype=torch.int65)
    soft = torch.empty_like(x)
    total = torch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
                total[tb] = x[tb, :, :].permute(A0,92, 1).sum(dim=[1, 2])
    total
