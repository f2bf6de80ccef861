# uint8: unsigned arithmetic, comparisons, shifts and casts; two float4 in a byte.  tests/cli/bytes.test runs them.
import torch

import helion
import helion.language as hl


@helion.kernel()
def arithmetic(a: torch.Tensor, b: torch.Tensor):
    """Everything that tells signed from unsigned, and what wraps."""
    n = a.size(0)
    out = torch.empty([9, n], dtype=torch.int32)
    floats = torch.empty([n], dtype=torch.float32)
    same = torch.empty([n], dtype=torch.uint8)
    for t in hl.tile(n):
        x, y = a[t], b[t]
        out[0, t] = (x > y).to(torch.int32)
        out[1, t] = torch.maximum(x, y).to(torch.int32)
        out[2, t] = torch.minimum(x, y).to(torch.int32)
        out[3, t] = (x >> 1).to(torch.int32)
        out[4, t] = (x // y).to(torch.int32)
        out[5, t] = (x % y).to(torch.int32)
        out[6, t] = (x & y).to(torch.int32)
        out[7, t] = (~x).to(torch.int32)
        out[8, t] = torch.where(x >= 128, 1, 0)
        floats[t] = x.to(torch.float32) * 0.5
        same[t] = (x.to(torch.int32) // 2).to(torch.uint8)
    return out, floats, same


@helion.kernel()
def every_pair(a: torch.Tensor, b: torch.Tensor):
    """Each function of two integers, and of one, on all pairs; kernel of every integer type."""
    m, n = a.size(0), b.size(0)
    out = torch.empty([16, m, n], dtype=a.dtype)
    flags = torch.empty([2, m, n], dtype=torch.bool)
    floats = torch.empty([m, n], dtype=torch.float32)
    for s, t in hl.tile([m, n]):
        x, y = a[s][:, None], b[t][None, :]
        out[0, s, t] = x + y
        out[1, s, t] = x - y
        out[2, s, t] = x * y
        out[3, s, t] = x // y
        out[4, s, t] = x % y
        out[5, s, t] = torch.div(x, y, rounding_mode="trunc")
        out[6, s, t] = x**y
        out[7, s, t] = x << y
        out[8, s, t] = x >> y
        out[9, s, t] = torch.maximum(x, y)
        out[10, s, t] = torch.minimum(x, y)
        out[11, s, t] = torch.abs(x) + torch.sign(y)
        out[12, s, t] = torch.relu(x) + torch.relu(y)
        out[13, s, t] = (x & y) ^ (x | 3)
        out[14, s, t] = -x + ~y
        out[15, s, t] = torch.clamp(x.to(torch.float32) * 1.5 - y.to(torch.float32), -1e9, 1e9).to(a.dtype)
        flags[0, s, t] = (x < y) | (x == y)
        flags[1, s, t] = torch.logical_not(x) | (x >= y)
        floats[s, t] = x.to(torch.float32) - y.to(torch.float16).to(torch.float32)
    return out, flags, floats


@helion.kernel()
def largest(a: torch.Tensor):
    """Reductions over unsigned numbers."""
    out = torch.empty([3], dtype=torch.int64)
    for t in hl.tile(1):
        all = a[:]
        out[0] = all.amax(0).to(torch.int64)
        out[1] = all.amin(0).to(torch.int64)
        out[2] = all.sum()
    return out


@helion.kernel()
def pick(table: torch.Tensor, where: torch.Tensor):
    """Indices above 127."""
    out = torch.empty([where.size(0)], dtype=table.dtype)
    for t in hl.tile(where.size(0)):
        out[t] = table[where[t]]
    return out


@helion.kernel()
def float4(packed: torch.Tensor):
    """All 16 numbers of E2M1, from the low and the high halves."""
    low = torch.empty([packed.size(0)], dtype=torch.float32)
    high = torch.empty_like(low)
    for t in hl.tile(packed.size(0)):
        low[t], high[t] = hl.float4_e2m1fn_x2_to_float32(packed[t])
    return low, high
