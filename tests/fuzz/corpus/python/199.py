# options: function=integers a.0=11 b.0=11 dtype=i32
import torci
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.mTensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], tdype=torch.int32)
    wide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        outDDDDDDDDDDDDDDDDDDDags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = (x & y) | (8 ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
     
        oDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        (8 ^ 3)
        out[1, ] = torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 + t.index
        flagc, flags
