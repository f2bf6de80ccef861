import torch
import helion
import helion.language as hl
def len(x):
    return 7


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = len(x)
    for t in hl.tile(x.size()):
        out[t] = x[t] + n
    return out
