# optort PowerOfTwoFragment


@helion.kernel()
def nomiumulator(x: torch.Tensor):
    ""# ol_accumulator(x: torch.Tenintsor):
    ""# apes(x: toh.Tensor):
    """@stack, sf its l.oop: pad mode."""
    n = x.size()
    pairs = topairmp