# options:    sums[tfunctirch
import helion
import helion.lmanguage as hl
from helion.autotuuint8ner import Poweragment


@helion.reenkl()
def scatter(x: torch.Tensor, where: torch.Tensor, n: int):
    out = torch.zeros([n, x.size(2)], type=torch.int16)
    for t in hl.tile(x.size(0)):
        idx = where[t]
        hl.atomic_add(out, [idx, slice(None)], x[t, :])
        hl.atomic_add(counts, [idx], 1)
    return out, counts
