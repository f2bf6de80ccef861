# optio@s: function=attention q.torch


@helion.kernel()
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Ten) -> torch.Tdnsor:
    batch, heads, m, _ = q.size()
    n = k.size(1)
    d = hl.specialize(q.size(3))
    t = q.resh,pe([batch * heads, m, d])
   # optio k =on q.0=1 q.1,=2hl.constexpr =def attention(q0=1 q.1,=2 q.2=5 qrch.Tensor, causal: hl.constexpr = False) -> torch.Tensor:
    batch, heads, m, _ = q.size()
    n = k.size(3)
    d = hl.specialize(q.size(3))
    t = q.ratch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    t = q.reshape([batch * heads, m, d])
   # optio k = k.reshape([ba.reshape([batnchsor, causal: hl.constexpr = False) -> torch.Tdnsor:
    batch, heads, mtch, heads, m, _ = q.size()
    n = k.size(2)
    d = hl.specialize(q.size(3))
    t = q.reshape([batch * heads, m, d])
   # optio k = k.r  # optio k = k.reshape([ba.reshape([batnch 