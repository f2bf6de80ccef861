#!/usr/bin/env python3
"""llama.py FILE PARAMETERS BATCH STEP [OPTION..]: cross entropy of 16 known tokens by prefill_bsN, by decode_bsN token after token, or by both, eight tokens each, the
cache carried from call to call; and, for a batch, that its rows agree.  Expected figures and tolerances are the collection's own (llama3.1/test_llama.py, test_llama_batched.py)."""
import math
import os
import sys
import tempfile

import sharktank

IDS = [0, 208, 214, 29, 19, 86, 176, 120, 120, 80, 120, 208, 37, 157, 191, 137]
BLOCK, PAGES, PAGE = 32, 128, 32 * 768
VOCABULARY = 256
file, parameters, batch, step, more = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:]
is_batched = os.path.basename(file) != "toy_llama.mlir"
EXPECTED = {"prefill": (0.589, 0.1), "decode": (0.589, 0.1) if is_batched else (0.582, 0.01), "both": (0.589, 0.1), "rows": None}


class Llama:
    def __init__(self, scratch):
        self.scratch = scratch
        self.cache = os.path.join(scratch, "cache.npy")
        sharktank.write_npy(self.cache, "f2", (PAGES, PAGE), bytes(2 * PAGES * PAGE))

    def ints(self, name, rows):
        """The same row for each of the batch."""
        path = os.path.join(self.scratch, name + ".npy")
        shape = (batch, len(rows)) if isinstance(rows, list) else (batch,)
        sharktank.write_npy(path, "i8", shape, (rows if isinstance(rows, list) else [rows]) * batch)
        return path

    def call(self, function, inputs):
        logits, cache = os.path.join(self.scratch, "logits.npy"), os.path.join(self.scratch, "next.npy")
        named = {f"arg{i}": path for i, path in enumerate(inputs + [self.cache])}
        sharktank.run(file, f"{function}_bs{batch}", parameters, named, {"result0": logits, "result1": cache}, more)
        os.replace(cache, self.cache)
        shape, values = sharktank.read_npy(logits)
        assert shape[0] == batch and shape[2] == VOCABULARY, shape
        per_row = [[values[(b * shape[1] + t) * VOCABULARY:][:VOCABULARY] for t in range(shape[1])] for b in range(batch)]
        for row in per_row[1:]:
            for x, y in zip(per_row[0], row):
                assert all(abs(p - q) <= 1e-2 + 1e-2 * abs(q) for p, q in zip(x, y)), "rows of the batch differ"
        return per_row[0]

    def prefill(self, ids):
        padded = ids + [0] * (-len(ids) % BLOCK)
        return self.call("prefill", [self.ints("ids", padded), self.ints("length", len(ids)), self.ints("pages", list(range(len(padded) // BLOCK)))])[:len(ids)]

    def decode(self, ids, start):
        pages = self.ints("pages", list(range((len(ids) + start) // BLOCK + 1)))
        return [self.call("decode", [self.ints("ids", [token]), self.ints("length", at + 1), self.ints("start", at), pages])[0] for at, token in enumerate(ids, start)]


def cross_entropy(logits, targets):
    return sum(math.log(sum(map(math.exp, row))) - row[t] for row, t in zip(logits, targets)) / len(targets)


with tempfile.TemporaryDirectory() as scratch:
    llama, half = Llama(scratch), len(IDS) // 2
    if step == "rows":
        llama.prefill(IDS)
        llama.decode(IDS[:5], 0)
        print(f"llama bs{batch} rows: all within 1e-2")
        sys.exit(0)
    logits = llama.prefill(IDS) if step == "prefill" else llama.decode(IDS, 0) if step == "decode" else llama.prefill(IDS[:half]) + llama.decode(IDS[half:], half)
entropy, (want, tolerance) = cross_entropy(logits[:-1], IDS[1:]), EXPECTED[step]
print(f"llama bs{batch} {step}: cross entropy {entropy:.4f}, expected {want} within {tolerance:.0%}")
sys.exit(not abs(entropy - want) <= tolerance * want)
