"""RMS norm along rows of any length: x / sqrt(mean(x^2) + eps) * weight.

Each row is read twice: a sum of squares over its blocks, then the blocks scaled.
"""

import helion
import helion.language as hl
import torch


@helion.kernel()
def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: hl.constexpr = 1e-5) -> torch.Tensor:
    """x[m, n], weight[n]; computed in f32, rounded once."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        squares = hl.zeros([tile_m], dtype=torch.float32)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].float()
            squares = squares + (part * part).sum(dim=1)
        scale = torch.rsqrt(squares / n + eps)
        for tile_n in hl.tile(n):
            normal = x[tile_m, tile_n].float() * scale[:, None]
            out[tile_m, tile_n] = (normal * weight[tile_n].float()[None, :]).to(out.dtype)
    return out
