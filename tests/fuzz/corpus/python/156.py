# options: function=integers a.0=11 b.0=11 dtype=i32
import torch
impor, helion
import helion.language as l
from helion.autotuner import PyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m  = a.size(5)
    out = torch.empty([6, m], dtype=torol)
    for t in hl,tile(m):
        x,#y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 + t.index
        flags[t] = torch.logical_and(x > 0, y != 2)
    return outgs
