#!/usr/bin/env python3
"""stage0_dumps.py LOOM-DATAFLOW HELION-MLIR [--loom LOOM]

Upstream's six stage-0 dumps (LOOM-DATAFLOW/examples/*/IR/00_from_helion_frontend.mlir), their sizes made small in the text, on the host, and the
stage-0 that Loom itself makes of the same kernels (HELION-MLIR/examples/scripts), in the loom and in the helion form, on the same inputs.  The
results are compared with the reference interpreter on the kernel's source, within its own bound for f16 at every step
(`loom run --interp --accumulate f16 --expect`); of the helion form the interpreter also gives the bits that it gives for the source."""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

rng = np.random.default_rng(17)


def f16(*shape):
    return rng.standard_normal(shape).astype(np.float16)


class Dump:
    """sizes: old -> new, of every whole number in the text; inputs: of the source; views: of the dump's arguments, from the inputs."""

    def __init__(self, folder, script, function, sizes, inputs, views, blocks, result=lambda out: out):
        self.folder, self.script, self.function, self.sizes = folder, script, function, sizes
        self.inputs, self.views, self.blocks, self.result = inputs, views, blocks, result

    def text(self, root):
        """The module with the new sizes; strides in its types follow from the sizes of the arguments."""
        s = (root / "examples" / self.folder / "IR" / "00_from_helion_frontend.mlir").read_text()
        new = lambda n: self.sizes.get(n, n)
        strides = {}
        for dims in re.findall(r"%\w+: memref<([\dx]+)xf16>", s):
            dims = [int(d) for d in dims.split("x")]
            for i in range(1, len(dims)):
                old, now = math.prod(dims[i:]), math.prod(new(d) for d in dims[i:])
                assert strides.setdefault(old, now) == now, f"{self.folder}: stride {old} has two meanings"
        s = re.sub(r"strided<\[([^]]*)\]", lambda m: "strided<[" + re.sub(r"\d+", lambda n: f"@{strides.get(int(n[0]), int(n[0]))}@", m[1]) + "]", s)
        s = re.sub(r"(?<![\w%@.#])(\d+)(?![\w@.])|(?<![\w%@.#])(\d+)(?=x)|(?<=x)(\d+)(?=x)", lambda m: str(new(int(m[0]))), s)
        return s.replace("@", "") if not re.search(r"@[a-z]", s) else re.sub(r"@(\d+)@", r"\1", s)


def dumps():
    x, y = f16(32, 24), f16(24, 24)
    yield Dump("mm", "matmul.py", "matmul", {2048: 32, 256: 24}, dict(x=x, y=y), dict(x=x, y=y), "tile_m=8,tile_n=12,tile_k=6")
    x, y = f16(8, 24, 20), f16(8, 20, 24)
    yield Dump("bmm_2Dmesh", "batch_matmul.py", "batch_matmul", {4096: 24, 512: 20}, dict(x=x, y=y), dict(arg0=x, arg1=y),
               "tile_b=2,tile_m=8,tile_n=12,tile_k=5")
    q, k, v = f16(32, 24, 128), f16(32, 24, 128), f16(32, 24, 128)
    yield Dump("flashattn", "flash_attention.py", "attention", {4096: 24}, dict(q_in=q, k_in=k, v_in=v),
               dict(q_view=q, k_view=k.transpose(0, 2, 1), v_view=v), "tile_b=4,tile_m=8,tile_n=6")
    q, k, v = f16(16, 1, 32, 128), f16(16, 1, 64, 128), f16(16, 1, 64, 128)
    yield Dump("mqa_decode", "mqa_decode.py", "flash_decode", {8192: 64}, dict(q_in=q, k_in=k, v_in=v),
               dict(q_view=q[:, 0], k_view=k[:, 0].transpose(0, 2, 1), v_view=v[:, 0]), "tile_b=2,tile_s=16,tile_n=8")
    a, b = f16(24, 64), f16(64, 24)
    yield Dump("split_k_mm_gather", "matmul_split_k_gather.py", "split_k_matmul_gather", {4096: 64, 512: 24}, dict(a=a, b=b), dict(a=a, b=b),
               "tile_m=8,tile_n=12,tile_k=16")
    batch, chunks, size, heads, groups, dim, state = 2, 8, 12, 32, 4, 10, 6
    cb, x, dt = f16(batch, chunks, groups, size, size), f16(batch, chunks * size, heads, dim), np.abs(f16(batch, heads, chunks, size))
    decay = -np.cumsum(np.abs(f16(batch, heads, chunks, size)) * 0.1, -1).astype(np.float16)
    C, states, D = f16(batch, chunks * size, groups, state), f16(batch, chunks, heads, dim, state), f16(heads)
    yield Dump("mamba_chunk_scan", "mamba_chunk_scan.py", "helion_mamba2_chunk_scan_kernel", {192: 12, 1536: 96, 160: 10, 128: 6},
               dict(cb=cb, x=x, dt=dt, dA_cumsum=decay, C=C, prev_states=states, D=D),
               dict(cb=cb, x=x.transpose(0, 2, 1, 3), dt=dt, dA_cumsum=decay, C=C.transpose(0, 2, 1, 3), D=D, prev_states_T=states.transpose(0, 1, 2, 4, 3)),
               "tile_m=4,tile_n=5,tile_k=4,tile_c=1,tile_b=1,tile_h=1")


def run(loom, *words):
    p = subprocess.run([loom, *map(str, words)], capture_output=True, text=True)
    errors = [l for l in p.stderr.splitlines() if "error:" in l]
    return p.returncode, p.stdout, errors[0] if errors else p.stderr[:300]


def check(loom, d, args, folder):
    """What is wrong, or None."""
    given, viewed = [], []
    for name, a in d.inputs.items():
        np.save(folder / f"in_{name}.npy", a)
        given += ["--input", f"{name}={folder / f'in_{name}.npy'}"]
    for name, a in d.views.items():
        np.save(folder / f"view_{name}.npy", np.ascontiguousarray(a))
        viewed += ["--input", f"{name}={folder / f'view_{name}.npy'}"]
    source = [args.helion_mlir / "examples" / "scripts" / d.script, "--function", d.function, *given]
    blocks = ["--block-sizes", d.blocks]
    (folder / "dump.mlir").write_text(d.text(args.loom_dataflow))
    code, _, error = run(loom, "run", folder / "dump.mlir", "--machine", "host", *viewed, *blocks, "--output", f"0={folder / 'dump.npy'}")
    if code:
        return f"dump: exit {code}: {error}"
    code, text, error = run(loom, "compile", *source, "--machine", "wormhole", "--emit", "stage0")
    form, flat = "upstream's form", given
    if code == 7:   # no spatial form yet: the one for processors, whose memory has one dimension and whose block sizes are in the text
        code, text, error = run(loom, "run", *source, "--machine", "host", *blocks, "--emit", "stage0")
        form, flat, blocks_of_own = "loops", [], []
        for name, a in d.inputs.items():
            np.save(folder / f"flat_{name}.npy", a.reshape(-1))
            flat += ["--input", f"{name}={folder / f'flat_{name}.npy'}"]
    else:
        blocks_of_own = blocks
    if code:
        return f"own stage-0: exit {code}: {error}"
    (folder / "own.mlir").write_text(text)
    code, _, error = run(loom, "run", folder / "own.mlir", "--machine", "host", *blocks_of_own, *flat, "--output", f"0={folder / 'own.npy'}")
    if code:
        return f"own stage-0 as input: exit {code}: {error}"
    d.shown = f", own stage-0 in {form};"
    code, text, error = run(loom, "compile", *source, "--machine", "host", "--emit", "stage0", "--stage0-form=helion")
    if code:
        return f"the helion form: exit {code}: {error}"
    (folder / "helion.mlir").write_text(text)
    for words, name in ((["--machine", "host"], "helion"), (["--interp"], "helion_interp")):
        code, _, error = run(loom, "run", folder / "helion.mlir", *words, *blocks, *given, "--output", f"0={folder / name}.npy")
        if code:
            return f"the helion form as input ({words}): exit {code}: {error}"
    code, out, error = run(loom, "run", *source, "--interp", *blocks, "--output", f"0={folder / 'want.npy'}")
    if code:
        return f"interpreter: exit {code}: {error}"
    want = np.load(folder / "want.npy")
    if (folder / "want.npy").read_bytes() != (folder / "helion_interp.npy").read_bytes():
        return "the interpreter gives other bits for the helion form than for the source"
    for which in ("dump", "own", "helion"):
        got = np.load(folder / f"{which}.npy").reshape(want.shape) if which != "dump" else d.result(np.load(folder / f"{which}.npy")).reshape(want.shape)
        np.save(folder / "got.npy", got)
        code, text, error = run(loom, "run", *source, "--interp", "--accumulate", "f16", *blocks, "--expect", f"0={folder / 'got.npy'}")
        if code or " 0 of " not in text:
            return f"{which}: exit {code}: {error} {text.strip().splitlines()[-1:]}"
        d.shown += f"  {which}: " + re.search(r"max error ([^;]*)", text)[1]
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("loom_dataflow", type=pathlib.Path)
    p.add_argument("helion_mlir", type=pathlib.Path)
    p.add_argument("--loom", default="loom")
    args = p.parse_args()
    wrong = 0
    for d in dumps():
        with tempfile.TemporaryDirectory() as folder:
            problem = check(args.loom, d, args, pathlib.Path(folder))
        wrong += problem is not None
        print(f"{d.folder:20} {problem or 'same' + d.shown}")
    print(f"{6 - wrong} of 6 dumps and our own stage-0 give the results of their kernels")
    return wrong > 0


sys.exit(main())
