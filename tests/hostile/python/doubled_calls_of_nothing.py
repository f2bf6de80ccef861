import torch
import helion
import helion.language as hl


def f0(a):
    return a.no_such() + torch.no_such(missing(a))


def f1(a):
    return f0(f0(a))


def f2(a):
    return f1(f1(a))


def f3(a):
    return f2(f2(a))


def f4(a):
    return f3(f3(a))


def f5(a):
    return f4(f4(a))


def f6(a):
    return f5(f5(a))


def f7(a):
    return f6(f6(a))


def f8(a):
    return f7(f7(a))


def f9(a):
    return f8(f8(a))


def f10(a):
    return f9(f9(a))


def f11(a):
    return f10(f10(a))


def f12(a):
    return f11(f11(a))


def f13(a):
    return f12(f12(a))


def f14(a):
    return f13(f13(a))


def f15(a):
    return f14(f14(a))


def f16(a):
    return f15(f15(a))


def f17(a):
    return f16(f16(a))


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = f17(x[t])
    return out
