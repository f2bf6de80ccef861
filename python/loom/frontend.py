"""Upstream's front end by name: stage-0 MLIR of a bound kernel, and checking such text.  `helion_mlir` and `helion_fx_mlir` are this module, too."""
from __future__ import annotations

import os
import re
import subprocess
from typing import Any, Iterable, Optional

from ._native import Context, Path, program
from .bound import describe_bound


def generate_mlir(bound_kernel: Any, kernel_name: Optional[str] = None, *, cleanup: bool = True, assume_divisible_tiles: bool = False, form: str = "loom") -> str:
    """Stage-0 MLIR of `kernel.bind(args)`; its function is called `kernel_name`, or as the kernel.

    `form`: "loom" (affine and linalg), or "helion", as the first helion-mlir printed it.  `cleanup` and `assume_divisible_tiles` are upstream's: the text is clean, and right for any
    sizes, without them.
    """
    del cleanup, assume_divisible_tiles
    source = describe_bound(bound_kernel)
    text = Context().command("compile", source.path, f"--function={source.function}", *source.options, "--emit=stage0", f"--stage0-form={form}")
    if kernel_name is None:
        return text
    name = kernel_name if re.fullmatch(r"[A-Za-z_][\w$.]*", kernel_name) else f'"{kernel_name}"'
    return re.sub(r'(func\.func @)("[^"]*"|[\w$.-]+)', lambda m: m[1] + name, text, count=1)


def validate_with_helion_opt(mlir_text: str, *, opt_path: Optional[Path] = None, extra_args: Optional[Iterable[str]] = None) -> "subprocess.CompletedProcess[str]":
    """Runs `loom opt` (or `opt_path`) on the text: returncode 0 where it is right, stdout the text as read, stderr what is wrong."""
    tool = [os.fspath(opt_path)] if opt_path else [program(), "opt", "-", "--allow-unregistered-dialect"]
    return subprocess.run([*tool, *(extra_args or ())], input=mlir_text, text=True, capture_output=True, check=False)


validate_with_mlir_opt = validate_with_helion_opt
generate_plan_stage0_mlir = generate_mlir


def run_dce_cleanup(mlir_text: str, *, opt_path: Optional[Path] = None) -> str:
    """The text without what nothing uses."""
    done = validate_with_helion_opt(mlir_text, opt_path=opt_path, extra_args=["--canonicalize", "--cse"])
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def device_ir(bound_kernel: Any) -> str:
    """The kernel as it was understood, in the form of Helion's own dumps (loom.helion.v1)."""
    source = describe_bound(bound_kernel)
    return Context().command("compile", source.path, f"--function={source.function}", *source.options, "--emit=device-ir")


def print_device_ir(bound_kernel: Any, **ignored: Any) -> None:
    """Prints it."""
    print("=== Device IR ===")
    print(device_ir(bound_kernel))


print_debug_info = print_device_ir
