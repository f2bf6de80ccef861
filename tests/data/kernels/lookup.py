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
