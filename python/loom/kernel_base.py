"""LoomKernel: a kernel as a script with a command line.

    class Matmul(LoomKernel):
        M, K, N = 4096, 256, 4096
        kernel = helion.kernel(static_shapes=False)(_matmul)

        @classmethod
        def bind_args(cls):
            return torch.randn([cls.M, cls.K], dtype=torch.float16), torch.randn([cls.K, cls.N], dtype=torch.float16)

    if __name__ == "__main__":
        Matmul.run()

    python3 matmul.py --config config.json --njobs 16 --debug
"""
from __future__ import annotations

import os
import sys
from typing import Any, ClassVar, Optional, Sequence

from . import stand_in
from .bound import Source, describe
from .frontend import generate_mlir
from .loom_utils.kernel_size import resolve_kernel_shape_args
from .pipeline import call_loom

stand_in.enable()


class LoomKernel:
    """Derive it, with `kernel` (a helion kernel) and `bind_args()`.  `run()` is `loom compile` of the file with the arguments of the command line."""

    kernel_name: ClassVar[str] = ""      # for people; empty: the function's
    assume_divisible_tiles: ClassVar[bool] = False
    kernel: ClassVar[Any] = None

    @classmethod
    def bind_args(cls) -> Any:
        """The arguments: tensors, of which shape and type count, and numbers."""
        raise NotImplementedError(f"{cls.__name__} has no bind_args, which returns one tensor or number for each argument of its kernel")

    @classmethod
    def _arguments(cls) -> Sequence[Any]:
        if cls.kernel is None:
            raise NotImplementedError(f"{cls.__name__} has no kernel: kernel = helion.kernel(...)(function)")
        bound = cls.bind_args()
        return bound if isinstance(bound, (tuple, list)) else (bound,)

    @classmethod
    def generate_mlir(cls) -> str:
        """Stage-0 MLIR of the kernel with the arguments of bind_args."""
        return generate_mlir(cls.kernel.bind(tuple(cls._arguments())), assume_divisible_tiles=cls.assume_divisible_tiles)

    @classmethod
    def run(cls, arguments: Optional[Sequence[str]] = None) -> None:
        """`loom compile` of this kernel; `arguments`: those of the command line.  What fails ends the script with Loom's exit code ('loom explain CODE')."""
        try:
            sizes, rest = resolve_kernel_shape_args([sys.argv[0], *(sys.argv[1:] if arguments is None else arguments)])
        except ValueError as e:
            print(f"{os.path.basename(sys.argv[0])}: error: {e}", file=sys.stderr)
            raise SystemExit(2) from None
        for name, size in {**(sizes or {}), **_constants_of(cls, rest)}.items():
            if not hasattr(cls, name):
                print(f"{os.path.basename(sys.argv[0])}: error: {cls.__name__} has no size '{name}'", file=sys.stderr)
                raise SystemExit(2)
            setattr(cls, name, size)
        source = describe(cls.kernel, cls._arguments())
        call_loom(["compile", source.path, f"--function={_name_in_file(cls, source)}", *source.options, *rest[1:]])


def _constants_of(cls: type, words: Sequence[str]) -> dict[str, int]:
    """--shape M=256,N=256 of class constants: bind_args has to know them."""
    values = [w.partition("=")[2] if w.startswith("--shape=") else after for w, after in zip(words, [*words[1:], ""]) if w == "--shape" or w.startswith("--shape=")]
    pairs = [p.partition("=") for v in values for p in v.split(",")]
    return {name: int(size) for name, _, size in pairs if size.isdigit() and hasattr(cls, name)}


def _name_in_file(cls: type, source: Source) -> str:
    """The class, where it is in the kernel's own file (which may have several of one function), else the function."""
    module = sys.modules.get(cls.__module__)
    own = getattr(module, "__file__", None)
    is_there = own is not None and os.path.realpath(own) == os.path.realpath(source.path) and "." not in cls.__qualname__
    return cls.__name__ if is_there else source.function
