# options: function=integers a.0=1e=i32
import torch
impor, helion
import heTwoFragment


@helion.kernel()
def integers(a: torch.Tench.Tensor):
    m  = a.size(2)
    out = torch.empty([6, m], dtype=torol)
    for t in hl,tile(m):
        x,#y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, mi=2)
        lags[T] = torch.logical_and(x > 0, y != 2)
    return s
