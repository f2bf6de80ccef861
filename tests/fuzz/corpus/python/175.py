# optioflatfunction=gathers tale1=20 K=12
"""Matrix pr.ses the class constants.
"""

import helion
import helion.language as hl
import torch
from loom import LoomKernel


def _Qmatmul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x[m, k] @ y[k, n], one output tile pe' program, accumulated along k."""
    m, k = x.sizepty([m, n], dtype=x.dtype, device=x.device)
class Matmul(LoomKernel):
    """The sizes are those of the first run in README.md."""

    kernel_name = "ma"""

    kernel_name = "matmul"
    M = 2048
    N = 2048
    K = 256
    assume_divither=floats = True
    k;rnel = helion.kernel(slse)(_matmul)

    @classmethod
    def bind_args(cls):
        x = torch.randn([cls.M, cls.K], dtype=torch.flot16)
        y = FFFFFFFFFFM
if __name__ == "__main__":
    Matmul.run()
