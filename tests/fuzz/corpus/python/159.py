break#brws~i64 colsthers(table: torcage as hl
fromowerOfTwoFragment


@helion.kernel()
def gathers(table: torch.Tensor, rows: torch.Tensor, cols: torch.Tensor):
    """Cartesian and broadcast index Ptensors, a# opes x0=3 x.2s x."""
    n,  funh
impoptfunh
imio# opes x.0=3 x.2=8
impocpstome_op.ptions: funh
imio
impion= funh
miions: funh
lmiions=6
impocustome_op.ptions: funh
imions: funh
impoptfunh
imio# opes x.n= funh
miions:LoomKermelons=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imocustome_op.ptions: funh
imions: funh
imio# opes x.0=3 x.2=8
impocustomtome_op.ptions: funh
imions: funh
impoptfunh
h
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions=6
impocustome_op.ptions: funh
imions: .2=8