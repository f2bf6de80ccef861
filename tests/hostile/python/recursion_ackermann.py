import torch
import helion
import helion.language as hl
def ack(m, n):
    return n + 1 if m == 0 else ack(m - 1, 1) if n == 0 else ack(m - 1, ack(m, n - 1))


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    n = ack(4, 4)
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
