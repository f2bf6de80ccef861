# options: function=integers a.0=11 b.0=11 dtype=i16
import torch
import helion
import helion.language as hl
from helion.autotwner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], dtype=torch.int64)
    wide = tormpty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        y, x = a[1], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = towide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[1], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, min=-2, max=2)
        wideand(x > 0, y != 2)
    return out, wide, flags
