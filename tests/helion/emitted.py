#!/usr/bin/env python3
"""Helion's example kernels, printed and read back: tests/helion/emitted.py CHECKOUT [--loom build/loom] [--only NAME] [--jobs N] [--require N]

For each case of the forward and backward tables: --emit kernel, --emit stage0 --stage0-form=helion and --emit device-ir print it, and the interpreter
gives the same bits for what was printed as for the source.  (Printing stage0 and device-ir reads back and compares the graphs, operation by operation.)
The exit code is 0 when all that print give the same bits and at least N cases print in all forms.
"""

import argparse
import concurrent.futures
import os
import sys
import tempfile
import zipfile

import cases
import cases_backward
import harness

BLOCKS = ["--block-sizes", "7,5,3"]


def contents(path):
    with zipfile.ZipFile(path) as z:
        return {name: z.read(name) for name in z.namelist()}


def run_case(loom, root, case):
    """"same", or why not; a form that is refused gives "no form: .."."""
    with tempfile.TemporaryDirectory() as folder:
        words = harness.command(loom, root, case, folder)
        inputs = [w for i, w in enumerate(words) if "--input" in (w, words[i - 1])]
        given = [w for i, w in enumerate(case.words) if "--block-sizes" in (w, case.words[i - 1])]
        blocks = BLOCKS if case.blocks else given
        source = os.path.join(folder, "source.npz")
        r = harness.start(words + (blocks if case.blocks else []) + ["--machine", "host", "--interp", "--output", source])
        if r.returncode != 0:
            return "source: " + harness.first_error(r.stderr)
        for form in ("kernel", "stage0", "device-ir"):
            r = harness.start([words[0], "compile"] + words[2:] + ["--machine", "host", "--emit", form, "--stage0-form=helion"])
            if r.returncode != 0:
                return f"no form: exit {r.returncode}: " + harness.first_error(r.stderr) if r.returncode == 7 else f"{form}: " + harness.first_error(r.stderr)
            printed, out = os.path.join(folder, form + ".txt"), os.path.join(folder, form + ".npz")
            with open(printed, "w") as f:
                f.write(r.stdout)
            r = harness.start([loom, "run", printed] + inputs + blocks + ["--machine", "host", "--interp", "--output", out])
            if r.returncode != 0:
                return f"{form} read back: " + harness.first_error(r.stderr)
            if contents(source) != contents(out):
                return f"{form}: other bits"
    return "same"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkout")
    p.add_argument("--loom", default=os.path.join(os.path.dirname(__file__), "..", "..", "build", "loom"))
    p.add_argument("--only", default="", help="kernels whose file or function contains this")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--require", type=int, default=170)
    o = p.parse_args()
    every = cases.all_cases() + cases_backward.all_cases()
    chosen = [c for c in every if o.only in c.function or o.only in c.file]
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        rows = list(pool.map(lambda c: run_case(o.loom, os.path.join(o.checkout, "examples"), c), chosen))
    for case, row in zip(chosen, rows):
        if row != "same":
            print(f"{case.file:34} {case.name:44} {row}")
    same, refused = rows.count("same"), sum(r.startswith("no form") for r in rows)
    require = min(o.require, len(rows)) if o.only else o.require
    print(f"{same} of {len(rows)} cases print as kernel, as stage0 and as device-ir and read back to the same bits; {refused} have no form; {require} are required")
    return 0 if same + refused == len(rows) and same >= require else 1


if __name__ == "__main__":
    sys.exit(main())
