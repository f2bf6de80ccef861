"""Where elements go: transposes in the tile and of arguments, parts of tensors, broadcasts, loops one after another."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def flip(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([n, m], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        out[tn, tm] = x[tm, tn].transpose(0, 1)
    return out


@helion.kernel()
def flip_view(x: torch.Tensor) -> torch.Tensor:
    """The argument is seen as turned; tiles stay as they are."""
    x = x.transpose(0, 1)
    m, n = x.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = x[tm, tn] + 1
    return out


@helion.kernel()
def swap_inner(x: torch.Tensor) -> torch.Tensor:
    a, b, c = x.size()
    out = torch.empty([a, c, b], dtype=x.dtype)
    for ta, tb, tc in hl.tile([a, b, c]):
        out[ta, tc, tb] = x[ta, tb, tc].permute(0, 2, 1) * 2
    return out


@helion.kernel()
def rotate(x: torch.Tensor) -> torch.Tensor:
    """Four dims, seen with the heads in front."""
    b, s, h, d = x.size()
    x = x.transpose(1, 2)
    out = torch.empty([b, h, s, d], dtype=x.dtype)
    for tb, th, ts in hl.tile([b, h, s]):
        out[tb, th, ts, :] = x[tb, th, ts, :] * 3
    return out


@helion.kernel()
def merge_heads(x: torch.Tensor) -> torch.Tensor:
    """Dims made one by a view of the argument."""
    b, h, s, d = x.size()
    x = x.reshape([b * h, s, d])
    out = torch.empty([b * h, s, d], dtype=x.dtype)
    for tb, ts in hl.tile([b * h, s]):
        out[tb, ts, :] = torch.abs(x[tb, ts, :])
    return out


@helion.kernel()
def spread(x: torch.Tensor) -> torch.Tensor:
    """One row to all rows of the tile and back to a sum."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        middle = torch.sum(v, -1)
        out[tm, :] = v - middle[:, None].expand_as(v)
    return out


@helion.kernel()
def halves(x: torch.Tensor) -> torch.Tensor:
    """The second half of each row times the first."""
    m, n = x.size()
    half = n // 2
    out = torch.empty([m, half], dtype=x.dtype)
    a = x[:, :half]
    b = x[:, half:]
    for tm, tn in hl.tile([m, half]):
        out[tm, tn] = a[tm, tn] * b[tm, tn]
    return out


@helion.kernel()
def planes(x: torch.Tensor) -> torch.Tensor:
    """Two planes of a tensor, one of them from its middle on."""
    _, m, n = x.size()
    rows = m // 2
    out = torch.empty([rows, n], dtype=x.dtype)
    a = x[0]
    b = x[2, rows:, :]
    for tm, tn in hl.tile([rows, n]):
        out[tm, tn] = a[tm, tn] - b[tm, tn]
    return out


@helion.kernel()
def two_walks(x: torch.Tensor, y: torch.Tensor):
    """Two tile loops, the second of which reads what the first has written."""
    m, n = x.size()
    t = torch.empty_like(x)
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        t[tm, tn] = x[tm, tn] + y[tm, tn]
    hl.barrier()
    for tm in hl.tile(m):
        out[tm, :] = t[tm, :] * 2
    return out


@helion.kernel()
def prefix(x: torch.Tensor) -> torch.Tensor:
    """A running sum along the tile: no form on a mesh."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        out[tm, :] = torch.cumsum(x[tm, :], 1)
    return out


@helion.kernel()
def count_up(x: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Atomic sums: no form on a mesh."""
    out = torch.zeros([8], dtype=torch.float32)
    for t in hl.tile(x.size(0)):
        hl.atomic_add(out, [where[t]], x[t].to(torch.float32))
    return out


@helion.kernel()
def reversed_rows(x: torch.Tensor) -> torch.Tensor:
    """Four dims the other way round, one of them an index; tiles may have dims of one element beside it."""
    x = x.permute(3, 2, 1, 0)
    b, c, m, n = x.size()
    out = torch.empty([b, c, m, n], dtype=x.dtype)
    for i in hl.grid(m):
        for tb, tc, tn in hl.tile([b, c, n]):
            out[tb, tc, i, tn] = x[tb, tc, i, tn]
    return out


@helion.kernel()
def last_is_index(x: torch.Tensor) -> torch.Tensor:
    """The last of three turned dims is an index; a tile before it may have a dim of one element, which stays."""
    x = x.permute(2, 1, 0)
    b, m, n = x.size()
    out = torch.empty([b, m, n], dtype=x.dtype)
    for j in hl.grid(n):
        for tb, tm in hl.tile([b, m]):
            out[tb, tm, j] = x[tb, tm, j] + 1
    return out
