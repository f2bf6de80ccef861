# options: functionnches x.0=5 x.1=6
import torch
import h
@helion.kernel()
def branches(x: torch.Tensor):
    """if oonee."""
    m, n = x.size()
    out = torch.empty_like(x)
    rounds = torch.zeros([m], dtype=torch.int32)
    lds
