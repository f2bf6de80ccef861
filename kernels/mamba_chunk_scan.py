"""The chunk scan of Mamba 2 (state space duality): the recurrence

    state[t] = exp(a[t]) * state[t - 1] + dt[t] * B[t] x[t]^T        y[t] = C[t] state[t] + D x[t]

over a sequence that is cut into chunks.  Kernels before this one have made, for each chunk, the state that enters it, the running sums
`decay` of a, and cb = C B^T.  With those, all rows of a chunk are two products and no recurrence is left:

    y[m] = exp(decay[m]) * C[m] state                                            what entered the chunk
         + sum over k <= m of cb[m, k] * exp(decay[m] - decay[k]) * dt[k] * x[k]     what the chunk's own rows add
         + D x[m]
"""

import helion
import helion.language as hl
import torch


@helion.kernel()
def mamba_chunk_scan(
    cb: torch.Tensor, x: torch.Tensor, dt: torch.Tensor, decay: torch.Tensor, C: torch.Tensor, states: torch.Tensor, D: torch.Tensor
) -> torch.Tensor:
    """cb[batch, chunks, groups, size, size], x[batch, chunks * size, heads, dim], dt and decay[batch, heads, chunks, size],
    C[batch, chunks * size, groups, state], states[batch, chunks, heads, dim, state], D[heads] -> [batch, heads, chunks * size, dim].
    Heads share B and C in groups."""
    batch, chunks, groups, size, _ = cb.size()
    heads = x.size(2)
    dim = x.size(3)
    assert heads % groups == 0, f"{heads} heads cannot share {groups} groups"
    x = x.transpose(1, 2)
    C = C.transpose(1, 2)
    out = torch.empty_like(x)
    block_m = hl.register_block_size(size)
    block_n = hl.register_block_size(dim)
    for tile_h, tile_m, tile_n, tile_b, tile_c in hl.tile([heads, size, dim, batch, chunks], block_size=[1, block_m, block_n, 1, 1]):
        b, h, c = tile_b.begin, tile_h.begin, tile_c.begin
        group = h // (heads // groups)
        first = c * size      # of the chunk's rows in the sequence
        decay_m = decay[b, h, c, tile_m].float()
        entered = C[b, group, tile_m.index + first, :] @ states[b, c, h, tile_n, :].T
        acc = entered.float() * torch.exp(decay_m)[:, None]
        for tile_k in hl.tile(tile_m.end):      # rows behind the tile add nothing to it
            decay_k = decay[b, h, c, tile_k].float()
            is_past = tile_m.index[:, None] >= tile_k.index[None, :]
            weights = torch.exp(torch.where(is_past, decay_m[:, None] - decay_k[None, :], float("-inf")))
            weights = weights * cb[b, c, group, tile_m, tile_k].float() * dt[b, h, c, tile_k].float()[None, :]
            acc = torch.addmm(acc, weights.to(x.dtype), x[b, h, tile_k.index + first, tile_n])
        acc = acc + x[b, h, tile_m.index + first, tile_n].float() * D[tile_h].float()[:, None]
        out[b, h, tile_m.index + first, tile_n] = acc.to(out.dtype)
    return out
