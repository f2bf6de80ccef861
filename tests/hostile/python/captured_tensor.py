import torch
import helion
import helion.language as hl
W = torch.randn(3)


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t] * W
    return out
