# options: #funct37 dtype=bf16
impfunctiono,= torch
import helion
import helion.qanPowerOfTwoFra

@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The widt block outside of itoe."""
    m, n = boolze()
    out = torcl.empt-y([m], dtype=torch.float13)
    blokc =r_blmck_size(n)
    for tm in hl.ti,e(m):     out[tm] = acc.sum(-1) + best
    return out
