#!/usr/bin/env python3
"""clip.py ASSETS f32|bf16 [OPTION..]: the text model on the archived input; the cosine of each token with the expected state is 1 within the collection's own tolerance
(clip/test_clip.py: f32 1e-5, bf16 1e-3)."""
import math
import os
import sys
import tempfile

import sharktank

TOLERANCE = {"f32": 1e-5, "bf16": 1e-3}
directory, kind = sys.argv[1], sys.argv[2]
with tempfile.TemporaryDirectory() as scratch:
    out = os.path.join(scratch, "out.npy")
    sharktank.run(f"{directory}/{kind}.mlir", "forward_bs4", f"{directory}/{kind}_parameters.irpa", {"arg0": f"{directory}/forward_bs4_arg0_input_ids.irpa"}, {"result0": out}, sys.argv[3:])
    shape, got = sharktank.read_npy(out)
want = sharktank.read_irpa(f"{directory}/forward_bs4_expected_result0_last_hidden_state_f32.irpa", "f4")
width, worst = shape[-1], 0.0
assert len(got) == len(want), (shape, len(want))
for i in range(0, len(got), width):
    a, b = got[i:i + width], want[i:i + width]
    cosine = sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    worst = max(worst, abs(cosine - 1))
largest = max(abs(x - y) for x, y in zip(got, want))
print(f"clip {kind}: {len(got) // width} tokens, cosine within {worst:.2e} of 1, largest difference {largest:.2e}")
sys.exit(not worst <= TOLERANCE[kind])
