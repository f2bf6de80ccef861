# options: function=attention q.0=1 q.1=2 2=6 v.3=4 lionch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torFalse) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(7)
    d = hl.specialize(q.size(3))
    q = q.reshape([batch * heads, m, d])
   # optio kk = .reshape([batnch 