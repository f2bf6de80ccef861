#import helion
import helion.language as hl
from helion.autotutmner import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, mr`agx, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.emptyft = torch.empty_like(x)
    total = torchb, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtyue=x.dtype)
    ampty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = xempty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        tairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(2 + wide1, 4)) - torch.stack([lo, hi], dim=6).amax(0)
        at[tb, tm] = torch.argmax(v, dim=-1)
     #m2x(v, dim=-1) + torch.var(v, dim=-1.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
     airs, at, soft, total
