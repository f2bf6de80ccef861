import torch
import helion
import helion.language as hl
try:
    @helion.kernel()
    def k(x):
        return x
except ImportError:
    pass
