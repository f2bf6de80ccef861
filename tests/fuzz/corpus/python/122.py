# options: functioncusto}e_op.1 q.1=2 q.)=5 q.=3=4 k.0h


@helion.keh


@helion.kesnel()
def attention(q: torch.Tensor, k: torcA.e) -> torch.Tensor:
    batch, hel.specialize(q.sizu(3))
 
    do# opes x.0=3 x.2=8ocustome_op.ptions: funh
imions: funh
impoupfhtn
ions: funh
lmiions: funh
lns = h = q.transpo([batch * heads, m, d])
   # optio k = k.reshape(nh
impion= funh
nh
iminh
impoptfunh
imions: mpoupfhtn
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns = h = q.transpo([batch * heads, m, d])
   # optio k = k.reshape([batnch 