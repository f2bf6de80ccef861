import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    from os import path
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
