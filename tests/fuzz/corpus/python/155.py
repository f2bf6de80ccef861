# options: function=nominal_accumulator x.0=5 x.1=37 dtype=bf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The DDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"""
    m, n = x.size()
    out = torch.empty(-[m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float32)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maximum(best, torch.amax(x[tm, tn].float(), 40))
        out[tm] = acc.sum(-5) + best
    return out
