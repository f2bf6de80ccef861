"""Atomic additions of tiles: sums over one loop of the grid, which chips have a form for, and others."""
import helion
import helion.language as hl
import torch


@helion.kernel()
def columns(x: torch.Tensor) -> torch.Tensor:
    """The tiles of m add to the same part."""
    m, n = x.size()
    out = torch.zeros([n], dtype=torch.float32)
    for tile_m, tile_n in hl.tile([m, n]):
        hl.atomic_add(out, [tile_n], x[tile_m, tile_n].float().sum(0))
    return out


@helion.kernel()
def converted(x: torch.Tensor) -> torch.Tensor:
    """Another type than the tensor's, and fewer dims than the part."""
    m, n, k = x.size()
    out = torch.zeros([m, n], dtype=torch.float32)
    for tile_m, tile_n, tile_k in hl.tile([m, n, k]):
        hl.atomic_add(out, [tile_m, tile_n], x[tile_m, tile_n, tile_k].sum(2) + 0.5)
    return out


@helion.kernel()
def own(x: torch.Tensor) -> torch.Tensor:
    """Each tile has a part of its own."""
    m, n = x.size()
    out = torch.zeros([n, m], dtype=x.dtype)
    for tile_m, tile_n in hl.tile([m, n]):
        hl.atomic_add(out, [tile_n, tile_m], x[tile_m, tile_n].T)
    return out


@helion.kernel()
def everything(x: torch.Tensor) -> torch.Tensor:
    """Two loops add to one part."""
    m, n, k = x.size()
    out = torch.zeros([k], dtype=torch.float32)
    for tile_m, tile_n, tile_k in hl.tile([m, n, k]):
        hl.atomic_add(out, [tile_k], x[tile_m, tile_n, tile_k].float().sum(0).sum(0))
    return out


@helion.kernel()
def onto(x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """To what was there before."""
    m, n = x.size()
    for tile_m, tile_n in hl.tile([m, n]):
        hl.atomic_add(out, [tile_n], x[tile_m, tile_n].float().sum(0))
    return out


@helion.kernel()
def before(x: torch.Tensor):
    """What was there before is asked for."""
    m, n = x.size()
    out = torch.zeros([n, m], dtype=torch.float32)
    old = torch.empty([m, n], dtype=torch.float32)
    for tile_m, tile_n in hl.tile([m, n]):
        old[tile_m, tile_n] = hl.atomic_add(out, [tile_n, tile_m], x[tile_m, tile_n].float().T).T
    return out, old


@helion.kernel()
def largest(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.zeros([n], dtype=torch.float32)
    for tile_m, tile_n in hl.tile([m, n]):
        hl.atomic_max(out, [tile_n], x[tile_m, tile_n].float().amax(0))
    return out


@helion.kernel()
def shifted(x: torch.Tensor) -> torch.Tensor:
    """Not to all of the tensor."""
    m, n = x.size()
    out = torch.zeros([n + 3], dtype=torch.float32)
    for tile_m, tile_n in hl.tile([m, n]):
        hl.atomic_add(out, [tile_n + 3], x[tile_m, tile_n].float().sum(0))
    return out
