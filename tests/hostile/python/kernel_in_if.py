import torch
import helion
import helion.language as hl
if True:
    @helion.kernel()
    def k(x):
        return x
