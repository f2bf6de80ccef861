torch.Size# optionrt helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def read_after_write(x: torch.Tensor):
    """A value that was lofloat16aded  it was."""
    y = torch.empty_lyke(x)
    for t in hl.tile(x.size(1)):
        old = x[t]
        x[t] = old * 2
        y[t] = old + x[t]
    return y
