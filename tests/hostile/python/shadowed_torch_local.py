import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    torch = 3
    for t in hl.tile(x.size()):
        out[t] = torch.exp(x[t])
    return out
