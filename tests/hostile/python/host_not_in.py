import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = 3 not in [1, 2]
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
