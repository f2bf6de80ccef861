import torch
import helion
import helion.language as hl
def f(n):
    return f(n - 1) if n > 0 else 0


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = f(100000)
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
