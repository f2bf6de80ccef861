# float8: stored, converted, multiplied.  tests/cli/fp8.test runs them.
import torch

import helion
import helion.language as hl


@helion.kernel()
def numbers(bits: torch.Tensor):
    """All numbers of both types."""
    a = torch.empty([bits.size(0)], dtype=torch.float32)
    b = torch.empty_like(a)
    for t in hl.tile(bits.size(0)):
        a[t] = bits[t].view(torch.float8_e4m3fn).to(torch.float32)
        b[t] = bits[t].view(torch.float8_e5m2).to(torch.float32)
    return a, b


@helion.kernel()
def borders(bits: torch.Tensor):
    """Rounding halfway between two numbers, and beside it; what is too large."""
    n = bits.size(0)
    a = torch.empty([4, n], dtype=torch.float8_e4m3fn)
    b = torch.empty([4, n], dtype=torch.float8_e5m2)
    for t in hl.tile(n):
        low, high = bits[t].view(torch.float8_e4m3fn).to(torch.float32), (bits[t] + 1).view(torch.float8_e4m3fn).to(torch.float32)
        half = (low + high) * 0.5
        a[0, t] = half.to(torch.float8_e4m3fn)
        a[1, t] = (half * (1 + 2**-12)).to(torch.float8_e4m3fn)
        a[2, t] = (half * (1 - 2**-12)).to(torch.float8_e4m3fn)
        a[3, t] = low * 2
        low, high = bits[t].view(torch.float8_e5m2).to(torch.float32), (bits[t] + 1).view(torch.float8_e5m2).to(torch.float32)
        half = low * 0.5 + high * 0.5
        b[0, t] = half.to(torch.float8_e5m2)
        b[1, t] = (half * (1 + 2**-12)).to(torch.float8_e5m2)
        b[2, t] = (half * (1 - 2**-12)).to(torch.float8_e5m2)
        b[3, t] = low * 2
    return a, b


@helion.kernel()
def rounded(x: torch.Tensor):
    a = torch.empty([x.size(0)], dtype=torch.float8_e4m3fn)
    b = torch.empty([x.size(0)], dtype=torch.float8_e5m2)
    for t in hl.tile(x.size(0)):
        a[t] = x[t].to(torch.float8_e4m3fn)
        b[t] = x[t]
    return a, b


@helion.kernel()
def products(x: torch.Tensor, y: torch.Tensor):
    """Sums of products of float8 are f32."""
    m, k = x.size()
    n = y.size(1)
    out = torch.empty([m, n], dtype=torch.float32)
    small = torch.full([m, n], 1.5, dtype=x.dtype)
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float32)
        for tk in hl.tile(k):
            acc = hl.dot(x[tm, tk], y[tk, tn], acc=acc)
        out[tm, tn] = acc
        small[tm, tn] = acc.to(x.dtype)
    return out, small


@helion.kernel()
def arithmetic(x: torch.Tensor, y: torch.Tensor):
    """One operation: computed in f32, rounded once."""
    m, n = x.size()
    a = torch.empty_like(x)
    b = torch.empty([m], dtype=x.dtype)
    c = torch.empty([m], dtype=torch.int64)
    d = torch.empty([m, n], dtype=torch.float32)
    for t in hl.tile(m):
        v = x[t, :]
        a[t, :] = torch.where(v > y[t, :], v * 2, -v)
        b[t] = torch.amax(v, -1)
        c[t] = torch.argmin(v, -1)
        d[t, :] = torch.stack([v, v], 1).to(torch.float32).sum(1)
    return a, b, c, d
