# Kernels whose sizes are open: compiled once, called with many shapes.  tests/cli/dynamic-shapes.test runs them.
import math

import torch

import helion
import helion.language as hl


@helion.kernel(static_shapes=False)
def matmul(x: torch.Tensor, y: torch.Tensor):
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, "the inner sizes differ"
    out = torch.empty([m, n], dtype=torch.promote_types(x.dtype, y.dtype))
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        out[tm, tn] = acc
    return out


@helion.kernel(static_shapes=False)
def row_softmax(x: torch.Tensor):
    n, _ = x.size()
    out = torch.empty_like(x)
    for t in hl.tile(n):
        row = x[t, :]
        e = torch.exp(row - torch.amax(row, dim=-1, keepdim=True))
        out[t, :] = e / torch.sum(e, dim=-1, keepdim=True)
    return out


@helion.kernel(static_shapes=False)
def layer_norm(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-5):
    """The number of columns is a value of the running kernel; a size of 1 broadcasts."""
    m, n = x.size()
    out = torch.empty_like(x)
    for t in hl.tile(m):
        row = x[t, :].float()
        mean = row.sum(-1, keepdim=True) / n
        centred = row - mean
        out[t, :] = centred * torch.rsqrt((centred * centred).mean(-1, keepdim=True) + eps) * weight[:]
    return out


@helion.kernel(static_shapes=False)
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor):
    """Two loops, carried values, and a head size that is a number."""
    batch, m, _ = q.size()
    head = hl.specialize(q.size(-1))
    n = k.size(1)
    scale = 1.0 / math.sqrt(head)
    out = torch.empty_like(q)
    for tb, tm in hl.tile([batch, m], block_size=[1, None]):
        best = hl.full([tb, tm], float("-inf"), dtype=torch.float32)
        total = torch.full_like(best, 1.0)
        acc = hl.zeros([tb, tm, head], dtype=torch.float32)
        for tn in hl.tile(n):
            scores = torch.bmm(q[tb, tm, :], k[tb, tn, :].transpose(1, 2)) * scale
            now = torch.maximum(best, torch.amax(scores, -1))
            p = torch.exp(scores - now[:, :, None])
            shrink = torch.exp(best - now)
            total = total * shrink + torch.sum(p, -1)
            acc = torch.baddbmm(acc * shrink[:, :, None], p.to(v.dtype), v[tb, tn, :])
            best = now
        out[tb, tm, :] = (acc / total[:, :, None]).to(out.dtype)
    return out


@helion.kernel(static_shapes=False)
def jagged_mean(values: torch.Tensor, offsets: torch.Tensor):
    """Rows of values[offsets[i] : offsets[i + 1], :]."""
    rows = offsets.size(0) - 1
    width = values.size(1)
    out = torch.zeros([rows, width], dtype=values.dtype)
    for tr in hl.tile(rows):
        begin = offsets[tr]
        count = offsets[tr.index + 1] - begin
        for tw in hl.tile(width):
            acc = hl.zeros([tr, tw], dtype=torch.float32)
            for tk in hl.jagged_tile(count):
                at = begin[:, None] + tk.index[None, :]
                acc = acc + hl.load(values, [at, tw]).sum(1)
            out[tr, tw] = acc / torch.maximum(count, torch.ones_like(count))[:, None]
    return out


@helion.kernel(static_shapes=False)
def views(x: torch.Tensor):
    """Slices that count from the end, a strided view, a flat one, an allocation of a computed size."""
    m, n = x.size()
    part = x[1:, : n - 1]
    out = torch.zeros([helion.cdiv(m, 2), 2 * n], dtype=x.dtype)
    last = torch.empty([n], dtype=x.dtype)
    for ti, tj in hl.tile(part.size()):
        out[ti.index // 2, tj] = part[ti, tj]
    for tj in hl.tile(n):
        last[tj] = x[-1, tj] + x[m // 2, tj]
    return out, last, x.T.reshape(-1)[-3:]


@helion.kernel(static_shapes=False)
def small_or_large(x: torch.Tensor):
    """Another computation for few rows."""
    out = torch.empty_like(x)
    if x.size(0) > 8:
        for t in hl.tile(x.size(0)):
            out[t] = x[t] * 2
    else:
        for t in hl.tile(x.size(0)):
            out[t] = x[t] + 1
    return out


@helion.kernel(static_shapes=False)
def up_to_a_power(x: torch.Tensor):
    """The size of a power of two that holds a row."""
    m, n = x.size()
    width = helion.next_power_of_2(n)
    out = torch.zeros([m, width], dtype=x.dtype)
    for t in hl.tile(m):
        out[t, :] = hl.full([t, width], float(width), dtype=x.dtype)
    return out


@helion.kernel(static_shapes=False)
def first_rows(x: torch.Tensor, count: torch.Tensor):
    """An element of an argument decides a size."""
    n = int(count[0].item())
    out = torch.empty([n, x.size(1)], dtype=x.dtype)
    for t in hl.tile(n):
        out[t, :] = x[t, :] * 3
    return out


@helion.kernel(static_shapes=False)
def weighted_rows(x: torch.Tensor, w: torch.Tensor):
    """An index that counts through one tensor reads another."""
    b, m, n = x.size()
    out = torch.zeros([b, n], dtype=torch.float32)
    for i in hl.grid(b):
        for tn in hl.tile(n):
            acc = hl.zeros([tn], dtype=torch.float32)
            for j in range(m):
                acc = acc + x[i, j, tn] * w[j]
            out[i, tn] = acc
    return out


@helion.kernel(static_shapes=False)
def recurrence(x: torch.Tensor):
    """Whole numbers that outgrow f32."""
    m, n = x.size()
    out = torch.empty([n], dtype=torch.float32)
    for t in hl.tile(n):
        state = hl.zeros([t], dtype=torch.float32)
        for i in range(m):
            state = state + x[i, t] + state * 4
        out[t] = state
    return out


@helion.kernel
def fixed(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t] + 1
    return out


@helion.kernel(static_shapes=False)
def spread(x: torch.Tensor) -> torch.Tensor:
    """Variances: the number of elements is an open size, less 1 or not."""
    out = torch.empty([2, x.size(0)], dtype=torch.float32)
    for t in hl.tile(x.size(0)):
        out[0, t] = x[t, :].var(-1)
        out[1, t] = x[t, :].var(-1, unbiased=False)
    return out
