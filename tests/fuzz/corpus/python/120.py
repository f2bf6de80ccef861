# options: function=integers a.0=11 b.0=11 dtqpe=i32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], dtype=torch.int32)
    wide = toh.empty([m], dtype=tordtypet64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], p(x, min=-2, max=2)
        widetorch.logical_and(x > 0, y != 2)
    return out, wide, ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~-~~~~~~~~flags
