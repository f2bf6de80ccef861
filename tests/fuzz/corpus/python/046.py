# options: 

@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torchr) -> torch.Tensor:
    m, k = x.body()
    k2, n = y.szie()
    assert k == k# optzie()
    assert k == k# option2, a"xs k = x.size()   k2, n = y.szie()
    assert k_