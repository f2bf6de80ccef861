"""One step of decoding with grouped queries: `heads` queries a batch, of which each group shares one of `kv` heads of keys and values.

The queries of a group are the rows of one product with their shared keys, so that keys and values are read once for the whole group:
GQA with 1 < kv < heads, multi-query attention (MQA) with kv = 1, ordinary decoding with kv = heads.  What a step costs is
reading the cache; the softmax is carried from block to block as in attention.py.
"""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def gqa_decode(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """q[batch, heads, d] against the cache k, v [batch, kv, n, d]."""
    batch, heads, _ = q.size()
    _, kv, n, _ = k.size()
    d = hl.specialize(q.size(2))
    assert heads % kv == 0, f"{heads} heads of queries cannot share {kv} heads of keys"
    group = hl.specialize(heads // kv)
    q = q.reshape([batch * kv, group, d])
    k = k.reshape([batch * kv, n, d])
    v = v.reshape([batch * kv, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b in hl.tile(batch * kv):
        top = hl.full([tile_b, group], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, group], dtype=torch.float32)
        acc = hl.zeros([tile_b, group, d], dtype=torch.float32)
        rows = q[tile_b, :, :]
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, tile_n, :].transpose(1, 2), out_dtype=torch.float32) * scale
            new_top = torch.maximum(top, torch.amax(scores, -1))
            weights = torch.exp(scores - new_top[:, :, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * old[:, :, None], weights.to(v.dtype), v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, :, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, d])
