"""Kernels: compiled at the shapes and types they are called with, each once."""
from __future__ import annotations

import ctypes
import errno
import json
import os
import tempfile
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from . import _native
from ._native import Context
from .bound import file_of, function_of
from .signature import Signature, signature_of

_NUMPY = {"f16": "float16", "f32": "float32", "f64": "float64", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "ui8": "uint8", "i1": "bool", "bf16": "uint16"}
_LOOM = {v: k for k, v in _NUMPY.items() if k != "bf16"}


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as e:
        raise ImportError("calling kernels needs NumPy (apt install python3-numpy)") from e
    return numpy


def _words(option: str, values: Sequence[str]) -> list[str]:
    if isinstance(values, str) or not all(isinstance(v, str) for v in values):
        raise TypeError(f"{option} is a list of words, [{values!r}] for one" if isinstance(values, str) else f"{option} is a list of words, not {values!r}")
    return list(values)


def _shape_options(shape: Union[str, Mapping[str, Any], None]) -> list[str]:
    if not shape:
        return []
    if isinstance(shape, str):
        return [f"--shape={shape}"]
    return ["--shape=" + ",".join(f"{k}={'x'.join(map(str, v)) if isinstance(v, (tuple, list)) else v}" for k, v in shape.items())]


class Kernel:
    """A kernel that can be called, with its arguments as Python has them: arrays, numbers, by position or by name.

    On a virtual chip (`machine` is not "host") a call is a `loom run`, whose summary (loom.summary.v1) is then `summary`.
    """

    def __init__(self, path: str, options: Sequence[str], bf16: Sequence[str] = (), machine: str = "host"):
        self.path, self.options, self.bf16, self.machine = path, _words("options", options), frozenset(_words("bf16", bf16)), machine
        self.summary: Optional[dict[str, Any]] = None
        self._context = Context()
        self._compiled: dict[tuple[Any, ...], "_Compiled"] = {}
        self._signature: Optional[Signature] = None

    def __repr__(self) -> str:
        return f"<loom.Kernel {os.path.basename(self.path)}{'' if self.machine == 'host' else ' on ' + self.machine}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, also in another process (pickle), are compiled there."""
        return Kernel, (self.path, self.options, sorted(self.bf16), self.machine)

    def signature(self) -> Signature:
        if self._signature is None:
            self._signature = signature_of(self.path, next((o.split("=", 1)[1] for o in self.options if o.startswith("--function=")), None))
            wrong = sorted(self.bf16.difference(p.name for p in self._signature.parameters))
            if wrong:
                raise ValueError(f"bf16 names '{wrong[0]}'; {self._signature.name} takes {', '.join(p.name for p in self._signature.parameters)}")
        return self._signature

    def parameters(self) -> list[str]:
        """Names of the kernel's tensors, in order."""
        return self.signature().tensors()

    def __call__(self, *values: Any, **by_name: Any) -> Any:
        tensors, others = self.signature().bind(values, by_name)
        arrays = {name: self._dense(name, value) for name, value in tensors.items()}
        arguments = {name: value.item() if hasattr(value, "item") else value for name, value in others.items()}
        if self.machine != "host":
            results, written = self._on_chip(arrays, arguments, tensors)
        else:
            key = (tuple((name, a.shape, a.dtype.str) for name, a in arrays.items()), repr(sorted(arguments.items())))
            if key not in self._compiled:
                self._compiled[key] = _Compiled(self, arrays, arguments)
            results, written = self._compiled[key](arrays, tensors), self._compiled[key].written
        for name in written:
            if tensors[name] is not arrays[name]:
                tensors[name][...] = arrays[name]
        return self._returned(results, tensors)

    def _dense(self, name: str, value: Any) -> Any:
        """Aligned, dense and in this machine's byte order, as code takes it."""
        np = _numpy()
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"'{name}' is a masked array, and kernels know no masks: pass {name}.filled(..)")
        a = np.require(value, requirements=["C", "ALIGNED"])
        if a.shape == ():
            raise TypeError(f"'{name}' is the single value {value!r}, and the kernel takes a tensor there: an array of at least one dim")
        if name in self.bf16 and a.dtype.name != "uint16":
            raise TypeError(f"'{name}' is of type {a.dtype}, and bf16=['{name}'] says that it holds bfloat16: that is uint16")
        if name not in self.bf16 and a.dtype.name not in _LOOM:
            raise TypeError(f"'{name}' is of type {a.dtype}; there is {', '.join(_LOOM)}, and bfloat16 as uint16 with compile(.., bf16=['{name}'])")
        return a.astype(a.dtype.newbyteorder("=")) if not a.dtype.isnative else a

    def _returned(self, results: dict[str, Any], tensors: Mapping[str, Any]) -> Any:
        names = self.signature().returns
        if names is None or not all(n in results or n in tensors for n in names):
            names = list(results)
        values = tuple(results[n] if n in results else tensors[n] for n in names)
        return values[0] if len(values) == 1 else values or None

    def options_of(self, arrays: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
        """All options of the command line for such a call."""
        shapes = [f"{name}.{d}={size}" for name, a in arrays.items() for d, size in enumerate(a.shape)]
        types = [f"{name}={'bf16' if name in self.bf16 else _LOOM[a.dtype.name]}" for name, a in arrays.items()]
        return [*self.options, *(["--shape=" + ",".join(shapes)] if shapes else []), *(["--dtype=" + ",".join(types)] if types else []),
                *[f"--arg={k}={list(v) if isinstance(v, tuple) else v}" for k, v in arguments.items()]]

    def _on_chip(self, arrays: Mapping[str, Any], arguments: Mapping[str, Any], originals: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Results by name, and the names of the arrays that were written."""
        bits = {n: a.view("V2") if n in self.bf16 else a for n, a in arrays.items()}      # how .npy files hold bfloat16
        summary = run(self.path, machine=self.machine, inputs=bits, outputs=True, options=self.options_of(arrays, arguments))
        made = {n: a.view("uint16") if a.dtype.kind == "V" else a for n, a in summary.pop("outputs").items()}
        written = [n for n in made if n in arrays]
        _check_written(written, originals)
        for name in written:
            arrays[name][...] = made.pop(name)
        self.summary = summary
        return made, written


def _check_written(names: Sequence[str], values: Mapping[str, Any]) -> None:
    for name in names:
        if not hasattr(values[name], "__setitem__") or not hasattr(values[name], "dtype"):
            raise TypeError(f"the kernel writes '{name}', and {type(values[name]).__name__} is no array")
        if not getattr(getattr(values[name], "flags", None), "writeable", True):
            raise ValueError(f"the kernel writes '{name}', and that array is read-only")


class _Compiled:
    def __init__(self, kernel: Kernel, arrays: Mapping[str, Any], arguments: Mapping[str, Any]):
        self.context = kernel._context
        self.handle = self.context.compile(kernel.path, [*kernel.options_of(arrays, arguments), "--fixed-sizes"])
        self.infos = []
        for i in range(_native.lib.loom_kernel_arguments(self.handle)):
            info = _native.ArgumentInfo(size=ctypes.sizeof(_native.ArgumentInfo))
            _native.lib.loom_kernel_argument(self.handle, i, ctypes.byref(info))
            self.infos.append(info)
            name, shape = info.name.decode(), tuple(info.shape[:info.rank])
            if not info.is_result and (name not in arrays or arrays[name].shape != shape or arrays[name].dtype.name != _NUMPY[info.dtype.decode()]):
                raise TypeError(f"the code takes '{name}' as {info.dtype.decode()}{list(shape)}")      # nothing else holds what is behind the pointers
        self.written = [i.name.decode() for i in self.infos if i.is_written and not i.is_result]

    def __call__(self, arrays: Mapping[str, Any], originals: Mapping[str, Any]) -> dict[str, Any]:
        np = _numpy()
        _check_written(self.written, originals)
        results = {i.name.decode(): np.empty(tuple(i.shape[:i.rank]), dtype=_NUMPY[i.dtype.decode()]) for i in self.infos if i.is_result}
        buffers = [(results if i.is_result else arrays)[i.name.decode()] for i in self.infos]
        pointers = (ctypes.c_void_p * len(buffers))(*[b.ctypes.data for b in buffers])
        code = _native.lib.loom_run(self.handle, pointers, None)
        if code:
            raise _native.LoomError(code, f"exit code {code}")
        return results


# What a call says itself: given as well, one of the two would count for nothing.
_OF_CALLS = {"--shape": "sizes are those of the arrays of each call", "--dtype": "types are those of the arrays of each call", "--kernel-size": "sizes are those of the arrays of each call",
             "--machine": "say compile(.., machine=..)", "--hw-spec": "say compile(.., machine=..)", "--df-mlir": "say compile(.., machine=..)", "--function": "say compile(.., function=..)",
             "--input": "the arrays of a call are its inputs", "--output": "a call returns its results", "--emit": "a call runs the kernel; loom.command('compile', ..) prints forms of it"}


def compile(kernel: Union[str, "os.PathLike[str]", Callable[..., Any]], *, machine: Union[str, "os.PathLike[str]"] = "host", function: str | None = None, bf16: Sequence[str] = (),      # noqa: A001
            options: Sequence[str] = ()) -> Kernel:
    """A kernel for this CPU, or for the virtual chip `machine`: the file it is in, or the function itself, whose file is read.  `bf16`: arguments whose uint16 arrays hold bfloat16.
    `options`: more words of the command line."""
    for word in _words("options", options):
        why = _OF_CALLS.get(word.partition("=")[0].replace("_", "-"))
        if why:
            raise ValueError(f"option {word}: {why}")
    if callable(kernel):
        inner = function_of(kernel)
        path, function = file_of(inner), function or inner.__name__
    else:
        path = os.fspath(kernel)
        if not os.path.isfile(path):
            raise FileNotFoundError(errno.ENOENT, "a kernel is a file; there is none", path)
    return Kernel(path, [*options, *([f"--function={function}"] if function else [])], bf16, os.fspath(machine))


def run(kernel: Union[str, "os.PathLike[str]"], *, machine: str = "host", shape: Union[str, Mapping[str, Any], None] = None, check: bool = False, inputs: Mapping[str, Any] | None = None,
        outputs: bool = False, options: Sequence[str] = ()) -> dict[str, Any]:
    """`loom run`: the summary (loom.summary.v1), with `outputs` the results as arrays under "outputs".  `inputs`: arrays by name, else they are made up."""
    with tempfile.TemporaryDirectory(prefix="loom-") as d:
        words = ["run", os.fspath(kernel), f"--machine={machine}", "--json", f"--output-path={d}/out", *_shape_options(shape), *(["--check"] if check else []), *options]
        if inputs:
            np = _numpy()
            np.savez(f"{d}/in.npz", **{k: np.asarray(v) for k, v in inputs.items()})
            words.append(f"--input={d}/in.npz")
        if outputs:
            words.append(f"--output={d}/out.npz")
        summary: dict[str, Any] = json.loads(Context().command(*words))
        if outputs:
            with _numpy().load(f"{d}/out.npz") as z:
                summary["outputs"] = {k: z[k] for k in z.files}
        return summary
