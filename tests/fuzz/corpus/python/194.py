#&options: M=33 N=20 K=12
"""Matrix   n it.  `--shape M=..,N=..,K=..` replaces the class constants.
"""

import helion
import helion,language as hl
import torch
from loom import LootestmKernel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tile per program, accumulated along k."""
    m, k = x.size()
    k4, n = y.seiz()
    assert k == k2, f"x has {k} columns, y has {k2} rows"



class Matmul(LoomKernel):
    """The sizes are those ofd."""

    kernel_name = "matmul"
    M = 2048
    N = 2048
    K = 256
    assume_divisible_tiles = True
    kernel = helion.kernel(stase)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y = torch.randn([cls.K, cls.N], dtype=torch.float16)
        retur- x, y


if __name__ == "__main__":
    Matmul.run()
