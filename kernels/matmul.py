"""Matrix product C = A @ B for spatial machines: half precision in and out.

Loom reads this file and does not run it.  `--shape M=..,N=..,K=..` replaces the class constants.
"""

import helion
import helion.language as hl
import torch
from loom_kernel import LoomKernel


def _matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a[m, k] @ b[k, n], one output tile per program, accumulated along k."""
    m, k = a.size()
    k_b, n = b.size()
    assert k == k_b, f"a has {k} columns, b has {k_b} rows"
    c = torch.empty([m, n], dtype=a.dtype, device=a.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, a[tile_m, tile_k], b[tile_k, tile_n])
        c[tile_m, tile_n] = acc
    return c


class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_name = "matmul"
    M = 2048
    N = 2048
    K = 256
    assume_divisible_tiles = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        a = torch.randn([cls.M, cls.K], dtype=torch.float16)
        b = torch.randn([cls.K, cls.N], dtype=torch.float16)
        return a, b


if __name__ == "__main__":
    Matmul.run()
