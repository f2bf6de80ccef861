"""Running one kernel of a Helion checkout through Loom, and comparing with a formula.

A case names a file, a function, inputs, arguments and a formula in float64, written from the definition and not from the kernel.

Tolerance.  The interpreter computes in double and leaves a value unrounded once its error bound is above 0 (interp.h): what it gives differs
from the formula by the rounding when the result is written, and by the first rounding on the way (of an operation on exact inputs, of a
Python number to its operand's type), which the rest of the kernel carries on.  Each is at most u of the coarsest type the kernel declares,
times a magnitude no larger than the inputs' (about 1 here) or the result's.  ROUNDINGS = 4 of them are allowed, 4 * u * max(1, max|result|);
the largest seen over all cases is 1.8.  Whole-number results must be equal.
"""

import inspect
import json
import os
import subprocess
import tempfile

import numpy as np

ROUNDINGS = 4
ROUNDOFF = {"f64": 2.0**-53, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8, "f8": 2.0**-4}
BLOCK_SETS = ("16,16,8", "7,5,3", "1,1,1", "full")


class Bf16:
    """A bf16 array: float64 values that bf16 holds."""

    def __init__(self, values):
        bits = np.asarray(values, np.float32).view(np.uint32)
        bits = bits + 0x7FFF + ((bits >> 16) & 1)
        self.bits = (bits >> 16).astype(np.uint16)
        self.values = (self.bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def float8(bits):
    """The numbers of float8_e4m3fn."""
    exponent, mantissa = (bits >> 3) & 15, (bits & 7).astype(np.float64)
    number = np.where(exponent == 0, mantissa * 2.0**-9, (8 + mantissa) * 2.0 ** (exponent.astype(np.float64) - 10))
    return np.where(bits & 127 == 127, np.nan, np.where(bits & 128, -number, number))


class Float8:
    """A float8_e4m3fn array: float64 values that it holds, the nearest ones to those given."""

    def __init__(self, values):
        numbers = float8(np.arange(127, dtype=np.uint8))
        nearest = np.argmin(np.abs(np.abs(values)[..., None] - numbers), axis=-1).astype(np.uint8)
        self.bits = nearest | np.where(np.asarray(values) < 0, 128, 0).astype(np.uint8)
        self.values = float8(self.bits)


def save(path, array):
    if isinstance(array, Bf16):
        np.save(path, array.bits.view("V2"))
    elif isinstance(array, Float8):
        np.save(path, array.bits)
    else:
        np.save(path, array)


def values(array):
    """What a formula computes with."""
    if isinstance(array, (Bf16, Float8)):
        return array.values
    array = np.asarray(array)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def load(array):
    if array.dtype.kind == "V":
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return values(array)


class Case:
    def __init__(self, file, function, inputs, formula=None, args=None, coarsest="f32", blocks=True, words=()):
        """blocks: the kernel takes any block sizes.  words: more of the command line.  A formula with a parameter `blocks` gets the block
        sizes as ints, or None where they are the full extents."""
        self.file, self.function, self.inputs, self.formula = file, function, inputs, formula
        self.args, self.coarsest, self.blocks, self.words = args or {}, coarsest, blocks, list(words)

    @property
    def name(self):
        extra = ",".join(f"{k}={v}" for k, v in self.args.items() if k in ("beta", "reduction", "log_target", "has_h0", "use_g"))
        return f"{self.function}({extra})" if extra else self.function


def first_error(text):
    for line in text.splitlines():
        if "error:" in line:
            place, _, message = line.partition("error:")
            return (os.path.basename(place.strip().rstrip(":")) + ": " + message.strip())[:140]
    return text.strip().splitlines()[-1][:140] if text.strip() else "no message"


def command(loom, root, case, folder):
    words = [loom, "run", os.path.join(root, case.file), "--function", case.function]
    for name, array in case.inputs.items():
        if array is None:
            words += ["--arg", f"{name}=None"]
            continue
        path = os.path.join(folder, f"{name}.npy")
        save(path, array)
        words += ["--input", f"{name}={path}"] + (["--dtype", f"{name}=float8_e4m3fn"] if isinstance(array, Float8) else [])
    words += case.words
    for name, value in case.args.items():
        words += ["--arg", f"{name}={value}"]
    return words


def start(words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", "error: no answer in 300 s")


def compare(case, out, blocks=None):
    """None, or what differs between the interpreter's results and the formula."""
    got = np.load(out)
    names = list(got.files)
    given = {k: None if v is None else values(v) for k, v in case.inputs.items()} | case.args
    if "blocks" in inspect.signature(case.formula).parameters:
        given["blocks"] = blocks
    want = case.formula(**given)
    want = want if isinstance(want, tuple) else (want,)
    if len([w for w in want if w is not None]) > len(names):
        return f"{len(names)} results for {len(want)} formulas"
    at = 0
    for w in want:
        if w is None:
            continue
        name = names[at]
        at += 1
        g, w = load(got[name]), np.asarray(w)
        if g.dtype == np.uint8 and w.dtype.kind == "f":
            g = float8(g)
        if g.shape != w.shape:
            return f"{name}: shape {g.shape}, the formula gives {w.shape}"
        if w.dtype.kind in "iub" and g.dtype.kind in "iub":
            if not np.array_equal(g, w):
                return f"{name}: whole numbers differ"
            continue
        w = w.astype(np.float64)
        finite = np.isfinite(w)
        if not np.array_equal(np.isnan(w), np.isnan(g)) or not np.array_equal(w[~finite & ~np.isnan(w)], g[~finite & ~np.isnan(w)]):
            return f"{name}: infinities or NaNs differ"
        bound = ROUNDINGS * ROUNDOFF[case.coarsest] * max(1.0, np.max(np.abs(w[finite]), initial=0))
        error = np.max(np.abs(w - g)[finite], initial=0)
        if error > bound:
            return f"{name}: differs by {error:.3g}, allowed {bound:.3g}"
    return None


def formula_says(case, out, blocks):
    try:
        return compare(case, out, blocks)
    except Exception as e:  # a mistake in a formula is a row of the table, not its end
        return f"the formula fails: {e!r}"


def run(loom, root, case, block_sets=BLOCK_SETS):
    """{"compiles", "matches", "formula": bool or None, "reason": str, "exit": the first failing exit code or 0, "planned", "runs": of so many
    runs of compiled code, those of a plan (docs/cpu.md) and not of plain loops}"""
    row = {"compiles": True, "matches": True, "formula": None if case.formula is None else True, "reason": "", "exit": 0, "planned": 0, "runs": 0}

    def fail(what, reason):
        row[what] = False
        row["reason"] = row["reason"] or reason

    with tempfile.TemporaryDirectory() as folder:
        base = command(loom, root, case, folder) + ["--machine", "host"]
        out = os.path.join(folder, "out.npz")
        for blocks in block_sets if case.blocks else ("full",):
            words = base + (["--block-sizes", blocks] if blocks != "full" else [])
            r = start(words + ["--interp", "--output", out])
            if r.returncode != 0:
                row["exit"] = r.returncode
                fail("compiles", first_error(r.stderr) if r.returncode > 0 else f"killed by signal {-r.returncode}")
                row["matches"], row["formula"] = False, None
                return row
            if case.formula:
                different = formula_says(case, out, None if blocks == "full" else [int(b) for b in blocks.split(",")])
                if different:
                    fail("formula", f"blocks {blocks}: {different}")
            r = start(words + ["--check", "--json"])
            row["runs"] += 1
            if r.returncode == 0:
                summary = json.loads(r.stdout)
                check = summary["check"]
                row["planned"] += "plan" in summary
                if check.get("unbounded", 0) > check["elems"] // 2:
                    fail("matches", f"blocks {blocks}: most elements have no finite bound")
                continue
            row["exit"] = row["exit"] or r.returncode
            row["compiles"] = row["compiles"] and r.returncode == 3
            fail("matches", f"blocks {blocks}: " + (first_error(r.stderr) if r.returncode > 0 else f"signal {-r.returncode}"))
    return row
