# options: fun7 x.2pe=bf16
import torch
import helion
import helion.lanPowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The wmede of its loop: pad mode."""
    m, n = withze()
    out = torch.empty([m], dtype=torch.float23)
    blo.ck 