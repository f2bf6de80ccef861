"""Small tensors and PyTorch's operations on them in plain Python: the oracle of the cases.  Nothing of Loom is used here."""
import itertools, math, struct

FLOATS = {"f16": ("<e", 11), "bf16": (None, 8), "f32": ("<f", 24), "f64": ("<d", 53)}


def round_to(dtype, x):
    """x as the dtype holds it."""
    if dtype == "i1":
        return bool(x)
    if dtype in FLOATS:
        x = float(x)
        if math.isnan(x) or math.isinf(x) or dtype == "f64":
            return x
        if dtype == "bf16":
            bits = struct.unpack("<I", struct.pack("<f", x))[0]
            bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
            return struct.unpack("<f", struct.pack("<I", bits))[0]
        try:
            return struct.unpack(FLOATS[dtype][0], struct.pack(FLOATS[dtype][0], x))[0]
        except OverflowError:
            return math.copysign(math.inf, x)
    bits = int(dtype.lstrip("sui"))
    x = int(x) & ((1 << bits) - 1)
    return x - (1 << bits) if not dtype.startswith("u") and x >> (bits - 1) else x


class T:
    """shape, elements in row order, dtype"""

    def __init__(self, shape, data, dtype="f32"):
        self.shape, self.dtype = tuple(shape), dtype
        self.data = [round_to(dtype, x) for x in data]
        assert len(self.data) == math.prod(self.shape), (self.shape, len(self.data))

    def at(self, *index):
        flat = 0
        for i, n in zip(index, self.shape):
            assert 0 <= i < n, (index, self.shape)
            flat = flat * n + i
        return self.data[flat]

    def places(self):
        return itertools.product(*(range(n) for n in self.shape))

    def to(self, dtype):
        return T(self.shape, [int(x) if dtype not in FLOATS and dtype != "i1" and not isinstance(x, bool) else x for x in self.data], dtype)

    @property
    def rank(self):
        return len(self.shape)


def make(shape, f, dtype="f32"):
    """The tensor whose element at index i is f(*i)."""
    return T(shape, [f(*i) for i in itertools.product(*(range(n) for n in shape))], dtype)


def scalar(x, dtype="f32"):
    return T((), [x], dtype)


def broadcast_shape(*shapes):
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return tuple(max(d) if 0 not in d else 0 for d in zip(*padded))


def read(t, index):
    """Element of t at an index of the shape it is broadcast to."""
    tail = index[len(index) - t.rank:]
    return t.at(*(0 if n == 1 else i for i, n in zip(tail, t.shape)))


def emap(f, *ts, dtype=None):
    shape = broadcast_shape(*(t.shape for t in ts))
    return make(shape, lambda *i: f(*(read(t, i) for t in ts)), dtype or ts[0].dtype)


def reduce(f, t, dims, keep=False, dtype=None):
    """f(list of elements) over the dims."""
    dims = [d % max(t.rank, 1) for d in dims]
    rest = [d for d in range(t.rank) if d not in dims]
    groups = {}
    for i in t.places():
        groups.setdefault(tuple(i[d] for d in rest), []).append(t.at(*i))
    if not rest and not groups:
        groups[()] = []
    shape = [1 if d in dims else t.shape[d] for d in range(t.rank)] if keep else [t.shape[d] for d in rest]
    keys = itertools.product(*(range(t.shape[d]) for d in rest))
    return T(shape, [f(groups.get(k, [])) for k in keys], dtype or t.dtype)


def view(t, shape):
    return T(shape, t.data, t.dtype)


def permute(t, dims):
    return make([t.shape[d] for d in dims], lambda *i: t.at(*(i[dims.index(d)] for d in range(t.rank))), t.dtype)


def matmul(a, b, dtype=None):
    """torch.matmul"""
    x = view(a, (1,) + a.shape) if a.rank == 1 else a
    y = view(b, b.shape + (1,)) if b.rank == 1 else b
    lead = broadcast_shape(x.shape[:-2], y.shape[:-2])

    def element(*i):
        batch, m, n = i[:-2], i[-2], i[-1]
        return sum(read(x, batch + (m, k)) * read(y, batch + (k, n)) for k in range(x.shape[-1]))

    out = make(lead + (x.shape[-2], y.shape[-1]), element, dtype or a.dtype)
    shape = list(out.shape)
    if b.rank == 1:
        del shape[-1]
    if a.rank == 1:
        del shape[-1 if b.rank == 1 else -2]
    return view(out, shape)


def softmax(t, dim, log=False):
    dim %= t.rank

    def row(i):
        return [t.at(*(i[:dim] + (k,) + i[dim + 1:])) for k in range(t.shape[dim])]

    def element(*i):
        r = row(i)
        top = max(r)
        total = sum(math.exp(x - top) for x in r)
        x = t.at(*i) - top
        return x - math.log(total) if log else math.exp(x) / total

    return make(t.shape, element, t.dtype)


def normal(n, seed):
    """n numbers that look random, the same everywhere: a linear congruence, sum of 4 uniform ones less 2."""
    state = seed * 2654435761 % 2**32 or 1
    out = []
    for _ in range(n):
        total = 0.0
        for _ in range(4):
            state = (state * 1664525 + 1013904223) % 2**32
            total += state / 2**32
        out.append(total - 2)
    return out


def rand(*shape, dtype="f32", seed=1, scale=1.0, shift=0.0):
    return T(shape, [x * scale + shift for x in normal(math.prod(shape), seed)], dtype)


def ints(*shape, low=-9, high=9, dtype="si64", seed=1):
    state, out = seed * 69069 + 5, []
    for _ in range(math.prod(shape)):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(low + (state >> 8) % (high - low + 1))
    return T(shape, out, dtype)


# ---- MLIR text ----
def torch_type(t, dynamic=False):
    dims = ",".join("?" if dynamic else str(n) for n in t.shape)
    return f"!torch.vtensor<[{dims}],{t.dtype}>"


def builtin_type(t, dynamic=False):
    element = t.dtype.lstrip("su") if t.dtype[0] in "su" else t.dtype
    return "tensor<" + "".join(("?" if dynamic else str(n)) + "x" for n in t.shape) + element + ">"


def literal(t):
    """dense<..> with every number to its last digit"""
    def number(x):
        if t.dtype == "i1":
            return "true" if x else "false"
        if t.dtype not in FLOATS:
            return str(x)
        if math.isnan(x) or math.isinf(x):
            size = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64}[t.dtype]
            exponent = {"f16": 5, "bf16": 8, "f32": 8, "f64": 11}[t.dtype]
            mantissa = size - 1 - exponent
            bits = ((1 << exponent) - 1) << mantissa | (1 << (mantissa - 1) if math.isnan(x) else 0) | (1 << (size - 1) if x < 0 else 0)
            return f"0x{bits:0{size // 4}X}"
        return f"{x:.17e}"

    def nested(shape, data):
        if not shape:
            return number(data[0])
        step = len(data) // shape[0] if shape[0] else 0
        return "[" + ", ".join(nested(shape[1:], data[i * step:(i + 1) * step]) for i in range(shape[0])) + "]"

    if 0 in t.shape:
        return f"dense<> : {builtin_type(t)}"
    return f"dense<{nested(t.shape, t.data)}> : {builtin_type(t)}"
