"""The backward kernels of Helion's examples: shapes, and the gradient each is a formula for."""

import math

import cases_backward_linear
import numpy as np
from formulas import f16, f32, rng, sigmoid, softmax
from harness import Case


def elementwise():
    yield Case("exp.py", "exp_bwd", dict(dy=f32(1023), exp_x=f32(1023)), lambda dy, exp_x: dy * exp_x)

    def geglu(grad_out, a, b):
        c = math.sqrt(2 / math.pi)
        t = np.tanh(c * (a + 0.044715 * a**3))
        slope = 0.5 * (1 + t) + 0.5 * a * (1 - t * t) * c * (1 + 3 * 0.044715 * a * a)
        return grad_out * b * slope, grad_out * 0.5 * a * (1 + t)

    yield Case("geglu.py", "geglu_bwd", dict(grad_out=f32(5, 7, 13), a=f32(5, 7, 13), b=f32(5, 7, 13)), geglu)
    yield Case("geglu.py", "geglu_bwd", dict(grad_out=f16(5, 7, 3), a=f16(5, 7, 3), b=f16(5, 7, 3)), geglu, coarsest="f16")

    def swiglu(gout, x1, x2):
        s = sigmoid(x1)
        return gout * x2 * (s + x1 * s * (1 - s)), gout * x1 * s

    yield Case("swiglu.py", "swiglu_bwd", dict(gout=f32(5, 7, 13), x1=f32(5, 7, 13), x2=f32(5, 7, 13)), swiglu)


def rows():
    def softmax_bwd(grad_output, softmax_output):
        return softmax_output * (grad_output - (grad_output * softmax_output).sum(-1, keepdims=True))

    yield Case("softmax.py", "softmax_bwd", dict(grad_output=f32(17, 61), softmax_output=softmax(f32(17, 61)).astype(np.float32)), softmax_bwd)

    def layer(grad_out, x, mean, rstd, weight, compute_bias_grad=True):
        xh = (x - mean[:, None]) * rstd[:, None]
        wdy = grad_out * weight
        dx = (wdy - xh * (xh * wdy).mean(-1, keepdims=True) - wdy.mean(-1, keepdims=True)) * rstd[:, None]
        return dx, (grad_out * xh).sum(0), grad_out.sum(0) if compute_bias_grad else None

    for bias in (True, False):
        x = f32(17, 23)
        yield Case("layer_norm.py", "layer_norm_bwd",
                   dict(grad_out=f32(17, 23), x=x, mean=x.mean(-1), rstd=1 / x.std(-1), weight=f32(23)), layer, dict(compute_bias_grad=bias))

    def rms(grad_out, x, weight, rsqrt):
        return weight * grad_out * rsqrt - x * rsqrt**3 * (weight * grad_out * x).mean(-1)[:, None], (x * grad_out * rsqrt).sum(0)

    x = f32(17, 23)
    yield Case("rms_norm.py", "rms_norm_bwd", dict(grad_out=f32(17, 23), x=x, weight=f32(23), rsqrt=1 / np.sqrt((x * x).mean(-1, keepdims=True))), rms)


def products():
    def gate(grad_out, x, s):
        return 2 * grad_out * x * s * (1 - s)

    n = 13
    common = dict(grad_out=f32(n, n), x=f32(n, n))
    s = sigmoid(f32(n, n)).astype(np.float32)
    yield Case("se_block.py", "se_block_bwd_dx", dict(**common, w=f32(n, n), s=s), lambda grad_out, x, w, s: 2 * grad_out * s + gate(grad_out, x, s) @ w.T)
    yield Case("se_block.py", "se_block_bwd_dw", dict(**common, s=s), lambda grad_out, x, s: x.T @ gate(grad_out, x, s))
    m, n, k = 8, 12, 5
    g, x, a, b = f32(m, n), f32(m, n), f32(n, k), f32(k, n)
    c = np.maximum(x @ a, 0).astype(np.float32)
    d = sigmoid(c @ b).astype(np.float32)
    inner = lambda grad_out, x, d: grad_out * x * d * (1 - d)
    file = "squeeze_and_excitation_net.py"
    yield Case(file, "squeeze_and_excitation_net_bwd_dx", dict(grad_out=g, x=x, a=a, b=b, c=c, d=d),
               lambda grad_out, x, a, b, c, d: grad_out * d + (inner(grad_out, x, d) @ b.T * (c > 0)) @ a.T)
    yield Case(file, "squeeze_and_excitation_net_bwd_da", dict(grad_out=g, x=x, b=b, c=c, d=d),
               lambda grad_out, x, b, c, d: x.T @ (inner(grad_out, x, d) @ b.T * (c > 0)))
    yield Case(file, "squeeze_and_excitation_net_bwd_db", dict(grad_out=g, x=x, d=d, c=c), lambda grad_out, x, d, c: c.T @ inner(grad_out, x, d))


def structured():
    def rope(grad_q_out, grad_k_out, cos, sin):
        def back(g):
            h = g.shape[-1] // 2
            c, s = cos[:, None], sin[:, None]
            a, b = g[..., :h], g[..., h:]
            return np.concatenate([a * c[..., :h] + b * s[..., h:], b * c[..., h:] - a * s[..., :h]], -1)
        return back(grad_q_out), back(grad_k_out)

    yield Case("rope.py", "rope_bwd", dict(grad_q_out=f32(2, 3, 5, 8), grad_k_out=f32(2, 1, 5, 8), cos=f32(2, 5, 8), sin=f32(2, 5, 8)), rope)

    def grpo(grad_output, logits, selected_logits, completion_ids, old_logp, ref_logp, advantages, completion_mask, lse, temperature, beta, eps_low, eps_high):
        logp = selected_logits - lse
        c1 = np.exp(logp - (logp if old_logp is None else old_logp))
        one = c1 * advantages[:, None]
        two = np.clip(c1, 1 - eps_low, 1 + eps_high) * advantages[:, None]
        dlogp = -one * (two >= one)
        if ref_logp is not None:
            dlogp = dlogp + beta * (1 - np.exp(ref_logp - logp))
        dlogp = dlogp * grad_output / temperature * (1 if completion_mask is None else completion_mask)
        out = np.zeros_like(logits)
        p = np.exp(logits[:, :-1] / temperature - lse[:, :, None])
        hit = np.arange(logits.shape[-1]) == completion_ids[:, :, None]
        out[:, :-1] = np.where(hit, dlogp[:, :, None] * (1 - p), -dlogp[:, :, None] * p)
        return out

    B, L, V = 2, 5, 33
    for full in (True, False):
        logits = f32(B, L + 1, V)
        lse = np.log(np.exp(logits[:, :-1] / 0.9).sum(-1)).astype(np.float32)
        logp = f32(B, L, scale=0.1)
        yield Case("grpo_loss.py", "grpo_loss_backward",
                   dict(grad_output=f32(B, L), logits=logits, selected_logits=lse + logp, completion_ids=rng.integers(0, V, (B, L)),
                        old_logp=logp + f32(B, L, scale=0.1) if full else None, ref_logp=logp + f32(B, L, scale=0.1) if full else None, advantages=f32(B),
                        completion_mask=np.ones((B, L), np.float32) if full else None, lse=lse), grpo, dict(temperature=0.9, beta=0.04, eps_low=0.2, eps_high=0.4))


def attention():
    yield Case("attention.py", "_attention_bwd_preprocess", dict(o_in=f32(2, 3, 5, 8), do_in=f32(2, 3, 5, 8)), lambda o_in, do_in: (o_in * do_in).sum(-1))
    yield Case("blackwell_attention.py", "_bwd_preprocess", dict(o_in=f32(1, 2, 5, 8), do_in=f32(1, 2, 5, 8)),
               lambda o_in, do_in: (o_in * do_in).sum(-1))

    def backward(q_in, k_in, v_in, o_in, lse_in, do_in, delta_in, sm_scale):
        p = np.exp2(q_in @ k_in.swapaxes(-1, -2) - lse_in[..., None])
        ds = p * (do_in @ v_in.swapaxes(-1, -2) - delta_in[..., None])
        return ds @ k_in * math.log(2), ds.swapaxes(-1, -2) @ q_in * sm_scale, p.swapaxes(-1, -2) @ do_in

    m, n, d = 12, 8, 4   # one head: the kernel wants blocks that divide the lengths of a head
    q, k, v, o, do = f32(1, 1, m, d), f32(1, 1, n, d), f32(1, 1, n, d), f32(1, 1, m, d), f32(1, 1, m, d)
    lse = np.log2(np.exp2(q @ k.swapaxes(-1, -2)).sum(-1)).astype(np.float32)
    yield Case("attention.py", "attention_backward", dict(q_in=q, k_in=k, v_in=v, o_in=o, lse_in=lse, do_in=do, delta_in=(o * do).sum(-1)),
               backward, dict(sm_scale=0.5), blocks=False)


def all_cases():
    return [c for g in (elementwise, rows, products, structured, attention) for c in g()] + cases_backward_linear.all_cases()
