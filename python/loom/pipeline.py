"""Upstream's pipeline by name: exploration and materialization on MLIR text, and the whole of it."""
from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from typing import Any, Callable, Mapping, Optional, Sequence, Union, overload

from ._native import Context, Path, program


def setup_logging(debug: bool = False) -> None:
    """Messages of the module logging, to standard output, as upstream formats them."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, format="%(asctime)s [%(levelname)s] %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)


def call_loom(words: Sequence[Path]) -> None:
    """Runs `loom` in this terminal.  What fails ends the script with its exit code."""
    sys.stdout.flush()
    code = subprocess.call([program(), *(os.fspath(w) for w in words)])
    if code:
        raise SystemExit(code if code > 0 else 128 - code)


def _write(directory: str, name: str, text: str) -> str:
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


@overload
def run_exploration(input_mlir: str, hw_spec_file: Path, produce_etg: bool = True, skip_etg: bool = False, full_occ: bool = False, spatial_reuse: bool = True) -> tuple[str, str]: ...
@overload
def run_exploration(input_mlir: str, df_mlir: Path, hw_compute_dir: Path, produce_etg: bool = True) -> tuple[str, str]: ...


def run_exploration(input_mlir: str, *positional: Any, **named: Any) -> tuple[str, str]:
    """Stage-0 MLIR and a machine -> (explored MLIR: a function for each of upstream's variants; their ETG as JSON, "" where none is wanted).

    Both of upstream's signatures: (input_mlir, hw_spec_file, produce_etg, skip_etg, full_occ, spatial_reuse), and the older (input_mlir, df_mlir, hw_compute_dir, produce_etg).  The
    machine may be any that `--machine` takes.  Raises LoomError, a RuntimeError.
    """
    is_older = "df_mlir" in named or "hw_compute_dir" in named or (len(positional) > 1 and not isinstance(positional[1], bool))
    names = ("df_mlir", "hw_compute_dir", "produce_etg") if is_older else ("hw_spec_file", "produce_etg", "skip_etg", "full_occ", "spatial_reuse")
    if len(positional) > len(names) or set(named) - set(names) or set(named) & set(names[:len(positional)]):
        raise TypeError(f"run_exploration takes input_mlir, {', '.join(names)}")
    given = {**dict(zip(names, positional)), **named}
    if names[0] not in given:
        raise TypeError(f"run_exploration needs {names[0]}")
    with tempfile.TemporaryDirectory(prefix="loom-") as d:
        etg = os.path.join(d, "etg.json")
        wants_etg = given.get("produce_etg", True) and not given.get("skip_etg", False)
        words = ["explore", _write(d, "input.mlir", input_mlir), f"--machine={os.fspath(given[names[0]])}", "--emit=explored"]
        words += [f"--hw-compute-dir={os.fspath(given['hw_compute_dir'])}"] if is_older and given.get("hw_compute_dir") else []
        words += ["--upstream-compatible", *(["--partial-occupancy"] if not (is_older or given.get("full_occ", False)) else []), *([] if given.get("spatial_reuse", True) else ["--unicast"])]
        words += [f"--etg={etg}"] if wants_etg else []
        explored = Context().command(*words)
        if not wants_etg:
            return explored, ""
        with open(etg, encoding="utf-8") as f:
            return explored, f.read()


def run_materialization(input_mlir: str, block_sizes_json: str = "") -> str:
    """Explored MLIR and block sizes, {variant: {symbol: size} or a list of such, or null} -> bufferized MLIR, a function for each.  "": the best sizes of each variant."""
    sizes: Mapping[str, Any] = json.loads(block_sizes_json) if block_sizes_json.strip() else {}
    order = [*sizes.get("__loom_candidate_order__", ()), *sizes]
    assigned = {v: sizes[v] for v in order if v in sizes and v != "__loom_candidate_order__"}
    with tempfile.TemporaryDirectory(prefix="loom-") as d:
        config = _write(d, "config.json", json.dumps({"assigned_block_size": assigned}))
        return Context().command("compile", _write(d, "explored.mlir", input_mlir), f"--config={config}", "--emit=mlir", f"--output-path={d}/out")


def run_pipeline(generate_mlir_fn: Callable[[], str], *, output_path: Path, hw_spec: Path, njobs: int = 1, debug: bool = False, symbol_domains: Optional[Mapping[str, Sequence[int]]] = None,
                 assigned_block_size: Optional[Mapping[str, Any]] = None, topk_candidates: Optional[int] = None, topk_block_size: int = 1, force_enumerate: bool = False,
                 optimal_only: bool = False, hw_compute_dir: Union[Path, None] = None) -> None:
    """The whole pipeline on the stage-0 MLIR that `generate_mlir_fn` gives: artifacts under `output_path`, as `loom compile`.  What fails ends the script with Loom's exit code."""
    del force_enumerate      # the search is exact
    config = {"block_sizes": {s: {"lb": min(v), "ub": max(v)} for s, v in symbol_domains.items()} if symbol_domains else {}, "assigned_block_size": assigned_block_size or {}}
    with tempfile.TemporaryDirectory(prefix="loom-") as d:
        call_loom(["compile", _write(d, "p00_from_helion_frontend.mlir", generate_mlir_fn()), f"--config={_write(d, 'config.json', json.dumps(config))}", f"--machine={os.fspath(hw_spec)}",
                   f"--output-path={os.fspath(output_path)}", f"--njobs={njobs}", *(["--debug"] if debug else []), *(["--optimal-only"] if optimal_only else []),
                   *([f"--hw-compute-dir={os.fspath(hw_compute_dir)}"] if hw_compute_dir else []), *([f"--topk={topk_candidates}"] if topk_candidates else []),
                   *([f"--topk-block-size={topk_block_size}"] if topk_block_size > 1 else [])])
