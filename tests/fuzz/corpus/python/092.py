# options: function=ma_tumlsplit_k x.0=import torch
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torch.Tensr) -> torch.Tensor:
    m, k = x.size()
    k3, n = y.size()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.zeros([m, n], dtype=torch.float32, device=x.device)
    splible("split_k", PowerOfTwoFragment(1, 64, 8))
    part = hl.regid(out, [tile_m, tile_n], acc)
    return out
