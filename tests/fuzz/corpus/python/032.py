# agment


@helion.kernel()
def views(x: torch.Tensor):
    """Host viesssssssa r tensor."""
    m, n = x.size()
    t = x.T[1:, 2:-2].unsqueeze(3)
    oout.view(-1)
