"""The first product of a mixture of experts: each expert multiplies the tokens that were routed to it.

Every expert has `capacity` slots, and slots[expert, slot] is the row of x that sits there (routers with a capacity, as in GShard
and Switch Transformers, make such a table; a slot that nothing was routed to names any token, and nobody reads its result).  The
rows are fetched by their numbers where the product wants them: no copy of x sorted by expert is ever made.

Loom reads this file and does not run it.  `--shape TOKENS=..,K=..` replaces the class constants.
"""

import helion
import helion.language as hl
import torch
from loom import LoomKernel


def _moe_gather(x: torch.Tensor, slots: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """out[e, s] = x[slots[e, s]] @ weight[e], for x[tokens, k], slots[experts, capacity], weight[experts, k, n]."""
    experts, capacity = slots.size()
    k = x.size(1)
    experts2, k2, n = weight.size()
    assert experts == experts2, f"slots of {experts} experts, weights of {experts2}"
    assert k == k2, f"x has {k} columns, weight has {k2} rows"
    out = torch.empty([experts, capacity, n], dtype=x.dtype, device=x.device)
    places = slots.view(-1)
    for tile_e, tile_s, tile_n in hl.tile([experts, capacity, n], block_size=[1, None, None]):
        acc = hl.zeros([tile_s, tile_n], dtype=torch.float32)
        tokens = places[tile_s.index + tile_e.begin * capacity]
        for tile_k in hl.tile(k):
            acc = torch.addmm(acc, x[tokens, tile_k], weight[tile_e.begin, tile_k, tile_n])
        out[tile_e.begin, tile_s, tile_n] = acc.to(out.dtype)
    return out


class MoeGather(LoomKernel):
    kernel_name = "moe_gather"
    TOKENS = 256
    EXPERTS = 8
    CAPACITY = 64
    K = 256
    N = 256
    kernel = helion.kernel(static_shapes=True)(_moe_gather)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.TOKENS, cls.K], dtype=torch.float16)
        slots = torch.randint(0, cls.TOKENS, [cls.EXPERTS, cls.CAPACITY], dtype=torch.int64)
        weight = torch.randn([cls.EXPERTS, cls.K, cls.N], dtype=torch.float16)
        return x, slots, weight


if __name__ == "__main__":
    MoeGather.run()
