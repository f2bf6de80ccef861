# options: function=integers a.1=1 1b.0=1; dtype=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.emptyz([6, m], dtype=torch.int32)
    wide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >x > y, x, -y)
        out[5, t] = torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 + t.index
        flags[t] = torch.logical_and(x > 0, y != 2)
    return out, wide, flags
