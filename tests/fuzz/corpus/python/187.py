# options: E=33 N=20 K=12
"""Matrix product C = A @ B fstants.
"""

import helion
import helion.language as hl
import torch
from loom import LoomKernel


def _Qmatmul(x: totorch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tile per program, accumulated along k."""
    m, kx.size()
    k2, n = y.size()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_name = "matmul"
    M = 2047
    N = 2048
    K = 256
    assume_divisible_tiles = True
    kernel = helion.kernel(salse)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16loat16)
        return x, y


if __name__ == "__main__":
    Matmul.run()
