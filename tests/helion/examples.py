#!/usr/bin/env python3
"""The table of Helion's example kernels: tests/helion/examples.py [CHECKOUT] [--loom build/loom] [--only NAME] [--jobs N] [--require N]
[--backward] [--loom-kernels CHECKOUT-OF-HELION-MLIR] [--blocks 16,16,8 ...]

CHECKOUT is a clone of Helion's public repository; its kernels are read from there, unmodified.  For each kernel and every block set: does it
compile for the host, does the compiled code match the reference interpreter, and does the interpreter match the formula.  Each block set is
another plan where the kernel has a spatial form ("planned": runs of plans, of all runs), other plain loops elsewhere.  The exit code is 0
when at least N forward kernels pass everything, and every kernel of the other tables that were asked for.
"""

import argparse
import concurrent.futures
import os
import sys

import cases
import cases_backward
import cases_loom
import cases_refused
import harness


def print_row(case, row):
    compiles, matches = ("yes" if row[k] else "NO" for k in ("compiles", "matches"))
    formula = {True: "yes", False: "NO", None: "-"}[row["formula"]]
    code = f"exit {row['exit']}: " if row["exit"] else ""
    plans = f"{row['planned']}/{row['runs']}"
    print(f"{case.file:34} {case.name:44} compiles {compiles:4} matches {matches:4} formula {formula:4} planned {plans:5} {code}{row['reason']}".rstrip())


def table(o, root, every):
    """{(file, function): every case of it passes}, printing a row a case."""
    chosen = [c for c in every if o.only in c.function or o.only in c.file]
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        rows = list(pool.map(lambda c: harness.run(o.loom, root, c, o.blocks), chosen))
    good = {}
    for case, row in zip(chosen, rows):
        passes = row["compiles"] and row["matches"] and row["formula"] is not False
        good[case.file, case.function] = good.get((case.file, case.function), True) and passes
        print_row(case, row)
    print(f"{sum(r['planned'] for r in rows)} of {sum(r['runs'] for r in rows)} runs of compiled code were those of a plan")
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkout", nargs="?")
    p.add_argument("--loom", default=os.path.join(os.path.dirname(__file__), "..", "..", "build", "loom"))
    p.add_argument("--only", default="", help="kernels whose file or function contains this")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--require", type=int, default=75, help="forward kernels that must pass")
    p.add_argument("--backward", action="store_true", help="the gradients instead; all of them are required")
    p.add_argument("--loom-kernels", metavar="PATH", help="a checkout of helion-mlir: its kernels too; all of them are required")
    p.add_argument("--blocks", nargs="*", default=list(harness.BLOCK_SETS))
    o = p.parse_args()
    if not o.checkout and not o.loom_kernels:
        p.error("no checkout")
    ok = True

    def total(good, require, what):
        n, of = sum(good.values()), len(good)
        require = min(require, of) if o.only else require
        print(f"{n} of {of} {what} compile and match at blocks {' '.join(o.blocks)}; {require} are required")
        return of > 0 and n >= require

    if o.checkout:
        root = os.path.join(o.checkout, "examples")
        if o.backward:
            good = table(o, root, cases_backward.all_cases())
            ok = total(good, len(good), "backward kernels")
        else:
            good = table(o, root, cases.all_cases() + list(cases_refused.all_cases()))
            ok = total(good, o.require, "kernels")
    if o.loom_kernels:
        good = table(o, o.loom_kernels, list(cases_loom.all_cases()))
        ok = total(good, len(good), "kernels of helion-mlir") and ok
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
