"""helion.kernel and what belongs to it."""
from __future__ import annotations

import enum
import functools
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple, Optional, Sequence

__all__ = ["BoundKernel", "Config", "Kernel", "RefMode", "Settings", "cdiv", "jit", "kernel", "next_power_of_2"]


def cdiv(a: int, b: int) -> int:
    return -(-a // b)


def next_power_of_2(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()


class RefMode(enum.Enum):
    OFF, EAGER = "off", "eager"


class Config(dict):      # type: ignore[type-arg]
    """Settings by name; the kernel's source has them for Loom."""

    def __init__(self, config: Optional[dict[str, Any]] = None, **settings: Any):
        super().__init__(config or {}, **settings)

    @property
    def config(self) -> dict[str, Any]:
        return dict(self)


class Settings(Config):
    pass


class _Graph:
    """A dump of the kernel as Loom understood it, where helion has one for each of its graphs."""
    nodes: tuple[Any, ...] = ()

    def __init__(self, bound: "BoundKernel"):
        self.bound, self.graph = bound, self

    def print_tabular(self) -> None:
        from loom.frontend import device_ir
        print(device_ir(self.bound))


class BoundKernel(NamedTuple):
    """A kernel with its arguments, and what scripts print of one."""
    kernel: "Kernel"
    arguments: tuple[Any, ...]

    @property
    def host_function(self) -> Any:
        return SimpleNamespace(device_ir=SimpleNamespace(graphs=[_Graph(self)], rolled_reductions=[]))

    @property
    def env(self) -> Any:
        return SimpleNamespace(block_sizes=[], shape_env=SimpleNamespace(var_to_val={}))


class Kernel:
    """A decorated function.  `bind` gives it shapes; a call with NumPy arrays runs it on this CPU."""

    def __init__(self, fn: Callable[..., Any], **settings: Any):
        self.fn, self.name, self.settings = fn, getattr(fn, "__name__", "kernel"), settings
        self._compiled: Any = None
        functools.update_wrapper(self, fn)

    def bind(self, args: Sequence[Any]) -> BoundKernel:
        return BoundKernel(self, tuple(args) if isinstance(args, (tuple, list)) else (args,))

    def __call__(self, *arrays: Any, **arguments: Any) -> Any:
        if self._compiled is None:
            import loom
            self._compiled = loom.compile(self.fn)
        return self._compiled(*arrays, **arguments)

    def _no_tuning(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError("Loom solves for block sizes and tunes nothing: see 'loom explore'")

    autotune = to_triton_code = compile_config = _no_tuning


def kernel(fn: Optional[Callable[..., Any]] = None, **settings: Any) -> Any:
    """@helion.kernel, @helion.kernel(...), helion.kernel(...)(fn)"""
    return Kernel(fn, **settings) if fn is not None else functools.partial(kernel, **settings)


jit = kernel
