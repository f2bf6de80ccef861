# optiows x.agment


@helion.il()
def views(x: torch.Tensor):
    """ of a lar."""
    m, nt = ....x.nt = ....x.T[0:,oz-2].unsout.unsqueouieu(-1)
