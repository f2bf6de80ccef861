"""Along rows: sums, softmax in four forms, the norms."""

import helion
import helion.language as hl
import torch


@helion.kernel()
def row_sum(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32)
    for tm in hl.tile(m):
        out[tm] = x[tm, :].to(torch.float32).sum(-1)
    return out


@helion.kernel()
def row_sum_tiled(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float32)
    for tm in hl.tile(m):
        acc = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n):
            acc = acc + x[tm, tn].to(torch.float32).sum(-1)
        out[tm] = acc
    return out


@helion.kernel()
def row_extremes(x: torch.Tensor):
    """Two values carried through one loop; edge tiles must bring their neutral elements."""
    m, n = x.size()
    low = torch.empty([m], dtype=x.dtype)
    high = torch.empty([m], dtype=x.dtype)
    for tm in hl.tile(m):
        least = hl.full([tm], float("inf"), dtype=torch.float32)
        most = hl.full([tm], float("-inf"), dtype=torch.float32)
        for tn in hl.tile(n):
            part = x[tm, tn].to(torch.float32)
            least = torch.minimum(least, torch.amin(part, -1))
            most = torch.maximum(most, torch.amax(part, -1))
        low[tm] = least.to(x.dtype)
        high[tm] = most.to(x.dtype)
    return low, high


@helion.kernel()
def column_sum(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([n], dtype=torch.float32)
    for tn in hl.tile(n):
        acc = hl.zeros([tn], dtype=torch.float32)
        for tm in hl.tile(m):
            acc = acc + torch.sum(x[tm, tn].to(torch.float32), 0)
        out[tn] = acc
    return out


@helion.kernel()
def softmax_whole(x: torch.Tensor) -> torch.Tensor:
    """Whole rows in L1."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        e = torch.exp(v - torch.amax(v, dim=1, keepdim=True))
        out[tm, :] = e / e.sum(dim=1, keepdim=True)
    return out


@helion.kernel()
def softmax_online(x: torch.Tensor) -> torch.Tensor:
    """Two loops: the largest and the sum together, then the quotients."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        top = hl.full([tm], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n):
            part = x[tm, tn].to(torch.float32)
            new_top = torch.maximum(top, torch.amax(part, dim=1))
            total = total * torch.exp(top - new_top) + torch.exp(part - new_top[:, None]).sum(dim=1)
            top = new_top
        for tn in hl.tile(n):
            out[tm, tn] = torch.exp(x[tm, tn].to(torch.float32) - top[:, None]) / total[:, None]
    return out


@helion.kernel()
def softmax_three(x: torch.Tensor) -> torch.Tensor:
    """Three loops: the largest, the sum, the quotients."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        top = hl.full([tm, 1], float("-inf"), dtype=torch.float32)
        for tn in hl.tile(n):
            top = torch.maximum(top, torch.amax(x[tm, tn].to(torch.float32), dim=1, keepdim=True))
        total = hl.zeros([tm, 1], dtype=torch.float32)
        for tn in hl.tile(n):
            total = total + torch.sum(torch.exp(x[tm, tn].to(torch.float32) - top), dim=1, keepdim=True)
        for tn in hl.tile(n):
            out[tm, tn] = torch.exp(x[tm, tn].to(torch.float32) - top) / total
    return out


@helion.kernel()
def log_softmax(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m, n], dtype=torch.float32)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        v = v - torch.amax(v, dim=1, keepdim=True)
        out[tm, :] = v - torch.log(torch.sum(torch.exp(v), dim=1, keepdim=True))
    return out


@helion.kernel()
def layer_norm(x: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor, eps: float) -> torch.Tensor:
    """Whole rows, weight and shift the same for all cores."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        centered = v - torch.mean(v, dim=-1, keepdim=True)
        spread = torch.mean(centered * centered, dim=-1, keepdim=True)
        out[tm, :] = centered * torch.rsqrt(spread + eps) * weight[:].to(torch.float32) + shift[:].to(torch.float32)
    return out


@helion.kernel()
def layer_norm_tiled(x: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Rows of any length: sums of values and squares, then a second walk."""
    m, n = x.size()
    out = torch.empty_like(x)
    for tm in hl.tile(m):
        first = hl.zeros([tm], dtype=torch.float32)
        second = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n):
            part = x[tm, tn].to(torch.float32)
            first = first + part.sum(-1)
            second = second + (part * part).sum(-1)
        mean = first / n
        scale = torch.rsqrt(second / n - mean * mean + 1e-2)
        for tn in hl.tile(n):
            part = (x[tm, tn].to(torch.float32) - mean[:, None]) * scale[:, None]
            out[tm, tn] = part * weight[tn].to(torch.float32)[None, :] + shift[tn].to(torch.float32)[None, :]
    return out


@helion.kernel()
def rms_norm(x: torch.Tensor, weight: torch.Tensor):
    """The scale of each row is a result too."""
    m, n = x.size()
    out = torch.empty_like(x)
    scales = torch.empty([m, 1], dtype=torch.float32)
    for tm in hl.tile(m):
        v = x[tm, :].to(torch.float32)
        scale = torch.rsqrt(torch.mean(v * v, dim=-1, keepdim=True) + 1e-5)
        out[tm, :] = v * scale * weight[:].to(torch.float32)
        scales[tm, :] = scale
    return out, scales


@helion.kernel()
def batch_softmax(x: torch.Tensor) -> torch.Tensor:
    """Three dims, the rows in the middle one's tiles."""
    b, m, n = x.size()
    out = torch.empty_like(x)
    for tb, tm in hl.tile([b, m]):
        v = x[tb, tm, :].to(torch.float32)
        e = torch.exp(v - torch.amax(v, dim=-1, keepdim=True))
        out[tb, tm, :] = e / torch.sum(e, dim=-1, keepdim=True)
    return out


@helion.kernel()
def softmax_one_size(x: torch.Tensor) -> torch.Tensor:
    """Two loops, one behind the other, with one block size."""
    m, n = x.size()
    out = torch.empty_like(x)
    size = hl.register_block_size(n)
    for tm in hl.tile(m):
        top = hl.full([tm], float("-inf"), dtype=torch.float32)
        total = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n, block_size=size):
            part = x[tm, tn].to(torch.float32)
            new_top = torch.maximum(top, torch.amax(part, 1))
            total = total * torch.exp(top - new_top) + torch.sum(torch.exp(part - new_top[:, None]), 1)
            top = new_top
        for tn in hl.tile(n, block_size=size):
            out[tm, tn] = (torch.exp(x[tm, tn].to(torch.float32) - top[:, None]) / total[:, None]).to(out.dtype)
    return out


@helion.kernel()
def lengths_of_one_size(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Two loops over different numbers of elements with one block size."""
    m, n = x.size()
    k = y.size(1)
    out = torch.empty([m], dtype=torch.float32)
    size = hl.register_block_size(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm], dtype=torch.float32)
        for tn in hl.tile(n, block_size=size):
            acc = acc + torch.sum(x[tm, tn].to(torch.float32), 1)
        for tk in hl.tile(k, block_size=size):
            acc = acc + torch.sum(y[tm, tk].to(torch.float32), 1)
        out[tm] = acc
    return out
