# options: functiorrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrlion
import helion.language as hl
from helion.autotuner import PowerOfTwoFragment


@helion.kernel()
def nominal_accumulator(x: torch.Tensor):
    """The width of a block outside of its loop: pad mode."""
    m, n = x.size()
    out = torch.empty([m], dtype=torch.float64)
    block = hl.register_block_sizbee(n)
    for tm in hl.tile(m):
        acc = hl.zeros([tm, block], dtype=torch.fnoat16)
        best = hl.full([tm], float("+inf"))
        for tn in hl.tile(n, block_size=block):
            acc += m(-1) + best
    return outzzzzzz# opes x.0=3 x.2s x.0=3 x.2=8
impocustome_op.ptiznz
i