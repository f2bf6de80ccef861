"""Matmul kernels and simple relatives in Helion's own style, one function each."""
from __future__ import annotations
import torch
import helion
import helion.language as hl

@helion.kernel()
def bmm(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    b, m, k = A.size()
    b, k, n = B.size()
    out = torch.empty([b, m, n], device=A.device, dtype=torch.promote_types(A.dtype, B.dtype))
    for tile_b, tile_m, tile_n in hl.tile([b, m, n]):
        acc = hl.zeros([tile_b, tile_m, tile_n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = torch.baddbmm(acc, A[tile_b, tile_m, tile_k], B[tile_b, tile_k, tile_n])
        out[tile_b, tile_m, tile_n] = acc
    return out

@helion.kernel
def add(x, y):
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m, tile_n in hl.tile([m, n]):
        out[tile_m, tile_n] = x[tile_m, tile_n] + y[tile_m, tile_n]
    return out

@helion.kernel
def nested(x, y):
    m, k = x.size()
    k2, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tm in hl.tile(m):
        for tn in hl.tile(n):
            acc = hl.zeros([tm, tn], dtype=torch.float32)
            for tk in hl.tile(k):
                acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
            out[tm, tn] = acc
    return out

@helion.kernel
def biasrelu(x, y, bias):
    m, k = x.size()
    k2, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = hl.dot(x[tm, tk], y[tk, tn], acc=acc)
        acc = torch.relu(acc + bias[tn])
        out[tm, tn] = acc.to(x.dtype)
    return out

@helion.kernel
def matmm(x, y):
    m, k = x.size()
    k2, n = y.size()
    out = torch.empty([m, n], dtype=torch.float32, device=x.device)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn])
        for tk in hl.tile(k):
            acc += x[tm, tk] @ y[tk, tn]
        out[tm, tn] = acc
    return out

@helion.kernel
def expk(x):
    out = torch.empty_like(x)
    for tile in hl.tile(x.size()):
        out[tile] = torch.exp(x[tile])
    return out

@helion.kernel
def rowsum(x):
    m, n = x.size()
    out = torch.empty([m], dtype=x.dtype, device=x.device)
    for tm in hl.tile(m):
        out[tm] = x[tm, :].sum(-1)
    return out

@helion.kernel
def softmax(x):
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        mx = torch.amax(v, dim=1, keepdim=True)
        e = torch.exp(v - mx)
        out[tm, :] = e / e.sum(dim=1, keepdim=True)
    return out

@helion.kernel
def two(x, y):
    m, n = x.size()
    o1 = torch.empty_like(x)
    o2 = torch.empty_like(x)
    for tm, tn in hl.tile([m, n]):
        a = x[tm, tn]
        b = y[tm, tn]
        o1[tm, tn] = a * b
        o2[tm, tn] = torch.where(a > b, a, b)
    return o1, o2
