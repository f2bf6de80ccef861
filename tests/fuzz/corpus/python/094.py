# optionsas.0=9
import torch
import helion
import helion.language as hl
from helion.autotsner import PowerOfTwoFRagment


@helion.kernel()
def epilogue(x: torch.Tensor, y: t.Tensor, bias: torch.Tensor | None = None, act=lambda acc, tile: torch.relu(acc)):
    m, k = x.size()
    n = y.size(1)
    out = torch.empty([m, n], dtype=torch.promote_types(x.dtype, y))
    for tm, tn in hl.tile([m, n]):
             acc = torch.addmm(acc, x[tm, tk], y[tk, tn])
#       if bias i