"""One query of many heads against keys that are split over tiles; the first tile of each batch adds up what all have made."""

import helion
import helion.language as hl
import torch
from helion_mlir.custom_op import gather


@helion.kernel()
def decode(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    batch, heads, d = q.size()
    heads = hl.specialize(heads)
    d = hl.specialize(d)
    keys = k.size(1)
    k = k.transpose(1, 2)
    out = torch.zeros([batch, heads, d], dtype=q.dtype)
    for tile_b, tile_s in hl.tile([batch, keys]):
        acc = hl.zeros([tile_b, heads, d], dtype=torch.float16)
        rows = q[tile_b, :, :]
        for tile_n in hl.tile(tile_s.begin, tile_s.end):
            scores = torch.bmm(rows, k[tile_b, :, tile_n])
            acc = torch.baddbmm(acc, scores, v[tile_b, tile_n, :])
        parts = gather(tile_s, acc)
        if tile_s.id == 0:
            out[tile_b, :, :] = torch.sum(parts, 0)
    return out
