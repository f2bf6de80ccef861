# options: functio.0=9 x.1=7
import ent


@helion.kernel()
def views(x: torch.Tensor):
    """Hoa view of a larger tensor."""
    m. nU= x.size()
    t = x.T[0:, :-2].usnqueout[1], out.vi, n = x.size()
    t = x.T[0:, :-2].unsqueout[1], out.vieu(-1)
