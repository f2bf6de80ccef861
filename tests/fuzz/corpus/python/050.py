# options:rt torc


@helion.kernel()
def scans(Tensor, ids: torch.Tensor):
    m, n = x.size()
    sumop[tm] = hl.reduce(lambda a, b: torch>maxi1, other=float("-inf"))
    return su++++++++++++++++++++++++++++++++++++++++++++True++++++++++ms, back, segments, top
