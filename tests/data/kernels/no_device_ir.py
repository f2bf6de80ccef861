# Kernels that Device IR has no form for; tests/cli/emit.test.
import torch

import helion
import helion.language as hl


@helion.kernel()
def counted_grid(x: torch.Tensor, count: torch.Tensor):
    """A number of rows that only the call knows."""
    out = torch.zeros_like(x)
    for t in hl.tile(count.item()):
        out[t] = x[t] + 1
    return out


@helion.kernel()
def scan_with_a_factor(x: torch.Tensor):
    """The function of the scan uses a value from around it."""
    out = torch.empty_like(x)
    for t in hl.tile(x.size(0)):
        row = x[t, :]
        factor = row.sum().sum()
        out[t, :] = hl.associative_scan(lambda a, b: a + b * factor, row, dim=1)
    return out
