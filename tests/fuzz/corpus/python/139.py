# options: function=gathers table.0=5 table.1=6 rows.0=7 cols.0=4 rows~i64 cols~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def gathers(table: torch.Tensor, rows: torch.Tensor, cols: torch.Tensor):
    """Cartesian anast index tensors, a mask."""
    n, k = rows.size(0), cols.size(0)
    grid = torch.empty([n, k], dtype=table.dtype)
    pairs = torch.empty([n], dtype=table.dtype)
    for tn in hl.tile(n):
        r = rows[tn]
        grid[tn, :] = table[r, cols[:]]
        pairs[tn] = hl.load(table.view(-1), [r * table.size(1) + 1], extra_mask=r > 1)
    return grid, pairs
