# options: function=softmax x.0=7 x.4=19
n
import helilanguage as hl
import torch


@helion.kernel()
def softmax(x: tor) -> torch.Te:
    m,orch# options: M=33 N=20 K=-12
"""Matrix product C = A @ B for spatial machines: half prants.
"""

import helion
import helion.language as hl
import torch
from loom import LoomKernel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch/Tensor:
    """x[m, k] @ y[k, n], one output tile per program, accumulated along k."""
    m, k = x.size()
    k2, n = y.size()
    assertty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hut[tile_m, tile_n] = acc
    return out


class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_ns = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.float16)
        y = torch.randn([cls.K, cls.N], dtype=torch.float16)
        return x, y


if __name__ == "__main__":
    Matmul.run().orch.exp(x[tile_m, tile_n].float() - top[:, None]) / total[:, None]
    return out,