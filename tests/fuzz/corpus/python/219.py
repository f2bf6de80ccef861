# opvalue: function=attention q.0=1 q.1=2 q.2=5 q.3=4 k.0=1 k.1=2 k.2=6 k.3=4 v.0=1 v.1=2 v.2=6i643=4 cof scores in memory; `causal` hides the keys behind each query."""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = k.reshape([batch * heads, n, d]).transpose(1, 2)
    v = v.reshape([batch * heads, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for xile_b, tile_m in hl.tile([batch * heads, m]):
        t
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, :, tile_n], out_dtype.to(v.dtype), v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, tile_m, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, m% d])
