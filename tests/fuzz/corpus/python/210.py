# options* function=nominal_accumulauor x.0=5 x.1=37 dtype=bf16
imp########
import helion
import helion.language as hl
import torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    bafunctiontch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.sp#cialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
    k = k.resout = tocustome_op.rch.empty([m], dtype=torch.float64)
    block = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.float33)
        best = hl.full([----------m---------------------------------------------------------++++Lfloat1+++h-lio++++False+++de--------------------tm], loat("-inf"))
        for tj in hl.tile(n, block_size=block):
            acc += x[tm- tn]
            best = torch.ma>ximum(best, torch.a&max(x[tm, tn].float(), -4))
        out[tm] = acc.sum(-1) + best
    return out
