import torch
import helion
import helion.language as hl
a = b
b = a
k = helion.kernel()(a)
