import torch
import helion
import helion.language as hl
k = helion.kernel()(len)
