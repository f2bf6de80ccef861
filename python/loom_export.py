"""A Helion kernel, bound to arguments, as loom.helion.v1 JSON (docs/schemas/loom.helion.v1.json).  Needs torch and helion, no GPU; compiles and tunes nothing.
    import loom_export; loom_export.save(matmul, (x, y), "matmul.json")
    python3 loom_export.py kernels.py matmul "torch.randn(64, 32), torch.randn(32, 64)" > matmul.json"""
import ast, importlib.util, inspect, json, math, sys
import torch

KINDS = {"TensorSize": "size", "BlockSize": "block", "ReductionDimension": "reduction", "Grid": "grid", "TileBegin": "tile_begin",
         "TileEnd": "tile_end", "TileId": "tile_id", "TileCount": "tile_count", "Argument": "scalar"}
FILLS = {k + m: v for k, v in {"empty": ("empty", None), "zeros": ("zero", None), "ones": ("full", 1), "full": ("full", None)}.items() for m in ("", "_like")}
SOURCES = {"LoopSpecBlockSizeSource": "loop", "FixedBlockSizeSource": "fixed", "ReductionLoopBlockSizeSource": "reduction"}

def expr(v):
    return v if isinstance(v, int) and not isinstance(v, bool) else str(getattr(getattr(v, "node", None), "expr", v))

def tensor(t):
    return {"dtype": str(t.dtype)[len("torch."):], "shape": [expr(s) for s in t.size()], "stride": [expr(s) for s in t.stride()]}

def encode(v):
    if v is None or isinstance(v, (torch.device, torch.layout, torch.memory_format)):
        return None
    if isinstance(v, (bool, int, str, float)):
        return {"f": str(v)} if isinstance(v, float) and not math.isfinite(v) else v
    if isinstance(v, (torch.dtype, torch.fx.Node)):
        return {"n": v.name} if isinstance(v, torch.fx.Node) else {"d": str(v)[len("torch."):]}
    if isinstance(v, slice):
        return {"s": [encode(v.start), encode(v.stop), encode(v.step)]}
    if isinstance(v, (list, tuple)):
        return [encode(x) for x in v]
    raise TypeError(f"loom_export cannot write the argument {v!r} of type {type(v).__name__}")

def node(n):
    out = {"name": n.name, "op": n.op, "args": encode(n.args)}
    if n.op == "call_function":
        t = n.target
        out["target"] = str(t) if isinstance(t, torch._ops.OpOverload) else f"{t.__module__}.{t.__name__}"
        out["kwargs"] = {k: encode(v) for k, v in n.kwargs.items()}
    if isinstance(val := n.meta.get("val"), torch.Tensor):
        out["val"] = tensor(val)
    elif isinstance(val, (int, torch.SymInt, torch.SymFloat, torch.SymBool)) and not isinstance(val, bool):
        out["sym"] = expr(val)
    return out

def graph(g, i):
    out = {"id": i, "class": type(g).__name__, "block_ids": list(getattr(g, "block_ids", [])), "inputs": [a.name for a in getattr(g, "node_args", [])]}
    if getattr(g, "branches_outputs", None) is not None:   # names are variables that the branch leaves alone
        out["if"] = {"branches_outputs": [[o if isinstance(o, int) else None for o in pair] for pair in g.branches_outputs]}
    return out | {"nodes": [node(n) for n in g.graph.nodes]}

def made(body, name):
    """How the host code allocates `name`."""
    for s in ast.walk(ast.Module(body, [])):
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and any(isinstance(t, ast.Name) and t.id == name for t in s.targets):
            fill, value = FILLS.get(getattr(s.value.func, "attr", "").removeprefix("new_"), (None, None))
            value = next((a.value for a in s.value.args[1:2] if isinstance(a, ast.Constant)), None) if fill == "full" and value is None else value
            if fill and (fill != "full" or value is not None):
                return {"op": "alloc", "fill": fill} | ({"value": value} if fill == "full" else {})
    raise ValueError(f"loom_export cannot tell how the host code makes {name}")

def host(hf, used):
    args = [(o.host_str(), t) for t, o in hf.tensor_to_origin.items() if type(o).__name__ == "ArgumentOrigin"]
    out = {n: {"id": n, "op": "arg"} | tensor(t) for n, t in args}
    for t, name in [(t, o.host_str()) for t, o in hf.tensor_to_origin.items()]:
        base = [n for n, a in args if a.untyped_storage()._cdata == t.untyped_storage()._cdata]
        if name in used and name not in out:
            out[name] = {"id": name} | ({"op": "view", "base": base[0], "offset": expr(t.storage_offset())} if base else made(hf.body, name)) | tensor(t)
    return list(out.values())

def returned(body):
    value = next((s.value for s in reversed(body) if isinstance(s, ast.Return)), None)
    items = value.elts if isinstance(value, ast.Tuple) else [value] if value else []
    return [min(((n.lineno, n.col_offset, n.id) for n in ast.walk(v) if isinstance(n, ast.Name)), default=(None,))[-1] for v in items]   # out.view(m) is out

def export(kernel, args):
    bound = kernel.bind(args)
    env, hf, ir = bound.env, bound.host_function, bound.host_function.device_ir
    rolled = {getattr(r, "new_graph_id", None) for r in getattr(ir, "rolled_reductions", [])}
    graphs = [graph(g, i) for i, g in enumerate(ir.graphs) if i not in rolled]
    values = {str(k): int(v) for k, v in (getattr(env.shape_env, "backed_var_to_val", None) or env.shape_env.var_to_val).items()}
    origins = {str(e): o.origin for e, o in hf.expr_to_origin.items()}
    names = sorted(set(values) | {e for e in origins if e.isidentifier()} | {str(b.var) for b in env.block_sizes if not str(b.var).isdigit()})
    kinds = {n: KINDS.get(type(origins.get(n)).__name__.removesuffix("Origin"), "size" if n[0] == "s" else "unbacked") for n in names}
    blocks = [{"id": b.block_id, "var": str(b.var), "size": expr(b.size), "reduction": bool(b.reduction), "debug_names": sorted(getattr(b, "debug_names", [])),
               "source": {"kind": SOURCES[type(b.block_size_source).__name__]} | ({"value": expr(b.block_size_source.value)} if hasattr(b.block_size_source, "value") else {})}
              for b in env.block_sizes]
    used = {n["args"][0] for g in graphs for n in g["nodes"] if n.get("target", "").endswith("_host_tensor")} | set(returned(hf.body))
    return {"schema": "loom.helion.v1", "producer": {"torch": torch.__version__, "helion": getattr(sys.modules.get("helion"), "__version__", "?")},
            "kernel": {"name": hf.name, "source_file": inspect.getsourcefile(hf.fn), "src": "\n".join(map(ast.unparse, hf.body))},
            "settings": {"static_shapes": bool(env.settings.static_shapes)}, "block_sizes": blocks, "host": host(hf, used), "graphs": graphs,
            "symbols": [{"name": n, "kind": kinds[n]} | ({"value": values[n]} if n[0] == "s" and n in values else {}) |
                        ({"origin": {"block_id": origins[n].block_id}} if kinds[n] == "grid" else {}) for n in names],   # of which block it is the index
            "roots": [{"graph": r, "phase": getattr(ir.graphs[r], "phase_index", i), "block_ids": list(b)} for i, (r, b) in enumerate(zip(ir.root_ids, ir.grid_block_ids))],
            "returns": returned(hf.body)}

def save(kernel, args, path):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(export(kernel, args), f, indent=1, allow_nan=False)

if __name__ == "__main__":
    (spec := importlib.util.spec_from_file_location("kernels", sys.argv[1])).loader.exec_module(module := importlib.util.module_from_spec(spec))
    save(getattr(module, sys.argv[2]), eval(f"({sys.argv[3]},)", {"torch": torch}), "/dev/stdout")
