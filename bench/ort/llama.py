#!/usr/bin/env python3
"""One layer of Llama with its last norm and logits, as tests/models/llama.py writes it in the torch dialect, and the same as ONNX: RMS norms, rotary grouped-query attention with a causal
mask, a gated SiLU network.  Writes DIR/block.onnx, DIR/block.mlir, DIR/weights.safetensors and DIR/input.npy.  Needs nothing beside Python.

  llama.py DIR [--rows 128] [--width 1024] [--heads 16] [--kv-heads 4] [--hidden 2816] [--seed 1]
"""
import argparse, array, json, math, os, random, struct, subprocess, sys
from onnx_model import Model, turned, write_npy

p = argparse.ArgumentParser()
p.add_argument("dir")
for name, value in (("rows", 128), ("width", 1024), ("heads", 16), ("kv-heads", 4), ("hidden", 2816), ("seed", 1)):
    p.add_argument("--" + name, type=int, default=value)
o = p.parse_args()
S, D, H, KV, F, VOCAB = o.rows, o.width, o.heads, o.kv_heads, o.hidden, 256
E, EPSILON, BASE = D // H, 1e-5, 10000.0
os.makedirs(o.dir, exist_ok=True)
generator = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "models", "llama.py")
sizes = {"layers": 1, "seq": S, "dim": D, "heads": H, "kv-heads": KV, "ffn": F, "vocab": VOCAB, "seed": o.seed}
subprocess.run([sys.executable, generator, *(f"--{k}={v}" for k, v in sizes.items()), "--embeddings", "-o", o.dir + "/block.mlir", "--weights", o.dir + "/weights.safetensors"], check=True)
rand = random.Random(o.seed)
write_npy(o.dir + "/input.npy", (1, S, D), array.array("f", (rand.gauss(0, 1) for _ in range(S * D))))

m = Model()
with open(o.dir + "/weights.safetensors", "rb") as f:
    header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    for name, t in header.items():      # in the order of the file
        data = array.array("f")
        data.frombytes(f.read(t["data_offsets"][1] - t["data_offsets"][0]))
        m.constant(name, t["shape"][::-1], turned(data, *t["shape"]) if len(t["shape"]) == 2 else data)


def shape(*dims):
    name = "shape_" + "_".join(map(str, dims))
    if name not in shapes:
        shapes.add(m.constant(name, (len(dims),), array.array("q", dims)))
    return name


def norm(x, name):
    return m.node("SimplifiedLayerNormalization", [x, name + ".weight"], name, axis=-1, epsilon=EPSILON, stash_type=1)


def linear(x, name):
    return m.node("MatMul", [x, name + ".weight"], name)


def rotate(x):
    a, b = m.node("Split", [x], [x + "_a", x + "_b"], axis=3, num_outputs=2)
    first = m.node("Sub", [m.node("Mul", [a, "cos"], x + "_ac"), m.node("Mul", [b, "sin"], x + "_bs")], x + "_first")
    second = m.node("Add", [m.node("Mul", [b, "cos"], x + "_bc"), m.node("Mul", [a, "sin"], x + "_as")], x + "_second")
    return m.node("Concat", [first, second], x + "_rotated", axis=3)


def heads(x, n, perm, *dims):
    split = m.node("Reshape", [x, shape(1, S, n, E)], x + "_split")
    return split, lambda y: m.node("Reshape", [m.node("Transpose", [y], x + "_heads", perm=perm), shape(*dims)], x + "_grouped")


shapes = set()
angles = [i * math.exp(-math.log(BASE) / (E // 2) * j) for i in range(S) for j in range(E // 2)]
m.constant("cos", (1, S, 1, E // 2), array.array("f", map(math.cos, angles)))
m.constant("sin", (1, S, 1, E // 2), array.array("f", map(math.sin, angles)))
m.constant("mask", (S, S), array.array("f", (0.0 if j <= i else -math.inf for i in range(S) for j in range(S))))
m.constant("scale", (), array.array("f", (1 / math.sqrt(E),)))
n1 = norm("x", "blk.0.attn_norm")
q, q_grouped = heads(linear(n1, "blk.0.attn_q"), H, (0, 2, 1, 3), 1, KV, H // KV, S, E)
k, k_grouped = heads(linear(n1, "blk.0.attn_k"), KV, (0, 2, 3, 1), 1, KV, 1, E, S)
v, v_grouped = heads(linear(n1, "blk.0.attn_v"), KV, (0, 2, 1, 3), 1, KV, 1, S, E)
scores = m.node("Mul", [m.node("MatMul", [q_grouped(rotate(q)), k_grouped(rotate(k))], "scores"), "scale"], "scaled")
shares = m.node("Softmax", [m.node("Add", [scores, "mask"], "masked")], "shares", axis=-1)
attended = m.node("Reshape", [m.node("MatMul", [shares, v_grouped(v)], "attended"), shape(1, H, S, E)], "by_heads")
joined = m.node("Reshape", [m.node("Transpose", [attended], "back", perm=(0, 2, 1, 3)), shape(1, S, D)], "joined")
x1 = m.node("Add", ["x", linear(joined, "blk.0.attn_output")], "x1")
n2 = norm(x1, "blk.0.ffn_norm")
gate = linear(n2, "blk.0.ffn_gate")
active = m.node("Mul", [m.node("Mul", [gate, m.node("Sigmoid", [gate], "sigmoid")], "silu"), linear(n2, "blk.0.ffn_up")], "active")
x2 = m.node("Add", [x1, linear(active, "blk.0.ffn_down")], "x2")
m.node("MatMul", [norm(x2, "output_norm"), "output.weight"], "y")
m.write(o.dir + "/block.onnx", (1, S, D), (1, S, VOCAB))
