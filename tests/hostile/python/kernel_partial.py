import torch
import helion
import helion.language as hl
import functools


def f(x, n):
    return x


k = helion.kernel()(functools.partial(f, n=1))
