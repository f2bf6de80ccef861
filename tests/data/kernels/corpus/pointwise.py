"""Element by element: one to five dims, several types, several results, tensors that are changed in place, numbers as arguments."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def add_one(x: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for t in hl.tile(x.size(0)):
        out[t] = x[t] + 1
    return out


@helion.kernel()
def chain(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """A row of operations, all on one tile."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        v = x[tm, tn] * y[tm, tn] + z[tm, tn]
        v = torch.relu(v) - torch.abs(z[tm, tn])
        out[tm, tn] = torch.maximum(v, x[tm, tn]) * 2
    return out


@helion.kernel()
def smooth(x: torch.Tensor) -> torch.Tensor:
    """Functions that round: exp, tanh, sigmoid, sqrt."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        v = x[tm, tn].to(torch.float32)
        out[tm, tn] = torch.tanh(v) * torch.sigmoid(v) + torch.sqrt(torch.abs(v)) + torch.exp(-v * v)
    return out


@helion.kernel()
def axpy(x: torch.Tensor, y: torch.Tensor, alpha: float) -> torch.Tensor:
    (n,) = x.size()
    out = torch.empty_like(x)
    for t in hl.tile(n):
        out[t] = x[t] * alpha + y[t]
    return out


@helion.kernel()
def outer(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A column against a row: each of them is used by all cores along one dim of the mesh."""
    (m,) = x.size()
    (n,) = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = x[tm][:, None] * y[tn][None, :]
    return out


@helion.kernel()
def bias(x: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = x[tm, tn] * column[tm, :] + row[tn][None, :]
    return out


@helion.kernel()
def both(x: torch.Tensor, y: torch.Tensor):
    """Two results of two types."""
    m, n = x.size()
    product = torch.empty([m, n], dtype=torch.float32)
    larger = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        a = x[tm, tn]
        b = y[tm, tn]
        product[tm, tn] = a.to(torch.float32) * b.to(torch.float32)
        larger[tm, tn] = torch.where(a > b, a, b)
    return product, larger


@helion.kernel()
def scale_in_place(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The result is an argument, read before it is written."""
    m, n = x.size()
    for tm, tn in hl.tile([m, n]):
        x[tm, tn] = x[tm, tn] * 2 + y[tm, tn]
    return x


@helion.kernel()
def walk_in_place(x: torch.Tensor) -> torch.Tensor:
    """The same inside a loop of the core's own: no turn loads what another one stores."""
    m, n = x.size()
    for tm in hl.tile(m):
        for tn in hl.tile(n):
            x[tm, tn] = torch.relu(x[tm, tn]) + 1
    return x


@helion.kernel()
def load_again(x: torch.Tensor) -> torch.Tensor:
    """A load behind a store to the same place."""
    m, n = x.size()
    for tm, tn in hl.tile([m, n]):
        x[tm, tn] = x[tm, tn] * 2
        x[tm, tn] = x[tm, tn] + 1
    return x


@helion.kernel()
def store_before_use(x: torch.Tensor) -> torch.Tensor:
    """What was loaded is used behind a store to its place."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        before = x[tm, tn]
        x[tm, tn] = hl.full([tm, tn], 1.0, dtype=x.dtype)
        out[tm, tn] = before * 2
    return out


@helion.kernel()
def load_around(x: torch.Tensor) -> torch.Tensor:
    """Each turn loads what the one before has stored."""
    m, n = x.size()
    for tm in hl.tile(m):
        for tn in hl.tile(n):
            x[tm, :] = x[tm, :] + 1
    return x


@helion.kernel()
def widths(x: torch.Tensor, y: torch.Tensor, i: torch.Tensor) -> torch.Tensor:
    """bf16, f16 and whole numbers meet in f32."""
    m, n = x.size()
    out = torch.empty([m, n], dtype=torch.float32)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = x[tm, tn].to(torch.float32) * y[tm, tn].to(torch.float32) + i[tm, tn].to(torch.float32)
    return out


@helion.kernel()
def whole(x: torch.Tensor, y: torch.Tensor):
    """Whole numbers: sums, products, comparisons, bits."""
    (n,) = x.size()
    out = torch.empty_like(x)
    flags = torch.empty([n], dtype=torch.int32)
    for t in hl.tile(n):
        a = x[t]
        b = y[t]
        out[t] = torch.minimum(a * 3 - b, b + 7)
        flags[t] = torch.where(a > b, 1, 0).to(torch.int32)
    return out, flags


@helion.kernel()
def positions(x: torch.Tensor) -> torch.Tensor:
    """Each element knows where it is."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = torch.where(tm.index[:, None] >= tn.index[None, :], x[tm, tn], 0.0)
    return out


@helion.kernel()
def masked(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Each row up to its own length, which is a whole number of 64 bits."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        out[tm, tn] = torch.where(tn.index[None, :] < lengths[tm][:, None], x[tm, tn], 0.0)
    return out


@helion.kernel()
def cube(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    a, b, c = x.size()
    out = torch.empty_like(x)
    for ta, tb, tc in hl.tile([a, b, c]):
        out[ta, tb, tc] = x[ta, tb, tc] - y[tb, tc][None, :, :]
    return out


@helion.kernel()
def four(x: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = torch.relu(x[t]) + 1
    return out


@helion.kernel()
def five(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    a, b, c, d, e = x.size()
    out = torch.empty_like(x)
    for ta, tb, tc, td, te in hl.tile([a, b, c, d, e]):
        out[ta, tb, tc, td, te] = x[ta, tb, tc, td, te] * y[ta, tb, tc, td, te]
    return out


@helion.kernel()
def side_by_side(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Tiles stored as they were loaded, into a part of wider rows."""
    m, n = x.size()
    out = torch.empty([m, n + y.size(1)], dtype=x.dtype)
    for tm in hl.tile(m):
        out[tm, :n] = x[tm, :]
        out[tm, n:] = y[tm, :]
    return out
