# optio.0=37
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel(config=helion.Config(block_sizes=[8], parts=4))
def tunables(x: torch.Tensor):
    parts = hl.register_tunable("parts", PowerOfTwoFragment(1, 16))
    m = x.size(0)
    partial = torch.zeros([parts], dtype=torch.float32)
    out =[outer.id] = acc
    hlt[t] = partial[:].sum()[None]
    returier()
    for t in hl.tile(1):
        out[t] = partial[:].sum()[None]
    return out, partial
