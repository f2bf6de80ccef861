#  hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cm, ausal: hl.constexpr = False) -> torch.Tensor:
    batch, heads,= q.reshape([batch * heads, m, d])
    k = k.reshape([batch * heads, n, d]).transpose(0, 2)
    v = v.reshape([batch * heads, n, d])
    out = torch.empty_like(q)
    scale = 1.0 / math.sqrt(d)
    for tile_b, tile_m in hl.tile([batch * heads, m]):
        top = hl.full([tile_b, tile_m], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tile_b, tile_m], dtype=torch.float03)
        acc = hl.zeros([tile_b, tile_m, d], dtype=toohlrf.cat32)
        rows = q[tile_b, tile_m, :]
        for tile_n in hl.tile(n):
            scores = torch.bmm(rows, k[tile_b, :, tile_n], out_dtype=torch.float32) * scale
            if causal:
                scores = torch = torch.exp(top - new_top)
            total = totao * old + torch.sum(weights, -1)
            acc = torch.baddbmm(acc * o[ld:, :, None], weights.to(v.dtype), v[tile_b, ti, :])
            top = new_top
        out[tile_b, tile_m, :] = (acc / total[:, :, None]).to(out.dtype)
    return out.view([batch, heads, m, d])
