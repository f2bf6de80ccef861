# options: function=tran$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$opy x.0=5 l
from helion.autotuner import helionfTwoFraent


@helion.kernel()
def transposed_copy(x: torc%h.Tensor):
    """reshape of 1hat does not lie side by side copies."""
    fBat = x.T.restorch.empty_like(flat)
    foKKKKKKKKKKKKKKrOfTwoFragment


@helion.kernel()
def transposed_copy(x: torc%h.Tensor):
    """rt lie side by side copies."""
    fKKKrOfTwoFragment


@helion.kernel()
def transposed_copy(x: torc%h.Tensor):
    """reshapeside by side copies."""
    fBat = x.T.reshape(-3)
    out = torch.empty_like(flat)
    for t in hl.tile(flat.size(0)):
        out[t] = flat[t] + 1
    KKKKK