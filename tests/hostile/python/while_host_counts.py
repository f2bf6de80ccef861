import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = 0
    while n < 10**12:
        n = n + 1
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
