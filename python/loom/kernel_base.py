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

import json
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
        rest = [*(o for o in _of_config(rest) if not (sizes and o.startswith("--shape="))), *rest[1:]]
        for name, size in {**(sizes or {}), **_constants_of(cls, rest)}.items():
            if not hasattr(cls, name):
                print(f"{os.path.basename(sys.argv[0])}: error: {cls.__name__} has no size '{name}'", file=sys.stderr)
                raise SystemExit(2)
            setattr(cls, name, size)
        source = describe(cls.kernel, cls._arguments())
        call_loom(["compile", source.path, f"--function={_name_in_file(cls, source)}", *_replaced(source.options, rest), *rest])


def _values_of(option: str, words: Sequence[str]) -> list[str]:
    return [w.partition("=")[2] if w.startswith(option + "=") else after for w, after in zip(words, [*words[1:], ""]) if w == option or w.startswith(option + "=")]


def _text(value: Any) -> str:
    return "x".join(map(_text, value)) if isinstance(value, list) else value if isinstance(value, str) else str(value)


def _of_config(words: Sequence[str]) -> list[str]:
    """What the file of --config says of the arguments, as options: those of the command line go before.  What is wrong in it is said by Loom, which reads it, too."""
    try:
        with open(_values_of("--config", words)[-1], encoding="utf-8") as f:
            said = json.load(f)
    except (IndexError, OSError, ValueError):
        return []
    options = []
    for key in ("shape", "dtype", "arg"):
        value = said.get(key) if isinstance(said, dict) and not _values_of(f"--{key}", words) else None
        pairs = [f"{k}={_text(v)}" for k, v in value.items()] if isinstance(value, dict) else [_text(v) for v in value] if isinstance(value, list) else [] if value is None else [_text(value)]
        options += [f"--{key}={p}" for p in pairs]
    return options


def _constants_of(cls: type, words: Sequence[str]) -> dict[str, int]:
    """--shape M=256,N=256 of class constants: bind_args has to know them."""
    pairs = [p.partition("=") for v in _values_of("--shape", words) for p in v.split(",")]
    return {name: int(size) for name, _, size in pairs if size.isdigit() and hasattr(cls, name)}


_REAL = ("float", "bfloat", "half", "double")      # torch's types of real numbers begin so


def _replaced(described: Sequence[str], words: Sequence[str]) -> list[str]:
    """What bind_args says of the arguments, without what the command line says otherwise: a type of all those that hold real numbers, or the type, sizes or value of one."""
    types = [p for v in _values_of("--dtype", words) for p in v.split(",")]
    one = {p.partition("=")[0] for p in types if "=" in p}
    values = {v.partition("=")[0] for v in _values_of("--arg", words)}
    sizes = {p.partition("=")[0].partition(".")[0] for v in _values_of("--shape", words) for p in v.split(",")}
    kept = []
    for option in described:
        kind, _, rest = option.partition("=")
        name, _, value = rest.partition("=")
        of_all = kind == "--dtype" and any("=" not in t for t in types) and value.startswith(_REAL)
        named = {"--dtype": one, "--arg": values, "--shape": sizes}[kind]
        if not of_all and name.partition(".")[0] not in named:
            kept.append(option)
    return kept


def _name_in_file(cls: type, source: Source) -> str:
    """The class, where it is in the kernel's own file (which may have several of one function), else the function."""
    module = sys.modules.get(cls.__module__)
    own = getattr(module, "__file__", None)
    is_there = own is not None and os.path.realpath(own) == os.path.realpath(source.path) and "." not in cls.__qualname__
    return cls.__name__ if is_there else source.function
