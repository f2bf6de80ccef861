"""Rows that a tensor of integers names: loaded as tiles, one by one, and by an index of two dims as a row."""
import helion
import helion.language as hl
import torch


@helion.kernel()
def rows(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    out = torch.empty([index.size(0), x.size(1)], dtype=x.dtype)
    for tile_i, tile_n in hl.tile([index.size(0), x.size(1)]):
        out[tile_i, tile_n] = x[index[tile_i], tile_n]
    return out


@helion.kernel()
def one_row(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    out = torch.empty([index.size(0), x.size(1)], dtype=x.dtype)
    for i in hl.grid(index.size(0)):
        for tile_n in hl.tile(x.size(1)):
            out[i, tile_n] = x[index[i], tile_n]
    return out


@helion.kernel()
def columns(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    out = torch.empty([x.size(0), index.size(0)], dtype=x.dtype)
    for tile_m, tile_i in hl.tile([x.size(0), index.size(0)]):
        out[tile_m, tile_i] = x[tile_m, index[tile_i]]
    return out


@helion.kernel()
def put(x: torch.Tensor, index: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    for tile_i, tile_n in hl.tile([index.size(0), x.size(1)]):
        x[index[tile_i], tile_n] = rows[tile_i, tile_n]
    return x


@helion.kernel()
def computed(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    out = torch.empty([index.size(0), x.size(1)], dtype=x.dtype)
    for tile_i, tile_n in hl.tile([index.size(0), x.size(1)]):
        out[tile_i, tile_n] = x[index[tile_i] + 1, tile_n]
    return out


@helion.kernel()
def two(x: torch.Tensor, index: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    out = torch.empty([index.size(0), other.size(0)], dtype=x.dtype)
    for tile_i, tile_j in hl.tile([index.size(0), other.size(0)]):
        out[tile_i, tile_j] = x[index[tile_i], other[tile_j]]
    return out


@helion.kernel()
def lists(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """A list of rows for each of several tables: where a list begins, the running kernel computes."""
    count, length = index.size()
    out = torch.empty([count, length, x.size(1)], dtype=x.dtype)
    places = index.view(-1)
    for tile_c, tile_l, tile_n in hl.tile([count, length, x.size(1)], block_size=[1, None, None]):
        out[tile_c.begin, tile_l, tile_n] = x[places[tile_l.index + tile_c.begin * length], tile_n]
    return out


@helion.kernel()
def masked(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Places behind the sixth are not read: row 0 stands for them."""
    out = torch.empty([index.size(0), x.size(1)], dtype=x.dtype)
    for tile_i, tile_n in hl.tile([index.size(0), x.size(1)]):
        out[tile_i, tile_n] = x[hl.load(index, [tile_i.index], extra_mask=tile_i.index < 6), tile_n]
    return out
