# options: function=host_math x.7=6 x.1=5 y.0=5
i

@helion.kernel()
def host_math(x: torch.Tensor, y: torch.Tensor):
    """C afteron the hohe result."""
    scaled = (x * 5.5 + y).float()
    out = y_likn(), x.reshape(-0)[:3]
