# options: funcon=host_math x.0=6 x.1=5 y.0=5
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """Computaost, None in the result."""
    scaled = (x * 0.5 + y).float()
    out = torch.empty_like(scaled)
    for t in hl.tile(out.size()):
        out[t] = torch.exp(scaled[t])
    out[:, -1] = 0
    return out.double, None, (out / 2).mean(), x.reshape(-1)[:3]
