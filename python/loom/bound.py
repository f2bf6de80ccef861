"""What a kernel with its arguments is to the command line: a file, the function in it, and options that say the arguments."""
from __future__ import annotations

import inspect
import os
from typing import Any, Callable, NamedTuple, Sequence


class Source(NamedTuple):
    path: str
    function: str
    options: list[str]      # --shape, --dtype, --arg


def function_of(kernel: Any) -> Callable[..., Any]:
    """The function behind a helion kernel (its `fn`), or the function itself."""
    fn: Callable[..., Any] = inspect.unwrap(getattr(kernel, "fn", kernel))
    return fn


def file_of(fn: Callable[..., Any]) -> str:
    try:
        path = inspect.getsourcefile(fn)
    except TypeError:      # built in, of an extension, or no function
        path = None
    if not path or not os.path.exists(path):
        raise ValueError(f"Loom reads the source of a kernel, and that of '{getattr(fn, '__name__', fn)}' is in no file")
    return path


def _argument(name: str, value: Any, size: Callable[[Any], int]) -> list[str]:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        sizes = [f"{name}.{i}={size(d)}" for i, d in enumerate(value.shape)]
        return [*([f"--shape={','.join(sizes)}"] if sizes else []), f"--dtype={name}={str(value.dtype).rpartition('.')[2]}"]
    if callable(value) and not isinstance(value, type):
        if getattr(value, "__name__", "<lambda>") == "<lambda>":
            raise TypeError(f"'{name}' is a lambda, whose source Loom cannot find: make it a function of the file with the kernel")
        return [f"--arg={name}={value.__name__}"]
    return [f"--arg={name}={list(value) if isinstance(value, tuple) else value}"]


def describe(kernel: Any, arguments: Sequence[Any], size: Callable[[Any], int] = int) -> Source:
    """`arguments`: tensors of any kind (what has a shape and a dtype), numbers, None; `size`: a dim as a number."""
    fn = function_of(kernel)
    names = list(inspect.signature(fn).parameters)
    if len(arguments) > len(names):
        raise TypeError(f"{fn.__name__} takes {len(names)} arguments, {len(arguments)} are given")
    options: list[str] = []
    for name, value in zip(names, arguments):
        options += _argument(name, value, size)
    return Source(file_of(fn), fn.__name__, options)


def describe_bound(bound: Any) -> Source:
    """Of `kernel.bind(args)`, of helion itself or of its stand-in."""
    if hasattr(bound, "arguments"):
        return describe(bound.kernel, bound.arguments)
    return describe(bound.kernel, bound.fake_args, lambda d: d if isinstance(d, int) else int(bound.env.size_hint(d)))
