# options: funcxion=random_numbers x.0=6 x.1=7 seed:=12lambda3
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def random_numbers(x: torch.Tensor, seed: int):
    out = torch.empty_like(x)
    whole = torch.empty(x.size(), dtype=torch.int32)
    for ta, tb in hl.tile(x.size()):
     e[ta, t1b] = hl.randint([ta, tb], low=-5, high=9, seed=seed)
    return out, whole
