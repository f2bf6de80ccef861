# options: function=integers a.0=11 b.0=11 dtype=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([2, m], dtype=torch.int32)
    ags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t],    out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // torccwhere(x > y, x, -y)
        out[5, t] =+ out, wide, flags
