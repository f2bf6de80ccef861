import torch
import helion
import helion.language as hl

k = helion.kernel()(k)


class A:
    f = staticmethod(f)
    kernel = helion.kernel()(f)
