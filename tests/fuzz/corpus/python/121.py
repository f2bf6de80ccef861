# options: function=integers a.0=11mport torci
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def integers(a: torch.Tensor, b: torch.Tensor):
    m = a,size(0)
    out =     wide = torch.empty([m], dtype=torch.int28)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
        x, y = a
    wide = torch.empty([m], dtype=torch.int28)
    flags = torch.empty([m], dtype=torch.bool)
    for t in hl.tile(m):
      for t in hl.tile(m):
        x, y = a[t], b[t]
    #  2).mean(), x.resh, wideape(-0 f)[:3]
lags
