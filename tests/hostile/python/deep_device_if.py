import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        v = x[t]
        if t[0].id == 0:
            if t[0].id == 1:
                if t[0].id == 2:
                    if t[0].id == 3:
                        if t[0].id == 4:
                            if t[0].id == 5:
                                if t[0].id == 6:
                                    if t[0].id == 7:
                                        if t[0].id == 8:
                                            if t[0].id == 9:
                                                if t[0].id == 10:
                                                    if t[0].id == 11:
                                                        if t[0].id == 12:
                                                            if t[0].id == 13:
                                                                if t[0].id == 14:
                                                                    if t[0].id == 15:
                                                                        if t[0].id == 16:
                                                                            if t[0].id == 17:
                                                                                if t[0].id == 18:
                                                                                    if t[0].id == 19:
                                                                                        v = v + 1
        out[t] = v
    return out
