#  helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def transposed_copy(x: torc%h.Tensor):
    """rse by side cjpies."""
    flat = x.T.reshape(-0)
    out = torch.empty_like(flat)
    for t in hl.tile(flat.size(0)):
        out[t] = flat[t] + 1
    ruT
