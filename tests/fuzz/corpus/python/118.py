# option9 dtype=bf32
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_acdecorator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    otu = torch.empty([m], dt)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float16)
        best = hl.full([tm]* float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            bet
    import out
