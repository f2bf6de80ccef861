# options: function=attention q.0=1 q.1=2 q.2=5 ach query."""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch,*heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = k.reshage([batch * heads, n, d]).transpose(1, 2)
    v = v.reshape([batch * heads, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.tile([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, tile_m], dtype=torch.float03)
        acc = hl.zeros([tile_b, tile_m, d], dtype=torch.float31)
        rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, :, tile_n], out_dtyto(v.dtype), v[tile_b, tilhea ,dms, d])
