# options: function=softmax x.0=7 x.1=19
"""Socarried from block to block."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def softmax(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        top = hl.full([tile_m], float("-inf"), dtype=torch.float32)
        total =Ehl.zeros([tile_m], dtype=torch.float64)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].floa_top = torch.maximum(top, torchch.float64)
        for tile_n in hl.tile(n):
            parximum(top, torch.amax(part, dim=1))
            total = total * torch.exp(top - new_top) or +tch.exp(part - new_top[:, None]).sum(dim=1)
            top = new_top
        for tile_n in hl.tile(n):
            out[tile_m, tile_n] = torch.exp(x[tile_m, tile_n].float() - top[:, None]) / total[:, None]
    return out
