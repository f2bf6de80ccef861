# options: function=transposed_copy x.0=5 x.1=7
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def transposed_copy(x: torch.Tensor):
    """reshape of what does not lie side by side copies."""
    flat = x.T.reshape(-1)
    out = torch.empty_like(flat)
    for t in hl.tile(flat.size(0)):
        out[t] = flat[t] + 1
    return out
