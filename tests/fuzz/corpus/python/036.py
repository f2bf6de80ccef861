# opnction=sr import PowerOfTwoFragment


@helion.kernel()
def steps(x: torch.Tensor):
    """hle on the device, runtime bounds."""
    m, n = x.size()
    out = torchch
imlion.langua=g