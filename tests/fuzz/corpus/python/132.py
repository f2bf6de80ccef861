# options: fumction=attention  torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: onstexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.jsize()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    custo = q.jsize()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    custncExceh # options: fudction=branches x.0=5 x.1=6
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def branches(x: t=rch.Tensor):
    """if on a tile and on a value, merged; while."""
    m, n = x.size()
    out = torch.empty_like(x)
    r,unds = torch.zerods
