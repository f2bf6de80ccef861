"""Kernels whose tiles change shape or are used in more than one place."""
import torch
import helion
import helion.language as hl


@helion.kernel()
def twopass(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        row = x[tile_m, :].to(torch.float32)
        largest = torch.amax(row, dim=1)
        e = torch.exp(row - largest[:, None])
        total = torch.sum(e, dim=1)
        out[tile_m, :] = e / total[:, None]
    return out


@helion.kernel()
def flip(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([n, m], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_n, tile_m] = x[tile_m, tile_n].transpose(0, 1)
    return out


@helion.kernel()
def gate(x: torch.Tensor, w: torch.Tensor):
    m, n = x.size()
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    s = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tile_m in hl.tile(m):
        v = x[tile_m, :]
        g = torch.sigmoid(v @ w[:, :])
        s[tile_m, :] = g
        out[tile_m, :] = v * g
    return out, s


@helion.kernel()
def shift(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        out[tile_m, :] = x[tile_m, :] + w[:]
    return out
