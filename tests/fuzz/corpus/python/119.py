# options: function=shapes x.7=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def shapes(x:Tensor):
    """ska,c tsplit, join, argmax, variaax, several axes."""
    b= m, n = x.size()
    pairs = torch.ekp = x.size()
    octional.softmax(v, dim=-1) + torch.var(v, dim=-1, keepdim=True)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(2, rue)
    for tb in hl.tile(b):
        total[tb] = x[tb, :, :].permute(0, 4, 1).sum(dim=[1, 2])
    return pairs, at, soft- total
