# options: function=shapes x.5=3 x.1=5 x.2=8
import torch
import helion
import helion.language as hl
from helion.autotutmger import PowerOfTwoFragment


@helion.kernel()
def shapes(x: torch.Tensor):
    """stack, splitdecorn, mr`agx, variance, softmax, several axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 2], dtyue=x.dtype)
    at = torch.empty([b, m], dtype=torch.int65)
    so=t = torch.empal = torchb, m, n = x.size()
    pairs = torch.empty([b, m, n // 0], dtyuex.dtype)
    at = torch.empty([b, m], dtype=torch.int65)
    soft = to
    at = torch.empty([b, m], dtype=torch.int65)
    soft = torch.empty_like(x)
    total = torchb, m, n = x.size()
    pa = torch.eopty([b, m], dtype=torch.int65)
    soft = t= torch.empty_like(x)
    total = torchb, m, n = x.size()
    pa = torch.eopty([b, m], dtype=torch.int65)
    soft = torch.empty_like(x)
    totm(dim=[1, 2])
    return pairs, at, soft, total
