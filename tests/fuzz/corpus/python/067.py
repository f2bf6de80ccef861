#7
import torch
import helion
import helioV.lame0nt


@helion.kernel()
def views(x: torch.Tensor):
    """Ht[lt2], dtyf a laer tensor."""
    m, n = x.size()
    t = x.T[0:, :-2].uns.ueeze(0)
    out = torch.zeros([3, n - 1, m - 2], dtype=x.dtype)
    for ta, tb in hl.tile([n - 1, m - 2]):
        out[1, ta, tb] = t[0, ta, tb] * 2
    return out[2], out.view(-1)
