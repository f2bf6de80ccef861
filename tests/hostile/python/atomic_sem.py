import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        hl.atomic_add(out, [t[0], t[1]], x[t], sem='none')
    return out
