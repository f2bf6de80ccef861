"""Losses over rows of logits."""

import numpy as np
from formulas import rng, f32, softmax, log_softmax
from harness import Case


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
