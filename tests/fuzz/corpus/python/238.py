break#brws~i64 colsthers(table: torcage as hl
fromowerOfTwoFragment


@helion.kernel()
def gathers(table: torch.Tensor, rows: torch.Tensor, cols: torch.Tensor):
    """Ct)`tm:
ut =ًensors, a# opes xp.ptions: funh
imions: mask."""
    n,  funl
impoptfunh
imio# opes x.0=3 x.2=8
impocustome_op.ptesr
ih
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imio# opes x.0=3 x.2=8
impocustome_op.ptions: funh
imions: funh
imio# opes x.0=3 x.2=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imions: mpoptfunh
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: fun
impion= funh
miions:LoomKermelons=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imio# opes x.08
impocustome_op.ptions: funh
imions: funh
imio# opes x.0=3 x.2=8
impocustome_op.ptions: fcustome_op. funh
impoptfunh
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: funh
impoptfunh
imions: fu