# The kernels that the dumps of this directory are of.
import torch
import helion
import helion.language as hl


@helion.kernel()
def scaled_matmul(x, y):
    m, k = x.size()
    _, n = y.size()
    out = torch.empty([m, n], dtype=x.dtype)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = acc + torch.mm(x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = (acc * 0.5).to(x.dtype)
    return out


@helion.kernel()
def branch_else(x):
    m, n = x.size()
    out = torch.empty([m], dtype=x.dtype)
    for tile_m in hl.tile(m):
        row = x[tile_m, :]
        total = row.sum(-1)
        if tile_m.id == 0:
            total = total * 2.0
        else:
            total = total + 1.0
        out[tile_m] = total
    return out


@helion.kernel()
def branch(x):
    m, n = x.size()
    out = torch.empty([m], dtype=x.dtype)
    for tile_m in hl.tile(m):
        row = x[tile_m, :]
        total = row.sum(-1)
        if tile_m.id == 0:
            total = total * 2.0
        out[tile_m] = total
    return out


@helion.kernel()
def two_phases(x):
    m, n = x.size()
    tmp = torch.empty([m, n], dtype=x.dtype)
    out = torch.empty([m], dtype=x.dtype)
    for tile_m, tile_n in hl.tile([m, n]):
        tmp[tile_m, tile_n] = torch.exp(x[tile_m, tile_n])
    hl.barrier()
    for tile_m in hl.tile(m):
        out[tile_m] = tmp[tile_m, :].sum(-1)
    return out


@helion.kernel()
def nominal(x):
    m, n = x.size()
    block_n = hl.register_block_size(n)
    out = torch.empty([m], dtype=torch.float32)
    for tile_m in hl.tile(m):
        acc = hl.zeros([tile_m, block_n], dtype=torch.float32)
        for tile_n in hl.tile(n, block_size=block_n):
            acc = acc + x[tile_m, tile_n]
        out[tile_m] = acc.sum(-1)
    return out


@helion.kernel()
def counted(x):
    m, n = x.size()
    out = torch.zeros([1], dtype=torch.float32)
    for tile_m in hl.tile(m):
        i = hl.full([], 0, dtype=torch.int32)
        s = hl.zeros([tile_m], dtype=torch.float32)
        while i < 3:
            s = s + x[tile_m, i]
            i = i + 1
        hl.atomic_add(out, [0], s.sum(0))
    return out


@helion.kernel()
def running(x):
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        out[tile_m, :] = hl.associative_scan(lambda a, b: a + b, x[tile_m, :], dim=1)
    return out


@helion.kernel()
def transposed(x):
    m, n = x.size()
    turned = x.transpose(0, 1)
    out = torch.zeros([n, m], dtype=x.dtype)
    for tile_n, tile_m in hl.tile([n, m]):
        out[tile_n, tile_m] = turned[tile_n, tile_m] + 1.0
    return out


@helion.kernel()
def counted_rows(x):
    m, n = x.size()
    out = torch.zeros([m, n], dtype=x.dtype)
    for i, j in hl.grid([m, n], step=[2, 1]):
        out[i, j] = x[i, j] + 1
    return out.sum(0)
