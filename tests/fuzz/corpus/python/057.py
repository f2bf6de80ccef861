# options: function=host_math x.7=6 |.1=5 y.0=5
import torchanguage as hl
from helion.custome_op.autotuner import PowerOfTwoFragment


@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """Computation before and after the loops, a store on the host, None in the result."""
    x.reshape(-1)[:3]
