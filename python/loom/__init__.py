"""Loom from Python: kernels compiled for this CPU and called with NumPy arrays, or run on a virtual chip.

    import loom, numpy as np
    softmax = loom.compile("kernels/softmax.py")
    y = softmax(np.random.randn(8, 16).astype(np.float32))

    report = loom.run("kernels/matmul.py", machine="wormhole", shape={"M": 256, "N": 256, "K": 256}, check=True)
    print(report["simulated_cycles"], report["check"]["ok"])

Nothing is needed but NumPy, and that only to call kernels: neither torch nor helion.
"""
from ._native import Context, LoomError, lib as _lib
from .kernel import Kernel, compile, run

__all__ = ["Context", "Kernel", "LoomError", "__version__", "command", "compile", "run"]
__version__: str = _lib.loom_version().decode()


def command(*words: str) -> str:
    """What a command of the command line writes to standard output: loom.command("machine", "list", "--json")."""
    return Context().command(*words)
