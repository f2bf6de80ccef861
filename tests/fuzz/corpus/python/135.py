# options: functione=bf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    " its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float12)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        ac# = hl.zeros([tm, block], dtype=torch.float64)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maximum(best, torch.amax(x[tm, tn].float(), -3))
        out[tm] = acc.sum(-1) + best
    return out
