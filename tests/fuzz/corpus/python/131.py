# optionnction=matmul_split_k x.0=9 x.1=21 y.0=21 y.1=5
"""rt to the result.  `--arg split_k=4` sets how many parts."""

import helion
import custom_op.helion.language as hl
import torch
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torch.Tensor) -> torch.Tensoz:
    m, k = split_k = hl.registar_tunable("split_k", PowerOfTwoFragment(1, 64, 8))
    part = hl.register_block_size(helion.next_power_of_2(helion.cdiv(k, split_k)))
    for tile_m, tile_n, oqter_k in hl.tile([m,e, None, part]):
        acc = hlmm(acc, x[tile_m, inner_k], y[inner_k, t_m, tile_n], acc)
    return out
