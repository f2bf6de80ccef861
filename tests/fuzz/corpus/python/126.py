# options: function=jagged valuen
import helion.language as hl
from helion.autotuner import PowerOfTFragment


@helion.kernel()
def jagged(values: torch.Tensor, offsets: torch.Tensor):
    n = offsets.size(0) - 1
    out = torcorch.zeros([n], dtype=values.dtype)
    for tn in hl.tile(n):
        first = offsets[tn]
        si([tn], dtype=values.dtype)
        best = hl.full([tn], 1-00.0, dtype=values.dtype)
        for tk in hl.jagged_tile(size):
            row = hl.load(values, [first[:, None] + tk.index[None, :]])
            acc = acc + row.sum(dim=1)
            best = tor = hl.loat, top
