"""Matrix products with what is fused to them."""

import numpy as np
from formulas import rng, f32, f16, bf16, sigmoid, gelu
from harness import Bf16, Case, Float8


def float4(packed):
    """[.., byte] -> [.., byte, 2]: E2M1, the low half first."""
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
    return np.stack([values[packed & 15], values[packed >> 4]], -1)


def unswizzle(scales, rows, cols):
    """The layout SWIZZLE_32_4_4 of block scales as a matrix."""
    row, col = np.arange(rows)[:, None], np.arange(cols)[None, :]
    return scales[((row // 128) * -(-cols // 4) + col // 4) * 512 + (row % 32) * 16 + ((row % 128) // 32) * 4 + col % 4]


def float4_products():
    """Two float4 are a byte, in a uint8 tensor; the scales, powers of two here, are float32."""
    groups, m, n = 3, 5, 7
    packed = lambda *shape: rng.integers(0, 256, shape).astype(np.uint8)
    scale = lambda size=512: (2.0 ** rng.integers(-2, 3, size)).astype(np.float32)
    zeros = np.zeros((m, n), np.float32)

    def weights(b, scales):   # [K_groups, 8, N] -> [K, N]
        k, _, columns = b.shape
        return (float4(b.transpose(2, 0, 1)).reshape(columns, k, 16) * unswizzle(scales, columns, k)[..., None]).reshape(columns, -1).T

    def rows(a, scales):      # [M, K_groups, 8] -> [M, K]
        return (float4(a).reshape(a.shape[0], -1, 16) * unswizzle(scales, a.shape[0], a.shape[1])[..., None]).reshape(a.shape[0], -1)

    yield Case("nvfp4_gemm.py", "_nvfp4_matmul_single_pass_kernel", dict(a_groups=bf16(m, groups, 16), b_fp4x2=packed(groups, 8, n), weight_scale=scale(), out=Bf16(zeros)),
               lambda a_groups, b_fp4x2, weight_scale, out, alpha: a_groups.reshape(m, -1) @ weights(b_fp4x2, weight_scale) * alpha, dict(alpha=0.5), coarsest="bf16")
    yield Case("nvfp4_gemm.py", "_nvfp4_w4a4_matmul_kernel", dict(a_fp4x2=packed(m, groups, 8), b_fp4x2=packed(groups, 8, n), act_scale=scale(), weight_scale=scale(), out=Bf16(zeros)),
               lambda a_fp4x2, b_fp4x2, act_scale, weight_scale, out, alpha: rows(a_fp4x2, act_scale) @ weights(b_fp4x2, weight_scale) * alpha, dict(alpha=0.5), coarsest="bf16")
    one = ["--block-sizes", "1,8"]   # these take one row a tile
    yield Case("nvfp4_gemv.py", "_nvfp4_gemv_bf16in_body", dict(weight_fp4x2=packed(m, 21, 8), x_values=bf16(21, 16), weight_scale=scale(3072), out=Bf16(np.zeros(m, np.float32))),
               lambda weight_fp4x2, x_values, weight_scale, out, alpha: rows(weight_fp4x2, weight_scale) @ x_values.reshape(-1) * alpha, dict(alpha=0.5), coarsest="bf16",
               blocks=False, words=one)
    yield Case("nvfp4_gemv.py", "_nvfp4_gemv_fp4in_body", dict(weight_fp4x2=packed(m, 21, 8), x_fp4x2=packed(21, 8), weight_scale=scale(3072), x_scale=scale(3072), out=Bf16(np.zeros(m, np.float32))),
               lambda weight_fp4x2, x_fp4x2, weight_scale, x_scale, out, alpha: rows(weight_fp4x2, weight_scale) @ rows(x_fp4x2[None], x_scale)[0] * alpha, dict(alpha=0.5), coarsest="bf16",
               blocks=False, words=one)


def float8_products():
    fp8 = lambda *shape: Float8(rng.standard_normal(shape) * 0.4)
    yield Case("fp8_gemm.py", "fp8_gemm", dict(x=fp8(19, 37), y=fp8(37, 13)), lambda x, y: x @ y, coarsest="f16")
    yield Case("fp8_matmul.py", "fp8_matmul", dict(x=fp8(19, 37), y=fp8(37, 13), scale_a2d=f32(19, 13), scale_b1d=f32(13)),
               lambda x, y, scale_a2d, scale_b1d: (x @ y) * scale_a2d * scale_b1d, coarsest="bf16")

    def attention(q, k, v, batch, heads):   # v: [batch * heads, dim, sequence]
        score = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
        p = np.exp(score - score.max(-1, keepdims=True))
        out = (p / p.sum(-1, keepdims=True)) @ v.swapaxes(1, 2)
        return out.reshape(batch, heads, *out.shape[1:])

    yield Case("fp8_attention.py", "fp8_attention_kernel", dict(q=fp8(6, 19, 8), k=fp8(6, 19, 8), v=fp8(6, 8, 19)), attention, dict(batch=2, heads=3), coarsest="f8")


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
