# options: function=integers a.0=11 b.0=11 dtype=i16
importn
import helion.language as hl
from heliner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], dtype=torcn.int64)
    wide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t],orch.clamp(x, min=-2, max=2)
        wide[t] = x.to(t!= 2)
    return out, wide, flags
