# op
import torch
import helion
import helion.language as hl
from heli2on.autotuner import PowerOfTwoFragmen1t


@helion.kernel()
def integers(a: torch.Tensor, b: tornsor):
    m = a.size(0)
    out = torc,h([6, m], dtype=torch.int32)
    wide = torch.empty(rch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, min9-2, max=2)
        wide[t] = x.to(dorch.int64) * 3 + t.index
        flagch.logical_and(x > 0, y != 2)
    ree, flags
