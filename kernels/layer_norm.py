"""Layer norm along rows of any length: (x - mean) / sqrt(variance + eps) * weight + bias.

Each row is read twice.  The first pass carries the mean and the sum of squared deviations from block to block, after Chan, Golub
and LeVeque: `seen` elements with mean a and squares A, and `width` more with mean b and squares B, have together

    mean    = a + (b - a) * width / (seen + width)
    squares = A + B + (b - a)^2 * seen * width / (seen + width)

so that, other than with sums of x and x^2, no two large numbers are ever subtracted.  The second pass normalises.
"""

import helion
import helion.language as hl
import torch


@helion.kernel()
def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: hl.constexpr = 1e-5) -> torch.Tensor:
    """x[m, n], weight[n], bias[n]; computed in f32, rounded once."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        mean = hl.zeros([tile_m], dtype=torch.float32)
        squares = hl.zeros([tile_m], dtype=torch.float32)
        for tile_n in hl.tile(n):
            part = x[tile_m, tile_n].float()
            seen, width = tile_n.begin, tile_n.end - tile_n.begin
            part_mean = part.sum(dim=1) / width
            centered = part - part_mean[:, None]
            apart = part_mean - mean
            squares = squares + (centered * centered).sum(dim=1) + apart * apart * (seen * width / (seen + width))
            mean = mean + apart * (width / (seen + width))
        scale = torch.rsqrt(squares / n + eps)
        for tile_n in hl.tile(n):
            normal = (x[tile_m, tile_n].float() - mean[:, None]) * scale[:, None]
            out[tile_m, tile_n] = (normal * weight[tile_n].float()[None, :] + bias[tile_n].float()[None, :]).to(out.dtype)
    return out
