import torch
import helion
import helion.language as hl
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = fib(40)
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
