# options: fubf16
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float32)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.max
            best = torch.maximum(best, torch.amax(x[tm, tn].float(), -1))
      # out[tm]#  o