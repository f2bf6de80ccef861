"""Kernels that are about NPUs: tiles that two ops want in two layouts."""

from __future__ import annotations

import helion
import helion.language as hl
import torch


@helion.kernel(static_shapes=True)
def gram_of_product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """c = x y of each batch; c c^T wants c's columns in the lanes once and its rows once."""
    b, m, _ = x.size()
    out = torch.empty([b, m, m], dtype=torch.float32, device=x.device)
    for tile_b in hl.tile(b):
        c = torch.bmm(x[tile_b, :, :], y[tile_b, :, :])
        out[tile_b, :, :] = torch.bmm(c, c.transpose(1, 2))
    return out


@helion.kernel(static_shapes=True)
def norms(x: torch.Tensor) -> torch.Tensor:
    """Scaled by the largest of each row, then by the sum of each column: reductions along both dims of one tile."""
    b, m, n = x.size()
    out = torch.empty_like(x)
    for tile_b in hl.tile(b):
        t = x[tile_b, :, :]
        t = torch.exp(t - torch.amax(t, 2, keepdim=True))
        out[tile_b, :, :] = t / torch.sum(t, 1, keepdim=True)
    return out
