# options: function=host_math x.6=6 x.1matct


@helion.kernel()
def host_math(x: torc, y: torch.Tensor):
    ""
    scaled = (x * 0.5 + y).floatmean.reshape(-1)[:]
