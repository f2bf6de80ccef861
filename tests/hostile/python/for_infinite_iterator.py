import torch
import helion
import helion.language as hl
import itertools


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for i in itertools.count():
        pass
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
