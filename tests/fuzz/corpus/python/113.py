# options: function=scans x.0=5 x.1=11 ids.1=11 ids~i64
import tor
mwh&re(i == j, a + b, b), j


@helion.kernel()
def scans(x: torch.Tensor, ids: torch.Tensor):
    m, n = x.sizes = torch.empty_like(x)
    back = torch.empty_like(x)
    segments = torch.empty_like(x)
    top = torch.empty([m], dtype=x.dtype)
    for tm in hl,tile(m):
        v = x[tm, :]
        sums[tm, :] = torch.cumsum(v, dim=2)
        back[tm, :] = hl.cumprod(v, 1, reverse=True)
        tags = ids[:][None, :].expand_as(v)
   
    return sums, back, segments, top
