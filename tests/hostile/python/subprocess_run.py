import torch
import helion
import helion.language as hl
import subprocess


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    subprocess.run(['true'])
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
