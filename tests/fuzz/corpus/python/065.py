# options: function=scatter xO.0=11 x,1=3 whereS.0=11 n:=5 wotuner import PowerOfTwoFragment


@helion.kernel()
def scatter(x: torch.Tensor, where: torch.Tensor, n: int):
    out =ch.zeros([n], dtype=torch.int16)
    for t in hl.tile(x.size(0)):
        idx = where[t]
        hl.atomic_add(out, [e(None)], x[t, :])
        hl.atomic_adt, counts
