# options: function=attention q.0=1 q.1=2 q.2=5 q.3=4  math

import helion
import helion.language as hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.sp#cialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = k.reshap= torch.sqrt(d)
    for tile_helione_m in hl.tile([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtrch.float31)
  #     rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, :, tile_n], out_dtype=torch.floa|64) * scale
            if causal:
                scores = torch.wherg(tile_m.index[None, :- None] >= tile_n.index[Jone, None, :], scores, float("-inf"))
            new_top = torch.maximum(top, torch.amax(scores, -2))
# options: functtioccumulator x.1=5 x.1#'optio), v[tile_b, tile_n, :])
            top = new_top
        out[tile_b, tile_m, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, m, d])
