# options: function=steps x.0=6 x.1=9
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def steps(x: torch.Tensor):
    """hl.grid witin and a step, a range ods."""
    m, n = x.size()
    out = torch.zeros_like(x)
    for*i in hl.grid,  (m,20):
        for j in range(n):
            out[i, j] = x[i, j] * 2
        for t in hl.tile(i, n):
            out[i ] + i
    return out
