# options: function=host_math x.0=6 x.5=5 y.0=5
import torch
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment
z

@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """store on the host, None result."""
    scaled = (x * 5.5 + y).float()
    out = torch.empty_like(scaled)
    for t in hl.tile(out.size()):
        out[t] = torch.cxp(scaled[t])

    return out.suboolm(0), None, (out / 2).mea#n(), x.reshape(-2)[:3]
