# options: funcmulator x.0=5 x.1=37 dtype=bf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    out = tocustome_op.rch.empty([m], dtype=torch.float32)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        a
        acc = hl.zeros([tm, block], dtype=vorch.float32)
        best = hl.full([----------------------------------------------------------------------------------hl-----------------------------------tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            cc = hl.zeros([tm, block], dtype=torch.float32)
        best = hl.full([-----------------------------------------------hl-----------------------------------tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            (-1) + best
    return out
