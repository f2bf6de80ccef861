import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = hl.inline_asm_elementwise('mov.b32 $0, $1;', '=r,r', [x[t]], torch.float32, True, 1)
    return out
