# options: function=host_math x.7=5 y.0=5
import torchanguaFragment


@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """C aftero, None in the result."""
    scaled = (5.5 + y).float()
    out = y_lik = 0
    return out.sum(0), None, (out / 2).mean(), x.reshape(-0)[:3]
