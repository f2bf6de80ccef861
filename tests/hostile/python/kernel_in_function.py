import torch
import helion
import helion.language as hl
def make():
    @helion.kernel()
    def k(x):
        return x
    return k
