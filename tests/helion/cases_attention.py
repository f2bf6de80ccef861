"""Attention."""

import math

import numpy as np
from formulas import f32, rng, softmax, scores, lse_of
from harness import Case


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


def flex_attention():
    """score_mod and mask_mod are functions of the command line; each row of blocks sees some blocks of keys, listed as full or as masked ones."""
    b, h, m, n, d, bm, bn = 1, 2, 9, 11, 8, 4, 4
    rows, cols = -(-m // bm), -(-n // bn)
    full, part = np.full((b, h, rows), 1, np.int32), np.full((b, h, rows), 2, np.int32)
    full_at, part_at = np.zeros((b, h, rows, cols), np.int32), np.zeros((b, h, rows, cols), np.int32)
    seen = np.zeros((b, h, m, n), bool)
    for head in range(h):
        for row in range(rows):
            at = rng.permutation(cols) * bn
            full_at[0, head, row, 0], part_at[0, head, row, :2] = at[0], at[1:3] if row else at[[2, 2]]
            part[0, head, row] = 2 if row else 1
            for block in {at[0], at[1], at[2]} if row else {at[0], at[2]}:
                seen[0, head, row * bm:row * bm + bm, block:block + bn] = True
    inputs = dict(query=f32(b, h, m, d), key=f32(b, h, n, d), value=f32(b, h, n, d), block_mask_kv_num_blocks=part, block_mask_kv_indices=part_at,
                  block_mask_full_kv_num_blocks=full, block_mask_full_kv_indices=full_at)

    def formula(query, key, value, scale, **rest):
        head, row = np.arange(h)[:, None, None], np.arange(m)[:, None]
        s = np.tanh(query @ key.transpose(0, 1, 3, 2) * scale) * 2 + head * 0.25 - row * 0.125
        s = np.where(seen, s, -np.inf)
        most = s.max(-1, keepdims=True)
        p = np.exp(s - most)
        lse = most[..., 0] * 1.44269504 + np.log(p.sum(-1))   # upstream leaves the maximum in base 2
        return p / p.sum(-1, keepdims=True) @ value, lse

    yield Case("flex_attention.py", "helion_flex_attention_kernel", inputs, formula,
               {"block_mask_m": bm, "block_mask_n": bn, "scale": 0.5, "score_mod": "lambda s, b, h, m, n: torch.tanh(s) * 2 + h * 0.25 - m * 0.125",
                "block_mask_mask_mod": "lambda b, h, m, n: h >= 0"}, blocks=False, words=["--block-sizes", "2,3"])
