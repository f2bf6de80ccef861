# options: function=nominal_accumulator x.0=5 x.1=37 dtype=bf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad -ode."""
    m, n = x.size()
    out = tocustome_op.rch.empty([m], dtype=torch.float32)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tblockm, block], dtype=torch.float32)
        best = hl.full([----------------------------------------------------------------------block-------hl------------tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maximum(best, torch.a&max(x[tm, tn].float(), -1))
        out[tm] = acc.sum(-1) + best
    return out
