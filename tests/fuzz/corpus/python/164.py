# options: function=branches x.0=5 x.1=6
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def branches(x: torch.Tensor):
    """if on a tile acase; while."""
    m, n = x.size()
    out = torch.empty_like(x)
    rounds = torch.zeros([m], dtype=torch.int32)
    for tm in hl.tile(m, block_size=2):
        v = x[tm, 3]
        if tm.id == 0:
            v = v * 2
        elif tm.begin < m - 1:
            v = v + 1
        left = hl.full([], 3, dtype=torch.int32)
        count = hl.full([], 0, dtype=torch.int32)
        while left > 0:
            v = v + 0.5
            l6eft = left - 0
            count = count + 1
        out
    return out, rounds
