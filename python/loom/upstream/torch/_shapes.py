"""Element types and tensors without contents."""
from __future__ import annotations

import math
import sys
import types
from typing import Any, Iterable, Optional, Sequence, Tuple

__all__ = ["Generator", "Size", "Tensor", "arange", "autograd", "bfloat16", "cuda", "device", "dtype", "empty", "empty_like", "eye", "finfo", "float16", "float32", "float64", "full", "full_like",
           "fx", "inf", "int16", "int32", "int64", "int8", "manual_seed", "nan", "nn", "no_grad", "ones", "ones_like", "promote_types", "rand", "rand_like", "randint", "randn", "randn_like",
           "randperm", "tensor", "testing", "uint8", "zeros", "zeros_like"]

inf, nan = math.inf, math.nan


class dtype:
    """torch.float16 and its like; `bits`, and whether it is a float, order them."""

    def __init__(self, name: str, bits: int, is_float: bool, is_signed: bool = True):
        self.name, self.bits, self.is_floating_point, self.is_signed = name, bits, is_float, is_signed
        self.itemsize = max(1, bits // 8)

    def __repr__(self) -> str:
        return f"torch.{self.name}"


float16, bfloat16, float32, float64 = dtype("float16", 16, True), dtype("bfloat16", 16, True), dtype("float32", 32, True), dtype("float64", 64, True)
int8, int16, int32, int64 = (dtype(f"int{bits}", bits, False) for bits in (8, 16, 32, 64))
uint8, boolean = dtype("uint8", 8, False, False), dtype("bool", 1, False, False)
# torch.int and the like: names that are Python's own here.
SHORT_NAMES = {"half": float16, "float": float32, "double": float64, "short": int16, "int": int32, "long": int64, "bool": boolean}


def promote_types(a: dtype, b: dtype) -> dtype:
    """The type in which both fit."""
    if a is b:
        return a
    if a.is_floating_point != b.is_floating_point:
        return a if a.is_floating_point else b
    if a.is_floating_point and a.bits == b.bits:
        return float32      # float16 and bfloat16
    if not a.is_floating_point and a.bits == b.bits:
        return int16      # int8 and uint8
    wide, narrow = (a, b) if a.bits > b.bits else (b, a)
    return wide if wide.is_signed or not narrow.is_signed else int16


class device:
    def __init__(self, type: Any = "cpu", index: Optional[int] = None):
        name, _, number = str(type).partition(":")
        self.type, self.index = name, int(number) if number else index

    def __repr__(self) -> str:
        return f"{self.type}:{self.index}" if self.index is not None else self.type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Size(Tuple[int, ...]):
    def numel(self) -> int:
        return math.prod(self)


def _flat(sizes: Sequence[Any]) -> Size:
    return Size(sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes)


class Tensor:
    """A shape and an element type."""

    def __init__(self, shape: Iterable[int], dtype: Optional[dtype] = None, device: Any = "cpu", **ignored: Any):
        self.shape = Size(shape)
        if any(not isinstance(n, int) or n < 0 for n in self.shape):
            raise TypeError(f"sizes of a tensor are whole numbers, not {tuple(self.shape)}")
        self.dtype = dtype or float32
        self.device = device if isinstance(device, _device) else _device(device or "cpu")

    def __repr__(self) -> str:
        return f"tensor(shape={tuple(self.shape)}, dtype={self.dtype})"

    def _as(self, shape: Iterable[int], dtype: Optional[dtype] = None) -> "Tensor":
        return Tensor(shape, dtype or self.dtype, self.device)

    def size(self, dim: Optional[int] = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return len(self.shape)

    def numel(self) -> int:
        return math.prod(self.shape)

    def stride(self, dim: Optional[int] = None) -> Any:
        all = tuple(math.prod(self.shape[i + 1:]) for i in range(self.dim()))
        return all if dim is None else all[dim]

    def reshape(self, *sizes: Any) -> "Tensor":
        wanted = list(_flat(sizes))
        if -1 in wanted:
            wanted[wanted.index(-1)] = self.numel() // max(1, -math.prod(wanted))
        if math.prod(wanted) != self.numel():
            raise RuntimeError(f"shape {list(_flat(sizes))} is invalid for a tensor of {self.numel()} elements")
        return self._as(wanted)

    view = reshape

    def permute(self, *dims: Any) -> "Tensor":
        return self._as(self.shape[d] for d in _flat(dims))

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        dims = list(range(self.dim()))
        dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
        return self.permute(dims)

    def t(self) -> "Tensor":
        return self.permute(*reversed(range(self.dim())))

    T = mT = property(t)

    def unsqueeze(self, dim: int) -> "Tensor":
        shape = list(self.shape)
        shape.insert(dim if dim >= 0 else dim + self.dim() + 1, 1)
        return self._as(shape)

    def squeeze(self, dim: Optional[int] = None) -> "Tensor":
        return self._as(n for i, n in enumerate(self.shape) if n != 1 or dim not in (None, i, i - self.dim()))

    def to(self, *what: Any, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> "Tensor":
        types = [w.dtype if isinstance(w, Tensor) else w for w in what if isinstance(w, (Tensor, _dtype))]
        places = [w for w in (*what, device) if isinstance(w, (str, _device))]
        return Tensor(self.shape, dtype or (types[0] if types else self.dtype), places[0] if places else self.device)

    def contiguous(self, *ignored: Any, **named: Any) -> "Tensor":
        return self

    clone = detach = cuda = cpu = requires_grad_ = contiguous

    def half(self) -> "Tensor":
        return self.to(float16)

    def float(self) -> "Tensor":
        return self.to(float32)

    def double(self) -> "Tensor":
        return self.to(float64)

    def bfloat16(self) -> "Tensor":
        return self.to(bfloat16)

    def _same(self, *others: Any, **named: Any) -> "Tensor":      # of inputs that are scaled or shifted: contents do not count
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = __abs__ = _same
    mul = add = sub = div = abs = neg = exp = softmax = log_softmax = normal_ = uniform_ = fill_ = zero_ = mul_ = add_ = clamp = _same


_device, _dtype = device, dtype


def _made(*sizes: Any, dtype: Optional[dtype] = None, device: Any = None, size: Any = None, **ignored: Any) -> Tensor:
    return Tensor(_flat(sizes) if size is None else size, dtype, device)


empty = zeros = ones = randn = rand = _made


def full(size: Sequence[int], fill_value: Any, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return Tensor(size, dtype or (int64 if isinstance(fill_value, int) and not isinstance(fill_value, bool) else float32), device)


def randint(low: int, high: Any = None, size: Any = None, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return Tensor(high if size is None else size, dtype or int64, device)


def randperm(n: int, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return Tensor([n], dtype or int64, device)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    first, last = (0, start) if end is None else (start, end)
    is_float = any(isinstance(v, float) for v in (first, last, step))
    return Tensor([max(0, math.ceil((last - first) / step))], dtype or (float32 if is_float else int64), device)


def eye(n: int, m: Optional[int] = None, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return Tensor([n, n if m is None else m], dtype, device)


def tensor(data: Any, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    shape, item = [], data
    while isinstance(item, (list, tuple)):
        shape.append(len(item))
        item = item[0] if item else 0.0
    kind = boolean if isinstance(item, bool) else int64 if isinstance(item, int) else float32
    return Tensor(shape, dtype or kind, device)


def empty_like(input: Tensor, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return Tensor(input.shape, dtype or input.dtype, device or input.device)


zeros_like = ones_like = randn_like = rand_like = empty_like


def full_like(input: Tensor, fill_value: Any, *, dtype: Optional[dtype] = None, device: Any = None, **ignored: Any) -> Tensor:
    return empty_like(input, dtype=dtype, device=device)


def manual_seed(seed: int) -> "Generator":
    return Generator()


class Generator:
    def __init__(self, device: Any = None):
        self.device = device

    def manual_seed(self, seed: int) -> "Generator":
        return self


class no_grad:
    def __enter__(self) -> None: ...
    def __exit__(self, *what: Any) -> None: ...
    def __call__(self, function: Any) -> Any:
        return function


class finfo:
    """min, max and eps of a type of floats."""
    _ROWS = {"float16": (11, 15), "bfloat16": (8, 127), "float32": (24, 127), "float64": (53, 1023)}

    def __init__(self, type: dtype):
        digits, exponent = self._ROWS[type.name]
        self.eps, self.max, self.tiny, self.bits = 2.0 ** (1 - digits), math.ldexp(2 - 2.0 ** (1 - digits), exponent), 2.0 ** (1 - exponent), type.bits
        self.min = -self.max


class _Function:
    """torch.autograd.Function: a class to derive from."""

    @classmethod
    def apply(cls, *arguments: Any) -> Any:
        raise NotImplementedError("nothing is computed without PyTorch: install it, or run the kernel with 'loom run'")


class _Module:
    """torch.nn.Module: a class to derive from."""


def _absent(name: str) -> Any:
    def attribute(key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)

        def missing(*arguments: Any, **named: Any) -> Any:
            raise NotImplementedError(f"nothing is computed without PyTorch, so there is no {name}.{key}: install it, or run the kernel with 'loom run'")
        return missing
    module = types.ModuleType(name)
    setattr(module, "__getattr__", attribute)
    return module


def _submodules() -> None:
    parts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("autograd", {"Function": _Function}), ("cuda", {"is_available": lambda: False, "synchronize": lambda *a: None, "manual_seed": manual_seed}), ("testing", {}),
        ("fx", {"has_side_effect": lambda function: function}), ("nn", {"Module": _Module}), ("nn.functional", {}))
    for name, has in parts:
        module = _absent(f"torch.{name}")
        for key, value in has.items():
            setattr(module, key, value)
        sys.modules[f"torch.{name}"] = module
    setattr(sys.modules["torch.nn"], "functional", sys.modules["torch.nn.functional"])


_submodules()
autograd, cuda, fx, nn, testing = (sys.modules[f"torch.{_n}"] for _n in ("autograd", "cuda", "fx", "nn", "testing"))


def __getattr__(name: str) -> Any:
    """Functions of torch: there to be passed on (a reference to compare with), not to be called."""
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_absent("torch"), name)
