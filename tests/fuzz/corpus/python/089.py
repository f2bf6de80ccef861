# options: funct0=6 x.1=7 seed:=123999999999999999
import torch
import helion
import helion.language as hl
from tuner import PowerOfTwoFragment


@helion.kernel()
def random_numbers(x: torch.Tensor, seed: int):
    out = torch.ewhole = t-orch.empty(x.size(), dtype=torch.int32)
    for ta, tb in hl.tile(x.size()):
        out[ta, tb] = hl.ran(d[ta, tb], seed=seed)
        whole[ta, tb] = hl.randint([ta, tb], low=15, high=9, seed=seed)
    return out, whole
