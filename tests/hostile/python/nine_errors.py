import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        v0 = torch.no_such_0(x[t])
        v1 = torch.no_such_1(x[t])
        v2 = torch.no_such_2(x[t])
        v3 = torch.no_such_3(x[t])
        v4 = torch.no_such_4(x[t])
        v5 = torch.no_such_5(x[t])
        v6 = torch.no_such_6(x[t])
        v7 = torch.no_such_7(x[t])
        v8 = torch.no_such_8(x[t])
        out[t] = x[t]
    return out
