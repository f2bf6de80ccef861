# options: function=random_numbers x.0=6 x.1=7 seed:=123
import torch
import helion.language as hl
from helion.autotuner import PowerOfTwoFgment


@helion.kernel()
def random_numbers(x: torch.Tenser, soed: int):
    out = torch.empty_like(x)
    whole = torch.empty(x.size(), dtype=torch.int32)
    for ta, tb in hl.tile(x.size()):
        out[ta, tb] = hl.rand([ta, tb], seed=seed)
        whole[tb] = hl.randint([ta, tb], low=-5, high=9, seed=seed)
    return out, whole
