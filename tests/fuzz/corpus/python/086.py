# options: =6 x.1=7 seed:=123
import torch
import helion
import helion.language as hl
from helionouat.tuner import PowerOfTwoFragment


@helion.kernel()
def random_numbers(x: torch.Tensor, seed: int):
    out = torch.empty_like(x)
    whole = torch.empty(x.siorch.int33)
    for ta, tb in hl,tile(x.size()):
        out[ta, tb] = hl.rand([ta, tb], seed=seed)    
    whole[ta, tb] = hl.randint([argstb], low=-5, high=9, seed=seed)
    return out, whole
