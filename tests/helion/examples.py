#!/usr/bin/env python3
"""The table of Helion's example kernels: tests/helion/examples.py CHECKOUT [--loom build/loom] [--only NAME] [--jobs N] [--require N] [--backward]

CHECKOUT is a clone of Helion's public repository; its kernels are read from there, unmodified.  For each kernel: does it compile for the
host, does the compiled code match the reference interpreter at every block set, and does the interpreter match the formula.
"""

import argparse
import concurrent.futures
import os
import sys

import cases
import cases_backward
import harness


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("checkout")
    p.add_argument("--loom", default=os.path.join(os.path.dirname(__file__), "..", "..", "build", "loom"))
    p.add_argument("--only", default="")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--require", type=int, default=75)
    p.add_argument("--backward", action="store_true", help="the gradients instead; all of them are required")
    p.add_argument("--blocks", nargs="*", default=list(harness.BLOCK_SETS))
    o = p.parse_args()
    root = os.path.join(o.checkout, "examples")
    every = cases_backward.all_cases() if o.backward else cases.all_cases()
    chosen = [c for c in every if o.only in c.function or o.only in c.file]
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        rows = list(pool.map(lambda c: harness.run(o.loom, root, c, o.blocks), chosen))
    good = {}
    for case, row in zip(chosen, rows):
        passes = row["compiles"] and row["matches"] and row["formula"] is not False
        key = (case.file, case.function)
        good[key] = good.get(key, True) and passes
        formula = {True: "yes", False: "NO", None: "-"}[row["formula"]]
        print(f"{case.file:34} {case.name:44} compiles {'yes' if row['compiles'] else 'NO':4} matches {'yes' if row['matches'] else 'NO':4}"
              f" formula {formula:4} {row['reason']}")
    n = sum(good.values())
    if o.backward:
        o.require = len(good)
    print(f"{n} of {len(good)} kernels compile and match at blocks {' '.join(o.blocks)}; {o.require} are required")
    return 0 if n >= min(o.require, len(good) if o.only else o.require) else 1


if __name__ == "__main__":
    sys.exit(main())
