"""The forward kernels of Helion's linear-attention engine, dense and over sequences of different lengths."""

import numpy as np
from harness import Case

FILE = "linear/linear_attention_engine.py"
rng = np.random.default_rng(11)


def f32(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def decay(*shape):
    """Cumulative log-decay along the axis before the last (or the last of two)."""
    axis = -2 if len(shape) > 2 else -1
    return np.cumsum(-np.abs(rng.standard_normal(shape)) * 0.1, axis).astype(np.float32)


def softplus(x):
    return np.log1p(np.exp(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def steps():
    BH, D, DV = 5, 7, 9

    def plain(q, k, v, state, alpha):
        s = state * (alpha[:, :, None] if alpha.ndim == 2 else alpha[:, None, None]) + k[:, :, None] * v[:, None, :]
        return (q[:, :, None] * s).sum(1), s

    def corrected(q, k, v, state, alpha, beta):
        s = state * (alpha[:, :, None] if alpha.ndim == 2 else alpha[:, None, None])
        kts = np.einsum("bd,bdv->bv", k, s)
        s = s + beta[:, None, None] * k[:, :, None] * (v - kts)[:, None, :]
        return np.einsum("bd,bdv->bv", q, s), s

    for alpha in (np.abs(f32(BH)), np.abs(f32(BH, D))):
        common = dict(q=f32(BH, D), k=f32(BH, D), v=f32(BH, DV), state=f32(BH, D, DV), alpha=alpha)
        yield Case(FILE, "recurrent_step_fused", common, plain)
        yield Case(FILE, "recurrent_step_correction_fused", dict(common, beta=np.abs(f32(BH))), corrected)
    yield Case(FILE, "l2norm_fwd_helion", dict(x=f32(13, 11)), lambda x, eps: x / np.sqrt((x * x).sum(-1, keepdims=True) + eps), dict(eps=1e-6))


def dense():
    B, H, N, C, D, DV = 1, 2, 3, 8, 6, 5
    BH, BHN = B * H, B * H * N

    def cumsum(g, use_gate=False, has_bias=True, use_lower_bound=True, A_log=None, dt_bias=None, lower_bound=None, H=1, N=1):
        if use_gate:
            h = np.arange(g.shape[0]) // N % H
            a = np.exp(A_log[h])[:, None, None]
            gb = g + dt_bias[h][:, None, :] if has_bias else g
            g = lower_bound * sigmoid(a * gb) if use_lower_bound else -a * softplus(gb)
        return np.cumsum(g, 1)

    yield Case(FILE, "chunk_cumsum_gc_helion", dict(g=f32(BHN, C, D)), cumsum)
    for bound in (True, False):
        yield Case(FILE, "chunk_cumsum_gc_helion", dict(g=f32(BHN, C, D), A_log=f32(H), dt_bias=f32(H, D)), cumsum,
                   dict(H=H, N=N, use_gate=True, use_lower_bound=bound, lower_bound=-2.0))

    def state_pass(k, v, g_last, h0, gc=None, use_g=True, scalar_decay=False, diag_anchored=False, has_h0=True):
        out = np.zeros(k.shape[:2] + (k.shape[3], v.shape[3]))
        for b in range(k.shape[0]):
            s = h0[b] if has_h0 else np.zeros(out.shape[2:])
            for i in range(k.shape[1]):
                out[b, i] = s
                ki, vi = k[b, i], v[b, i]
                if scalar_decay:
                    vi = vi * np.exp(g_last[b, i] - gc[b, i])[:, None]
                    s = s * np.exp(g_last[b, i])
                elif diag_anchored:
                    ki = ki * np.exp(gc[b, i, -1] - gc[b, i])
                    s = s * np.exp(gc[b, i, -1])[:, None]
                elif use_g:
                    s = s * np.exp(g_last[b, i])[:, None]
                s = s + ki.T @ vi
        return out

    kv = dict(k=f32(BH, N, C, D), v=f32(BH, N, C, DV))
    gcs = decay(BH, N, C)
    gcd = decay(BH, N, C, D)
    yield Case(FILE, "chunk_fwd_h_diag_fused", dict(kv, g_last=gcd[:, :, -1].copy(), h0=f32(BH, D, DV)), state_pass)
    yield Case(FILE, "chunk_fwd_h_diag_fused", dict(kv, g_last=gcs[:, :, -1].copy(), h0=None, gc=gcs), state_pass, dict(scalar_decay=True, has_h0=False))
    yield Case(FILE, "chunk_fwd_h_diag_fused", dict(kv, g_last=gcd[:, :, -1].copy(), h0=f32(BH, D, DV), gc=gcd), state_pass, dict(diag_anchored=True))

    def wy(k, v, beta, g_cs=None, Akk=None, k_state_out=None, scalar_decay=False, diag_anchored=False):
        w, u, T = np.zeros_like(k), np.zeros_like(v), np.zeros((k.shape[0], C, C))
        kso = None if k_state_out is None else np.zeros_like(k)
        for i in range(k.shape[0]):
            if diag_anchored:
                A = -beta[i][:, None] * Akk[i]
                kt = k[i] * beta[i][:, None] * np.exp(g_cs[i])
                kso[i] = k[i] * np.exp(g_cs[i, -1] - g_cs[i])
            else:
                A = -np.tril(beta[i][:, None] * (k[i] @ k[i].T) * (np.exp(g_cs[i][:, None] - g_cs[i]) if scalar_decay else 1), -1)
                kt = k[i] * beta[i][:, None] * (np.exp(g_cs[i])[:, None] if scalar_decay else 1)
            T[i] = np.linalg.inv(np.eye(C) - A)
            w[i], u[i] = T[i] @ kt, T[i] @ (v[i] * beta[i][:, None])
        return (w, u, T) if kso is None else (w, u, T, kso)

    flat = dict(k=f32(BHN, C, D, scale=0.3), v=f32(BHN, C, DV), beta=np.abs(f32(BHN, C, scale=0.3)))
    yield Case(FILE, "chunk_fwd_wy_delta_helion", flat, wy)
    yield Case(FILE, "chunk_fwd_wy_delta_helion", dict(flat, g_cs=decay(BHN, C)), wy, dict(scalar_decay=True))
    strict = np.tril(f32(BHN, C, C, scale=0.3), -1).astype(np.float32)
    yield Case(FILE, "chunk_fwd_wy_delta_helion", dict(flat, g_cs=decay(BHN, C, D), Akk=strict, k_state_out=np.zeros((BHN, C, D), np.float32)), wy,
               dict(diag_anchored=True))

    def delta(k, w, u, h0, g_cs=None, decay_last=None, scalar_decay=False, diag_anchored=False, k_pre_scaled=False):
        h, vn = np.zeros(k.shape[:2] + (D, DV)), np.zeros(u.shape)
        for b in range(k.shape[0]):
            s = h0[b]
            for i in range(k.shape[1]):
                h[b, i] = s
                vn[b, i] = u[b, i] - w[b, i] @ s
                ki = k[b, i]
                if scalar_decay:
                    ki, s = ki * np.exp(decay_last[b, i] - g_cs[b, i])[:, None], s * np.exp(decay_last[b, i])
                elif diag_anchored:
                    ki = ki if k_pre_scaled else ki * np.exp(decay_last[b, i] - g_cs[b, i])
                    s = s * np.exp(decay_last[b, i])[:, None]
                s = s + ki.T @ vn[b, i]
        return h, vn

    kwu = dict(k=f32(BH, N, C, D, scale=0.3), w=f32(BH, N, C, D, scale=0.3), u=f32(BH, N, C, DV), h0=f32(BH, D, DV))
    yield Case(FILE, "chunk_fwd_h_delta_helion", kwu, delta)
    yield Case(FILE, "chunk_fwd_h_delta_helion", dict(kwu, g_cs=gcs, decay_last=gcs[:, :, -1].copy()), delta, dict(scalar_decay=True))
    yield Case(FILE, "chunk_fwd_h_delta_helion", dict(kwu, g_cs=gcd, decay_last=gcd[:, :, -1].copy()), delta, dict(diag_anchored=True))

    def output(q, k, v, g_cs, h, use_g=True, scale=1.0):
        a = np.tril(q @ np.swapaxes(k, 1, 2) * (np.exp(g_cs[:, :, None] - g_cs[:, None, :]) if use_g else 1))
        cross = q @ h * (np.exp(g_cs)[:, :, None] if use_g else 1)
        return (cross + a @ v) * scale

    qkv = dict(q=f32(BHN, C, D), k=f32(BHN, C, D), v=f32(BHN, C, DV), g_cs=decay(BHN, C), h=f32(BHN, D, DV))
    for use_g in (True, False):
        yield Case(FILE, "chunk_fwd_o_helion", qkv, output, dict(use_g=use_g, scale=0.5))

    C2 = 32

    def gram(q, k, gc, scale, build_kk=False):
        A, Akk = np.zeros((q.shape[0], C2, C2)), np.zeros((q.shape[0], C2, C2))
        for i in range(q.shape[0]):
            e = np.exp(gc[i][:, None, :] - gc[i][None, :, :])
            A[i] = np.tril((q[i][:, None] * k[i][None] * e).sum(-1)) * scale
            if build_kk:
                Akk[i] = np.tril((k[i][:, None] * k[i][None] * e).sum(-1), -1)
        return A, Akk

    for kk in (True, False):
        yield Case(FILE, "chunk_fwd_A_diag_anchored_helion", dict(q=f32(3, C2, D), k=f32(3, C2, D), gc=decay(3, C2, D)), gram, dict(scale=0.5, build_kk=kk))

    def anchored(q, v, gc, h, A, scale):
        return (q * np.exp(gc)) @ h * scale + A @ v

    yield Case(FILE, "chunk_fwd_o_diag_anchored_helion",
               dict(q=f32(BHN, C, D), v=f32(BHN, C, DV), gc=decay(BHN, C, D), h=f32(BHN, D, DV), A=np.tril(f32(BHN, C, C)).astype(np.float32)), anchored,
               dict(scale=0.5))


def varlen():
    H, C, D, DV = 2, 8, 6, 5
    lens = [11, 3, 16]
    base, valid, first = [], [], [0]
    at = 0
    for n in lens:
        for c in range(0, n, C):
            base.append(at + c)
            valid.append(min(C, n - c))
        at += n
        first.append(len(base))
    T, NT = at, len(base)
    token_base, valid_len = np.array(base, np.int32), np.array(valid, np.int32)

    def rows(r):
        j, h = r % NT, r // NT
        return h, slice(base[j], base[j] + valid[j]), valid[j]

    def padded(x, r):
        h, s, n = rows(r)
        out = np.zeros((C,) + x.shape[2:])
        out[:n] = x[s, h]
        return out

    def cumsum(g, token_base, valid_len, gc, **_):
        return np.stack([np.cumsum(padded(g, r), 0) for r in range(H * NT)])

    yield Case(FILE, "chunk_cumsum_gc_varlen_helion", dict(g=f32(T, H, D), token_base=token_base, valid_len=valid_len, gc=np.zeros((H * NT, C, D), np.float32)), cumsum)

    gcd = decay(H * NT, C, D)
    strict = np.tril(f32(H * NT, C, C, scale=0.3), -1).astype(np.float32)

    def wy(k, v, beta, g_cs, Akk, token_base, valid_len, w, u, k_state_out):
        w, u, kso = np.zeros_like(w), np.zeros_like(u), np.zeros_like(k_state_out)
        for r in range(H * NT):
            kr, vr, br = padded(k, r), padded(v, r), padded(beta, r)
            Tr = np.linalg.inv(np.eye(C) + br[:, None] * Akk[r])
            w[r], u[r] = Tr @ (kr * br[:, None] * np.exp(g_cs[r])), Tr @ (vr * br[:, None])
            kso[r] = kr * np.exp(g_cs[r, -1] - g_cs[r])
        return w, u, kso

    zeros = lambda d: np.zeros((H * NT, C, d), np.float32)
    for dv in (D, DV):
        yield Case(FILE, "chunk_fwd_wy_delta_varlen_helion",
                   dict(k=f32(T, H, D, scale=0.3), v=f32(T, H, dv), beta=np.abs(f32(T, H, scale=0.3)), g_cs=gcd, Akk=strict, token_base=token_base, valid_len=valid_len,
                        w=zeros(D), u=zeros(dv), k_state_out=zeros(D)), wy)
    N = len(lens)

    def serial(k, w, u, h0, decay_last, chunk_offsets, NT, H):
        h_all, v_new, ht = np.zeros((H * NT, D, DV)), np.zeros((H * NT, C, DV)), np.zeros((H * N, D, DV))
        for hn in range(H * N):
            s = h0[hn]
            for j in range(first[hn % N], first[hn % N + 1]):
                r = hn // N * NT + j
                h_all[r] = s
                v_new[r] = u[r] - w[r] @ s
                s = s * np.exp(decay_last[r])[:, None] + k[r].T @ v_new[r]
            ht[hn] = s
        return h_all, v_new, ht

    yield Case(FILE, "chunk_fwd_h_delta_varlen_helion",
               dict(k=f32(H * NT, C, D, scale=0.3), w=f32(H * NT, C, D, scale=0.3), u=f32(H * NT, C, DV), h0=f32(H * N, D, DV), decay_last=gcd[:, -1].copy(),
                    chunk_offsets=np.array(first, np.int32)), serial, dict(NT=NT, H=H))
    C2 = 32
    base2, valid2 = [0, 32, 40], [32, 8, 7]
    nt2, t2 = 3, 47
    gc2 = decay(H * nt2, C2, D)

    def padded2(x, r):
        j, h = r % nt2, r // nt2
        out = np.zeros((C2,) + x.shape[2:])
        out[:valid2[j]] = x[base2[j]:base2[j] + valid2[j], h]
        return out

    def gram(q, k, gc, token_base, valid_len, A, Akk, scale):
        A, Akk = np.zeros_like(A), np.zeros_like(Akk)
        for r in range(H * nt2):
            e = np.exp(gc[r][:, None, :] - gc[r][None, :, :])
            qr, kr = padded2(q, r), padded2(k, r)
            A[r] = np.tril((qr[:, None] * kr[None] * e).sum(-1)) * scale
            Akk[r] = np.tril((kr[:, None] * kr[None] * e).sum(-1), -1)
        return A, Akk

    tables = dict(token_base=np.array(base2, np.int32), valid_len=np.array(valid2, np.int32))
    square = lambda: np.zeros((H * nt2, C2, C2), np.float32)
    yield Case(FILE, "chunk_fwd_A_diag_anchored_varlen_helion", dict(q=f32(t2, H, D), k=f32(t2, H, D), gc=gc2, A=square(), Akk=square(), **tables), gram,
               dict(scale=0.5))

    def output(q, v, gc, h, A, token_base, valid_len, out, scale):
        out = out.copy()
        for r in range(H * nt2):
            j, head = r % nt2, r // nt2
            o = (padded2(q, r) * np.exp(gc[r])) @ h[r] * scale + A[r] @ v[r]
            out[base2[j]:base2[j] + valid2[j], head] = o[:valid2[j]]
        return out

    yield Case(FILE, "chunk_fwd_o_diag_anchored_varlen_helion",
               dict(q=f32(t2, H, D), v=f32(H * nt2, C2, DV), gc=gc2, h=f32(H * nt2, D, DV), A=np.tril(f32(H * nt2, C2, C2)).astype(np.float32),
                    out=np.zeros((t2, H, DV), np.float32), **tables), output, dict(scale=0.5))


def all_cases():
    return [c for g in (steps, dense, varlen) for c in g()]
