#!/usr/bin/env python3
"""Helion's example kernels with open sizes: tests/helion/open_sizes.py CHECKOUT [--loom build/loom] [--only NAME] [--require N] [--backward]

CHECKOUT is a clone of Helion's public repository.  Its kernels are read from a temporary copy in which every one says static_shapes=False.
Each is compiled once and run at the sizes of its example and, where its arguments are floats, at other sizes: larger ones, doubled ones,
halved ones.  A size that the kernel needs as a number keeps it.  A call is right when the code agrees with the interpreter on the artifact's
graph, and that graph gives the same results as the source read anew for these sizes; a call may also be refused by a guard.  The exit code is
0 when nothing is wrong and at least N kernels run at another shape.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile

import numpy as np

import cases
import cases_backward
import harness

OTHER_SIZES = (("larger", lambda n: n + 3), ("doubled", lambda n: 2 * n + 1), ("halved", lambda n: max(n // 2, 2)))
SMALL = (harness.Bf16, harness.Float8)  # floats that NumPy has no type for
MAKER = r"(helion\.(?:experimental\.)?(?:aot_)?kernel)"
WRAPS = r"\s*[A-Za-z_][\w.]*\s*[,)]"  # helion.kernel(fn, ..) and not helion.kernel(config=..)


def open_copy(checkout, folder):
    root = os.path.join(folder, "examples")
    shutil.copytree(os.path.join(checkout, "examples"), root)
    for at, _, files in os.walk(root):
        for name in (f for f in files if f.endswith(".py")):
            with open(os.path.join(at, name), encoding="utf-8") as f:
                text = f.read()
            text = re.sub(r"static_shapes=(True|False),?", "", text)
            text = re.sub(MAKER + rf"\((?!{WRAPS})", r"\1(static_shapes=False, ", text)
            text = re.sub(MAKER + r"\((\s*[A-Za-z_][\w.]*\s*)([,)])", r"\1(\2, static_shapes=False\3", text)
            text = re.sub(r"@(helion\.kernel)[ \t]*\n", r"@\1(static_shapes=False)\n", text)
            with open(os.path.join(at, name), "w", encoding="utf-8") as f:
                f.write(text)
    return root


def without_inputs(words):
    return [w for i, w in enumerate(words) if w != "--input" and words[i - 1] != "--input"]


def arguments(case):
    """(name, array, its type when that is a float: Loom's name or one of SMALL) of every argument of one dimension or more."""
    for name, array in case.inputs.items():
        values = array.values if isinstance(array, SMALL) else np.asarray(array)
        if array is not None and values.ndim:
            kind = type(array) if isinstance(array, SMALL) else {2: "f16", 4: "f32", 8: "f64"}[values.itemsize] if values.dtype.kind == "f" else None
            yield name, values, kind


def input_words(case, folder, size):
    """The example's contents, repeated or cut, at other sizes."""
    words = []
    for name, array, kind in arguments(case):
        path = os.path.join(folder, f"other_{name}.npy")
        moved = np.resize(array, [size(n) for n in array.shape])
        harness.save(path, kind(moved) if kind in SMALL else moved)
        words += ["--input", f"{name}={path}"]
    return words


def same(a, b, coarsest):
    a, b = np.load(a), np.load(b)
    close = lambda x, y: x.shape == y.shape and np.allclose(x, y, rtol=4 * harness.ROUNDOFF[coarsest], atol=4 * harness.ROUNDOFF[coarsest], equal_nan=True)
    return a.files == b.files and all(close(harness.load(a[k]), harness.load(b[k])) for k in b.files)


def run_other(loom, case, base, artifact, size, keep):
    """"ok", "refused: ..", or what is wrong.  Sizes that have to be numbers are added to `keep`."""
    folder = os.path.dirname(artifact)
    ours, anew = os.path.join(folder, "ours.npz"), os.path.join(folder, "anew.npz")
    while True:
        inputs = input_words(case, folder, lambda n: n if n == 1 or n in keep else size(n))
        r = harness.start([loom, "run", artifact, "--check"] + inputs)
        number = re.search(r"was compiled for (\d+)$", r.stderr, re.M)
        if r.returncode != 1 or not number or int(number.group(1)) in keep:
            break
        keep.add(int(number.group(1)))
    if r.returncode == 1 and "was compiled for" in r.stderr:
        return "refused: " + harness.first_error(r.stderr)
    read = without_inputs(base) + inputs + ["--machine", "host", "--interp", "--output", anew]
    if r.returncode:
        error = harness.first_error(r.stderr)
        of_source = harness.start(read)   # sizes that do not go with a number of the call (batch=2) are wrong for the kernel, too
        return ("refused: " if of_source.returncode == 1 and harness.first_error(of_source.stderr) == error else f"WRONG: exit {r.returncode}: ") + error
    with open(os.path.join(artifact, "cpu", "artifact.json")) as f:
        blocks = ",".join(f"{k}={v}" for k, v in json.load(f)["block_sizes"].items())
    r = harness.start([loom, "run", artifact, "--interp", "--output", ours] + inputs)
    r = r if r.returncode else harness.start(read + (["--block-sizes", blocks] if blocks else []))
    if r.returncode:
        return f"WRONG: exit {r.returncode}: " + harness.first_error(r.stderr)
    return "ok" if same(ours, anew, case.coarsest) else "WRONG: the source read anew gives other results"


def run(loom, root, case):
    """(open sizes and guards as compile says them or what failed, results by name of OTHER_SIZES)"""
    with tempfile.TemporaryDirectory() as folder:
        base, artifact = harness.command(loom, root, case, folder), os.path.join(folder, "artifact")
        r = harness.start([loom, "compile"] + base[2:] + ["--machine", "host", "-o", artifact])
        if r.returncode:
            return f"WRONG: exit {r.returncode}: " + harness.first_error(r.stderr), {}
        said = re.search(r"open sizes +(.*)", r.stdout)
        inputs = [w for i, w in enumerate(base) if w == "--input" or base[i - 1] == "--input"]
        r = harness.start([loom, "run", artifact, "--check"] + inputs)
        if r.returncode:
            return f"WRONG: exit {r.returncode}: " + harness.first_error(r.stderr), {}
        keep, results = set(), {}
        for name, size in OTHER_SIZES if all(kind for _, _, kind in arguments(case)) else ():
            results[name] = run_other(loom, case, base, artifact, size, keep)
        return said.group(1) if said else "no open sizes", results


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkout")
    p.add_argument("--loom", default=os.path.join(os.path.dirname(__file__), "..", "..", "build", "loom"))
    p.add_argument("--only", default="", help="kernels whose file or function contains this")
    p.add_argument("--require", type=int, default=60, help="kernels that must run at another shape")
    p.add_argument("--backward", action="store_true")
    o = p.parse_args()
    chosen = [c for c in (cases_backward if o.backward else cases).all_cases() if o.only in c.file or o.only in c.function]
    moved, wrong, kernels = set(), 0, {(c.file, c.function) for c in chosen}
    with tempfile.TemporaryDirectory() as folder:
        root = open_copy(o.checkout, folder)
        for case in chosen:
            said, results = run(o.loom, root, case)
            print(f"{case.file:34} {case.name:44} {said}; " + "; ".join(f"{k}: {v}" for k, v in results.items()), flush=True)
            wrong += said.startswith("WRONG") or any(v.startswith("WRONG") for v in results.values())
            if "ok" in results.values():
                moved.add((case.file, case.function))
    require = 0 if o.only else min(o.require, len(kernels))
    print(f"{len(moved)} of {len(kernels)} kernels run at another shape, {require} are required; {wrong} cases are wrong")
    return 0 if not wrong and len(moved) >= require else 1


if __name__ == "__main__":
    sys.exit(main())
