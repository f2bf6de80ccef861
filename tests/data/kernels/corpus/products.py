"""Products: with what comes before and after, in other types, turned, one after another."""

import math

import helion
import helion.language as hl
import torch


@helion.kernel()
def product_f32(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=torch.float32)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        out[tm, tn] = acc
    return out


@helion.kernel()
def started(x: torch.Tensor, y: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """c + x @ y: the sum begins with a tile of c, in its type."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=c.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = c[tm, tn]
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        out[tm, tn] = acc
    return out


@helion.kernel()
def started_whole(x: torch.Tensor, y: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=torch.float32)
    for tm, tn in hl.tile([m, n]):
        tile = c[tm, tn]
        out[tm, tn] = torch.addmm(tile, x[tm, :], y[:, tn]).to(torch.float32) - tile.to(torch.float32)
    return out


@helion.kernel()
def bias_relu(x: torch.Tensor, y: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = hl.dot(x[tm, tk], y[tk, tn], acc=acc)
        out[tm, tn] = torch.relu(acc + b[tn].to(torch.float32)[None, :]).to(x.dtype)
    return out


@helion.kernel()
def turned(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x.T @ y.T, both turned in the tile."""
    k, m = x.size()
    n, _ = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tk, tm].transpose(0, 1), y[tn, tk].T)
        out[tm, tn] = acc.to(x.dtype)
    return out


@helion.kernel()
def turned_view(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x @ y.T, the argument seen as turned."""
    m, k = x.size()
    n = y.size(0)
    y = y.transpose(0, 1)
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        out[tm, tn] = acc.to(x.dtype)
    return out


@helion.kernel()
def gram(x: torch.Tensor) -> torch.Tensor:
    """x @ x.T: one argument, seen as it is and turned."""
    m, k = x.size()
    y = x.transpose(0, 1)
    out = torch.empty([m, m], dtype=x.dtype)
    for tm, tn in hl.tile([m, m]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        out[tm, tn] = acc.to(x.dtype)
    return out


@helion.kernel()
def whole_k(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """No loop: all of k at once."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = torch.mm(x[tm, :], y[:, tn])
    return out


@helion.kernel()
def two_products(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """x @ y + x @ z.T: two loops, one after the other, one accumulator."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        for tl in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tl], z[tn, tl].T)
        out[tm, tn] = acc.to(x.dtype)
    return out


@helion.kernel()
def gated(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Two accumulators in one loop."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        a = hl.zeros([tm, tn], dtype=torch.float32)
        b = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            part = x[tm, tk]
            a = torch.addmm(a, part, y[tk, tn])
            b = torch.addmm(b, part, z[tk, tn])
        out[tm, tn] = (a * torch.sigmoid(b)).to(x.dtype)
    return out


@helion.kernel()
def nested(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The columns in a loop of the core's own."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm in hl.tile(m):
        for tn in hl.tile(n):
            acc = hl.zeros([tm, tn], dtype=torch.float32)
            for tk in hl.tile(k):
                acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
            out[tm, tn] = acc.to(x.dtype)
    return out


@helion.kernel()
def mixed(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """bf16 by f16, as f32."""
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=torch.float32)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk].to(torch.float32), y[tk, tn].to(torch.float32))
        out[tm, tn] = acc
    return out


@helion.kernel()
def by_vector(x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32)
    for tm in hl.tile(m):
        acc = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n):
            acc = acc + torch.sum(x[tm, tn].to(torch.float32) * v[tn].to(torch.float32)[None, :], 1)
        out[tm] = acc
    return out


@helion.kernel()
def flash(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    """Attention on [batch, rows, d]; `causal` hides the keys behind each query."""
    batch, rows, d = q.size()
    d = hl.specialize(d)
    keys = k.size(1)
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tb, tm in hl.tile([batch, rows]):
        top = hl.full([tb, tm], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tb, tm], dtype=torch.float32)
        acc = hl.zeros([tb, tm, d], dtype=torch.float32)
        asked = q[tb, tm, :]
        for tn in hl.tile(keys):
            scores = torch.bmm(asked, k[tb, tn, :].transpose(1, 2)).to(torch.float32) * scale
            if causal:
                scores = torch.where(tm.index[None, :, None] >= tn.index[None, None, :], scores, float("-inf"))
            new_top = torch.maximum(top, torch.amax(scores, -1))
            weights = torch.exp(scores - new_top[:, :, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * old[:, :, None], weights.to(v.dtype), v[tb, tn, :])
            top = new_top
        out[tb, tm, :] = (acc / total[:, :, None]).to(out.dtype)
    return out


@helion.kernel()
def flash_skipping(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Causal attention that does not visit the keys behind its last query: cores run different numbers of turns."""
    batch, rows, d = q.size()
    d = hl.specialize(d)
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tb, tm in hl.tile([batch, rows]):
        top = hl.full([tb, tm], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tb, tm], dtype=torch.float32)
        acc = hl.zeros([tb, tm, d], dtype=torch.float32)
        asked = q[tb, tm, :]
        for tn in hl.tile(tm.end):
            scores = torch.bmm(asked, k[tb, tn, :].transpose(1, 2)).to(torch.float32) * scale
            scores = torch.where(tm.index[None, :, None] >= tn.index[None, None, :], scores, float("-inf"))
            new_top = torch.maximum(top, torch.amax(scores, -1))
            weights = torch.exp(scores - new_top[:, :, None])
            old = torch.exp(top - new_top)
            total = total * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * old[:, :, None], weights.to(v.dtype), v[tb, tn, :])
            top = new_top
        out[tb, tm, :] = (acc / total[:, :, None]).to(out.dtype)
    return out
