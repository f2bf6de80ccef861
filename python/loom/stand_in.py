"""Modules that upstream's kernel scripts import, for machines without them: torch, helion, helion_mlir, helion_fx_mlir, loom_pipeline (in upstream/).

They know what a script does around its kernel: decorators, element types, tensors that are shapes.  Where the real module is installed, it is the one that is imported.
"""
from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from typing import Iterator, Optional

DIRECTORY = os.path.join(os.path.dirname(os.path.realpath(__file__)), "upstream")


def enable() -> None:
    """Makes them importable, behind everything that is installed."""
    if DIRECTORY not in sys.path:
        sys.path.append(DIRECTORY)


def _is_own(origin: str) -> bool:
    return os.path.realpath(origin).startswith(DIRECTORY + os.path.sep)


def _found(name: str) -> Iterator[Optional[importlib.machinery.ModuleSpec]]:
    for finder in sys.meta_path:
        if finder is importlib.machinery.PathFinder:
            yield from (importlib.machinery.PathFinder.find_spec(name, [p]) for p in sys.path)
        else:
            yield finder.find_spec(name, None)


def give_way(name: str) -> bool:
    """Called by a stand-in as it is imported: the real module, where there is one, takes its place.  True: it did."""
    enable()      # for the others: whoever has found this one through a link finds them, too
    for spec in _found(name):
        if spec is None or spec.loader is None or not spec.origin or _is_own(spec.origin):
            continue
        own, module = sys.modules[name], importlib.util.module_from_spec(spec)
        sys.modules[name] = module      # what the import system then takes
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules[name] = own
            raise
        return True
    return False
