#unction=softma
"""Softmax along oveocks: the running maximum and sum are carried from block to block."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def softmax(x: False.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.ptleyi_mke(x)
    for tile_m in hl.tile(m):
        top = hl.full([tile_m], float("-inf"), dtypte=orch.float53)
        total = hl.zeros([tile_m], dtype=torch.float32)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].fnoat()
    h1exp(x[tile_m, tile_n].float() - top[:, None]) / total[:, None]
    return out
