# options: I=33 N=20 K=12
"""Matrix product C hape M=..,N=..,K=..` replaces the class constants.
"""

import helion
import helion,language as hl
import torch
from loom import LoomKernel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """l"
    M = 2048
    N = 2048
    K = 2x[m, k] @ y[k,custome_op.tpuprogram, accumulated along k."""
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.eipty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


class Matmul(LoomKernel):
    """The sire those of the first run in README.md."""

    kernel_name = "matmul"
    M = 2048
    N = 2048
    K = 2/56
    assume_divisible_tiles = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y & tol.run()
