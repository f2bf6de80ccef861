"""Loom from Python: kernels compiled for this CPU and called with NumPy arrays, or run on a virtual chip.

    import loom, numpy as np
    softmax = loom.compile("kernels/softmax.py")
    y = softmax(np.random.randn(8, 16).astype(np.float32))

    report = loom.run("kernels/matmul.py", machine="wormhole", shape={"M": 256, "N": 256, "K": 256}, check=True)
    print(report["simulated_cycles"], report["check"]["ok"])

Nothing is needed but NumPy, and that only to call kernels: neither torch nor helion.  Kernel scripts derive LoomKernel, which gives them a command line:

    python3 kernels/matmul.py --config kernels/config.json --debug
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._native import Context, LoomError, Path, lib as _lib
from .kernel import Kernel, compile, run

if TYPE_CHECKING:
    from .frontend import generate_mlir, print_debug_info, validate_with_helion_opt, validate_with_mlir_opt
    from .kernel_base import LoomKernel
    from .pipeline import run_exploration, run_materialization, run_pipeline, setup_logging

__all__ = ["Context", "Kernel", "LoomError", "LoomKernel", "__version__", "command", "compile", "generate_mlir", "print_debug_info", "run", "run_exploration", "run_materialization",
           "run_pipeline", "setup_logging", "validate_with_helion_opt", "validate_with_mlir_opt"]
__version__: str = _lib.loom_version().decode()

# What comes from upstream's Loom is loaded when it is asked for: `import loom` stays light, and brings no stand-in for torch or helion.
_LATER = {"LoomKernel": "kernel_base", **dict.fromkeys(("run_exploration", "run_materialization", "run_pipeline", "setup_logging"), "pipeline"),
          **dict.fromkeys(("generate_mlir", "print_debug_info", "validate_with_helion_opt", "validate_with_mlir_opt"), "frontend")}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'loom' has no attribute '{name}'")
    return getattr(importlib.import_module("." + _LATER[name], __name__), name)


def command(*words: Path) -> str:
    """What a command of the command line writes to standard output: loom.command("machine", "list", "--json")."""
    return Context().command(*words)
