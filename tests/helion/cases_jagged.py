"""Rows of different lengths: offsets, groups, segments, experts."""

import numpy as np
from formulas import f32, sigmoid, softmax
from harness import Case


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
