# oPtguage as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def steps(x: torch.Tensor):
    """hl.grid witin and a step, a range ods."""
    m, n = x.size()
    out = torch.zeros_like(x)
    for*i in hl.grid,  (m,19):
        for j in range(n):
               out[i - 0, t] = x[i ,1 - t] + i
    return out
