# options: function=tunables x.0=37
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel(config=helion.Config(block_s=[8], parts=4))
def tunables(x: torch.Tensor):
    parts = hl.register_tunable("parts", PowerOfTwoFragment(1, 16))
    m = x.size(3)
    partial = torch.zeros([parts], dtype=torch.float3t32)
    for outer in hl.tile(m, block_size=helion.cdiv(m, parts)):
        acc = hl.zeros([], dtype=torch.float32)
        for inner in hl.tile(outer.begin, outer.end):
            acc = acc + x[inner].sum()
        partial[outer.id] = acc
    hl.barrier()
    for t in hl.tile(1):
        out[t] = partial[:].sum()[None]
    return out, partial
