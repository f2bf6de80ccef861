"""Elementwise kernels, rows, normalisations."""

import numpy as np
from formulas import f32, f16, sigmoid, softmax, gelu_tanh
from harness import Case


def elementwise():
    yield Case("add.py", "add", dict(x=f32(50, 37), y=f16(37)), lambda x, y: x + y, coarsest="f32")
    yield Case("aot_compile_example.py", "add_2d", dict(x=f32(13, 7), y=f32(13, 7)), lambda x, y: x + y)
    yield Case("aot_example.py", "vector_scale", dict(x=f32(61)), lambda x, scale: x * scale, dict(scale=1.5))
    yield Case("aot_example.py", "row_softmax", dict(x=f32(17, 61)), softmax)
    yield Case("aot_example.py", "col_reduce_sum", dict(x=f32(17, 23)), lambda x: x.sum(0))
    rms = lambda x, eps: x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    yield Case("aot_example.py", "rms_norm_batched", dict(x=f32(17, 23)), rms, dict(eps=1e-5))
    yield Case("aot_example.py", "rms_norm_oneshot", dict(x=f32(17, 23)), rms, dict(eps=1e-5))
    yield Case("aot_example.py", "matmul_custom_key", dict(a=f32(13, 17), b=f32(17, 11)), lambda a, b: a @ b)
    yield Case("aot_example.py", "sum_aot", dict(x=f32(17, 61)), lambda x: x.sum(-1))
    yield Case("exp.py", "exp_fwd", dict(x=f32(1023)), lambda x: np.exp(x))
    glu = lambda a, b: gelu_tanh(a) * b
    for name in ("_geglu", "_geglu_pallas"):
        yield Case("geglu.py", name, dict(a=f32(5, 7, 13), b=f32(5, 7, 13)), glu)
    for name in ("_swiglu_fwd", "_swiglu_fwd_pallas"):
        yield Case("swiglu.py", name, dict(a=f32(5, 7, 13), b=f32(5, 7, 13)), lambda a, b: a * sigmoid(a) * b)
    yield Case("sum.py", "sum_kernel", dict(x=f32(37, 253)), lambda x: x.sum(-1))
    for name in ("longsum", "longsum_w_red_loop", "longsum_manual"):
        yield Case("long_sum.py", name, dict(x=f32(4, 301)), lambda x: x.sum(-1))
    for name in ("softmax", "softmax_decomposed", "softmax_two_pass"):
        yield Case("softmax.py", name, dict(x=f32(17, 61)), softmax)
    yield Case("batch_softmax.py", "batch_softmax", dict(x=f32(3, 7, 29)), softmax)
    for name in ("softmax_default", "softmax_tune_acf", "softmax_example_acf", "softmax_noopt_acf"):
        yield Case("acfs/softmax_acf.py", name, dict(x=f32(9, 21)), softmax)


def normalisations():
    def layer(x, weight, bias, eps, normalized_shape=None):
        mu, var = x.mean(-1), x.var(-1)
        r = 1 / np.sqrt(var + eps)
        return (x - mu[:, None]) * r[:, None] * weight + (0 if bias is None else bias), mu, r

    for bias in (f32(61), None):
        yield Case("layer_norm.py", "layer_norm_fwd", dict(x=f32(17, 61), weight=f32(61), bias=bias), layer, dict(eps=1e-5, normalized_shape="[61]"))

    def rms(x, weight, eps):
        r = 1 / np.sqrt((x * x).mean(-1) + eps)
        return x * r[:, None] * weight, r[:, None]

    yield Case("rms_norm.py", "rms_norm_fwd", dict(x=f32(17, 61), weight=f32(61)), rms, dict(eps=1e-5))
    yield Case("welford.py", "welford", dict(weight=f32(37), bias=f32(37), x=f32(11, 37)),
               lambda weight, bias, x, eps: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * weight + bias, dict(eps=1e-5))
