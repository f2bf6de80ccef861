"""Kernels: compiled at the shapes and types they are called with, each once."""
from __future__ import annotations

import ctypes
import json
import os
import tempfile
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from . import _native
from ._native import Context
from .bound import file_of, function_of

_NUMPY = {"f16": "float16", "f32": "float32", "f64": "float64", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "ui8": "uint8", "i1": "bool", "bf16": "uint16"}
_LOOM = {v: k for k, v in _NUMPY.items() if k != "bf16"}


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as e:
        raise ImportError("calling kernels needs NumPy (apt install python3-numpy)") from e
    return numpy


def _shape_options(shape: Union[str, Mapping[str, Any], None]) -> list[str]:
    if not shape:
        return []
    if isinstance(shape, str):
        return [f"--shape={shape}"]
    return ["--shape=" + ",".join(f"{k}={'x'.join(map(str, v)) if isinstance(v, (tuple, list)) else v}" for k, v in shape.items())]


class Kernel:
    """A kernel that can be called.  Positional arguments are its tensors, by their order; keywords its other arguments.

    On a virtual chip (`machine` is not "host") a call is a `loom run`, whose summary (loom.summary.v1) is then `summary`.
    """

    def __init__(self, path: str, options: Sequence[str], bf16: Sequence[str] = (), machine: str = "host"):
        self.path, self.options, self.bf16, self.machine = path, list(options), frozenset(bf16), machine
        self.summary: Optional[dict[str, Any]] = None
        self._context = Context()
        self._compiled: dict[tuple[Any, ...], "_Compiled"] = {}
        self._parameters: Optional[list[str]] = None

    def __repr__(self) -> str:
        return f"<loom.Kernel {os.path.basename(self.path)}>"

    def parameters(self) -> list[str]:
        """Names of the kernel's tensors, in order."""
        if self._parameters is None:
            self._parameters = _parameters_of(self.path, self.options)
        return self._parameters

    def __call__(self, *arrays: Any, **arguments: Any) -> Any:
        np = _numpy()
        names = self.parameters()
        if len(arrays) > len(names):
            raise TypeError(f"{len(arrays)} arrays, and the kernel takes {len(names)}: {', '.join(names)}")
        dense = [np.ascontiguousarray(a) for a in arrays]
        if self.machine != "host":
            return self._on_chip(names, dense, arguments)
        key = (tuple((a.shape, a.dtype.str) for a in dense), tuple(sorted(arguments.items())))
        if key not in self._compiled:
            self._compiled[key] = _Compiled(self, names, dense, arguments)
        return self._compiled[key](dense)

    def options_of(self, names: Sequence[str], arrays: Sequence[Any], arguments: Mapping[str, Any]) -> list[str]:
        """All options of the command line for such a call."""
        shapes, types = [], []
        for name, a in zip(names, arrays):
            is_bf16 = name in self.bf16
            if a.dtype.name not in _LOOM and not (is_bf16 and a.dtype.name == "uint16"):
                raise TypeError(f"'{name}' is of type {a.dtype}; there is {', '.join(_LOOM)}, and bfloat16 as uint16 with compile(.., bf16=['{name}'])")
            if is_bf16 and a.dtype.name != "uint16":
                raise TypeError(f"'{name}' is of type {a.dtype}, and bf16=['{name}'] says that it holds bfloat16: that is uint16")
            shapes.append(f"{name}={'x'.join(map(str, a.shape)) if a.ndim else ''}")
            types.append(f"{name}={'bf16' if is_bf16 else _LOOM[a.dtype.name]}")
        return [*self.options, *(["--shape=" + ",".join(shapes)] if shapes else []), *(["--dtype=" + ",".join(types)] if types else []),
                *[f"--arg={k}={v}" for k, v in arguments.items()]]

    def _on_chip(self, names: list[str], arrays: list[Any], arguments: Mapping[str, Any]) -> Any:
        """Results in the order in which the kernel returns them; an argument that it writes is written."""
        given = dict(zip(names, arrays))
        bits = {n: a.view("V2") if n in self.bf16 else a for n, a in given.items()}      # how .npy files hold bfloat16
        self.summary = run(self.path, machine=self.machine, inputs=bits, outputs=True, options=self.options_of(names, arrays, arguments))
        made = {n: a.view("uint16") if a.dtype.kind == "V" else a for n, a in self.summary.pop("outputs").items()}
        for name in [n for n in made if n in given]:
            given[name][...] = made.pop(name)
        results = list(made.values())
        return results[0] if len(results) == 1 else tuple(results) if results else None


class _Compiled:
    def __init__(self, kernel: Kernel, names: list[str], arrays: list[Any], arguments: Mapping[str, Any]):
        options = [*kernel.options_of(names, arrays, arguments), "--fixed-sizes"]
        self.context = kernel._context
        self.handle = self.context.compile(kernel.path, options)
        self.infos = []
        for i in range(_native.lib.loom_kernel_arguments(self.handle)):
            info = _native.ArgumentInfo(size=ctypes.sizeof(_native.ArgumentInfo))
            _native.lib.loom_kernel_argument(self.handle, i, ctypes.byref(info))
            self.infos.append(info)

    def __call__(self, arrays: list[Any]) -> Any:
        np = _numpy()
        inputs, buffers, results = iter(arrays), [], []
        for info in self.infos:
            if info.is_result:
                results.append(np.empty(tuple(info.shape[:info.rank]), dtype=_NUMPY[info.dtype.decode()]))
                buffers.append(results[-1])
            else:
                buffers.append(next(inputs))
        pointers = (ctypes.c_void_p * len(buffers))(*[b.ctypes.data for b in buffers])
        code = _native.lib.loom_run(self.handle, pointers, None)
        if code:
            raise _native.LoomError(code, f"exit code {code}")
        return results[0] if len(results) == 1 else tuple(results) if results else None


def _kernels_of(tree: Any) -> list[tuple[set[str], Any]]:
    """The kernels of a file: the names that --function has for each, and its function.  Decorated ones, and those that a LoomKernel or a variable holds: kernel = helion.kernel()(function)."""
    import ast
    functions = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
    found = [({f.name}, f) for f in functions.values() if any("kernel" in ast.dump(d) for d in f.decorator_list)]
    for holder in [tree, *(c for c in tree.body if isinstance(c, ast.ClassDef))]:
        values = {t.id: s.value for s in holder.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
        for variable, made in values.items():
            inner = made.args[0] if isinstance(made, ast.Call) and made.args and "kernel" in ast.dump(made.func) else None
            if not isinstance(inner, ast.Name) or inner.id not in functions:
                continue
            called = values.get("kernel_name")
            names = {inner.id, variable} if holder is tree else {inner.id, holder.name, *([called.value] if isinstance(called, ast.Constant) and isinstance(called.value, str) else [])}
            found.append((names, functions[inner.id]))
    return found


def _parameters_of(path: str, options: Sequence[str]) -> list[str]:
    """The tensors of a kernel's signature, by Python's own parser: their shapes are not known yet."""
    import ast
    with open(path, encoding="utf-8") as f:
        tree = ast.parse(f.read(), path)
    wanted = next((o.split("=", 1)[1] for o in options if o.startswith("--function=")), None)
    functions = [f for names, f in _kernels_of(tree) if wanted is None or wanted in names]
    if not functions:
        raise ValueError(f"{path} has no kernel{f' {wanted}' if wanted else ''}")
    return [a.arg for a in functions[0].args.args if a.annotation is None or "Tensor" in ast.dump(a.annotation)]


# What a call says itself: given as well, one of the two would count for nothing.
_OF_CALLS = {"--shape": "sizes are those of the arrays of each call", "--dtype": "types are those of the arrays of each call", "--kernel-size": "sizes are those of the arrays of each call",
             "--machine": "say compile(.., machine=..)", "--hw-spec": "say compile(.., machine=..)", "--df-mlir": "say compile(.., machine=..)", "--function": "say compile(.., function=..)",
             "--input": "the arrays of a call are its inputs", "--output": "a call returns its results", "--emit": "a call runs the kernel; loom.command('compile', ..) prints forms of it"}


def compile(kernel: Union[str, "os.PathLike[str]", Callable[..., Any]], *, machine: Union[str, "os.PathLike[str]"] = "host", function: str | None = None, bf16: Sequence[str] = (),      # noqa: A001
            options: Sequence[str] = ()) -> Kernel:
    """A kernel for this CPU, or for the virtual chip `machine`: the file it is in, or the function itself, whose file is read.  `bf16`: arguments whose uint16 arrays hold bfloat16.
    `options`: more words of the command line."""
    for word in options:
        why = _OF_CALLS.get(word.partition("=")[0].replace("_", "-"))
        if why:
            raise ValueError(f"option {word}: {why}")
    if callable(kernel):
        inner = function_of(kernel)
        path, function = file_of(inner), function or inner.__name__
    else:
        path = os.fspath(kernel)
    return Kernel(path, [*options, *([f"--function={function}"] if function else [])], bf16, os.fspath(machine))


def run(kernel: Union[str, "os.PathLike[str]"], *, machine: str = "host", shape: Union[str, Mapping[str, Any], None] = None, check: bool = False, inputs: Mapping[str, Any] | None = None,
        outputs: bool = False, options: Sequence[str] = ()) -> dict[str, Any]:
    """`loom run`: the summary (loom.summary.v1), with `outputs` the results as arrays under "outputs".  `inputs`: arrays by name, else they are made up."""
    with tempfile.TemporaryDirectory(prefix="loom-") as d:
        words = ["run", os.fspath(kernel), f"--machine={machine}", "--json", f"--output-path={d}/out", *_shape_options(shape), *(["--check"] if check else []), *options]
        if inputs:
            np = _numpy()
            np.savez(f"{d}/in.npz", **{k: np.ascontiguousarray(v) for k, v in inputs.items()})
            words.append(f"--input={d}/in.npz")
        if outputs:
            words.append(f"--output={d}/out.npz")
        summary: dict[str, Any] = json.loads(Context().command(*words))
        if outputs:
            with _numpy().load(f"{d}/out.npz") as z:
                summary["outputs"] = {k: z[k] for k in z.files}
        return summary
