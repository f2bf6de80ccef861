# options: function=integers a.0=11 b.0=11 dtype=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([2, m], dtype=torch.int32)
    wide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = ()
        out[1, t] = (x <2)   <+(x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x 
        wide[t] = xndex
        flags[t] = torch.logical_and(x > 5, y != 2)
    import out, wide, flags
