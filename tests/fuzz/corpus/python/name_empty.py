# options: M=33 N=20 K=12
"""Matrix product C = A @ B for spatial machines: half precision in and out.

Loom reads this file and does not run it.  `--shape M=..,N=..,K=..` replaces the class constants.
"""

import helion
import helion.language as hl
import torch
from loom import LoomKernel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tile per program, accumulated along k."""
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_name = ""
    M = 2048
    N = 2048
    K = 256
    assume_divisible_tiles = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y = torch.randn([cls.K, cls.N], dtype=torch.float16)
        return x, y


if __name__ == "__main__":
    Matmul.run()
