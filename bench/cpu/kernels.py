"""Kernels that bench/cpu compares with libraries, beside those of kernels/."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def layernorm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Rows of mean 0 and variance 1, scaled and shifted."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tile in hl.tile(m):
        row = x[tile, :].to(torch.float32)
        mean = torch.sum(row, dim=-1) / n
        centred = row - mean[:, None]
        variance = torch.sum(centred * centred, dim=-1) / n
        out[tile, :] = centred * torch.rsqrt(variance + eps)[:, None] * weight[:].to(torch.float32) + bias[:].to(torch.float32)
    return out


@helion.kernel()
def rmsnorm(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Rows divided by their root mean square, scaled."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tile in hl.tile(m):
        row = x[tile, :].to(torch.float32)
        square = torch.sum(row * row, dim=-1) / n
        out[tile, :] = row * torch.rsqrt(square + eps)[:, None] * weight[:].to(torch.float32)
    return out


@helion.kernel()
def gelu(x: torch.Tensor) -> torch.Tensor:
    """x Phi(x), with erf."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile([m, n]):
        v = x[tile_m, tile_n]
        out[tile_m, tile_n] = 0.5 * v * (1.0 + torch.erf(v * 0.7071067811865476))
    return out


@helion.kernel()
def exponential(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = torch.exp(x[tile_m, tile_n])
    return out


@helion.kernel()
def row_sum(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=x.dtype, device=x.device)
    for tile in hl.tile(m):
        out[tile] = torch.sum(x[tile, :], dim=-1)
    return out


@helion.kernel()
def matmul_i8(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=torch.int32, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.int32)
        for tile_k in hl.tile(k):
            acc = hl.dot(x[tile_m, tile_k], y[tile_k, tile_n], acc=acc)
        out[tile_m, tile_n] = acc
    return out
