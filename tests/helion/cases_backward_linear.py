"""The backward kernels of Helion's linear-attention engine: chunks of C rows, keys of D, values of DV channels, log-decays g along the chunk.

Formulas work on arrays [.., C, D]; `t` transposes the last two dims, `tri` is 1 where a row sees a column."""

import numpy as np
from cases_linear import FILE, decay, f32
from harness import Case

BH, N, C, D, DV = 2, 3, 8, 6, 5
BHN = BH * N
tri = np.tril(np.ones((C, C)))
strict = np.tril(np.ones((C, C)), -1)


def t(x):
    return x.swapaxes(-1, -2)


def pair(g):
    """exp(g_row - g_column)."""
    return np.exp(g[..., :, None] - g[..., None, :])


def delta():
    def dstate(q, k, w, do, dh0, g_cs=None, decay_last=None, scalar_decay=False, scale=1.0):
        future, dvni, dS = np.zeros((BH, N, D, DV)), np.zeros((BH, N, C, DV)), dh0
        for i in reversed(range(N)):
            future[:, i] = dS
            attn, kS, carry, o = tri * (q[:, i] @ t(k[:, i])), k[:, i] @ dS, dS, do[:, i] * scale
            back = o
            if scalar_decay:
                g, last = g_cs[:, i], decay_last[:, i]
                attn, kS = attn * pair(g), kS * np.exp(last[:, None] - g)[..., None]
                carry, back = dS * np.exp(last)[:, None, None], o * np.exp(g)[..., None]
            dvni[:, i] = t(attn) @ o + kS
            dS = carry + t(q[:, i]) @ back - t(w[:, i]) @ dvni[:, i]
        return future, dvni

    def dqkw(q, k, h, v_new, do, dvni, dS_future, g_cs=None, decay_last=None, scalar_decay=False, scale=1.0):
        do = do * scale
        dattn, cross, state = tri * (do @ t(v_new)), do @ t(h), v_new @ t(dS_future)
        if scalar_decay:
            dattn, cross = dattn * pair(g_cs), cross * np.exp(g_cs)[..., None]
            state = state * np.exp(decay_last[:, None] - g_cs)[..., None]
        dq, dk = dattn @ k + cross, t(dattn) @ q + state
        dg = (dq * q).sum(-1) - (dk * k).sum(-1) if scalar_decay else np.zeros((BHN, C))
        last = np.exp(decay_last) * (h * dS_future).sum((1, 2)) + (state * k).sum((1, 2)) if scalar_decay else np.zeros(BHN)
        return -dvni @ t(h), dq, dk, dg, last

    def wy(k, v, beta, A_inv, dW, dvni, g_cs=None, scalar_decay=False):
        b, e = beta[..., None], np.exp(g_cs)[..., None] if scalar_decay else 1.0
        L = tri * pair(g_cs) if scalar_decay else np.ones((C, C))
        T = t(A_inv)
        dinv = dvni @ t(b * v) + dW @ t(b * e * k)
        d_bv, d_ba = T @ dvni, T @ dW
        dA = -strict * (T @ dinv @ T)
        kk = k @ t(k)
        dbeta = (d_bv * v).sum(-1) + (d_ba * k * e).sum(-1) + (dA * kk * L).sum(-1)
        dLL = dA * b * kk * L
        dg = (d_ba * b * e * k).sum(-1) + dLL.sum(-1) - dLL.sum(-2) if scalar_decay else np.zeros((BHN, C))
        return b * dA * L, b * d_bv, dbeta, d_ba * e, dg

    rows = lambda *s: f32(*s, scale=0.5)
    for on in (False, True):
        mode = dict(scalar_decay=on)
        g = decay(BH, N, C) if on else None
        last = g[..., -1] if on else None
        yield Case(FILE, "chunk_bwd_dstate_delta_helion",
                   dict(q=rows(BH, N, C, D), k=rows(BH, N, C, D), w=rows(BH, N, C, D), do=rows(BH, N, C, DV), dh0=rows(BH, D, DV), g_cs=g, decay_last=last),
                   dstate, dict(mode, scale=0.5))
        g = decay(BHN, C) if on else None
        last = g[:, -1] if on else None
        yield Case(FILE, "chunk_bwd_dqkw_delta_helion",
                   dict(q=rows(BHN, C, D), k=rows(BHN, C, D), h=rows(BHN, D, DV), v_new=rows(BHN, C, DV), do=rows(BHN, C, DV), dvni=rows(BHN, C, DV),
                        dS_future=rows(BHN, D, DV), g_cs=g, decay_last=last), dqkw, dict(mode, scale=0.5))
        yield Case(FILE, "chunk_bwd_wy_dL_delta_helion",
                   dict(k=rows(BHN, C, D), v=rows(BHN, C, DV), beta=np.abs(rows(BHN, C)), A_inv=rows(BHN, C, C), dW=rows(BHN, C, D), dvni=rows(BHN, C, DV), g_cs=g),
                   wy, mode)
    yield Case(FILE, "chunk_bwd_dk_delta_helion",
               dict(k=rows(BHN, C, D), dL=rows(BHN, C, C), d_ba=rows(BHN, C, D), beta=np.abs(rows(BHN, C)), dk_as=rows(BHN, C, D)),
               lambda k, dL, d_ba, beta, dk_as: dk_as + d_ba * beta[..., None] + dL @ k + t(dL) @ k)


def kda():
    rows = lambda *s: f32(*s, scale=0.5)

    def output(q, v_new, h, Aqk, gc, do, scale):
        e = np.exp(gc)
        dqg = scale * do @ t(h)
        return dqg * e, dqg * q * e, t(q * e) @ (scale * do), tri * (scale * do @ t(v_new)), t(Aqk) @ do

    yield Case(FILE, "chunk_bwd_o_kda_helion",
               dict(q=rows(BHN, C, D), v_new=rows(BHN, C, DV), h=rows(BHN, D, DV), Aqk=rows(BHN, C, C), gc=decay(BHN, C, D), do=rows(BHN, C, DV)), output, dict(scale=0.5))

    def du(k, w, gc, dv_new_out, dh_all, dS_scratch):
        out, save, dS = np.zeros((BH, N, C, DV)), np.zeros((BH, N, D, DV)), dS_scratch
        for i in reversed(range(N)):
            save[:, i] = dS
            last = gc[:, i, -1]
            out[:, i] = (k[:, i] * np.exp(last[:, None] - gc[:, i])) @ dS + dv_new_out[:, i]
            dS = np.exp(last)[..., None] * dS - t(w[:, i]) @ out[:, i] + dh_all[:, i]
        return out, save

    yield Case(FILE, "chunk_bwd_state_du_kda_helion",
               dict(k=rows(BH, N, C, D), w=rows(BH, N, C, D), gc=decay(BH, N, C, D), dv_new_out=rows(BH, N, C, DV), dh_all=rows(BH, N, D, DV), dS_scratch=rows(BH, D, DV)), du)

    def dwk(k, gc, h_all, v_new, du, dS_save):
        last = gc[..., -1:, :]
        e = np.exp(last - gc)
        scaled = v_new @ t(dS_save)
        dgc = -(scaled * k * e)
        dgc[..., -1, :] += (dS_save * h_all).sum(-1) * np.exp(last[..., 0, :]) + (scaled * k * e).sum(-2)
        return -du @ t(h_all), scaled * e, dgc

    yield Case(FILE, "chunk_bwd_state_dwk_kda_helion",
               dict(k=rows(BH, N, C, D), gc=decay(BH, N, C, D), h_all=rows(BH, N, D, DV), v_new=rows(BH, N, C, DV), du=rows(BH, N, C, DV), dS_save=rows(BH, N, D, DV)), dwk)

    def wu(Tinv, k, v, beta, gc, Akk, dw, du):
        b, e, T = beta[..., None], np.exp(gc), t(Tinv)
        dT = dw @ t(b * e * k) + du @ t(b * v)
        dkbg, dvb = T @ dw, T @ du
        dN = strict * (T @ dT @ T)
        return dkbg * b * e, dkbg * k * b * e, dvb * b, (dkbg * k * e).sum(-1) + (dvb * v).sum(-1) + (-dN * Akk).sum(-1), -dN * b

    yield Case(FILE, "chunk_bwd_wu_kda_helion",
               dict(Tinv=rows(BHN, C, C), k=rows(BHN, C, D), v=rows(BHN, C, DV), beta=np.abs(rows(BHN, C)), gc=decay(BHN, C, D), Akk=rows(BHN, C, C),
                    dw=rows(BHN, C, D), du=rows(BHN, C, DV)), wu)

    def gram(q, k, gc, dAqk, dAkk, scale):
        rows = q.shape[1]
        a, b = dAqk * np.tril(np.ones((rows, rows))), dAkk * np.tril(np.ones((rows, rows)), -1)
        e = np.exp(gc[:, :, None] - gc[:, None, :])   # [.., row, column, channel]
        dq = np.einsum("brc,bcd,brcd->brd", a, k, e)
        dkr = np.einsum("brc,bcd,brcd->brd", b, k, e)
        dkc = np.einsum("brc,brd,brcd->bcd", a, q * scale, e) + np.einsum("brc,brd,brcd->bcd", b, k, e)
        return dq, dkr + dkc, dq * q * scale + dkr * k - dkc * k

    rows32 = 32   # two of the kernel's blocks of 16 rows
    yield Case(FILE, "chunk_bwd_gram2_kda_helion",
               dict(q=rows(2, rows32, D), k=rows(2, rows32, D), gc=decay(2, rows32, D), dAqk=rows(2, rows32, rows32), dAkk=rows(2, rows32, rows32)), gram, dict(scale=0.5))


def gated():
    rows = lambda *s: f32(*s, scale=0.5)

    def dh(q, do, g_last, dh_init, gc=None, use_g=True, scalar_decay=False, diag_anchored=False, scale=1.0):
        out, acc = np.zeros((BH, N, D, DV)), dh_init
        for i in reversed(range(N)):
            out[:, i] = acc
            if scalar_decay:
                acc, qi = acc * np.exp(g_last[:, i])[:, None, None], q[:, i] * scale * np.exp(gc[:, i])[..., None]
            elif diag_anchored:
                acc, qi = acc * np.exp(gc[:, i, -1])[..., None], q[:, i] * scale * np.exp(gc[:, i])
            elif use_g:
                acc, qi = acc * np.exp(g_last[:, i])[..., None], q[:, i]
            else:
                qi = q[:, i] * scale
            acc = acc + t(qi) @ do[:, i]
        return out

    common = lambda: dict(q=rows(BH, N, C, D), do=rows(BH, N, C, DV), dh_init=rows(BH, D, DV))
    modes = [(dict(), -np.abs(f32(BH, N, D)), None), (dict(use_g=False), f32(BH, N, D), None),
             (dict(scalar_decay=True), -np.abs(f32(BH, N)), decay(BH, N, C)), (dict(diag_anchored=True), f32(BH, N, D), decay(BH, N, C, D))]
    for mode, last, gc in modes:
        yield Case(FILE, "chunk_bwd_dh_diag_fused", dict(common(), g_last=last, gc=gc), dh, dict(mode, scale=0.5))

    def dqk(q, k, v, g_cs, g_last, h, do, dh, use_g=True, scale=1.0):
        dA, cross, state = tri * (do @ t(v)), do @ t(h), v @ t(dh)
        if use_g:
            dA, cross, state = dA * pair(g_cs), cross * np.exp(g_cs)[..., None], state * np.exp(g_last[:, None] - g_cs)[..., None]
            return dA @ k + cross, t(dA) @ q + state
        return (dA @ k + cross) * scale, t(dA) @ (q * scale) + state

    per_chunk = lambda: dict(q=rows(BHN, C, D), k=rows(BHN, C, D), v=rows(BHN, C, DV), h=rows(BHN, D, DV), do=rows(BHN, C, DV), dh=rows(BHN, D, DV))
    for use_g in (True, False):
        g = decay(BHN, C) if use_g else None
        yield Case(FILE, "chunk_bwd_dqk_helion", dict(per_chunk(), g_cs=g, g_last=g[:, -1] if use_g else None), dqk, dict(use_g=use_g, scale=0.5))

    def dqkg(q, k, v, g_cs, h, do, dh, g_last=None, diag_anchored=False, compute_dg=True, scale=1.0):
        dA, cross = tri * (do @ t(v)), do @ t(h)
        if diag_anchored:
            e, last = np.exp(g_cs), g_cs[:, -1]
            state = v @ t(dh) * np.exp(last[:, None] - g_cs)
            dq, dk = scale * e * (dA @ (k / e) + cross), scale / e * (t(dA) @ (q * e)) + state
        else:
            last = g_last[:, None]
            dA = dA * pair(g_cs)
            state = v @ t(dh) * np.exp(last - g_cs)[..., None]
            dq, dk = scale * (dA @ k + np.exp(g_cs)[..., None] * cross), scale * (t(dA) @ q) + state
        dg = dq * q - dk * k
        dg[:, -1] += np.exp(last) * (h * dh).sum(-1) + (state * k).sum(1)
        return dq, dk, np.cumsum(dg[:, ::-1], 1)[:, ::-1] if compute_dg else np.zeros_like(dg)

    for anchored, compute in ((False, True), (True, True), (False, False)):
        g = decay(BHN, C, D) if anchored else decay(BHN, C)
        yield Case(FILE, "chunk_bwd_dqkg_scalar_helion", dict(per_chunk(), g_cs=g, g_last=None if anchored else g[:, -1]), dqkg,
                   dict(diag_anchored=anchored, compute_dg=compute, scale=0.5))

    def dv(q, k, k_state, g_cs, do, dh, g_last=None, A=None, use_g=True, scalar_decay=False, diag_anchored=False, scale=1.0):
        attn, state = tri * (q @ t(k)), k_state @ dh
        if scalar_decay:
            attn, state = attn * pair(g_cs) * scale, np.exp(g_last[:, None] - g_cs)[..., None] * (k @ dh)
        elif diag_anchored:
            attn, state = A, (k * np.exp(g_cs[:, -1:] - g_cs)) @ dh
        else:
            attn = attn * (pair(g_cs) if use_g else scale)
        return t(attn) @ do + state

    chunk = lambda: dict(q=rows(BHN, C, D), k=rows(BHN, C, D), k_state=rows(BHN, C, D), do=rows(BHN, C, DV), dh=rows(BHN, D, DV))
    g, gd = decay(BHN, C), decay(BHN, C, D)
    for mode, extra in ((dict(), dict(g_cs=g)), (dict(use_g=False), dict(g_cs=None)), (dict(scalar_decay=True), dict(g_cs=g, g_last=g[:, -1])),
                        (dict(diag_anchored=True), dict(g_cs=gd, A=rows(BHN, C, C)))):
        yield Case(FILE, "chunk_bwd_dv_helion", dict(chunk(), **extra), dv, dict(mode, scale=0.5))


def all_cases():
    return [c for g in (delta, kda, gated) for c in g()]
