import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.grid(1.5):
        out[t, 0] = x[t, 0]
    return out
