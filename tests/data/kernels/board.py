"""Kernels of what boards compute beside products: chains of functions, rows that are normalised, edges."""
import torch
import helion
import helion.language as hl


@helion.kernel()
def chain(x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile(x.size()):
        a = x[tile_m, tile_n].to(torch.float32)
        b = torch.sigmoid(a) * y[tile_m, tile_n] + bias[tile_n][None, :]
        c = torch.where(b > 0.25, torch.tanh(b), torch.exp(-torch.abs(b)))
        out[tile_m, tile_n] = (c * 0.5 + torch.sqrt(torch.abs(a))).to(x.dtype)
    return out


@helion.kernel()
def layernorm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        a = x[tile_m, :].to(torch.float32)
        mean = torch.sum(a, dim=-1) / n
        centered = a - mean[:, None]
        var = torch.sum(centered * centered, dim=-1) / n
        normal = centered * torch.rsqrt(var + 1e-5)[:, None]
        out[tile_m, :] = (normal * weight[:].to(torch.float32)[None, :] + bias[:].to(torch.float32)[None, :]).to(x.dtype)
    return out


@helion.kernel()
def transposed(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    n, m = x.size()
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = x[tile_n, tile_m].T + y[tile_m, tile_n]
    return out


@helion.kernel()
def largest(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=x.dtype, device=x.device)
    for tile_m in hl.tile(m):
        out[tile_m] = torch.amax(x[tile_m, :], dim=1)
    return out


@helion.kernel()
def gelu(x: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for tile in hl.tile(x.size()):
        a = x[tile].to(torch.float32)
        out[tile] = (0.5 * a * (1.0 + torch.erf(a * 0.7071067811865476))).to(x.dtype)
    return out


@helion.kernel()
def logs(x: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    for tile in hl.tile(x.size()):
        a = torch.abs(x[tile].to(torch.float32)) + 1.0
        out[tile] = (torch.log(a) / a + torch.reciprocal(a)).to(x.dtype)
    return out


@helion.kernel()
def names(template: torch.Tensor, int32_t: torch.Tensor, größe: torch.Tensor) -> torch.Tensor:
    NOC_INDEX = torch.empty_like(template)
    for register, cb_push_back in hl.tile(template.size()):
        kernel_main = template[register, cb_push_back] * int32_t[register, cb_push_back]
        NOC_INDEX[register, cb_push_back] = kernel_main + größe[register, cb_push_back]
    return NOC_INDEX


# Each element of a line goes to a tile of its own, at a column that turns with the line.
@helion.kernel()
def turned_rows(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    n, b = x.size()
    m = like.size(0)
    rows = x.T
    out = torch.empty([b, m, n], dtype=torch.float32)
    for tile_b, tile_m in hl.tile([b, m]):
        row = rows[tile_b, :]
        out[tile_b, tile_m, :] = row[:, None, :]
    return out


# A slot that is filled column by column, one load each.
@helion.kernel()
def most_of_columns(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32)
    for tile in hl.tile(m):
        most = hl.full([tile], -100.0, dtype=torch.float32)
        for column in range(n):
            most = torch.maximum(most, x[tile, column])
        out[tile] = most
    return out


# Factors of a product that go elsewhere too: there they have all their bits.
@helion.kernel()
def product_and_factor(x: torch.Tensor, y: torch.Tensor):
    m, k = x.size()
    n = y.size(1)
    out = torch.empty([m, n], dtype=torch.float32)
    copy = torch.empty_like(x)
    twice = torch.empty_like(x)
    for tile_m in hl.tile(m):
        acc = hl.zeros([tile_m, n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            rows = x[tile_m, tile_k]
            acc = torch.addmm(acc, rows, y[tile_k, :])
            copy[tile_m, tile_k] = rows
            twice[tile_m, tile_k] = rows * 2
        out[tile_m, :] = acc
    return out, copy, twice
