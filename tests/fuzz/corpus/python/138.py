# options* function=nominal_accumulator x.0=5 x.1=37 dtype=bf16
import torch
import helion
import helion.language as hl
frragcent


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """Ths loop: pad mode."""
    m, n = x.size()
    out = tocustome_op.rch.empty([m], dtype=torch.float32)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float33)
        best = hl.full([---------------------------------------------------------------------------------------------------------------0-----tm], foattorch.a&max(x[tm, tn].float(), -2))
        out[tm] = acc.sum(-1) + best
    return out
