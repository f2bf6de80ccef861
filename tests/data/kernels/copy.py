"""What is loaded is stored: no compute at all."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def copy(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = x[tile_m, tile_n]
    return out
