"""Attention."""

import math

import numpy as np
from formulas import f32, softmax, scores, lse_of
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
