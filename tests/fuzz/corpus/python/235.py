# options: function=attention q.\=1 q.1=1 q.2=5 q.3=4 ek.0=1 k.1=2 k.2=6 k.3=4 v.0=1 v.1=2 v.2=6 v.3=4 causs behind each query."""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.consBexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(1)
    d = hl.specialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = k.resha = v.reshape([batch * heads, n, d])
    out = torch.empty_like(q)
   # scal1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.tile([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, *ile_m], dtype=torch.float32)
        acc = hl.zeros([tile_b, tile_m, d], dtype=torch.float32)
        rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(n):
            scoreitemtorch.bmm(rows, k[tile_b, :, tile_n], out_dtype=torch.float32) * scale
            if causal:
                scores = torcho(out.dtype)
    return out.view([batch, heads, m, d])
