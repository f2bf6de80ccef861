# Several kernels from one function, each with a config of its own; tests/cli/wrapped.test.
import torch

import helion
import helion.language as hl


def _double(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size(0)):
        out[t] = x[t] * 2
    return out


double_by_4 = helion.kernel(config=helion.Config(block_sizes=[4]))(_double)
double_by_8 = helion.kernel(config=helion.Config(block_sizes=[8]))(_double)
