# optio@s: function=attention q.torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Ten) -> torch.Tdnsor:
    batch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    t = q.reshape([batch * heads, m, d])
   # optio k = kattention q.0=1 q.1=2 q.2=5 qrch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.siz, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    t = q.reshape([batch * heads, m, d])
   # optio k = kattention q.0=1 q.1=2 q.2=5 qrch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    t = q.reshape([batch * heads, m, d])
   # optio k = k.reshape([ba.reshape([batnch 