"""What networks are made of, beyond the corpus: windows, normalisation, heads that share keys, elements that change places."""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def conv2d(x: torch.Tensor, weight: torch.Tensor, stride: hl.constexpr = 1) -> torch.Tensor:
    """x[n, ci, h, w] with weight[co, ci, kh, kw], no padding."""
    n, ci, h, w = x.size()
    co, _, kh, kw = weight.size()
    oh = (h - kh) // stride + 1
    ow = (w - kw) // stride + 1
    taps = x.as_strided([n, kh, kw, ci, oh, ow], [ci * h * w, w, 1, h * w, stride * w, stride])
    filters = weight.permute(2, 3, 0, 1)
    out = torch.empty([n, co, oh, ow], dtype=x.dtype)
    for b, tile_co, y, tile_x in hl.tile([n, co, oh, ow], block_size=[1, None, 1, None]):
        acc = hl.zeros([tile_co, tile_x], dtype=torch.float32)
        for i in hl.grid(kh):
            for j in hl.grid(kw):
                for tile_ci in hl.tile(ci):
                    acc = torch.addmm(acc, filters[i, j, tile_co, tile_ci], taps[b.begin, i, j, tile_ci, y.begin, tile_x])
        out[b.begin, tile_co, y.begin, tile_x] = acc.to(out.dtype)
    return out


@helion.kernel()
def group_conv2d(x: torch.Tensor, weight: torch.Tensor, groups: hl.constexpr = 2) -> torch.Tensor:
    """The same with channels in groups: weight[co, ci / groups, kh, kw]."""
    n, c, h, w = x.size()
    co, ci, kh, kw = weight.size()
    oh = h - kh + 1
    ow = w - kw + 1
    of = co // groups
    taps = x.as_strided([n, groups, kh, kw, ci, oh, ow], [c * h * w, ci * h * w, w, 1, h * w, w, 1])
    filters = weight.view([groups, of, ci, kh, kw]).permute(0, 3, 4, 1, 2)
    out = torch.empty([n, groups, of, oh, ow], dtype=x.dtype)
    for b, g, tile_co, y, tile_x in hl.tile([n, groups, of, oh, ow], block_size=[1, 1, None, 1, None]):
        acc = hl.zeros([tile_co, tile_x], dtype=torch.float32)
        for i in hl.grid(kh):
            for j in hl.grid(kw):
                for tile_ci in hl.tile(ci):
                    acc = torch.addmm(acc, filters[g.begin, i, j, tile_co, tile_ci], taps[b.begin, g.begin, i, j, tile_ci, y.begin, tile_x])
        out[b.begin, g.begin, tile_co, y.begin, tile_x] = acc.to(out.dtype)
    return out.view([n, co, oh, ow])


@helion.kernel()
def max_pool(x: torch.Tensor, window: hl.constexpr = 2) -> torch.Tensor:
    n, c, h, w = x.size()
    oh = h // window
    ow = w // window
    taps = x.as_strided([n, window, window, c, oh, ow], [c * h * w, w, 1, h * w, window * w, window])
    out = torch.empty([n, c, oh, ow], dtype=x.dtype)
    for b, tile_c, y, tile_x in hl.tile([n, c, oh, ow], block_size=[1, None, 1, None]):
        top = hl.full([tile_c, tile_x], float("-inf"), dtype=torch.float32)
        for i in hl.grid(window):
            for j in hl.grid(window):
                top = torch.maximum(top, taps[b.begin, i, j, tile_c, y.begin, tile_x].to(torch.float32))
        out[b.begin, tile_c, y.begin, tile_x] = top.to(out.dtype)
    return out


@helion.kernel()
def mean_pool(x: torch.Tensor, window: hl.constexpr = 3) -> torch.Tensor:
    """Windows that overlap: stride 1."""
    n, c, h, w = x.size()
    oh = h - window + 1
    ow = w - window + 1
    taps = x.as_strided([n, window, window, c, oh, ow], [c * h * w, w, 1, h * w, w, 1])
    out = torch.empty([n, c, oh, ow], dtype=x.dtype)
    for b, tile_c, y, tile_x in hl.tile([n, c, oh, ow], block_size=[1, None, 1, None]):
        total = hl.zeros([tile_c, tile_x], dtype=torch.float32)
        for i in hl.grid(window):
            for j in hl.grid(window):
                total = total + taps[b.begin, i, j, tile_c, y.begin, tile_x].to(torch.float32)
        out[b.begin, tile_c, y.begin, tile_x] = (total / (window * window)).to(out.dtype)
    return out


@helion.kernel()
def batch_norm(x: torch.Tensor, mean: torch.Tensor, var: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """x[n, c, l] by channel, as at inference; var >= 0."""
    n, c, l = x.size()
    out = torch.empty_like(x)
    for tile_n, tile_c, tile_l in hl.tile([n, c, l]):
        scale = weight[tile_c] * torch.rsqrt(var[tile_c] * var[tile_c] + 1e-5)
        out[tile_n, tile_c, tile_l] = ((x[tile_n, tile_c, tile_l] - mean[tile_c][None, :, None]) * scale[None, :, None] + shift[tile_c][None, :, None]).to(out.dtype)
    return out


@helion.kernel()
def batch_statistics(x: torch.Tensor) -> torch.Tensor:
    """Mean and mean square of x[n, c, l] by channel."""
    n, c, l = x.size()
    out = torch.empty([2, c], dtype=torch.float32)
    for tile_c in hl.tile(c):
        total = hl.zeros([tile_c], dtype=torch.float32)
        square = hl.zeros([tile_c], dtype=torch.float32)
        for tile_n, tile_l in hl.tile([n, l]):
            part = x[tile_n, tile_c, tile_l].to(torch.float32)
            total = total + torch.sum(torch.sum(part, -1), 0)
            square = square + torch.sum(torch.sum(part * part, -1), 0)
        out[0, tile_c] = total / (n * l)
        out[1, tile_c] = square / (n * l)
    return out


@helion.kernel()
def grouped_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """q[b, heads, m, d]; k and v[b, heads / group, n, d]: `group` heads of q share each of k and v."""
    batch, heads, m, _ = q.size()
    kv = k.size(1)
    n = k.size(2)
    d = hl.specialize(q.size(3))
    group = heads // kv
    q = q.view([batch * kv, group, m, d])
    k = k.view([batch * kv, n, d]).transpose(1, 2)
    v = v.view([batch * kv, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for b, g, tile_m in hl.tile([batch * kv, group, m], block_size=[1, 1, None]):
        top = hl.full([tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_m], dtype=torch.float32)
        acc = hl.zeros([tile_m, d], dtype=torch.float32)
        rows = q[b.begin, g.begin, tile_m, :]
        for tile_n in hl.tile(n):
            scores = torch.mm(rows, k[b.begin, :, tile_n], out_dtype=torch.float32) * scale
            new_top = torch.maximum(top, torch.amax(scores, -1))
            weights = torch.exp(scores - new_top[:, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.addmm(acc * old[:, None], weights.to(v.dtype), v[b.begin, tile_n, :])
            top = new_top
        out[b.begin, g.begin, tile_m, :] = (acc / total[:, None]).to(out.dtype)
    return out.view([batch, heads, m, d])


@helion.kernel()
def pixel_shuffle(x: torch.Tensor, factor: hl.constexpr = 2) -> torch.Tensor:
    n, c, h, w = x.size()
    oc = c // (factor * factor)
    parts = x.view([n, oc, factor, factor, h, w]).permute(0, 1, 4, 2, 5, 3)
    out = torch.empty([n, oc, h, factor, w, factor], dtype=x.dtype)
    for tile in hl.tile([n, oc, h, factor, w, factor]):
        out[tile] = parts[tile]
    return out.view([n, oc, h * factor, w * factor])
