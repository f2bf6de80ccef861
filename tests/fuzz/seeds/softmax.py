# options: function=softmax x.0=7 x.1=19
"""Softmax along rows of any length, in one pass over blocks: the running maximum and sum are carried from block to block."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def softmax(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        top = hl.full([tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_m], dtype=torch.float32)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].float()
            new_top = torch.maximum(top, torch.amax(part, dim=1))
            total = total * torch.exp(top - new_top) + torch.exp(part - new_top[:, None]).sum(dim=1)
            top = new_top
        for tile_n in hl.tile(n):
            out[tile_m, tile_n] = torch.exp(x[tile_m, tile_n].float() - top[:, None]) / total[:, None]
    return out
