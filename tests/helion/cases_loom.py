"""The kernels of ecolab-nus/helion-mlir (its folder examples/scripts): f16 with f16 accumulators, the explicit `broadcast` and `gather`."""

import numpy as np
from formulas import scores, softmax
from harness import Case

rng = np.random.default_rng(13)
FOLDER = "examples/scripts/"


def f16(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float16)


def case(file, function, inputs, formula):
    return Case(FOLDER + file, function, inputs, formula, coarsest="f16")


def all_cases():
    product = lambda a, b: a @ b
    yield case("matmul.py", "matmul", dict(x=f16(24, 16), y=f16(16, 40)), lambda x, y: x @ y)
    yield case("batch_matmul.py", "batch_matmul", dict(x=f16(3, 13, 11), y=f16(3, 11, 7)), lambda x, y: x @ y)
    # Adds the first block of K alone, to memory that nothing has set: there is no formula.
    yield case("matmul_split_k.py", "split_k_matmul", dict(a=f16(13, 33), b=f16(33, 11)), None)
    yield case("matmul_split_k_barrier.py", "split_k_matmul", dict(a=f16(13, 33), b=f16(33, 11)), product)
    yield case("matmul_split_k_gather.py", "split_k_matmul_gather", dict(a=f16(13, 33), b=f16(33, 11)), product)
    yield case("flash_attention.py", "attention", dict(q_in=f16(3, 19, 16), k_in=f16(3, 27, 16), v_in=f16(3, 27, 16)),
               lambda q_in, k_in, v_in: softmax(scores(q_in, k_in)) @ v_in)

    def decode(q_in, k_in, v_in):
        """All heads of a query share the keys and values of their batch."""
        return softmax(scores(q_in[:, 0], k_in[:, 0]))[:, None] @ v_in

    yield case("mqa_decode.py", "flash_decode", dict(q_in=f16(2, 1, 4, 8), k_in=f16(2, 1, 23, 8), v_in=f16(2, 1, 23, 8)), decode)

    batch, chunks, size, heads, dim, state = 2, 2, 16, 4, 8, 4
    decay = -np.cumsum(np.abs(f16(batch, heads, chunks, size)) * 0.1, -1).astype(np.float16)

    def scan(cb, x, dt, dA_cumsum, C, prev_states, D, blocks=None):
        """Its causal mask is as coarse as a block of rows: row m sees the columns before the end of its block."""
        block = blocks[0] if blocks else size
        seen = np.arange(size) < (np.arange(size)[:, None] // block + 1) * block
        out = np.zeros((batch, heads, chunks * size, dim))
        for b, c, h in np.ndindex(batch, chunks, heads):
            rows, a = slice(c * size, (c + 1) * size), dA_cumsum[b, h, c]
            w = np.where(seen, cb[b, c, 0] * np.exp(a[:, None] - a) * dt[b, h, c], 0)
            out[b, h, rows] = w @ x[b, rows, h] + np.exp(a)[:, None] * (C[b, rows, 0] @ prev_states[b, c, h].T) + D[h] * x[b, rows, h]
        return out

    yield case("mamba_chunk_scan.py", "helion_mamba2_chunk_scan_kernel",
               dict(cb=f16(batch, chunks, 1, size, size), x=f16(batch, chunks * size, heads, dim), dt=np.abs(f16(batch, heads, chunks, size)), dA_cumsum=decay,
                    C=f16(batch, chunks * size, 1, state), prev_states=f16(batch, chunks, heads, dim, state), D=f16(heads)), scan)
