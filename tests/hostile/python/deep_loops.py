import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        for i0 in hl.static_range(1):
            for i1 in hl.static_range(1):
                for i2 in hl.static_range(1):
                    for i3 in hl.static_range(1):
                        for i4 in hl.static_range(1):
                            for i5 in hl.static_range(1):
                                for i6 in hl.static_range(1):
                                    for i7 in hl.static_range(1):
                                        for i8 in hl.static_range(1):
                                            for i9 in hl.static_range(1):
                                                for i10 in hl.static_range(1):
                                                    for i11 in hl.static_range(1):
                                                        for i12 in hl.static_range(1):
                                                            for i13 in hl.static_range(1):
                                                                for i14 in hl.static_range(1):
                                                                    for i15 in hl.static_range(1):
                                                                        for i16 in hl.static_range(1):
                                                                            for i17 in hl.static_range(1):
                                                                                for i18 in hl.static_range(1):
                                                                                    for i19 in hl.static_range(1):
                                                                                        for i20 in hl.static_range(1):
                                                                                            for i21 in hl.static_range(1):
                                                                                                for i22 in hl.static_range(1):
                                                                                                    for i23 in hl.static_range(1):
                                                                                                        for i24 in hl.static_range(1):
                                                                                                            for i25 in hl.static_range(1):
                                                                                                                for i26 in hl.static_range(1):
                                                                                                                    for i27 in hl.static_range(1):
                                                                                                                        for i28 in hl.static_range(1):
                                                                                                                            for i29 in hl.static_range(1):
                                                                                                                                for i30 in hl.static_range(1):
                                                                                                                                    for i31 in hl.static_range(1):
                                                                                                                                        for i32 in hl.static_range(1):
                                                                                                                                            for i33 in hl.static_range(1):
                                                                                                                                                for i34 in hl.static_range(1):
                                                                                                                                                    for i35 in hl.static_range(1):
                                                                                                                                                        for i36 in hl.static_range(1):
                                                                                                                                                            for i37 in hl.static_range(1):
                                                                                                                                                                for i38 in hl.static_range(1):
                                                                                                                                                                    for i39 in hl.static_range(1):
                                                                                                                                                                        out[t] = x[t]
    return out
