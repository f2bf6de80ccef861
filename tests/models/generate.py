"""Writes the models that tests/models runs: MODEL.mlir, its weights (MODEL.safetensors) and inputs (MODEL.npz).

    python3 generate.py FOLDER [MODEL..] [--large]

The structure is that of the published networks, sizes are small, weights are drawn from a seeded generator: what holds for these operations in these
shapes holds for the trained networks, too. Each is written as PyTorch's exporters write it (torch dialect); four are in tosa or linalg."""
import math, sys
from torch_text import Function
from plain_text import *
from layers import *


def resnet18(f, size=32, widths=(8, 16, 32, 64), classes=10):
    """Stem, four stages of two basic blocks, mean of the image, classifier (He et al. 2015); batch norms with the statistics they have learned."""
    x = f.arg("x", 1, 3, size, size)
    x = same(f, "relu", batch_norm(f, conv(f, x, "conv1", widths[0], 7, 2, 3), "bn1"))
    half = (x.shape[2] + 2 - 3) // 2 + 1
    x = f.op("max_pool2d", [x, [3, 3], [2, 2], [1, 1], [1, 1], False], ((1, widths[0], half, half), "f32"))
    for stage, width in enumerate(widths):
        for block in range(2):
            name, stride = f"layer{stage + 1}.{block}", 2 if stage and not block else 1
            y = same(f, "relu", batch_norm(f, conv(f, x, f"{name}.conv1", width, 3, stride, 1), f"{name}.bn1"))
            y = batch_norm(f, conv(f, y, f"{name}.conv2", width, 3, 1, 1), f"{name}.bn2")
            if stride > 1:
                x = batch_norm(f, conv(f, x, f"{name}.downsample.0", width, 1, stride), f"{name}.downsample.1")
            x = same(f, "relu", add(f, y, x))
    x = f.op("mean.dim", [x, [-1, -2], True, None], ((1, widths[-1], 1, 1), "f32"))
    return linear(f, view(f, x, 1, widths[-1]), "fc", classes),


def mobilenet(f, size=32, classes=10):
    """Inverted residuals: widen by a product of channels, filter each channel by itself, narrow again (Sandler et al. 2018)."""
    def block(x, name, out, expand, stride):
        y = x
        if expand > 1:
            y = same(f, "hardtanh", batch_norm(f, conv(f, y, f"{name}.expand", expand * x.shape[1], 1), f"{name}.bn1"), 0.0, 6.0)
        y = same(f, "hardtanh", batch_norm(f, conv(f, y, f"{name}.depthwise", y.shape[1], 3, stride, 1, groups=y.shape[1]), f"{name}.bn2"), 0.0, 6.0)
        y = batch_norm(f, conv(f, y, f"{name}.project", out, 1), f"{name}.bn3")
        return add(f, x, y) if stride == 1 and x.shape[1] == out else y
    x = f.arg("x", 1, 3, size, size)
    x = same(f, "hardtanh", batch_norm(f, conv(f, x, "stem", 8, 3, 2, 1), "stem.bn"), 0.0, 6.0)
    for i, (out, expand, stride) in enumerate([(4, 1, 1), (8, 6, 2), (8, 6, 1), (16, 6, 2), (16, 6, 1)]):
        x = block(x, f"blocks.{i}", out, expand, stride)
    x = same(f, "hardtanh", batch_norm(f, conv(f, x, "head", 64, 1), "head.bn"), 0.0, 6.0)
    x = f.op("mean.dim", [x, [-1, -2], True, None], ((1, 64, 1, 1), "f32"))
    return linear(f, view(f, x, 1, 64), "fc", classes),


def vit(f, size=32, patch=8, width=48, n_heads=4, classes=10):
    """Patches as rows, a class token, places added, one block, the class from the first row (Dosovitskiy et al. 2020)."""
    x = f.arg("x", 1, 3, size, size)
    x = conv(f, x, "patch", width, patch, patch, bias=True)
    side = x.shape[2]
    x = transpose(f, view(f, x, 1, width, side * side), 1, 2)
    token, places = f.weight("token", 1, 1, width, scale=0.5), f.weight("places", 1, side * side + 1, width, scale=0.5)
    x = f.op("cat", [[token, x], 1], ((1, side * side + 1, width), "f32"))
    x = block(f, add(f, x, places), "block", n_heads, 2 * width, causal=False)
    x = layer_norm(f, x, "norm")
    return linear(f, f.op("select.int", [x, 1, 0], ((1, width), "f32")), "head", classes),


def block(f, x, name, n_heads, hidden, causal):
    """Norm, attention, residual; norm, two layers with GELU, residual."""
    y = layer_norm(f, x, f"{name}.norm1")
    q, k, v = (heads(f, linear(f, y, f"{name}.{w}", x.shape[-1]), n_heads) for w in "qkv")
    x = add(f, x, linear(f, joined(f, attention(f, q, k, v, causal)), f"{name}.out", x.shape[-1]))
    y = same(f, "gelu", linear(f, layer_norm(f, x, f"{name}.norm2"), f"{name}.fc1", hidden), "none")
    return add(f, x, linear(f, y, f"{name}.fc2", x.shape[-1]))


def transformer(f, length=24, width=48, n_heads=4):
    """An encoder block with the norms behind (Vaswani et al. 2017), a mask on keys, everything in the operations that an exporter decomposes it to."""
    x = f.arg("x", 2, length, width)
    seen = [0.0 if k < length - 5 * b else -1e4 for b in range(2) for k in range(length)]
    mask = f.arg("mask", 2, 1, 1, length, values=seen)
    q, k, v = (heads(f, linear_addmm(f, x, f"{w}", width), n_heads) for w in "qkv")
    y = linear_addmm(f, joined(f, attention_in_steps(f, q, k, v, mask)), "out", width)
    x = layer_norm(f, add(f, x, y), "norm1")
    y = linear_addmm(f, same(f, "gelu", linear_addmm(f, x, "fc1", 4 * width), "tanh"), "fc2", width)
    return layer_norm(f, add(f, x, y), "norm2"),


def llama_block(f, length=16, n_heads=4, n_kv=2, d=16):
    """A decoder block: norms by root mean square, rotated queries and keys, heads that share keys, gated layers (Touvron et al. 2023)."""
    width = n_heads * d
    x = f.arg("x", 1, length, width)
    angle = [p * 10000 ** (-2 * (i % (d // 2)) / d) for p in range(length) for i in range(d)]
    cos, sin = f.arg("cos", 1, 1, length, d, values=[math.cos(a) for a in angle]), f.arg("sin", 1, 1, length, d, values=[math.sin(a) for a in angle])
    mask = f.arg("mask", 1, 1, length, length, values=[0.0 if k <= q else -math.inf for q in range(length) for k in range(length)])

    def rotated(t):
        halves = [same(f, "neg", slice_(f, t, 3, d // 2, d)), slice_(f, t, 3, 0, d // 2)]
        return add(f, mul(f, t, cos), mul(f, f.op("cat", [halves, 3], (t.shape, "f32")), sin))

    def repeated(t):
        shape = (1, n_kv, n_heads // n_kv, length, d)
        wide = f.op("expand", [f.op("unsqueeze", [t, 2], ((1, n_kv, 1, length, d), "f32")), list(shape), False], (shape, "f32"))
        return view(f, f.op("clone", [wide, 0], (shape, "f32")), 1, n_heads, length, d)
    y = rms_norm(f, x, "attention_norm")
    q, k, v = (heads(f, linear(f, y, w, n * d, bias=False), n) for w, n in (("wq", n_heads), ("wk", n_kv), ("wv", n_kv)))
    y = joined(f, attention_in_steps(f, rotated(q), repeated(rotated(k)), repeated(v), mask))
    x = add(f, x, linear(f, y, "wo", width, bias=False))
    y = rms_norm(f, x, "ffn_norm")
    gate, up = linear(f, y, "w1", 2 * width, bias=False), linear(f, y, "w3", 2 * width, bias=False)
    return add(f, x, linear(f, mul(f, same(f, "silu", gate), up), "w2", width, bias=False)),


def training(f, rows=16, inputs=20, hidden=32, classes=7, rate=0.1):
    """One step of training of two layers: forward, cross entropy, the gradients in the operations that autograd writes, weights after the step."""
    x = f.arg("x", rows, inputs)
    labels = [f.random.randrange(classes) for _ in range(rows)]
    target = f.arg("target", rows, classes, values=[float(c == t) for t in labels for c in range(classes)])
    w1, b1, w2, b2 = (f.arg(n, *s, values=f.normal(s, 0.3)) for n, s in (("w1", (hidden, inputs)), ("b1", (hidden,)), ("w2", (classes, hidden)), ("b2", (classes,))))

    def t(m):
        return f.op("t", [m], ((m.shape[1], m.shape[0]), "f32"))

    def mm(a, b):
        return f.op("mm", [a, b], ((a.shape[0], b.shape[1]), "f32"))

    def column_sums(g):
        return view(f, f.op("sum.dim_IntList", [g, [0], True, None], ((1, g.shape[1]), "f32")), g.shape[1])
    h = f.op("addmm", [b1, x, t(w1), 1, 1], ((rows, hidden), "f32"))
    a = same(f, "relu", h)
    logits = f.op("addmm", [b2, a, t(w2), 1, 1], ((rows, classes), "f32"))
    logp = f.op("_log_softmax", [logits, 1, False], (logits.shape, "f32"))
    loss = same(f, "neg", f.op("mean", [f.op("sum.dim_IntList", [mul(f, logp, target), [1], False, None], ((rows,), "f32")), None], ((), "f32")))
    g = same(f, "div.Scalar", f.op("sub.Tensor", [same(f, "exp", logp), target, 1], (logits.shape, "f32")), float(rows))
    gw2, gb2, ga = mm(t(g), a), column_sums(g), mm(g, w2)
    zero = f.op("le.Scalar", [a, 0], (a.shape, "i1"))
    gh = f.op("where.ScalarSelf", [zero, 0.0, ga], (a.shape, "f32"))
    gw1, gb1 = mm(t(gh), x), column_sums(gh)

    def after(w, gw):
        return f.op("sub.Tensor", [w, same(f, "mul.Scalar", gw, rate), 1], (w.shape, "f32"))
    return loss, after(w1, gw1), after(b1, gb1), after(w2, gw2), after(b2, gb2)


def moe(f, rows=12, width=16, hidden=24, experts=4, k=2):
    """A layer of experts: each row goes to the k that the router likes best (Shazeer et al. 2017); the weights of those are gathered."""
    x = f.arg("x", rows, width)
    likes = softmax(f, linear(f, x, "router", experts, bias=False))
    top, which = f.op("topk", [likes, k, 1, True, True], ((rows, k), "f32"), ((rows, k), "si64"))
    return routed(f, x, top, which, hidden, experts),


def moe_given(f, rows=12, width=16, hidden=24, experts=4, k=2):
    """The same with the routing given."""
    x = f.arg("x", rows, width)
    top = f.arg("top", rows, k, values=[f.random.uniform(0.1, 0.9) for _ in range(rows * k)])
    which = f.arg("which", rows, k, dtype="si64", values=[e for _ in range(rows) for e in f.random.sample(range(experts), k)])
    return routed(f, x, top, which, hidden, experts),


def routed(f, x, top, which, hidden, experts):
    rows, width = x.shape
    k = top.shape[1]
    share = f.op("div.Tensor", [top, f.op("sum.dim_IntList", [top, [-1], True, None], ((rows, 1), "f32"))], (top.shape, "f32"))
    flat = view(f, which, rows * k)
    w1, w2 = f.weight("w1", experts, hidden, width, scale=width ** -0.5), f.weight("w2", experts, width, hidden, scale=hidden ** -0.5)
    w1 = f.op("index_select", [w1, 0, flat], ((rows * k, hidden, width), "f32"))
    w2 = f.op("index_select", [w2, 0, flat], ((rows * k, width, hidden), "f32"))
    wide = f.op("expand", [f.op("unsqueeze", [x, 1], ((rows, 1, width), "f32")), [rows, k, width], False], ((rows, k, width), "f32"))
    column = view(f, f.op("clone", [wide, 0], (wide.shape, "f32")), rows * k, width, 1)
    y = bmm(f, w2, same(f, "silu", bmm(f, w1, column)))
    y = mul(f, view(f, y, rows, k, width), f.op("unsqueeze", [share, 2], ((rows, k, 1), "f32")))
    return f.op("sum.dim_IntList", [y, [1], False, None], ((rows, width), "f32"))


# Model: what it is given with --large.
MODELS = {
    resnet18: {"size": 64, "widths": (16, 32, 64, 128)}, mobilenet: {"size": 64}, vit: {"size": 64, "width": 96}, transformer: {"length": 96, "width": 128}, llama_block: {"length": 64, "n_heads": 8, "n_kv": 2, "d": 32},
    training: {"rows": 64, "inputs": 100, "hidden": 128, "classes": 10}, moe: {"rows": 32, "width": 64, "hidden": 96, "experts": 8}, moe_given: {"rows": 32, "width": 64, "hidden": 96, "experts": 8},
    tosa_residual: {"size": 28, "width": 32}, tosa_attention: {"heads": 8, "length": 96, "d": 32}, linalg_mlp: {"rows": 96, "width": 128, "hidden": 256}, linalg_attention: {"heads": 8, "length": 96, "d": 32}}

if __name__ == "__main__":
    folder, *wanted = [a for a in sys.argv[1:] if a != "--large"]
    for model, large in MODELS.items():
        if not wanted or model.__name__ in wanted:
            f = (Plain if model in PLAIN_MODELS else Function)(model.__name__)
            f.write(folder, *model(f, **(large if "--large" in sys.argv else {})))
