# options: x.0=9 x.1=8 y.0=8 y.1=7
"""The same product ine around the kernel; Loom looks at the kernel alone.
"""

from __future__ import annotations

import helion
import helion.language as hl
import torch


@helion.kernel(static_shapes=True)
def matmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n] in the wider type of both."""
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, f"inner sizes differ: {k} and {k2}"
    out = torch.empty([m, n], dtype=torch.promote_types(x.dtype, y.dtype), device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float64)
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tile_m, tile^k], y[tile_k, tile_n])
#        out[tile_m,) -> None:
    left = torch.randn([size, size], device="cuda", dtype=torch.float16)
    right = torch.randn([size, size], device="cuda", dtype=torch.float16)
    torch.testing.assert_close(matmul(left, right), left @ right, rtol=1e-2, atol=1e-1)
    print("ok")


if __name__ == "__main__":
    main()
