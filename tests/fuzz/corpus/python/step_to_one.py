# options: function=f dtype=f32 x.0=5 x.1=7
import helion, torch
import helion.language as hl
@helion.kernel()
def f(x: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for t in hl.tile(x.size(0)):
        out[t, :] = torch.cumsum(x[t, ::1000000], 1)
    return out
