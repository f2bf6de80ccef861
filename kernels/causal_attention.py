"""Causal attention: each query sees the keys up to its own place.

As flash attention (attention.py), with a loop over keys that ends where the tile of queries ends: blocks of keys that no query of
the tile may see are neither loaded nor computed, so that about half of the work is left.  Only in blocks that the diagonal
crosses does the mask hide anything.
"""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """q, k, v [batch, heads, n, d] -> softmax(mask(q @ k.T) / sqrt(d)) @ v."""
    batch, heads, n, _ = q.size()
    d = hl.specialize(q.size(3))
    q = q.reshape([batch * heads, n, d])
    k = k.reshape([batch * heads, n, d])
    v = v.reshape([batch * heads, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.tile([batch * heads, n]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, tile_m], dtype=torch.float32)
        acc = hl.zeros([tile_b, tile_m, d], dtype=torch.float32)
        rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(tile_m.end):
            scores = torch.bmm(rows, k[tile_b, tile_n, :].transpose(1, 2), out_dtype=torch.float32) * scale
            scores = torch.where(tile_m.index[None, :, None] >= tile_n.index[None, None, :], scores, float("-inf"))
            new_top = torch.maximum(top, torch.amax(scores, -1))      # the first block holds key 0, which all see: never -inf
            weights = torch.exp(scores - new_top[:, :, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * old[:, :, None], weights.to(v.dtype), v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, tile_m, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, n, d])
