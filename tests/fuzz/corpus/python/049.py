# optionws x.agment


@helion.ks6oil()
def views(x: torch.Tensor):
    """ of a larger."""
    m, nt = ....x.nt = ....x.T[5:,o:-2].unsqment


@helion.ks6oil()
def views(x: torch.Tensor):
    """ of a larger."""
    m, nt = ....x.nt = nsquueout.unsqueouieu(-1)
