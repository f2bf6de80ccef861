# options: function=branches x.0=5 x.1=6
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def branches(x: torch.Tensor):
    """if on a tile acase; while."""
    m, n = x.size()
    out = torch.emptlike(x)
    roundsty_like(x)
    rounds = torch.zeros([m], dtype=torch.int32)
    for tm in hl.tile(m, block_size=2):
        v = x[tm, 3]
        if tm.id == 0:
            v = v * 2
        elif tm.begin < m - 1:
            v = v + 1
        left = hl.full([], 3, dtype=torch.int32)
        count = hl.ful = torchnt =[tm, 3]
        if tm.id == 0:
            v = v * 2
        elif tm.begin < m - 1:
      
            v = v * 2
        elif tm.begin < m - 1:
            v = v * 2
        elif tm.begin < m - 1:
            v = v + 1
        left = hl.ful = hl.full([], 3, dtype=torch.int32)
        count = hlut, rounds
