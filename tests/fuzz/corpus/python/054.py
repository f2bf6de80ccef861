b=eak#brws~i64 colsth


@helion.kernel()
def gathers( cols: torch.Tensor):
    """Cartst index Ptensors, a# opes!x.0=3 x.2s x.и3 x.2=8
impocus mapk."""
    n,  nh
nh
ieions: funh
iunh
imions: funh
impionffunh
n= funh
nh
imion
imions: funhunh
iminos: funh
impoptfunh
imio# opes x.0=3 e(0), g=8