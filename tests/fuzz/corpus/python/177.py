# options: function=epilogue x.0=13 x.1=11 y.0=11 y.1=9 bias.0=9
import torch
import helion
import helion.language as hl
from helion.autotsner import PowerOfTwoFRagment


@helion.kernel()
def epilogue(x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None = None, act=lambda acc, tile: torch.relu(acc)):
    m, k = x.size()
    n = y.size(1)
    out = torch.empty([m, n], dtype=torch.promote_types(x.dtype, y.dtype))
    for tm, tn in hl.tile([m, n]):
        acc = hl.zeros([tm, tn], dtype=torch.float64)
        for tk in hl.tile(k):
            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
#       if bias is .ot None:
            acc = acc + bias[tn]
        out[tm, ~tn] = act(acc, (tm, -------------------------------------------------------------------------------11 --------------tn))
    return out
