"""The forward, non-distributed kernels of Helion's examples: small, non-divisible shapes, and a formula for each."""

import math

import numpy as np
import cases_linear
from harness import Bf16, Case

rng = np.random.default_rng(7)


def f32(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def f16(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float16)


def bf16(*shape, scale=1.0):
    return Bf16(rng.standard_normal(shape) * scale)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def log_softmax(x, axis=-1):
    s = x - x.max(axis, keepdims=True)
    return s - np.log(np.exp(s).sum(axis, keepdims=True))


erf = np.vectorize(math.erf, otypes=[float])


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


# ---- elementwise and rows ----
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
    yield Case("acfs/softmax_acf.py", "_softmax", dict(x=f32(9, 21)), softmax)


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


def losses():
    def jsd(student_logits, teacher_logits, beta, ignore_index, temperature):
        s, t = student_logits / temperature, teacher_logits / temperature
        ps, pt, ls, lt = softmax(s), softmax(t), log_softmax(s), log_softmax(t)
        lm = np.log((1 - beta) * ps + beta * pt)
        m = np.exp(lm)
        loss = (1 - beta) * (ps * (ls - lm)).sum(-1) + beta * (pt * (lt - lm)).sum(-1)
        return loss, (1 - beta) / temperature * (ps - m)

    args = dict(beta=0.3, ignore_index=-100, temperature=2.0)
    yield Case("fused_linear_jsd.py", "jsd_kernel", dict(student_logits=f32(9, 33), teacher_logits=f32(9, 33)), jsd, args)
    yield Case("fused_linear_jsd.py", "fused_linear_jsd_kernel", dict(student_logits=f32(9, 33), teacher_logits=f32(9, 33)),
               lambda **k: np.asarray(jsd(**k)[0].mean()), args)

    def kl(y_pred, y_true, log_target, reduction, eps=1e-10):
        t = np.exp(y_true) if log_target else y_true
        lt = y_true if log_target else np.log(np.maximum(y_true, eps))
        x = t * (lt - y_pred)
        return {"none": x, "sum": np.asarray(x.sum()), "mean": np.asarray(x.mean()), "batchmean": np.asarray(x.sum() / x.shape[0])}[reduction]

    for log_target in (True, False):
        for reduction in ("batchmean", "sum", "mean", "none"):
            yp = log_softmax(f32(6, 33)).astype(np.float32)
            yt = log_softmax(f32(6, 33)).astype(np.float32)
            yield Case("kl_div.py", "kl_div_forward", dict(y_pred=yp, y_true=yt if log_target else np.exp(yt)), kl, dict(log_target=log_target, reduction=reduction))

    def jsd_probs(_input, target, shift_labels, beta, ignore_index, blocks=None):
        """Its accumulators are as wide as a block of columns: lanes of the last block beyond V hold zeros as logarithms (probability 1), and
        at beta 1 the gradient adds up running sums, block by block.  Helion gives the same."""
        n, v = _input.shape
        width = min(blocks[1], v) if blocks else v
        x, t = (np.pad(a, ((0, 0), (0, -v % width))).reshape(n, -1, width) for a in (_input, target))
        if beta == 0.0:
            l = np.exp(t) * (t - x)
            d = -np.exp(t)
        elif beta == 1.0:
            l = np.exp(x) * (x - t)
            d = np.cumsum(l, 1) + np.exp(x)
        else:
            q, p = np.exp(x), np.exp(t)
            m = beta * p + (1 - beta) * q
            l = beta * p * (t - np.log(m)) + (1 - beta) * q * (x - np.log(m))
            d = (1 - beta) * q * (x - np.log(m))
        return np.asarray(l.sum() / n), d.sum((1, 2)) / n

    for beta in (0.0, 0.5, 1.0):
        x = log_softmax(f32(6, 33)).astype(np.float32)
        t = log_softmax(f32(6, 33)).astype(np.float32)
        yield Case("jsd.py", "jsd_forward", dict(_input=x, target=t, shift_labels=None), jsd_probs, dict(beta=beta, ignore_index=-100))
    labels = rng.integers(0, 37, 12).astype(np.int64)
    yield Case("cross_entropy.py", "cross_entropy", dict(logits=f32(12, 37), labels=labels),
               lambda logits, labels: np.asarray(-log_softmax(logits)[np.arange(12), labels].mean()))

    def grpo(logits, selected_logits, old_logp, ref_logp, advantages, completion_mask, temperature, beta, eps_low, eps_high):
        x = logits[:, :-1] / temperature
        lse = np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1)) + x.max(-1)
        logp = selected_logits - lse
        old = logp if old_logp is None else old_logp
        c1 = np.exp(logp - old)
        c2 = np.clip(c1, 1 - eps_low, 1 + eps_high)
        a = advantages[:, None]
        clipped = c1 * a < c2 * a
        loss = -np.minimum(c1 * a, c2 * a)
        mask = 1.0 if completion_mask is None else completion_mask
        loss = loss * mask
        kl = np.zeros_like(loss)
        if beta != 0 and ref_logp is not None:
            kl = (np.exp(ref_logp - logp) - (ref_logp - logp) - 1) * mask
            loss = loss + beta * kl
        return loss, kl, clipped.astype(np.float64), lse

    B, L, V = 2, 5, 33
    for old, ref, mask in ((True, True, True), (False, False, False)):
        logp = -np.abs(f32(B, L)) - 3
        yield Case("grpo_loss.py", "grpo_loss_forward",
                   dict(logits=f32(B, L + 1, V), selected_logits=f32(B, L), old_logp=logp + f32(B, L, scale=0.1) if old else None,
                        ref_logp=logp if ref else None, advantages=f32(B), completion_mask=(rng.random((B, L)) < 0.8).astype(np.float32) if mask else None),
                   grpo, dict(temperature=0.9, beta=0.04, eps_low=0.2, eps_high=0.4))


# ---- matmuls ----
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


# ---- attention ----
def scores(q, k, causal=False, bias=None):
    s = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if bias is not None:
        s = s + bias
    if causal:
        s = np.where(np.arange(s.shape[-2])[:, None] >= np.arange(s.shape[-1]), s, -np.inf)
    return s


def lse_of(s):
    top = s.max(-1)
    return np.log(np.exp(s - top[..., None]).sum(-1)) + top


def attentions():
    def both(log2, causal=False):
        def formula(q_in, k_in, v_in, bias=None):
            s = scores(q_in, k_in, causal, bias)
            return softmax(s) @ v_in, lse_of(s) * (math.log2(math.e) if log2 else 1)
        return formula

    q = lambda m: f32(1, 2, m, 16)
    yield Case("attention.py", "attention", dict(q_in=q(19), k_in=q(27), v_in=q(27)), both(True))
    yield Case("attention.py", "causal_attention", dict(q_in=q(19), k_in=q(19), v_in=q(19)), both(True, True))
    yield Case("attention.py", "attention_output", dict(q_in=q(19), k_in=q(27), v_in=q(27)), lambda **k: both(True)(**k)[0])
    yield Case("attention.py", "causal_attention_output", dict(q_in=q(19), k_in=q(19), v_in=q(19)), lambda **k: both(True, True)(**k)[0])
    yield Case("attention.py", "biased_attention", dict(q_in=q(19), k_in=q(27), v_in=q(27), bias=f32(1, 2, 19, 27)), both(False))
    yield Case("attention.py", "biased_attention_output", dict(q_in=q(19), k_in=q(27), v_in=q(27), bias=f32(1, 2, 19, 27)), lambda **k: both(False)(**k)[0])

    def xsa(q_in, k_in, v_in, eps):
        y = softmax(scores(q_in, k_in)) @ v_in
        vn = v_in / np.maximum(np.sqrt((v_in * v_in).sum(-1, keepdims=True)), eps)
        return y - (y * vn).sum(-1, keepdims=True) * vn

    yield Case("xsa.py", "xsa_kernel", dict(q_in=q(19), k_in=q(19), v_in=q(19)), xsa, dict(eps=1e-6))


# ---- gathers and structured kernels ----
def structured():
    cat = lambda x, y: np.concatenate([x, y], 1)
    yield Case("concatenate.py", "concat2d_dim1_simple", dict(x=f32(13, 5), y=f32(13, 9)), cat)
    yield Case("concatenate.py", "concat2d_dim1", dict(x=f32(13, 5), y=f32(13, 9)), cat)
    ids = rng.integers(0, 11, (3, 5)).astype(np.int32)
    yield Case("embedding.py", "embedding", dict(x=ids, weight=f32(11, 7)), lambda x, weight: weight[x])

    def philox_uniform(n, seed):
        c = np.zeros((4, n), np.uint64)
        c[0] = np.arange(n)
        k0, k1, mask = np.uint64(seed), np.uint64(0), np.uint64(0xFFFFFFFF)
        for _ in range(10):
            p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
            c = np.stack([(q >> np.uint64(32)) ^ c[1] ^ k0, q & mask, (p >> np.uint64(32)) ^ c[3] ^ k1, p & mask])
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & mask, (k1 + np.uint64(0xBB67AE85)) & mask
        w = c[0].astype(np.uint32).view(np.int32).astype(np.int64)
        return (np.where(w < 0, -w - 1, w).astype(np.float32) * np.float32(4.6566127342e-10)).astype(np.float64)

    def dropout(x, p, seed):
        u = philox_uniform(x.size, seed).reshape(x.shape)
        return np.where(u > p, x / (1 - p), 0)

    yield Case("low_mem_dropout.py", "low_mem_dropout", dict(x=f32(3, 41)), dropout, dict(p=0.25, seed=123))
    yield Case("low_mem_dropout.py", "low_mem_dropout_bwd", dict(grad_y=f32(3, 41)), lambda grad_y, p, seed: dropout(grad_y, p, seed), dict(p=0.25, seed=123))

    def rope(q, k, cos, sin):
        def turn(x):
            h = x.shape[-1] // 2
            half = np.concatenate([-x[..., h:], x[..., :h]], -1)
            return x * cos[:, None] + half * sin[:, None]
        return turn(q), turn(k)

    angle = f32(2, 5, 4)
    cos, sin = np.cos(np.concatenate([angle, angle], -1)), np.sin(np.concatenate([angle, angle], -1))
    yield Case("rope.py", "rope_fwd", dict(q=f32(2, 3, 5, 8), k=f32(2, 3, 5, 8), cos=cos.astype(np.float32), sin=sin.astype(np.float32)), rope)

    b, seq, chunk, heads, dim, state, groups = 2, 32, 16, 4, 8, 4, 1
    nch = seq // chunk
    dA = -np.cumsum(np.abs(f32(b, heads, nch, chunk)) * 0.1, -1).astype(np.float32)
    dt = np.abs(f32(b, heads, nch, chunk))

    def chunk_scan(cb, x, dt, dA_cumsum, C, prev_states, D):
        out = np.zeros_like(x)
        for i in range(b):
            for c in range(nch):
                for h in range(heads):
                    g = h // (heads // groups)
                    rows = slice(c * chunk, (c + 1) * chunk)
                    a = dA_cumsum[i, h, c]
                    decay = np.exp(a[:, None] - a[None, :])
                    w = np.tril(cb[i, c, g] * decay * dt[i, h, c])
                    out[i, rows, h] = w @ x[i, rows, h] + (C[i, rows, g] @ prev_states[i, c, h].T) * np.exp(a)[:, None] + x[i, rows, h] * D[h]
        return out

    yield Case("mamba2_chunk_scan.py", "helion_mamba2_chunk_scan_kernel",
               dict(cb=f32(b, nch, groups, chunk, chunk), x=f32(b, seq, heads, dim), dt=dt, dA_cumsum=dA, C=f32(b, seq, groups, state),
                    prev_states=f32(b, nch, heads, dim, state), D=f32(heads)), chunk_scan)

    def chunk_state(B, x, dt, dA_cumsum):
        out = np.zeros((b, nch, heads, dim, state))
        for i in range(b):
            for c in range(nch):
                for h in range(heads):
                    g = h // (heads // groups)
                    rows = slice(c * chunk, (c + 1) * chunk)
                    a = dA_cumsum[i, h, c]
                    out[i, c, h] = (x[i, rows, h] * (np.exp(a[-1] - a) * dt[i, h, c])[:, None]).T @ B[i, rows, g]
        return out

    yield Case("mamba2_chunk_state.py", "helion_mamba2_chunk_state_kernel", dict(B=f32(b, seq, groups, state), x=f32(b, seq, heads, dim), dt=dt, dA_cumsum=dA),
               chunk_state)

    def gdn(k, w, u, g, chunk_size):
        B, T, H, K = k.shape
        V, n = u.shape[-1], (T + chunk_size - 1) // chunk_size
        h = np.zeros((B, n, H, K, V))
        for i in range(B):
            for j in range(H):
                s = np.zeros((K, V))
                for c in range(n):
                    rows = slice(c * chunk_size, min((c + 1) * chunk_size, T))
                    h[i, c, j] = s
                    last = g[i, rows.stop - 1, j]
                    v = (u[i, rows, j] - w[i, rows, j] @ s) * np.exp(last - g[i, rows, j])[:, None]
                    s = s * np.exp(last) + k[i, rows, j].T @ v
        return h

    yield Case("gdn_fwd_h.py", "helion_gdn_fwd_h",
               dict(k=f32(1, 12, 2, 8, scale=0.3), w=f32(1, 12, 2, 8, scale=0.3), u=f32(1, 12, 2, 6), g=-np.abs(f32(1, 12, 2, scale=0.1))), gdn, dict(chunk_size=4))


# ---- rows of different lengths ----
LENGTHS = [3, 0, 9, 1, 5, 2]
OFFSETS = np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.int64)


def rows_of(x, offsets):
    return [x[offsets[i]:offsets[i + 1]] for i in range(len(offsets) - 1)]


def jagged():
    total, M = int(OFFSETS[-1]), 7
    x = f32(total, M)
    yield Case("jagged_sum.py", "jagged_sum_kernel", dict(x_data=x, x_offsets=OFFSETS), lambda x_data, x_offsets: np.stack([r.sum(0) for r in rows_of(x_data, x_offsets)]))
    counts = np.array([7, 3, 5, 1, 7, 2], np.int64)

    def mean(x_data, x_offsets, x_feature_counts, max_M):
        out = np.zeros((len(LENGTHS), max_M))
        for i, r in enumerate(rows_of(x_data, x_offsets)):
            if len(r):
                out[i, :x_feature_counts[i]] = r.mean(0)[:x_feature_counts[i]]
        return out

    yield Case("jagged_mean.py", "jagged_mean_kernel", dict(x_data=x, x_offsets=OFFSETS, x_feature_counts=counts), mean, dict(max_M=M))
    flat = lambda x_data, x_offsets: np.concatenate([softmax(r, 0) if len(r) else r for r in rows_of(x_data, x_offsets)])
    yield Case("jagged_softmax.py", "jagged_softmax_kernel", dict(x_data=x, x_offsets=OFFSETS), flat)

    def norm(x_values, x_offsets, eps):
        return np.concatenate([(r - r.mean()) / np.sqrt(r.var() + eps) if len(r) else r for r in rows_of(x_values, x_offsets)])

    yield Case("jagged_layer_norm.py", "jagged_layer_norm_kernel", dict(x_values=x, x_offsets=OFFSETS), norm, dict(eps=1e-6))

    def dense_add(x_data, x_offsets, y):
        out = y.copy()
        for i, r in enumerate(rows_of(x_data, x_offsets)):
            out[i, :len(r)] += r
        return out

    yield Case("jagged_dense_add.py", "jagged_dense_add_2d", dict(x_data=f32(total), x_offsets=OFFSETS, y=f32(len(LENGTHS), 11)), dense_add)

    def dense_bmm(seq_offsets, jagged, dense, bias):
        parts = [r @ dense[i] + (0 if bias is None else bias[i]) for i, r in enumerate(rows_of(jagged, seq_offsets))]
        return np.concatenate(parts)

    for bias in (f32(len(LENGTHS), 5), None):
        yield Case("jagged_dense_bmm.py", "jagged_dense_bmm", dict(seq_offsets=OFFSETS, jagged=f32(total, M), dense=f32(len(LENGTHS), M, 5), bias=bias), dense_bmm)

    groups = np.array([0, 5, 5, 12], np.int32)

    def grouped(A_packed, B, group_offsets):
        out = np.zeros((A_packed.shape[0], B.shape[-1]))
        for i in range(len(group_offsets) - 1):
            out[group_offsets[i]:group_offsets[i + 1]] = A_packed[group_offsets[i]:group_offsets[i + 1]] @ B
        return out

    for name in ("grouped_gemm_jagged", "grouped_gemm_jagged_persistent"):
        yield Case("grouped_gemm.py", name, dict(A_packed=f32(12, 7), B=f32(7, 9), group_offsets=groups), grouped)
    n = np.array([1, 1, 1, 2, 2, 5, 5, 5, 5, 7, 7, 8, 9, 9, 9, 9, 9, 11, 11, 12, 13, 13, 13], np.int64)

    def segments(indices, input_data, num_nodes):
        out = np.zeros((num_nodes, input_data.shape[1]))
        np.add.at(out, indices, input_data)
        return out

    yield Case("segment_reduction.py", "segmented_reduction_helion", dict(indices=n, input_data=f32(23, 4)), segments, dict(num_nodes=15))

    tokens, experts = 10, 4
    expert_of = np.array([0, 2, 1, 0, 2, 2, 0, 1, 2, 2])
    order = np.argsort(expert_of, kind="stable").astype(np.int32)
    per = np.bincount(expert_of, minlength=experts).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(per)]).astype(np.int32)

    def moe(A, W, expert_token_counts, expert_token_offsets, sorted_to_orig_token_idx, max_T_per_expert):
        return np.stack([A[t] @ W[expert_of[t]] for t in range(tokens)])

    yield Case("moe_matmul_ogs.py", "moe_matmul_ogs",
               dict(A=f32(tokens, 6), W=f32(experts, 6, 5), expert_token_counts=per, expert_token_offsets=starts, sorted_to_orig_token_idx=order), moe,
               dict(max_T_per_expert=int(per.max())))
    lens = [3, 0, 7]
    off = np.concatenate([[0], np.cumsum(lens)]).astype(np.int64)

    def hstu(strict, scale):
        def formula(max_seq_len, alpha, q, k, v, seq_offsets, attn_scale=None):
            out = np.zeros_like(v)
            for i in range(len(seq_offsets) - 1):
                r = slice(seq_offsets[i], seq_offsets[i + 1])
                n = r.stop - r.start
                for h in range(q.shape[1]):
                    s = q[r, h] @ k[r, h].T * alpha
                    keep = np.arange(n)[:, None] > np.arange(n) if strict else np.arange(n)[:, None] >= np.arange(n)
                    out[r, h] = (np.where(keep, s * sigmoid(s) * (1 / max_seq_len if scale is None else scale), 0)) @ v[r, h]
            return out
        return formula

    q, k, v = (f32(10, 2, 4) for _ in range(3))
    yield Case("jagged_hstu_attn.py", "_helion_jagged_attention_kernel", dict(q=q, k=k, v=v, seq_offsets=off), hstu(True, None), dict(max_seq_len=7, alpha=0.5))
    yield Case("jagged_hstu_attn_2.py", "jagged_hstu_attention", dict(q=q, k=k, v=v, seq_offsets=off), hstu(False, 0.125), dict(max_seq_len=7, alpha=0.5, attn_scale=0.125))


def all_cases():
    groups = [elementwise, normalisations, losses, matmuls, attentions, structured, jagged]
    return [c for g in groups for c in g()] + cases_linear.all_cases()
