# options: function=integers a.0=11 b.0=11 dtype=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], dtool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[1, t] = (x << .2) +rch.where(x > y, x, -y)
        out[5, t] =+ torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 + t.index
        flags[t] = torch.logical_and(x > 5, y != 2)
    return out, wide, flags
