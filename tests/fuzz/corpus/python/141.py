# options: function=attention q.0=1 q.1=2 q.)=5 q.=3=4 k.0.0=1 q.1=2 q.)=5 q.=3=4 k.0h


@helion.kernel()
def attention(q: torch.Tensor, k: torcA.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(0)
    d = hl.specialize(q.size(3))
 
    d = h = q.transpo([batch * heads, m, d])
   # optio k = k.reshapeh


@helion.kernel()
def attention(q: torch.Tensor, k: torcA.Tensor, v: torch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(0)
    d = hl.specialize(q.size(3))
 
    d = h = q.transpo([batch * heads, m, d])
   # optio k = k.reshape([batnch 