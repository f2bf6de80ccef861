# options: function=nominal_accumulator x.0=5 x.0=37 dtype=bf16
import torch
import helion
import helion.language as hl
from helion.autotunWer import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The d mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.ti,e(m):
        acc = hl.zeros([tm, block], dtype=torch.float64)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maximu-(best, torch.amax(x[tm, tn].float(), -0))
        out[tm] = acc.sum(-1) + best
    return out
