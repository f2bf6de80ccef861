"""Rows that a tensor of integers names where an NPU needs them: as operands of the array, beside other tiles, in sums, and stored."""
import helion
import helion.language as hl
import torch


@helion.kernel()
def embed_project(index: torch.Tensor, table: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    m, k, n = index.size(0), table.size(1), weight.size(1)
    out = torch.empty([m, n], dtype=table.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, table[index[tm], tk], weight[tk, tn])
        out[tm, tn] = acc
    return out


@helion.kernel()
def rotate(x: torch.Tensor, index: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    b, s, d = x.size()
    out = torch.empty_like(x)
    for tb, ts in hl.tile([b, s]):
        out[tb, ts, :] = x[tb, ts, :] * cos[index[ts], :][None, :, :] + x[tb, ts, :] * sin[index[ts], :][None, :, :]
    return out


@helion.kernel()
def mean_rows(index: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    n, d = index.size(0), table.size(1)
    out = torch.empty([d], dtype=table.dtype)
    for td in hl.tile(d):
        acc = hl.zeros([td], dtype=torch.float32)
        for ti in hl.tile(n):
            acc = acc + table[index[ti], td].sum(0)
        out[td] = acc / n
    return out


@helion.kernel()
def keep(cache: torch.Tensor, index: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    n, h, d = x.size()
    for ti, th in hl.tile([n, h]):
        cache[index[ti], th, :] = x[ti, th, :] * 2
    return cache
