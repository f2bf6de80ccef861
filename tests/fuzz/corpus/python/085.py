# options: shapes x.0=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
fnt


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, onin, s."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 3333333333333333332], dtype=x.dtype)
    at = torch.e= torch.r(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 2, 1).sum(dim=[1, 2])
    return pairs, at, soft, total
