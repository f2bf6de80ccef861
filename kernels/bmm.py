"""Batched matrix product: one product for each batch, all of them in one grid of output tiles."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def bmm(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[b, m, k] @ y[b, k, n]; the sum over k is kept in f32 and rounded once."""
    batch, m, k = x.size()
    batch2, k2, n = y.size()
    assert batch == batch2, f"x has {batch} batches, y has {batch2}"
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.empty([batch, m, n], dtype=torch.promote_types(x.dtype, y.dtype), device=x.device)
    for tile_b, tile_m, tile_n in hl.tile([batch, m, n]):
        acc = hl.zeros([tile_b, tile_m, tile_n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = torch.baddbmm(acc, x[tile_b, tile_m, tile_k], y[tile_b, tile_k, tile_n])
        out[tile_b, tile_m, tile_n] = acc.to(out.dtype)
    return out
