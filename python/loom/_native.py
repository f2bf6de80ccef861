"""libloom through ctypes: what include/loom/loom.h declares."""
from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from typing import Any, NoReturn, Optional, Sequence, Union

RANK_MAX = 8
Path = Union[str, "os.PathLike[str]"]


class ContextOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("loom", ctypes.c_char_p)]


class CompileOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("source", ctypes.c_char_p), ("options", ctypes.POINTER(ctypes.c_char_p))]


class ArgumentInfo(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("dtype", ctypes.c_char_p), ("elem_bytes", ctypes.c_uint32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * RANK_MAX), ("is_written", ctypes.c_int32), ("is_result", ctypes.c_int32)]


def _candidates() -> list[str]:
    here = os.path.dirname(os.path.realpath(__file__))
    if os.environ.get("LOOM_LIBRARY"):
        return [os.environ["LOOM_LIBRARY"]]
    root = os.path.dirname(os.path.dirname(here))      # of the sources, whose build/ is beside python/
    lib = os.path.dirname(os.path.dirname(os.path.dirname(here)))      # installed: lib/python3/dist-packages/loom
    beside = [os.path.join(lib, d, "libloom.so.1") for d in ("", getattr(sys.implementation, "_multiarch", ""))]
    return [os.path.join(root, "build", "libloom.so.1"), *beside, "libloom.so.1"]


def _load() -> ctypes.CDLL:
    said = []
    for path in _candidates():
        if os.path.sep in path and not os.path.exists(path):
            continue
        try:
            return ctypes.CDLL(path)
        except OSError as e:
            said.append(str(e))
    raise ImportError("libloom.so.1 is not found: install Loom, build it (build/ beside python/), or name the library in LOOM_LIBRARY" + "".join(f"\n  {s}" for s in said))


lib = _load()
_P = ctypes.c_void_p
_WORDS = ctypes.POINTER(ctypes.c_char_p)
for _name, _result, _arguments in (
        ("loom_version", ctypes.c_char_p, []), ("loom_context_new", _P, [ctypes.POINTER(ContextOptions)]), ("loom_context_free", None, [_P]),
        ("loom_error", ctypes.c_char_p, [_P]), ("loom_error_json", ctypes.c_char_p, [_P]),
        ("loom_compile", ctypes.c_int32, [_P, ctypes.c_char_p, ctypes.POINTER(CompileOptions), ctypes.POINTER(_P)]), ("loom_kernel_free", None, [_P]),
        ("loom_kernel_name", ctypes.c_char_p, [_P]), ("loom_kernel_arguments", ctypes.c_size_t, [_P]),
        ("loom_kernel_argument", ctypes.c_int32, [_P, ctypes.c_size_t, ctypes.POINTER(ArgumentInfo)]), ("loom_kernel_sizes", ctypes.c_size_t, [_P]),
        ("loom_kernel_size_name", ctypes.c_char_p, [_P, ctypes.c_size_t]), ("loom_run", ctypes.c_int32, [_P, ctypes.POINTER(_P), ctypes.POINTER(ctypes.c_int64)]),
        ("loom_command", ctypes.c_int32, [_P, _WORDS, _WORDS])):
    _f = getattr(lib, _name)
    _f.restype, _f.argtypes = _result, _arguments


def program() -> str:
    """The program `loom`: $LOOM, beside the library, on the path; where libloom looks, too.  For what writes to the terminal itself."""
    named = os.environ.get("LOOM")
    where = os.path.dirname(os.path.realpath(lib._name)) if os.path.sep in lib._name else None
    beside = [os.path.join(where, b) for b in ("../bin/loom", "loom", "../../bin/loom")] if where else []
    everywhere: list[Optional[str]] = [named] if named else [*beside, shutil.which("loom")]
    for path in everywhere:
        if path and os.access(path, os.X_OK):
            return path
    raise LoomError(8, "the program 'loom' is not found: name it in $LOOM, or install it")


def words(values: Sequence[Path]) -> "ctypes.Array[ctypes.c_char_p]":
    """A NULL-terminated array of words."""
    encoded = [os.fsencode(v) for v in values]
    for word in encoded:
        if b"\0" in word:      # what is behind it would be lost
            raise ValueError(f"a word of the command line has a zero byte in it: {word!r}")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


class LoomError(RuntimeError):
    """What a command says: `code` is its exit code, `diagnostics` its messages (loom.diagnostic.v1)."""

    def __init__(self, code: int, message: str, diagnostics: Sequence[dict[str, Any]] = ()):
        super().__init__(message.rstrip("\n"))
        self.code, self.diagnostics = code, list(diagnostics)


class Context:
    """A loom_context; its kernels hold on to it."""

    def __init__(self) -> None:
        self.handle: Optional[int] = lib.loom_context_new(None)
        if not self.handle:
            raise MemoryError

    def __reduce__(self) -> NoReturn:
        raise TypeError("a context is of its process: it is neither copied nor pickled")

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            lib.loom_context_free(self.handle)

    def fail(self, code: int) -> NoReturn:
        """Raises what the last call said."""
        lines = lib.loom_error_json(self.handle).decode("utf-8", "replace").splitlines()
        raise LoomError(code, lib.loom_error(self.handle).decode("utf-8", "replace") or f"exit code {code}", [json.loads(x) for x in lines])

    def command(self, *arguments: Path) -> str:
        """Runs a command of the command line; what it wrote to standard output."""
        if not arguments:
            raise TypeError("a command is missing: loom.command('machine', 'list')")
        out = ctypes.c_char_p()
        code = lib.loom_command(self.handle, words(arguments), ctypes.byref(out))
        if code:
            self.fail(code)
        return (out.value or b"").decode("utf-8", "replace")

    def compile(self, path: Path, options: Sequence[str], source: Optional[bytes] = None) -> ctypes.c_void_p:
        """A loom_kernel of this CPU."""
        how = CompileOptions(ctypes.sizeof(CompileOptions), source, words(options))
        kernel = _P()
        code = lib.loom_compile(self.handle, os.fsencode(path), ctypes.byref(how), ctypes.byref(kernel))
        if code:
            self.fail(code)
        return kernel
