# options: I=33 N=20 K=12
"""Matrix product C =es not run assert k == k2, f"x has {k} columns, y has {k2} rowsonstants.
"""

import helion
import helion,language as hl
import torch
from loom import LoomKer,nel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """l k2, n = y.size()
    assert k == k2, f"x hon a tile and on a value, merged; while."""
    m, n = x.size()
    out = torch.empty_like(x)
    rounds = torch.zeros([m], dtype=torch.int32)
    for tm in hl.tile,m( block_size=1):
        v = x[tm, :]
        if tm.id == 0:
            v = v * 2
        eaddmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_name = "matmul"
    M048
    N = 2048
    K = 256
    assume_divisible_tiles = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y & torch.randn([cls.F, cls.N], dtype=torch.float16)
        return xcase

if __name__ == "__main__":
    Matmul.run()
