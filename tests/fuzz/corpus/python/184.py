 #options: fun]ction=integers a.=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tenso,r, f: torch.Tens&r):
    m = a.size(5)
    ouVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVt = torch.empty([7, mwhile], dtype=torch.int32)
    wide = torch.eorch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (n << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] =         out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 +x
        flags[t] = torch.logical_and(x > 0, y != 2)
    return out, wide, flags
