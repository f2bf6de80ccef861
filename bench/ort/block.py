#!/usr/bin/env python3
"""A transformer encoder block as a model of ONNX and as a function of the torch dialect: the same mathematics, weights and input.
Writes DIR/block.onnx, DIR/block.mlir, DIR/weights.safetensors and DIR/input.npy.  Needs nothing beside Python.

  x1 = x + proj(attention(norm1(x)));  y = x1 + down(gelu(up(norm2(x1))))            gelu with erf, attention without a mask

  block.py DIR [--rows 128] [--width 768] [--heads 12] [--hidden 3072] [--seed 1] [--fused]

--fused: attention is one node of ONNX Runtime's own, MultiHeadAttention, and not the operations that exporters write.
"""
import argparse, array, json, math, os, random, struct
from onnx_model import Model, turned, write_npy

p = argparse.ArgumentParser()
p.add_argument("dir")
for name, value in (("rows", 128), ("width", 768), ("heads", 12), ("hidden", 3072), ("seed", 1)):
    p.add_argument("--" + name, type=int, default=value)
p.add_argument("--fused", action="store_true")
o = p.parse_args()
S, D, H, F = o.rows, o.width, o.heads, o.hidden
E = D // H
EPSILON = 1e-5
os.makedirs(o.dir, exist_ok=True)
rand = random.Random(o.seed)


def normal(n, scale):
    return array.array("f", (rand.gauss(0, scale) for _ in range(n)))


# matrices are [out, in], as torch.nn.Linear has them
weights = {}
for name, out, in_ in (("q", D, D), ("k", D, D), ("v", D, D), ("proj", D, D), ("up", F, D), ("down", D, F)):
    weights[name + ".weight"] = ((out, in_), normal(out * in_, 1 / math.sqrt(in_)))
    weights[name + ".bias"] = ((out,), normal(out, 0.1))
for name in ("norm1", "norm2"):
    weights[name + ".weight"] = ((D,), array.array("f", (1 + rand.gauss(0, 0.1) for _ in range(D))))
    weights[name + ".bias"] = ((D,), normal(D, 0.1))
x = normal(S * D, 1)

# ---- weights and input ----
header, at = {}, 0
for name, (shape, data) in weights.items():
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * len(data)]}
    at += 4 * len(data)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(o.dir + "/weights.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text)
    for _, data in weights.values():
        f.write(data.tobytes())
write_npy(o.dir + "/input.npy", (1, S, D), x)

# ---- the torch dialect ----
lines, types = [], {}


def tensor(shape):
    return "!torch.vtensor<[%s],f32>" % ",".join(map(str, shape))


def emit(name, shape, op, operands, extra=""):
    ins = [types.get(a, a) if not isinstance(a, tuple) else a[1] for a in operands]
    names = [a if not isinstance(a, tuple) else a[0] for a in operands]
    types["%" + name] = tensor(shape)
    lines.append("  %%%s = torch.%s %s : %s -> %s" % (name, op, ", ".join(names), ", ".join(ins), tensor(shape)))
    return "%" + name


def integers(name, values):
    for v in values:
        constants[v] = "  %%int%d = torch.constant.int %d" % (v, v)
    lines.append("  %%%s = torch.prim.ListConstruct %s : (%s) -> !torch.list<int>" % (name, ", ".join("%%int%d" % v for v in values), ", ".join(["!torch.int"] * len(values))))
    return ("%" + name, "!torch.list<int>")


def integer(v):
    constants[v] = "  %%int%d = torch.constant.int %d" % (v, v)
    return ("%%int%d" % v, "!torch.int")


constants = {}
none, false, zero, one = ("%none", "!torch.none"), ("%false", "!torch.bool"), ("%zero", "!torch.float"), integer(1)
types["%x"] = tensor((1, S, D))
loads = []
for name, (shape, _) in weights.items():
    plain = "tensor<%sxf32>" % "x".join(map(str, shape))
    loads.append("  %%g.%s = util.global.load @%s : %s\n  %%w.%s = torch_c.from_builtin_tensor %%g.%s : %s -> %s" % (name, name, plain, name, name, plain, tensor(shape)))
    types["%w." + name] = tensor(shape)


def norm(name, of):
    return emit(name, (1, S, D), "aten.layer_norm", [of, integers(name + "_dims", [D]), "%w." + name + ".weight", "%w." + name + ".bias", ("%eps", "!torch.float"), false])


def linear(name, of, width):
    return emit(name, (1, S, width), "aten.linear", [of, "%w." + name + ".weight", "%w." + name + ".bias"])


def heads(name, of):
    split = emit(name + "_split", (1, S, H, E), "aten.view", [of, integers(name + "_shape", [1, S, H, E])])
    return emit(name + "_heads", (1, H, S, E), "aten.transpose.int", [split, one, integer(2)])


def add(name, a, b):
    return emit(name, (1, S, D), "aten.add.Tensor", [a, b, one])


n1 = norm("norm1", "%x")
q, k, v = (heads(name, linear(name, n1, D)) for name in "qkv")
attended = emit("attended", (1, H, S, E), "aten.scaled_dot_product_attention", [q, k, v, none, zero, false, none, false])
back = emit("back", (1, S, H, E), "aten.transpose.int", [attended, one, integer(2)])
joined = emit("joined", (1, S, D), "aten.reshape", [back, integers("joined_shape", [1, S, D])])
x1 = add("x1", "%x", linear("proj", joined, D))
up = linear("up", norm("norm2", x1), F)
active = emit("active", (1, S, F), "aten.gelu", [up, ("%exact", "!torch.str")])
y = add("y", x1, linear("down", active, D))
with open(o.dir + "/block.mlir", "w") as f:
    f.write("module @block {\n")
    for name, (shape, _) in weights.items():
        f.write('util.global private @%s = #stream.parameter.named<"model"::"%s"> : tensor<%sxf32>\n' % (name, name, "x".join(map(str, shape))))
    f.write("func.func @block(%%x: %s) -> %s {\n" % (types["%x"], types[y]))
    f.write('  %%none = torch.constant.none\n  %%false = torch.constant.bool false\n  %%zero = torch.constant.float 0.0\n  %%eps = torch.constant.float %e\n'
            '  %%exact = torch.constant.str "none"\n' % EPSILON)
    f.write("\n".join(list(constants.values()) + loads + lines) + "\n  return %s : %s\n}\n}\n" % (y, types[y]))


# ---- ONNX ----
onnx = Model()


def onnx_linear(name, of):
    return onnx.node("Add", [onnx.node("MatMul", [of, name + ".turned"], name + "_product"), name + ".bias"], name)


def onnx_heads(name, of, perm):
    return onnx.node("Transpose", [onnx.node("Reshape", [of, "split_shape"], name + "_split")], name + "_heads", perm=perm)


for name, (shape, data) in weights.items():
    if len(shape) == 2:
        onnx.constant(name.replace(".weight", ".turned"), shape[::-1], turned(data, *shape))
    else:
        onnx.constant(name, shape, data)
if not o.fused:
    onnx.constant("split_shape", (4,), array.array("q", (1, S, H, E)))
    onnx.constant("joined_shape", (3,), array.array("q", (1, S, D)))
    onnx.constant("scale", (), array.array("f", (1 / math.sqrt(E),)))
n1 = onnx.node("LayerNormalization", ["x", "norm1.weight", "norm1.bias"], "norm1", axis=-1, epsilon=EPSILON)
q, k, v = (onnx_linear(name, n1) for name in "qkv")
if o.fused:
    joined = onnx.node("MultiHeadAttention", [q, k, v], "attended", domain="com.microsoft", num_heads=H)
else:
    q, k, v = onnx_heads("q", q, (0, 2, 1, 3)), onnx_heads("k", k, (0, 2, 3, 1)), onnx_heads("v", v, (0, 2, 1, 3))
    shares = onnx.node("Softmax", [onnx.node("Mul", [onnx.node("MatMul", [q, k], "scores"), "scale"], "scaled")], "shares", axis=-1)
    joined = onnx.node("Reshape", [onnx.node("Transpose", [onnx.node("MatMul", [shares, v], "attended")], "back", perm=(0, 2, 1, 3)), "joined_shape"], "joined")
x1 = onnx.node("Add", ["x", onnx_linear("proj", joined)], "x1")
n2 = onnx.node("LayerNormalization", [x1, "norm2.weight", "norm2.bias"], "norm2", axis=-1, epsilon=EPSILON)
onnx.node("Add", [x1, onnx_linear("down", onnx.node("Gelu", [onnx_linear("up", n2)], "active"))], "y")
onnx.write(o.dir + "/block.onnx", (1, S, D), (1, S, D))
