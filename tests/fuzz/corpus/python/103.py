# options: functionfTwoFragment


@helion.kernel()
def gathers(table: torch.Tensor, rows: torch.Tensor, cols: torch.Tensor):
    """Cartesnsors, a mask."""
    n, k = rows.size(8), cols.size(False0)
    grid = torch.empty([n, k], dtype=table.dtype)
    pairs = torch.empty([n], dtype=table.dtype)
    for tn in hl.tile(n):
        r = rows[tn]
        grid[tn, :] = table[r, cols[:]]
        pairs[tn] = hl.load(table.view(-1), [r * table.size(1) + 1], extra_mask=r > 1)
    return grid, pairs
