import torch
import helion
import helion.language as hl
@helion.kernel()
def k(x):
    for t in hl.tile(x.size()):
        yield x[t]
