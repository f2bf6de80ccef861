"""Running sums, products and extremes of tiles, and the places of extremes."""
import helion
import helion.language as hl
import torch


@helion.kernel()
def places(x: torch.Tensor):
    b, m, n = x.size()
    high = torch.empty([b, m], dtype=torch.int64)
    low = torch.empty([b, n], dtype=torch.int64)
    for tb in hl.tile(b):
        v = x[tb, :, :]
        high[tb, :] = torch.argmax(v, dim=-1)
        low[tb, :] = torch.argmin(v, dim=1)
    return high, low


@helion.kernel()
def scans(x: torch.Tensor):
    """Along either dim, from the end, extremes."""
    b, m, n = x.size()
    down = torch.empty_like(x)
    back = torch.empty_like(x)
    highest = torch.empty_like(x)
    for tb in hl.tile(b):
        v = x[tb, :, :]
        down[tb, :, :] = torch.cumsum(v, dim=1)
        back[tb, :, :] = hl.cumsum(v, dim=2, reverse=True)
        highest[tb, :, :] = hl.associative_scan(torch.maximum, v, dim=2)
    return down, back, highest


@helion.kernel()
def back(x: torch.Tensor):
    """From the end of tiles, the last of which is ragged."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tn in hl.tile(n):
        out[:, tn] = hl.cumsum(x[:, tn], dim=1, reverse=True)
    return out


@helion.kernel()
def counts(x: torch.Tensor, y: torch.Tensor):
    """Whole numbers become int64."""
    m, n = x.size()
    sums = torch.empty([m, n], dtype=torch.int64)
    products = torch.empty_like(y)
    for tm in hl.tile(m):
        sums[tm, :] = torch.cumsum(x[tm, :], dim=1)
        products[tm, :] = torch.cumprod(y[tm, :], dim=1)
    return sums, products
