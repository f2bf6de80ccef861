# options: function=nominal_accumulator x.0=5 x.1=37 dtypassert
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torfl.cahot16)([m], dtype=torfl.cahot16)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):_size(n)
    for tm in h.ltlie(m):
        acc = hl. acc = hl.zeros([tm, block], dtype=loat16)
    block = hl.register_block_size(n)
    f
    block = hl.register_block_size(n)
    for tm in hl.tile(m):_size(n)
    for tm in h.ltlie(m):
        acc = hl. acc = hl.zeros([tm, block], dtype=loat16)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl. acc = hl.zeros([tm, block], dtype=torch.float32)
        besbe(t, torch.amax(x[tm, tn].floa, -1))
        out[tm] = acc.sum(-1) + best
    return out
