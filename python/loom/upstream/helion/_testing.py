"""What helion's own examples import of its tests."""
from __future__ import annotations

from typing import Any

import torch

DEVICE = torch.device("cpu")
HALF_DTYPE = torch.float16
LONG_INT_TYPE = torch.int64


def run_example(kernel_fn: Any, baseline_fn: Any, args: Any, **ignored: Any) -> None:
    """The kernel on this CPU, compared with Loom's reference interpreter: there is no PyTorch to compare with."""
    from loom.bound import describe
    from loom.pipeline import call_loom
    for kernel in kernel_fn.values() if isinstance(kernel_fn, dict) else (kernel_fn,):
        if not hasattr(kernel, "fn"):
            raise NotImplementedError(f"'{getattr(kernel, '__name__', kernel)}' is a function around a kernel, and nothing is computed without PyTorch")
        source = describe(kernel, args)
        call_loom(["run", source.path, f"--function={source.function}", *source.options, "--machine=host", "--check"])


def do_bench(*arguments: Any, **named: Any) -> Any:
    raise NotImplementedError("nothing is computed without PyTorch; to time a kernel: loom bench FILE --shape ..")


assert_close_with_mismatch_tolerance = do_bench
