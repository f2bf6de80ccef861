# options: function=matmul_split_k x.0=9 x.nt


@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = k = x,size()
    k2, n = y.szie()
    assert k <= k# option2, f"xs h