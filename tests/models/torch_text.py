"""Writes functions in the text of the torch dialect, and their weights and inputs, with nothing but the standard library."""
import json, math, random, struct, zipfile

WIDTH = {"f32": 4, "bf16": 2, "si64": 8, "i1": 1}
SAFETENSORS = {"f32": "F32", "bf16": "BF16", "si64": "I64"}
BUILTIN = {"f32": "f32", "bf16": "bf16", "si64": "i64", "i1": "i1"}


def elems(shape):
    return math.prod(shape)


def pack(dtype, values):
    if dtype == "bf16":      # to nearest, ties to even
        bits = [struct.unpack("<I", struct.pack("<f", v))[0] for v in values]
        return b"".join(struct.pack("<H", (b + 0x7FFF + (b >> 16 & 1)) >> 16) for b in bits)
    return struct.pack(f"<{len(values)}{ {'f32': 'f', 'si64': 'q', 'i1': '?'}[dtype]}", *values)


class Tensor:
    def __init__(self, name, shape, dtype):
        self.name, self.shape, self.dtype = name, tuple(shape), dtype

    @property
    def type(self):
        return f"!torch.vtensor<[{','.join(map(str, self.shape))}],{self.dtype}>"


class Function:
    """One function of a module; operands in Python's words: numbers, booleans, None, strings, lists of numbers or tensors."""

    def __init__(self, name, seed=0):
        self.name, self.lines, self.n, self.made = name, [], 0, {}
        self.args, self.weights, self.random = [], {}, random.Random(f"{name} {seed}")

    # ---- values from outside ----

    def normal(self, shape, scale):
        return [self.random.gauss(0, scale) for _ in range(elems(shape))]

    def arg(self, name, *shape, dtype="f32", values=None):
        t = Tensor("%" + name, shape, dtype)
        self.args.append((t, pack(dtype, values or self.normal(shape, 1))))
        return t

    def weight(self, name, *shape, around=0.0, scale=None, dtype="f32"):
        """A parameter by name; of dims beyond the first as many as are summed, to keep what comes out about as large as what goes in."""
        scale = scale if scale is not None else 1 / math.sqrt(elems(shape[1:]) or 1)
        self.weights[name] = (dtype, shape, pack(dtype, [around + v for v in self.normal(shape, scale)]))
        symbol, held = "@" + name, f"tensor<{'x'.join([*map(str, shape), dtype])}>"
        inner = self.value(f"util.global.load {symbol} : {held}")
        t = Tensor("", shape, dtype)
        t.name = self.value(f"torch_c.from_builtin_tensor {inner} : {held} -> {t.type}")
        return t

    # ---- operations ----

    def value(self, text):
        if text.startswith("torch.constant") and text in self.made:
            return self.made[text]
        self.n += 1
        self.made[text] = f"%{self.n}"
        self.lines.append(f"    %{self.n} = {text}")
        return f"%{self.n}"

    def operand(self, x):
        """SSA name and type."""
        if isinstance(x, Tensor):
            return x.name, x.type
        if x is None:
            return self.value("torch.constant.none"), "!torch.none"
        if isinstance(x, bool):
            return self.value(f"torch.constant.bool {str(x).lower()}"), "!torch.bool"
        if isinstance(x, int):
            return self.value(f"torch.constant.int {x}"), "!torch.int"
        if isinstance(x, float):
            number = f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}" if math.isinf(x) else f"{x:.17e}"
            return self.value(f"torch.constant.float {number}"), "!torch.float"
        if isinstance(x, str):
            return self.value(f'torch.constant.str "{x}"'), "!torch.str"
        items = [self.operand(i) for i in x]
        if any(isinstance(i, Tensor) or i is None for i in x):
            optional = any(i is None for i in x)
            items = [(self.value(f"torch.derefine {n} : {t} to !torch.optional<vtensor>"), "!torch.optional<vtensor>") for n, t in items] if optional else items
            kind = "optional<vtensor>" if optional else "vtensor"
        else:
            kind = "int"
        return self.value(f"torch.prim.ListConstruct {', '.join(n for n, _ in items)} : ({', '.join(t for _, t in items)}) -> !torch.list<{kind}>"), f"!torch.list<{kind}>"

    def op(self, name, operands, *results):
        """results: (shape, dtype) of each; one tensor comes back, or a list of them."""
        xs = [self.operand(x) for x in operands]
        out = [Tensor("", shape, dtype) for shape, dtype in results]
        self.n += 1
        base = f"%{self.n}"
        names = base if len(out) == 1 else f"{base}:{len(out)}"
        self.lines.append(f"    {names} = torch.aten.{name} {', '.join(n for n, _ in xs)} : {', '.join(t for _, t in xs)} -> {', '.join(t.type for t in out)}")
        for i, t in enumerate(out):
            t.name = base if len(out) == 1 else f"{base}#{i}"
        return out[0] if len(out) == 1 else out

    # ---- what comes out ----

    def text(self, *results):
        globals_ = [f'  util.global private @{n} = #stream.parameter.named<"model"::"{n}"> : tensor<{"x".join([*map(str, s), d])}>' for n, (d, s, _) in self.weights.items()]
        args = ", ".join(f"{t.name}: {t.type}" for t, _ in self.args)
        types = ", ".join(t.type for t in results)
        body = self.lines + [f"    return {', '.join(t.name for t in results)} : {types}"]
        return "\n".join(["module {", *globals_, f"  func.func @{self.name}({args}) -> ({types}) {{", *body, "  }", "}", ""])

    def write(self, folder, *results):
        with open(f"{folder}/{self.name}.mlir", "w") as f:
            f.write(self.text(*results))
        write_safetensors(f"{folder}/{self.name}.safetensors", self.weights)
        with zipfile.ZipFile(f"{folder}/{self.name}.npz", "w") as z:
            for t, data in self.args:
                z.writestr(zipfile.ZipInfo(t.name[1:] + ".npy"), npy(t, data))


def write_safetensors(path, weights):
    header, at = {}, 0
    for name, (dtype, shape, data) in weights.items():
        header[name] = {"dtype": SAFETENSORS[dtype], "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(w[2] for w in weights.values()))


def npy(t, data):
    kind = {"f32": "<f4", "si64": "<i8", "i1": "|b1"}[t.dtype]
    shape = "".join(f"{s}, " for s in t.shape)
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data
