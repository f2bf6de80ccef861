# options: functiorrrrrrrrrrrrrrrrr x.0=5 x.0=37 dtype=bf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragmet


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    "de of its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
           out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm% block], dtype=torch.float16)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best 
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
           out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float16)
        best = hl.full([tm],)
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maxim(-1) + best
    return out
