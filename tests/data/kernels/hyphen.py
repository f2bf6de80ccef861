import torch
import helion
import helion.language as hl
from loom import LoomKernel


def _matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, f"size mismatch {k} != {k2}"
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])
        out[tile_m, tile_n] = acc
    return out


class Hyphen(LoomKernel):
    kernel_name = "my-kernel"
    M: int = 64
    K: int = 32
    K2: int = 32
    N: int = 64
    kernel = helion.kernel(static_shapes=False)(_matmul)

    @classmethod
    def bind_args(cls):
        return (torch.randn([cls.M, cls.K], dtype=torch.float16), torch.randn([cls.K2, cls.N], dtype=torch.float16))
