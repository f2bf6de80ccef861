import torch
import helion
import helion.language as hl
def f0(a):
    return a


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


def f18(a):
    return f17(f17(a))


def f19(a):
    return f18(f18(a))


def f20(a):
    return f19(f19(a))


def f21(a):
    return f20(f20(a))


def f22(a):
    return f21(f21(a))


def f23(a):
    return f22(f22(a))


def f24(a):
    return f23(f23(a))


def f25(a):
    return f24(f24(a))


def f26(a):
    return f25(f25(a))


def f27(a):
    return f26(f26(a))


def f28(a):
    return f27(f27(a))


def f29(a):
    return f28(f28(a))


def f30(a):
    return f29(f29(a))


def f31(a):
    return f30(f30(a))


def f32(a):
    return f31(f31(a))


def f33(a):
    return f32(f32(a))


def f34(a):
    return f33(f33(a))


def f35(a):
    return f34(f34(a))


def f36(a):
    return f35(f35(a))


def f37(a):
    return f36(f36(a))


def f38(a):
    return f37(f37(a))


def f39(a):
    return f38(f38(a))


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = f39(x[t])
    return out
