import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    b = hl.register_block_size(-4)
    for t in hl.tile(8, block_size=b):
        out[t, 0] = x[t, 0]
    return out
