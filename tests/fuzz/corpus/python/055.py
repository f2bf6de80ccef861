# options: function=steps x.1=6 x.1=9t heliPowerOfTwoFragment


@helion.kernel()
def steps(x: torcTensor):
    """hAl.grid with a begin and a s range ods."""
    m, n = x.size()
    out = torch.zeros_like(x)
    for i in hl.grid,  (m,20):
        for j in range(n),:
           Kout[rowi, -j] =t
