"""Reads upstream's dumps with `loom opt` and compares its lists of variants with ours.  Argument: a checkout of loom-dataflow."""
import pathlib
import re
import subprocess
import sys

STAGES = "loom-enumerate-spatial-mappings{machine=wormhole full-occ},loom-analyze-reuse,loom-enumerate-copy-broadcast"


def opt(text, *arguments):
    return subprocess.run(["loom", "opt", "-", *arguments], input=text, capture_output=True, text=True)


def variants(text):
    return re.findall(r"func\.func @(\w+)", text)


def areas(text):
    return re.findall(r"static_area = (array<i64: \d+, \d+>)", text)


def main(checkout):
    read, failed = 0, []
    for path in sorted(pathlib.Path(checkout).rglob("IR/0[0-9]_*.mlir")):
        printed = opt(path.read_text())
        again = opt(printed.stdout) if printed.returncode == 0 else printed
        if again.returncode == 0 and again.stdout == printed.stdout:
            read += 1
        else:
            failed.append(f"{path}: {again.stderr.splitlines()[:1]}")
    print(f"{read} dumps read, {len(failed)} not", *failed, sep="\n")
    for kernel in ("mm", "flashattn", "mqa_decode", "mamba_chunk_scan"):
        stages = pathlib.Path(checkout) / "examples" / kernel / "IR"
        ours = variants(opt(next(stages.glob("00_*")).read_text(), f"--pass-pipeline=builtin.module({STAGES})").stdout)
        theirs = variants(next(stages.glob("05_*")).read_text())
        print(f"{kernel}: {len(ours)} variants {'as' if ours == theirs else 'other than'} upstream's")
        mapped = opt(next(stages.glob("03_*")).read_text(), "--pass-pipeline=builtin.module(loom-enumerate-copy-broadcast)").stdout
        shared = opt(next(stages.glob("05_*")).read_text()).stdout
        print(f"{kernel}: {len(areas(mapped))} areas {'as' if areas(mapped) == areas(shared) else 'other than'} upstream's")


main(sys.argv[1])
