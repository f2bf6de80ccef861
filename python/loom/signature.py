"""What a kernel takes and returns, by Python's own parser: the file is not run."""
from __future__ import annotations

import ast
from typing import Any, Mapping, NamedTuple, Optional, Sequence


class Parameter(NamedTuple):
    name: str
    is_tensor: Optional[bool]      # None: not annotated, the value decides
    is_needed: bool


class Signature(NamedTuple):
    name: str
    parameters: list[Parameter]
    returns: Optional[list[str]]      # of `return a` and `return a, b`; None: something else, or several returns

    def tensors(self) -> list[str]:
        return [p.name for p in self.parameters if p.is_tensor is not False]

    def bind(self, values: Sequence[Any], by_name: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tensors and the other arguments of a call, each by its name.  TypeError: it is none."""
        names = [p.name for p in self.parameters]
        if len(values) > len(names):
            raise TypeError(f"{self.name} takes {len(names)} arguments ({', '.join(names)}), and {len(values)} are given")
        given = dict(zip(names, values))
        for name, value in by_name.items():
            if name in given:
                raise TypeError(f"{self.name}: '{name}' is given twice")
            if name not in names:
                raise TypeError(f"{self.name} has no argument '{name}'; it takes {', '.join(names)}")
            given[name] = value
        missing = [p.name for p in self.parameters if p.is_needed and p.name not in given]
        if missing:
            raise TypeError(f"{self.name}: '{missing[0]}' is missing")
        tensors: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for p in self.parameters:
            if p.name in given:
                (tensors if _is_tensor(p, given[p.name]) else others)[p.name] = given[p.name]
        return tensors, others


def _is_tensor(p: Parameter, value: Any) -> bool:
    if p.is_tensor is None:
        return bool(getattr(value, "shape", ()) != () and hasattr(value, "dtype"))      # a scalar of NumPy has shape ()
    return p.is_tensor and value is not None


def signature_of(path: str, wanted: Optional[str]) -> Signature:
    """Of kernel `wanted` of the file, None: of its first one."""
    with open(path, encoding="utf-8") as source:
        tree = ast.parse(source.read(), path)
    functions = [f for names, f in _kernels_of(tree) if wanted is None or wanted in names]
    if not functions:
        there = sorted({f.name for _, f in _kernels_of(tree)})
        raise ValueError(f"{path} has no kernel{f' {wanted}' if wanted else ''}; {'it has ' + ', '.join(there) if there else 'kernels are decorated with helion.kernel'}")
    f = functions[0]
    places = [*f.args.posonlyargs, *f.args.args]
    without_default = len(places) - len(f.args.defaults)
    parameters = [_parameter(a, i < without_default) for i, a in enumerate(places)]
    parameters += [_parameter(a, d is None) for a, d in zip(f.args.kwonlyargs, f.args.kw_defaults)]
    return Signature(f.name, parameters, _returns(f))


def _parameter(a: ast.arg, is_needed: bool) -> Parameter:
    return Parameter(a.arg, None if a.annotation is None else "Tensor" in ast.dump(a.annotation), is_needed)


def _returns(f: ast.FunctionDef) -> Optional[list[str]]:
    found = [s for s in ast.walk(f) if isinstance(s, ast.Return)]
    if len(found) != 1 or found[0].value is None:
        return None
    parts = found[0].value.elts if isinstance(found[0].value, ast.Tuple) else [found[0].value]
    names = [p.id for p in parts if isinstance(p, ast.Name)]
    return names if len(names) == len(parts) else None


def _kernels_of(tree: ast.Module) -> list[tuple[set[str], ast.FunctionDef]]:
    """The kernels of a file: the names that --function has for each, and its function.  Decorated ones, and those that a LoomKernel or a variable holds: kernel = helion.kernel()(function)."""
    functions = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
    found = [({f.name}, f) for f in functions.values() if any("kernel" in ast.dump(d) for d in f.decorator_list)]
    holders: list[Any] = [tree, *(c for c in tree.body if isinstance(c, ast.ClassDef))]
    for holder in holders:
        values = {t.id: s.value for s in holder.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
        for variable, made in values.items():
            inner = made.args[0] if isinstance(made, ast.Call) and made.args and "kernel" in ast.dump(made.func) else None
            if not isinstance(inner, ast.Name) or inner.id not in functions:
                continue
            called = values.get("kernel_name")
            names = {inner.id, variable} if holder is tree else {inner.id, holder.name, *([called.value] if isinstance(called, ast.Constant) and isinstance(called.value, str) else [])}
            found.append((names, functions[inner.id]))
    return found
