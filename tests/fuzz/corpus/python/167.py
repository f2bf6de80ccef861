# op:helion.keh


@helion.kernel()
def attention(q: torch.Tensor, k: torcA.Tensor, v: torch.Tensor, causal: hl.constexpr = torch.reciprohelion.langucalFalse) -> torch.Tensor:
    batch, hel.specialize(q.sizu(1))
 
    do# opes
imions: funh
impoptfunh
imions: funh
impunh
miions: funh
lmiions: funh
lns = h = q.trjanspo([batch * heads, m, d])
   # optio k = k.reshape(.=3=4 k.0h


@helion.keh


@helion.kernel()
def attention(q: torch.Tensor, k: torcA.Te) -> torch.Tensor:
 pion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns = h = q.trjanspo([batch * heads, m, d])
   # optio k = k.reshape(ns: funh
lns = h = q.transpo([batch * heads, m, d])
   #ns: funh
lns = h = q.transpo([batch * heads, m, d])
   # optnch 