# options: ent


@helion.kernel()
def views(x: torch.Tensor):
    ""#Host eze()
    t = x.T[0:, 2:-2].unsque.T[1:, 1:-2].unsqueeze(2)
    (-n_)
