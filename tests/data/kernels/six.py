"""The six kernels of upstream's examples, in half floats: two products, attention, decoding, a split product, and the chunk scan of Mamba 2."""

import math

import helion
import helion.language as hl
import torch
from helion_mlir.custom_op import gather


@helion.kernel()
def matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


@helion.kernel()
def bmm(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    b, m, k = x.size()
    n = y.size(2)
    out = torch.empty([b, m, n], dtype=x.dtype)
    for tile_b, tile_m, tile_n in hl.tile([b, m, n]):
        acc = hl.zeros([tile_b, tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.baddbmm(acc, x[tile_b, tile_m, tile_k], y[tile_b, tile_k, tile_n])
        out[tile_b, tile_m, tile_n] = acc
    return out


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    batch, rows, d = q.size()
    d = hl.specialize(d)
    keys = k.size(1)
    k = k.transpose(1, 2)
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.tile([batch, rows]):
        top = hl.full([tile_b, tile_m, 1], float("-inf"), dtype=torch.float16)
        total = hl.zeros([tile_b, tile_m, 1], dtype=torch.float16)
        acc = hl.zeros([tile_b, tile_m, d], dtype=torch.float16)
        asked = q[tile_b, tile_m, :]
        for tile_n in hl.tile(keys):
            scores = torch.bmm(asked, k[tile_b, :, tile_n]) * scale
            new_top = torch.maximum(top, torch.amax(scores, -1, keepdim=True))
            weights = torch.exp(scores - new_top)
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1, keepdim=True)
            acc = torch.baddbmm(acc * old, weights, v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, tile_m, :] = acc / total
    return out


@helion.kernel()
def decode(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """One query of many heads a batch; its keys are split over tiles, and the first of them adds up what all have made."""
    batch, heads, d = q.size()
    heads = hl.specialize(heads)
    d = hl.specialize(d)
    keys = k.size(1)
    k = k.transpose(1, 2)
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b, tile_s in hl.tile([batch, keys]):
        top = hl.full([tile_b, heads, 1], float("-inf"), dtype=torch.float16)
        total = hl.zeros([tile_b, heads, 1], dtype=torch.float16)
        acc = hl.zeros([tile_b, heads, d], dtype=torch.float16)
        asked = q[tile_b, :, :]
        for tile_n in hl.tile(tile_s.begin, tile_s.end):
            scores = torch.bmm(asked, k[tile_b, :, tile_n]) * scale
            new_top = torch.maximum(top, torch.amax(scores, -1, keepdim=True))
            weights = torch.exp(scores - new_top)
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1, keepdim=True)
            acc = torch.baddbmm(acc * old, weights, v[tile_b, tile_n, :])
            top = new_top
        sizes = gather(tile_s, torch.log(total) + top)
        parts = gather(tile_s, acc / total)
        if tile_s.id == 0:
            share = torch.exp(sizes - torch.amax(sizes, 0))
            out[tile_b, :, :] = torch.sum(parts * (share / torch.sum(share, 0)), 0)
    return out


@helion.kernel()
def split_k(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    m, k = a.size()
    n = b.size(1)
    out = torch.empty([m, n], dtype=a.dtype)
    for tile_m, tile_n, tile_k in hl.tile([m, n, k]):
        parts = gather(tile_k, torch.mm(a[tile_m, tile_k], b[tile_k, tile_n]))
        if tile_k.id == 0:
            out[tile_m, tile_n] = torch.sum(parts, 0)
    return out


@helion.kernel()
def chunk_scan(cb: torch.Tensor, x: torch.Tensor, dt: torch.Tensor, decay: torch.Tensor, C: torch.Tensor, states: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """cb[batch, chunks, groups, size, size], x[batch, rows, heads, dim], dt and decay[batch, heads, chunks, size], C[batch, rows, groups, state],
    states[batch, chunks, heads, dim, state], D[heads]."""
    batch, chunks, groups, size, _ = cb.size()
    heads = x.size(2)
    dim = x.size(3)
    x = x.transpose(1, 2)
    C = C.transpose(1, 2)
    states = states.transpose(3, 4)
    out = torch.empty_like(x)
    block_m = hl.register_block_size(size)
    block_n = hl.register_block_size(dim)
    block_k = hl.register_block_size(64)
    for tile_h, tile_m, tile_n, tile_b, tile_c in hl.tile([heads, size, dim, batch, chunks], block_size=[1, block_m, block_n, 1, 1]):
        group = tile_h.begin // (heads // groups)
        first = tile_c.begin * size
        decay_m = decay[tile_b.begin, tile_h.begin, tile_c.begin, tile_m]
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        acc = torch.addmm(acc, C[tile_b.begin, group, tile_m.index + first, :], states[tile_b.begin, tile_c.begin, tile_h.begin, :, tile_n])
        acc = acc * torch.exp(decay_m)[:, None]
        for tile_k in hl.tile((tile_m.id + 1) * block_m, block_size=block_k):
            decay_k = decay[tile_b.begin, tile_h.begin, tile_c.begin, tile_k]
            weights = cb[tile_b.begin, tile_c.begin, group, tile_m, tile_k] * torch.exp(decay_m[:, None] - decay_k[None, :])
            weights = weights * dt[tile_b.begin, tile_h.begin, tile_c.begin, tile_k][None, :]
            acc = torch.addmm(acc, weights, x[tile_b.begin, tile_h.begin, tile_k.index + first, tile_n])
        acc = acc + x[tile_b.begin, tile_h.begin, tile_m.index + first, tile_n] * D[tile_h.begin]
        out[tile_b.begin, tile_h.begin, tile_m.index + first, tile_n] = acc
    return out
