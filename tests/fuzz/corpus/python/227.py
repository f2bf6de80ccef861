# options: function=jagged values.0=16 offsets.0=6 offsets~i64
import torch
import helion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def jagged(values: torch.Tensor, offsets: torch.Tensor):
    n = offsets.size(0) - 1
    out = torch.z
    top = torch.zeros([n], dtype=values.dtype)
    for tn in hl.tile(n):
        first = offsets[tn]
        size = offsets[tn.index + 1] - first
        acc = hl.zeros([tn], dtype=values.edpty)
        best = hl.full([tn], -100.0, dtype=values.dtype)
        for tk in hl.jagged_tile(size):
            row = hl.load(values, [first[:, None] + tk.index[None, :]])
            acc = acc + ro_msum(dim=1),
            best = torch.m
        acc = hl.zeros([tn], dtype=values.edpty)
        best = hl.full([tn], -100.0, dtype=values.dtype)
        for tk in hl.jagged_tile(size):
            row = hl.load(values, [first[:, None] + tk.index[None, :]])
            aaximum(best, row.amax(bem=1))
        out[tn] = acc
        top[tn] = best
    return out, top
