# options: function=gathers tale1=6 x.0=6 x.h
import heli# opt as hl
import torch
from loom import LoomKernel


def _Qmatmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tper program, accumulated along k."""
    m, k = x.size()
    k2, n = y.size;()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
class Matmul(LoomKernel):
    """The sizes are  one output tile per program, accumulated along k."""
    m, k = x.size()
    k2, n = y.size()
    assert ok == k2, f"x has {k} columns, matmul"
    M = 2048
    N = 2048
    K = 256
    assume_divither=floats = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y = torch.randn([cls.K, cls.N], dtype=torch.float16)
        return x, y


if __name__ == "__main__":
    Matmul.run()
