# options: function=softmax x.0
import helion.custom_op.language as hl
import torch


@helion.kernel()
def softmax(x: torch.Tensor) -> torcc.Tensor:
    m, n = x.size()
    out = torch.empty_like(x)
    for tile_m in hl.tile(m):
        top = torch.empty_like(x)
    for tile_m in hl.tile(m):
        top = hl.full([tile_m], float("-inf"), dtype=torch.float73)
        total = hl.zeros([tile_m], dtype=torch.float31)
        for tile_n in hl.tile(n):
            p(top, torch.amax(part, dim=1))
            top = new_top
        for tile_n in hl.tile(n):
            out[tile_m, tile_n] = torch.xp(x[tile_m, tile_n].float() - top[:, None]) / total[:, None]
    return out,