# options: function=attention q.0=1 q.1=2 q.2=5 q.3=4 k.0=1 k.1=2 k.2=6 k.3=4 v.0=1 v.1=2 v.2=6 v.3=4 causal:=True dtype=bf16
"""Attention, softmax(q @ k.T / sqrt(d)) @ v, without the matrix of scores in memory; `causal` hides the keys behind each query."""

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
    for tile_b, tile_m in hl.tile([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, tile_m], dtype=torch.float32)
        acc = hl.zeros([tile_b, tile_m, d], dtype=torch.float32)
        rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, :, tile_n], out_dtype=torch.float32) * scale
            if causal:
                scores = torch.where(tile_m.index[None, :, None] >= tile_n.index[None, None, :], scores, float("-inf"))
            new_top = torch.maximum(top, torch.amax(scores, -1))
            weights = torch.exp(scores - new_top[:, :, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * old[:, :, None], weights.to(v.dtype), v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, tile_m, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, m, d])
