import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        v = x[t]
        for i in hl.static_range(1000):
            for j in hl.static_range(1000):
                v = v + i * j
        out[t] = v
    return out
