"""Layers as an exporter writes them: each a few operations on one function (torch_text.py)."""


def add(f, a, b):
    return f.op("add.Tensor", [a, b, 1], (a.shape, a.dtype))


def mul(f, a, b):
    """The smaller repeated along the dims that it lacks."""
    n = max(len(a.shape), len(b.shape))
    shape = [max(s, t) for s, t in zip((1,) * (n - len(a.shape)) + a.shape, (1,) * (n - len(b.shape)) + b.shape)]
    return f.op("mul.Tensor", [a, b], (shape, a.dtype))


def same(f, name, x, *more):
    return f.op(name, [x, *more], (x.shape, x.dtype))


def view(f, x, *shape):
    return f.op("view", [x, list(shape)], (shape, x.dtype))


def transpose(f, x, a, b):
    shape = list(x.shape)
    shape[a], shape[b] = shape[b], shape[a]
    return f.op("transpose.int", [x, a, b], (shape, x.dtype))


def permute(f, x, *dims):
    return f.op("permute", [x, list(dims)], ([x.shape[d] for d in dims], x.dtype))


def slice_(f, x, dim, begin, end):
    shape = list(x.shape)
    shape[dim] = end - begin
    return f.op("slice.Tensor", [x, dim, begin, end, 1], (shape, x.dtype))


def linear(f, x, name, out, bias=True):
    """As torch.nn.Linear: weights out x in."""
    w = f.weight(f"{name}.weight", out, x.shape[-1])
    b = f.weight(f"{name}.bias", out, scale=0.1) if bias else None
    return f.op("linear", [x, w, b], ((*x.shape[:-1], out), x.dtype))


def linear_addmm(f, x, name, out):
    """As the exporter writes a Linear that it decomposed: rows together, the weights turned, a product with the bias added."""
    rows = 1
    for s in x.shape[:-1]:
        rows *= s
    w, b = f.weight(f"{name}.weight", out, x.shape[-1]), f.weight(f"{name}.bias", out, scale=0.1)
    turned = f.op("t", [w], ((x.shape[-1], out), x.dtype))
    y = f.op("addmm", [b, view(f, x, rows, x.shape[-1]), turned, 1, 1], ((rows, out), x.dtype))
    return view(f, y, *x.shape[:-1], out)


def conv(f, x, name, out, kernel, stride=1, padding=0, groups=1, bias=False):
    n, c, h, w = x.shape
    weight = f.weight(f"{name}.weight", out, c // groups, kernel, kernel)
    b = f.weight(f"{name}.bias", out, scale=0.1) if bias else None
    size = [(s + 2 * padding - kernel) // stride + 1 for s in (h, w)]
    return f.op("convolution", [x, weight, b, [stride] * 2, [padding] * 2, [1, 1], False, [], groups], ((n, out, *size), x.dtype))


def batch_norm(f, x, name):
    c = x.shape[1]
    w, b = f.weight(f"{name}.weight", c, around=1, scale=0.1), f.weight(f"{name}.bias", c, scale=0.1)
    mean, var = f.weight(f"{name}.running_mean", c, scale=0.1), f.weight(f"{name}.running_var", c, around=1, scale=0.05)
    none = ((0,), x.dtype)
    return f.op("_native_batch_norm_legit_no_training", [x, w, b, mean, var, 0.1, 1e-5], (x.shape, x.dtype), none, none)[0]


def layer_norm(f, x, name):
    w, b = f.weight(f"{name}.weight", x.shape[-1], around=1, scale=0.1), f.weight(f"{name}.bias", x.shape[-1], scale=0.1)
    return f.op("layer_norm", [x, [x.shape[-1]], w, b, 1e-5, False], (x.shape, x.dtype))


def rms_norm(f, x, name):
    """In single operations, as decomposed modules have it."""
    w = f.weight(f"{name}.weight", x.shape[-1], around=1, scale=0.1)
    mean = f.op("mean.dim", [same(f, "pow.Tensor_Scalar", x, 2), [-1], True, None], ((*x.shape[:-1], 1), x.dtype))
    scale = same(f, "rsqrt", same(f, "add.Scalar", mean, 1e-5, 1))
    return mul(f, mul(f, x, scale), w)


def softmax(f, x):
    return f.op("_softmax", [x, -1, False], (x.shape, x.dtype))


def bmm(f, a, b):
    return f.op("bmm", [a, b], ((a.shape[0], a.shape[1], b.shape[2]), a.dtype))


def heads(f, x, n):
    """(batch, length, heads * d) to (batch, heads, length, d)"""
    b, t, d = x.shape
    return transpose(f, view(f, x, b, t, n, d // n), 1, 2)


def joined(f, x):
    """and back."""
    b, n, t, d = x.shape
    turned = transpose(f, x, 1, 2)
    return view(f, f.op("clone", [turned, 0], (turned.shape, x.dtype)), b, t, n * d)


def attention_in_steps(f, q, k, v, mask=None):
    """Products of all heads as one batch, scale, mask, softmax."""
    b, n, t, d = q.shape
    s = k.shape[2]
    scores = bmm(f, view(f, q, b * n, t, d), transpose(f, view(f, k, b * n, s, d), 1, 2))
    scores = view(f, same(f, "div.Scalar", scores, float(d) ** 0.5), b, n, t, s)
    if mask is not None:
        scores = add(f, scores, mask)
    return view(f, bmm(f, view(f, softmax(f, scores), b * n, t, s), view(f, v, b * n, s, d)), b, n, t, d)


def attention(f, q, k, v, causal=False):
    return f.op("scaled_dot_product_attention", [q, k, v, None, 0.0, causal, None, False], (q.shape, q.dtype))
