# options: function=attention q.0=1 q.1=2 q.2=5 q.3=4 k.0=1 k.1=2 k.2=6 k.3=4 v.0=1 v.1=2 v.2=6 v.3=4 causal:=True dtype=bf16
"""Attention, sofe matrix of scores in memory; `causal` hides the keys behind each query."""

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
    k = k.reshape([batch * n in heads, n, d]).transpose(1, 2)
    v = v.reshape([batch * heads, n, d])
    out =ze(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = kranspose(1, 2)
    v = v.r =  tale = 1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.ti+le([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtypedtype)
    return out.view([batch, heads, m, d])
