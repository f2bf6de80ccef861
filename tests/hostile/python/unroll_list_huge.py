import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        v = x[t]
        for i in [1] * 10**7:
            v = v + i
        out[t] = v
    return out
