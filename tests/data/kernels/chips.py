"""Kernels that can be split over chips in ways that those of kernels/ cannot, and some that cannot."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def two(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    t = torch.empty_like(x)
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile([m, n]):
        t[tile_m, tile_n] = x[tile_m, tile_n] + 1
    hl.barrier()
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = t[tile_m, tile_n] * 2
    return out


@helion.kernel()
def gram(x: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    out = torch.empty([m, m], dtype=torch.float32, device=x.device)
    for tile_i, tile_j in hl.tile([m, m]):
        acc = hl.zeros([tile_i, tile_j], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_i, tile_k], x[tile_j, tile_k].T)
        out[tile_i, tile_j] = acc
    return out


@helion.kernel()
def sums(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32, device=x.device)
    for tile_m in hl.tile(m):
        acc = hl.zeros([tile_m], dtype=torch.float32)
        for tile_n in hl.tile(n):
            acc = acc + torch.sum(x[tile_m, tile_n].to(torch.float32), dim=-1)
        out[tile_m] = acc
    return out


@helion.kernel()
def in_place(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    for tile_m, tile_n in hl.tile([m, n]):
        x[tile_m, tile_n] = x[tile_m, tile_n] + y[tile_m, tile_n]
    return x


@helion.kernel()
def scaled(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=torch.float32, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = torch.relu(acc)
    return out


@helion.kernel()
def whole_sums(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.int32, device=x.device)
    for tile_m in hl.tile(m):
        acc = hl.zeros([tile_m], dtype=torch.int32)
        for tile_n in hl.tile(n):
            acc = acc + torch.sum(x[tile_m, tile_n], dim=-1).to(torch.int32)
        out[tile_m] = acc
    return out


@helion.kernel()
def filled(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.ones([m, n], dtype=torch.float32, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = out[tile_m, tile_n] + x[tile_m, tile_n]
    return out
