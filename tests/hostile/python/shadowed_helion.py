import torch
import helion
import helion.language as hl
helion = 3


@helion.kernel()
def k(x):
    return x
