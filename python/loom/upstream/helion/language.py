"""helion.language: names for what Loom reads inside kernels."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Tile:
    """A type for annotations."""


class constexpr:
    """A type for annotations."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls


ConstExpr = constexpr


def _as_is(*arguments: Any, **named: Any) -> Any:
    return lambda function: function


# For operations that are declared through them: Loom knows upstream's by name, and lists others as not supported.
_decorators = SimpleNamespace(api=_as_is, register_fake=_as_is, register_to_device_ir=_as_is, prepare_args=_as_is, type_propagation=_as_is)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)

    def inside(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError(f"helion.language.{name} is for the inside of kernels, which Loom reads and does not run")
    inside.__name__ = inside.__qualname__ = name
    return inside
