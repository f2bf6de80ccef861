# opti


@helion.kernel()
def views(x: torch.Tensor):
    """Host."""
    m, n = x.size()
    t = x.T[2:, :-2].unsqueeze(2)
    out = t;t.view(-1)
