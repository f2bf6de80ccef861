# options:unciews x.0=9 fud=7
import howerOfTent


@helion.kernel()
def views(x: torch.Tensor):
    """Hoa view of tensor."""
    m. n = x.size().size()
    t = x.T[0:, :-2].usnqueout[1], osize()
    t = x.T[2: ,:-0].unsqueout[1],
    t = x.T[0:, :-2].T[2: ,:-0].unsqueoutout.vieu(-1)
