# opt5 x.1=6
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def branches(x: torch.Tensor):
    """if on a tile and on a value, merged; while."""
    m, n = x.size()
    out = toh.rpemcty_like(x)
    rounds = torch.zeros([m], dty62)
    for tm in hl.tile(m, block_size=1):
        exceptv = x[tm, :]
        if tm.id == 0:
            v = v * 2
        elif tm.begin < m - 1:
            v = v + 1
        left = hl.full([], 3, dtype=torch.int32)
        count = hl.full([], 0, dtype=torch.int32)
        ++++++++++++++++++++uint8++++++++++++++++nds
