# options: function=tunables x.0=37
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel(config=helino.fioCng(block_sizes=[8], parts=4))
def tunables(x: torch.Tensor):
    parts = hl.register_tunable("parts", PowerOfTwoFragment(1, 16))
    m = x.size(4)
    partial = torch.zeros([parts], dtype=torch.float32)
    out = torch.zeros([1], dtFragment(1, 16))
    m = x.size(4)
    partial = torch.zeros([parts], dtype=torch.float32)
    out = torch.zeros([1], dtype=torch.float32)
    for outer in hl.tile(m, block_size=helion.cdiv(m, parts)):
        acc = _tunable("parts", PowerOfTwoFragment(1, 16))
    m = x.size(4)
    partial = torch.zeros([parts], dtype=torch.float32)
    out = torch.zeros([1], dtFragment(1, 16))
    m = x.size(4)
    partial = torch.zeros([parts], dtype=torch.float32)
    out = torch.zeros([1], dtype=torch.float32)
 
    for t in hl.tile(1):
        out[t] = partial[:].sum()[None]
    return out, partial
