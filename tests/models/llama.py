#!/usr/bin/env python3
"""A Llama of any depth in the torch dialect, and its weights: python3 llama.py --layers 32 -o model.mlir --weights model.safetensors

One function, @prefill, from token numbers (with --embeddings: from their embeddings) to logits, as an exporter would write it: token embedding, layers of
RMS norm, rotary grouped-query attention with a causal mask and a gated SiLU network, a last norm, logits. Weights are parameters by name. Nothing but
Python's own library is used."""
import argparse
import array
import json
import math
import random
import struct
import sys

EPSILON, ROPE_BASE = 1e-5, 10000.0


class Function:
    """Text of one function's body; every method gives back (name, shape) of what it wrote."""

    def __init__(self, dtype):
        self.dtype, self.lines, self.count, self.known = dtype, [], 0, {}

    def new(self):
        self.count += 1
        return f"%{self.count}"

    @staticmethod
    def type(shape, element):
        return f"!torch.vtensor<[{','.join(map(str, shape))}],{element}>"

    def once(self, key, line, kind):
        """Constants: each is written where it is first needed."""
        if key not in self.known:
            name = self.new()
            self.known[key] = (name, kind)
            self.lines.append(f"    {name} = {line}")
        return self.known[key]

    def int(self, n):
        return self.once(("int", n), f"torch.constant.int {n}", "!torch.int")

    def float(self, x):
        return self.once(("float", x), f"torch.constant.float {x:.10e}", "!torch.float")

    def bool(self, b):
        return self.once(("bool", b), f"torch.constant.bool {'true' if b else 'false'}", "!torch.bool")

    def none(self):
        return self.once("none", "torch.constant.none", "!torch.none")

    def ints(self, *n):
        items = [self.int(i) for i in n]
        return self.once(("ints", n), f"torch.prim.ListConstruct {', '.join(i[0] for i in items)} : ({', '.join(i[1] for i in items)}) -> !torch.list<int>", "!torch.list<int>")

    def op(self, name, operands, shape, element=None):
        """operands: values (name, type) or tensors (name, shape, element)."""
        element = element or self.dtype
        typed = [(o[0], self.type(o[1], o[2]) if len(o) == 3 else o[1]) for o in operands]
        r = self.new()
        self.lines.append(f"    {r} = torch.{name} {', '.join(t[0] for t in typed)} : {', '.join(t[1] for t in typed)} -> {self.type(shape, element)}")
        return (r, tuple(shape), element)

    def view(self, x, *shape):
        return self.op("aten.view", [x, self.ints(*shape)], shape, x[2])

    def transpose(self, x, a, b):
        shape = list(x[1])
        shape[a], shape[b] = shape[b], shape[a]
        return self.op("aten.transpose.int", [x, self.int(a), self.int(b)], shape, x[2])

    def slice(self, x, dim, start, end):
        shape = list(x[1])
        shape[dim] = end - start
        return self.op("aten.slice.Tensor", [x, self.int(dim), self.int(start), self.int(end), self.int(1)], shape, x[2])

    def cat(self, xs, dim):
        shape = list(xs[0][1])
        shape[dim] = sum(x[1][dim] for x in xs)
        of = self.type(xs[0][1], xs[0][2])
        name = self.new()
        self.lines.append(f"    {name} = torch.prim.ListConstruct {', '.join(x[0] for x in xs)} : ({', '.join([of] * len(xs))}) -> !torch.list<vtensor>")
        return self.op("aten.cat", [(name, "!torch.list<vtensor>"), self.int(dim)], shape, xs[0][2])

    def convert(self, x, element):
        codes = {"f16": 5, "f32": 6}
        return x if x[2] == element else self.op("prims.convert_element_type", [x, self.int(codes[element])], x[1], element)

    def binary(self, name, a, b):
        n = max(len(a[1]), len(b[1]))
        pad = lambda s: (1,) * (n - len(s)) + tuple(s)
        shape = [max(p, q) for p, q in zip(pad(a[1]), pad(b[1]))]
        return self.op(f"aten.{name}.Tensor", [a, b] + ([self.int(1)] if name in ("add", "sub") else []), shape, a[2])


class Llama:
    def __init__(self, o):
        self.o, self.f = o, Function(o.dtype)
        self.head = o.dim // o.heads
        self.weights = [("token_embd.weight", (o.vocab, o.dim))] if not o.embeddings else []
        for i in range(o.layers):
            kv = o.kv_heads * self.head
            self.weights += [(f"blk.{i}.{n}.weight", s) for n, s in (
                ("attn_norm", (o.dim,)), ("attn_q", (o.dim, o.dim)), ("attn_k", (kv, o.dim)), ("attn_v", (kv, o.dim)), ("attn_output", (o.dim, o.dim)),
                ("ffn_norm", (o.dim,)), ("ffn_gate", (o.ffn, o.dim)), ("ffn_up", (o.ffn, o.dim)), ("ffn_down", (o.dim, o.ffn)))]
        self.weights += [("output_norm.weight", (o.dim,)), ("output.weight", (o.vocab, o.dim))]
        self.shapes = dict(self.weights)

    def weight(self, name):
        shape, f = self.shapes[name], self.f
        tensor, value = f.new(), f.new()
        plain = f"tensor<{'x'.join(map(str, shape))}x{f.dtype}>"
        f.lines.append(f"    {tensor} = util.global.load @{name} : {plain}")
        f.lines.append(f"    {value} = torch_c.from_builtin_tensor {tensor} : {plain} -> {f.type(shape, f.dtype)}")
        return (value, shape, f.dtype)

    def linear(self, x, name):
        """Rows of x times the rows of the weight, through a matrix of two dims as exporters do."""
        f, w, rows = self.f, self.weight(name), math.prod(x[1][:-1])
        flat = f.view(x, rows, x[1][-1])
        y = f.op("aten.mm", [flat, f.transpose(w, 0, 1)], (rows, w[1][0]))
        return f.view(y, *x[1][:-1], w[1][0])

    def norm(self, x, name):
        f = self.f
        wide = f.convert(x, "f32")
        square = f.op("aten.pow.Tensor_Scalar", [wide, f.int(2)], x[1], "f32")
        mean = f.op("aten.mean.dim", [square, f.ints(-1), f.bool(True), f.none()], (*x[1][:-1], 1), "f32")
        scale = f.op("aten.rsqrt", [f.op("aten.add.Scalar", [mean, f.float(EPSILON), f.int(1)], mean[1], "f32")], mean[1], "f32")
        return f.binary("mul", self.weight(name), f.convert(f.binary("mul", wide, scale), f.dtype))

    def angles(self):
        """cos and sin of position times frequency: [1, seq, 1, head / 2]."""
        f, seq, half = self.f, self.o.seq, self.head // 2
        count = lambda n: f.op("aten.arange", [f.int(n), f.int(6), f.none(), f.none(), f.bool(False)], (n,), "f32")
        place = f.op("aten.unsqueeze", [count(seq), f.int(1)], (seq, 1), "f32")
        turns = f.op("aten.mul.Scalar", [count(half), f.float(-math.log(ROPE_BASE) / half)], (half,), "f32")
        angle = f.binary("mul", place, f.op("aten.exp", [turns], (half,), "f32"))
        return [f.view(f.convert(f.op(f"aten.{g}", [angle], angle[1], "f32"), f.dtype), 1, seq, 1, half) for g in ("cos", "sin")]

    def rotate(self, x, cos, sin):
        f, half = self.f, self.head // 2
        a, b = f.slice(x, 3, 0, half), f.slice(x, 3, half, 2 * half)
        first = f.binary("sub", f.binary("mul", a, cos), f.binary("mul", b, sin))
        second = f.binary("add", f.binary("mul", b, cos), f.binary("mul", a, sin))
        return f.cat([first, second], 3)

    def attention(self, x, i, cos, sin):
        f, o = self.f, self.o
        heads = lambda name, n: f.view(self.linear(x, f"blk.{i}.{name}.weight"), 1, o.seq, n, self.head)
        q, k, v = heads("attn_q", o.heads), heads("attn_k", o.kv_heads), heads("attn_v", o.kv_heads)
        q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
        q, k, v = (f.transpose(t, 1, 2) for t in (q, k, v))
        y = f.op("aten.scaled_dot_product_attention", [q, k, v, f.none(), f.float(0.0), f.bool(True), f.none(), f.bool(True)], q[1])
        y = f.view(self.contiguous(f.transpose(y, 1, 2)), 1, o.seq, o.dim)
        return self.linear(y, f"blk.{i}.attn_output.weight")

    def contiguous(self, x):
        return self.f.op("aten.clone", [x, self.f.int(0)], x[1])

    def network(self, x, i):
        f = self.f
        gate = self.linear(x, f"blk.{i}.ffn_gate.weight")
        up = self.linear(x, f"blk.{i}.ffn_up.weight")
        return self.linear(f.binary("mul", f.op("aten.silu", [gate], gate[1]), up), f"blk.{i}.ffn_down.weight")

    def module(self):
        f, o = self.f, self.o
        if o.embeddings:
            argument = x = ("%arg0", (1, o.seq, o.dim), f.dtype)
        else:
            argument = ("%arg0", (1, o.seq), "si64")
            x = f.op("aten.embedding", [self.weight("token_embd.weight"), argument, f.int(-1), f.bool(False), f.bool(False)], (1, o.seq, o.dim))
        cos, sin = self.angles()
        for i in range(o.layers):
            x = f.binary("add", x, self.attention(self.norm(x, f"blk.{i}.attn_norm.weight"), i, cos, sin))
            x = f.binary("add", x, self.network(self.norm(x, f"blk.{i}.ffn_norm.weight"), i))
        y = self.linear(self.norm(x, "output_norm.weight"), "output.weight")
        result = f.type(y[1], y[2])
        globals = [f'  util.global private @{n} = #stream.parameter.named<"model"::"{n}"> : tensor<{"x".join(map(str, s))}x{f.dtype}>' for n, s in self.weights]
        return "\n".join(["module @llama {", *globals, f"  func.func @prefill({argument[0]}: {f.type(argument[1], argument[2])}) -> {result} {{", *f.lines,
                          f"    return {y[0]} : {result}", "  }", "}", ""])

    def write_weights(self, path):
        """.safetensors: the length of a header, the header, the contents. Numbers are of 16 random bits each, with the deviation 1/sqrt(row)."""
        width, chance = (4, "f") if self.o.dtype == "f32" else (2, "H"), random.Random(self.o.seed)
        size, kind = width
        header, at = {}, 0
        for name, shape in self.weights:
            end = at + math.prod(shape) * size
            header[name] = {"dtype": self.o.dtype.upper(), "shape": list(shape), "data_offsets": [at, end]}
            at = end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        tables = {}
        with open(path, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for name, shape in self.weights:
                is_norm = len(shape) == 1
                key = (is_norm, shape[-1])
                if key not in tables:
                    spread = 0.1 if is_norm else math.sqrt(3.0 / shape[-1])
                    exact = [(1.0 if is_norm else 0.0) + spread * (i / 32767.5 - 1.0) for i in range(65536)]
                    tables[key] = exact if kind == "f" else list(struct.unpack("<65536H", struct.pack("<65536e", *exact)))
                places = array.array("H", chance.randbytes(2 * math.prod(shape)))
                out.write(array.array(kind, map(tables[key].__getitem__, places)).tobytes())


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("layers", 2), ("seq", 32), ("dim", 256), ("heads", 8), ("kv-heads", 4), ("ffn", 512), ("vocab", 256), ("seed", 0)):
        p.add_argument(f"--{name}", type=int, default=default)
    p.add_argument("--dtype", choices=("f16", "f32"), default="f32")
    p.add_argument("--embeddings", action="store_true", help="the argument is the embeddings, not the numbers of the tokens")
    p.add_argument("-o", "--out", help="the module; standard output without it")
    p.add_argument("--weights", help="the weights, as .safetensors")
    model = Llama(p.parse_args())
    with open(model.o.out, "w") if model.o.out else sys.stdout as out:
        out.write(model.module())
    if model.o.weights:
        model.write_weights(model.o.weights)


main()
