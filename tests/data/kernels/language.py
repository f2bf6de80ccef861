# One small kernel for each part of the language; tests/cli/host-language.test runs them.
from typing import Callable

import torch

import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


def twice(x):
    return x + x


def add_pairs(a, i, b, j):
    return torch.where(i == j, a + b, b), j


@helion.kernel()
def views(x: torch.Tensor):
    """Host views: transposed, sliced, unsqueezed; the result is a view of a larger tensor."""
    m, n = x.size()
    t = x.T[1:, :-2].unsqueeze(0)
    out = torch.zeros([3, n - 1, m - 2], dtype=x.dtype)
    for ta, tb in hl.tile([n - 1, m - 2]):
        out[1, ta, tb] = t[0, ta, tb] * 2
    return out[1], out.view(-1)


@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """Computation before and after the loops, a store on the host, None in the result."""
    scaled = (x * 0.5 + y).float()
    out = torch.empty_like(scaled)
    for t in hl.tile(out.size()):
        out[t] = torch.exp(scaled[t])
    out[:, -1] = 0
    return out.sum(0), None, (out / 2).mean(), x.reshape(-1)[:3]


@helion.kernel()
def transposed_copy(x: torch.Tensor):
    """reshape of what does not lie side by side copies."""
    flat = x.T.reshape(-1)
    out = torch.empty_like(flat)
    for t in hl.tile(flat.size(0)):
        out[t] = flat[t] + 1
    return out


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float32)
        best = hl.full([tm], float("-inf"))
        for tn in hl.tile(n, block_size=block):
            acc += x[tm, tn]
            best = torch.maximum(best, torch.amax(x[tm, tn].float(), -1))
        out[tm] = acc.sum(-1) + best
    return out


@helion.kernel()
def gathers(table: torch.Tensor, rows: torch.Tensor, cols: torch.Tensor):
    """Cartesian and broadcast index tensors, a mask."""
    n, k = rows.size(0), cols.size(0)
    grid = torch.empty([n, k], dtype=table.dtype)
    pairs = torch.empty([n], dtype=table.dtype)
    for tn in hl.tile(n):
        r = rows[tn]
        grid[tn, :] = table[r, cols[:]]
        pairs[tn] = hl.load(table.view(-1), [r * table.size(1) + 1], extra_mask=r > 1)
    return grid, pairs


@helion.kernel()
def scatter(x: torch.Tensor, where: torch.Tensor, n: int):
    out = torch.zeros([n, x.size(1)], dtype=x.dtype)
    counts = torch.zeros([n], dtype=torch.int32)
    for t in hl.tile(x.size(0)):
        idx = where[t]
        hl.atomic_add(out, [idx, slice(None)], x[t, :])
        hl.atomic_add(counts, [idx], 1)
    return out, counts


@helion.kernel()
def steps(x: torch.Tensor):
    """hl.grid with a begin and a step, a range on the device, runtime bounds."""
    m, n = x.size()
    out = torch.zeros_like(x)
    for i in hl.grid(1, m, 2):
        for j in range(n):
            out[i, j] = x[i, j] * 2
        for t in hl.tile(i, n):
            out[i - 1, t] = x[i - 1, t] + i
    return out


@helion.kernel()
def branches(x: torch.Tensor):
    """if on a tile and on a value, merged; while."""
    m, n = x.size()
    out = torch.empty_like(x)
    rounds = torch.zeros([m], dtype=torch.int32)
    for tm in hl.tile(m, block_size=1):
        v = x[tm, :]
        if tm.id == 0:
            v = v * 2
        elif tm.begin < m - 1:
            v = v + 1
        left = hl.full([], 3, dtype=torch.int32)
        count = hl.full([], 0, dtype=torch.int32)
        while left > 0:
            v = v + 0.5
            left = left - 1
            count = count + 1
        out[tm, :] = v
        rounds[tm] = count
    return out, rounds


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    m, n = x.size()
    sums = torch.empty_like(x)
    back = torch.empty_like(x)
    segments = torch.empty_like(x)
    top = torch.empty([m], dtype=x.dtype)
    for tm in hl.tile(m):
        v = x[tm, :]
        sums[tm, :] = torch.cumsum(v, dim=1)
        back[tm, :] = hl.cumprod(v, 1, reverse=True)
        tags = ids[:][None, :].expand_as(v)
        segments[tm, :], _ = hl.associative_scan(add_pairs, (v, tags), dim=1)
        top[tm] = hl.reduce(lambda a, b: torch.maximum(a, twice(b) - b), v, dim=1, other=float("-inf"))
    return sums, back, segments, top


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a.size(0)
    out = torch.empty([6, m], dtype=torch.int32)
    wide = torch.empty([m], dtype=torch.int64)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a[t], b[t]
        out[0, t] = (x & y) | (x ^ 3)
        out[1, t] = (x << 2) + (x >> 1) + ~y
        out[2, t] = x // y
        out[3, t] = x % y
        out[4, t] = torch.where(x > y, x, -y)
        out[5, t] = torch.clamp(x, min=-2, max=2)
        wide[t] = x.to(torch.int64) * 3 + t.index
        flags[t] = torch.logical_and(x > 0, y != 2)
    return out, wide, flags


@helion.kernel()
def random_numbers(x: torch.Tensor, seed: int):
    out = torch.empty_like(x)
    whole = torch.empty(x.size(), dtype=torch.int32)
    for ta, tb in hl.tile(x.size()):
        out[ta, tb] = hl.rand([ta, tb], seed=seed)
        whole[ta, tb] = hl.randint([ta, tb], low=-5, high=9, seed=seed)
    return out, whole


@helion.kernel()
def jagged(values: torch.Tensor, offsets: torch.Tensor):
    n = offsets.size(0) - 1
    out = torch.zeros([n], dtype=values.dtype)
    top = torch.zeros([n], dtype=values.dtype)
    means = torch.zeros([n], dtype=values.dtype)
    for tn in hl.tile(n):
        first = offsets[tn]
        size = offsets[tn.index + 1] - first
        acc = hl.zeros([tn], dtype=values.dtype)
        best = hl.full([tn], -100.0, dtype=values.dtype)
        mean = hl.zeros([tn], dtype=values.dtype)
        for tk in hl.jagged_tile(size):
            row = hl.load(values, [first[:, None] + tk.index[None, :]])
            acc = acc + row.sum(dim=1)
            best = torch.maximum(best, row.amax(dim=1))
            mean = mean + torch.where(tk.begin < size, row.mean(dim=1) + row.var(dim=1, correction=0), 0.0)
        out[tn] = acc
        top[tn] = best
        means[tn] = mean
    return out, top, means


@helion.kernel(config=helion.Config(block_sizes=[8], parts=4))
def tunables(x: torch.Tensor):
    parts = hl.register_tunable("parts", PowerOfTwoFragment(1, 16))
    m = x.size(0)
    partial = torch.zeros([parts], dtype=torch.float32)
    out = torch.zeros([1], dtype=torch.float32)
    for outer in hl.tile(m, block_size=helion.cdiv(m, parts)):
        acc = hl.zeros([], dtype=torch.float32)
        for inner in hl.tile(outer.begin, outer.end):
            acc = acc + x[inner].sum()
        partial[outer.id] = acc
    hl.barrier()
    for t in hl.tile(1):
        out[t] = partial[:].sum()[None]
    return out, partial


@helion.kernel()
def read_after_write(x: torch.Tensor):
    """A value that was loaded stays what it was."""
    y = torch.empty_like(x)
    for t in hl.tile(x.size(0)):
        old = x[t]
        x[t] = old * 2
        y[t] = old + x[t]
    return y


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, split, join, argmax, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtype=x.dtype)
    at = torch.empty([b, m], dtype=torch.int64)
    soft = torch.empty_like(x)
    total = torch.empty([b], dtype=x.dtype)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :]
        lo, hi = hl.split(v.reshape([tb, tm, n // 2, 2]))
        pairs[tb, tm, :] = hl.join(lo, hi)[:, :, :, None].sum(dim=(2 + 1, 4)) - torch.stack([lo, hi], dim=0).amax(0)
        at[tb, tm] = torch.argmax(v, dim=-1)
        soft[tb, tm, :] = torch.nn.functional.softmax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 2, 1).sum(dim=[1, 2])
    return pairs, at, soft, total


@helion.kernel()
def every_second(x: torch.Tensor):
    """Slices with steps: views, loads, stores and host code."""
    m, n = x.size()
    rows = x[1::3, ::2]
    out = torch.zeros([m, 2 * n], dtype=x.dtype)
    twice = torch.empty_like(rows)
    for t in hl.tile(m):
        out[t, ::2] = x[t, :]
        out[t, 1::2] = x[t, :] * 3
        hl.atomic_add(out, [t, slice(0, None, 4)], 1)
    for t in hl.tile(rows.size()):
        twice[t] = rows[t] * 2
    out[::2, 1::3] = out[::2, 1::3] + x[::2, 0:n:3][:, :1]
    return out, twice


@helion.kernel()
def side_by_side(x: torch.Tensor, y: torch.Tensor):
    """torch.cat of different sizes."""
    m = x.size(0)
    a, b = hl.specialize(x.size(1)), hl.specialize(y.size(1))
    out = torch.empty([m, a + b], dtype=torch.float32)
    for t in hl.tile(m):
        out[t, :] = torch.cat([x[t, :], y[t, :]], dim=-1)
    return torch.cat([out, y * 2, x[:, ::2]], dim=1)


@helion.kernel()
def bits(x: torch.Tensor, h: torch.Tensor, u: torch.Tensor):
    """The same bits as another type."""
    m, n = x.size()
    a = torch.empty([m, n], dtype=torch.int32)
    b = torch.empty([m, n], dtype=torch.float32)
    c = torch.empty([m, n], dtype=torch.int16)
    d = torch.empty([m, n], dtype=torch.int8)
    e = torch.empty([m, n], dtype=torch.bfloat16)
    whole = x.view(torch.int32)
    for t in hl.tile([m, n]):
        i = x[t].view(torch.int32)
        a[t] = i + (whole[t] >> 3)
        b[t] = (i & -65536).view(torch.float32)
        c[t] = h[t].view(dtype=torch.int16) ^ 5
        d[t] = u[t].view(torch.int8)
        e[t] = h[t].view(torch.int16).view(torch.bfloat16)
    return a, b, c, d, e


@helion.kernel()
def jagged_rows(x: torch.Tensor, widths: torch.Tensor):
    """The first widths[i] numbers of row i: tiles that end with their row, and may end behind the dimension."""
    out = torch.zeros_like(x)
    for tm in hl.tile(x.size(0)):
        width = widths[tm]
        for tj in hl.jagged_tile(width):
            out[tm, tj] = x[tm, tj] * 2 + tj.index[None, :]
    return out


@helion.kernel()
def epilogue(x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None = None, act=lambda acc, tile: torch.relu(acc)):
    m, k = x.size()
    n = y.size(1)
    out = torch.empty([m, n], dtype=torch.promote_types(x.dtype, y.dtype))
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
        if bias is not None:
            acc = acc + bias[tn]
        out[tm, tn] = act(acc, (tm, tn))
    return out


@helion.kernel()
def scored(x: torch.Tensor, score: Callable):
    """A function argument: --arg score=NAME or a lambda."""
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = score(x[t], t[0].index[:, None])
    return out


@helion.kernel()
def filtered(x: torch.Tensor, w: torch.Tensor):
    """Tiles that are moved by 0 and more; truth values turned round; the largest of a row and where they are."""
    n, length = x.shape
    taps = hl.specialize(w.size(0))
    out = torch.zeros([n, length - taps + 1], dtype=x.dtype)
    odd = torch.zeros([n, length], dtype=torch.bool)
    where = torch.zeros([n, 3], dtype=torch.int64)
    for tn, tl in hl.tile([n, length - taps + 1]):
        acc = hl.zeros([tn, tl], dtype=torch.float32)
        for j in hl.static_range(taps):
            acc = acc + x[tn, tl.index + j] * w[j]
        out[tn, tl] = acc
    for t in hl.tile(n):
        row = x[t, :]
        odd[t, :] = ~(row > 0) | torch.logical_not(row)
        where[t, :] = torch.topk(row, 3, dim=-1)[1]
    return out, odd, where
