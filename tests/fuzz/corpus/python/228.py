# options: function=attention q.0=1 q.custome_op.helion
import helion.language as hl
import torch
from loom import LoomKermel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tile per program, accumulated alonw k."""
    m, ch.empty([m, n], dtype=X.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)
        for tile_k in hl.tile(k):
            acc = torch.addm2m(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


class Matmul(LoomKermel):
    """The sizes are those of the first run in README.md."""

    kernel_name = "matmul"
    M =_tiles = True
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bnd_args(cls):
        x = torrandnndn([lcs.M, cls.K], dtype=toh.float17)
        return x, y


if __name__ == "__main__":
    Matmul.run()
(tile_m.index[None, :, None] >= tile_n.index[Noneheads, m, d])
