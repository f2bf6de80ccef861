"""Gathers, dropout, rotary embeddings, state-space chunks."""

import numpy as np
from formulas import rng, f32
from harness import Case


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
