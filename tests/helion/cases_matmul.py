"""Matrix products with what is fused to them."""

import numpy as np
from formulas import rng, f32, f16, bf16, sigmoid, gelu
from harness import Case


def matmuls():
    yield Case("matmul.py", "matmul", dict(x=f32(50, 37), y=f32(37, 45)), lambda x, y: x @ y)
    yield Case("matmul.py", "matmul", dict(x=f16(50, 37), y=f16(37, 45)), lambda x, y: x @ y, coarsest="f16")
    yield Case("bmm.py", "bmm", dict(A=f16(3, 13, 11), B=f16(3, 11, 7)), lambda A, B: A @ B, coarsest="f16")
    yield Case("broadcast_matmul.py", "broadcast_matmul", dict(x=f16(4, 13, 11), w=f16(11, 7)), lambda x, w: x @ w, coarsest="f16")
    yield Case("bf16xint16_gemm.py", "_bf16xint16_gemm", dict(x=bf16(13, 11), w=rng.integers(-7, 8, (11, 9)).astype(np.int16)), lambda x, w: x @ w, coarsest="bf16")
    yield Case("bf16xint16_gemm.py", "_int16xbf16_gemm", dict(x=rng.integers(-7, 8, (13, 11)).astype(np.int16), w=bf16(11, 9)), lambda x, w: x @ w, coarsest="bf16")

    def ln(x, y, weight, bias):
        p = x @ y
        return (p - p.mean(-1, keepdims=True)) / np.sqrt(p.var(-1, keepdims=True) + 1e-5) * weight + bias

    yield Case("matmul_layernorm.py", "matmul_layernorm", dict(x=f32(13, 17), y=f32(17, 29), weight=f32(29), bias=f32(29)), ln)
    yield Case("epilogue_subtiling.py", "matmul_bias_residual_gelu_cast", dict(x=f16(13, 17), w=f16(17, 29), bias=f16(29), residual=f16(13, 29)),
               lambda x, w, bias, residual: gelu(x @ w * 1.25 + residual * 0.5 + bias), coarsest="f16")
    yield Case("epilogue_subtiling.py", "matmul_bias_gelu_aux", dict(x=f16(13, 17), w=f16(17, 29), bias=f16(29)),
               lambda x, w, bias: (gelu(x @ w * 1.25 + bias), x @ w * 1.25 + bias), coarsest="f16")
    yield Case("se_block.py", "se_block_fwd", dict(x=f32(13, 13), w=f32(13, 13)), lambda x, w: (2 * x * sigmoid(x @ w), sigmoid(x @ w)))

    def se(x, a, b):
        c = np.maximum(x @ a, 0)
        d = sigmoid(c @ b)
        return x * d, c, d

    yield Case("squeeze_and_excitation_net.py", "squeeze_and_excitation_net_fwd", dict(x=f32(8, 12), a=f32(12, 5), b=f32(5, 12)), se)
    yield Case("matmul_split_k.py", "matmul_split_k", dict(x=f32(13, 64), y=f32(64, 11)), lambda x, y, split_k: x @ y, dict(split_k=8))
    yield Case("split_k_barrier.py", "split_k_matmul", dict(a=f32(13, 33), b=f32(33, 11)), lambda a, b, split_k: a @ b, dict(split_k=8))

    def int4(A, B):
        lo = ((B.astype(np.int64) & 15) ^ 8) - 8
        hi = B.astype(np.int64) >> 4
        w = np.stack([lo, hi], 1).reshape(-1, B.shape[1])
        return A @ w

    yield Case("int4_gemm.py", "matmul_bf16_int4", dict(A=bf16(13, 16), B=rng.integers(-128, 128, (8, 11)).astype(np.int8)), int4, coarsest="bf16")
    yield Case("gather_gemv.py", "gather_gemv", dict(w=bf16(4, 9, 9), idx=rng.integers(0, 4, 2).astype(np.int32), x=bf16(9)),
               lambda w, idx, x: w[idx] @ x, coarsest="bf16")
