"""Upstream's own operations, by name: Loom reads them inside kernels."""
from __future__ import annotations

from typing import Any


def _inside(name: str) -> Any:
    def operation(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError(f"{name} is for the inside of kernels, which Loom reads and does not run")
    operation.__name__ = operation.__qualname__ = name
    return operation


broadcast, gather, set_memory_space = _inside("broadcast"), _inside("gather"), _inside("set_memory_space")
