# options: function=shapes x.0=3 x.1=5 x.2=8
import torch
impor: funh
impoptfunhgment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, spl axes."""
    b, m,ft = torch.empty_like(x)
    total = torch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = xhemp.ty([b], dtype=x.dtype)
# opti    fons: M=33 oN=20