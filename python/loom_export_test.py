"""loom_export against made-up objects with the attributes of torch and helion that it uses (neither is needed): the objects are built from a
document of tests/data/device_ir, and exporting them must give that document again."""
import ast, copy, glob, inspect, json, os, sys, types, unittest
import jsonschema

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "schemas", "loom.helion.v1.json")
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "device_ir")


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def named(name, *bases):
    return type(name, bases or (object,), {})


class Dtype:
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return "torch." + self.name


class Sym:
    def __init__(self, text):
        self.node = types.SimpleNamespace(expr=text)

    def __str__(self):
        return self.node.expr


class Tensor:
    def __init__(self, shape, stride, dtype, storage, offset=0):
        self.shape, self.strides, self.dtype, self.storage, self.at = shape, stride, dtype, storage, offset

    def size(self):
        return [sym(s) for s in self.shape]

    def stride(self):
        return [sym(s) for s in self.strides]

    def storage_offset(self):
        return self.at

    def untyped_storage(self):
        return types.SimpleNamespace(_cdata=self.storage)


class Op:
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


class Node:
    def __init__(self, name, op):
        self.name, self.op, self.args, self.kwargs, self.meta, self.target = name, op, (), {}, {}, None


def sym(s):
    return s if isinstance(s, int) else Sym(s)


torch = types.ModuleType("torch")
torch.__version__ = "2.9.0"
for cls in ("device", "layout", "memory_format", "SymFloat", "SymBool"):
    setattr(torch, cls, named(cls))
torch.dtype, torch.SymInt, torch.Tensor = Dtype, Sym, Tensor
torch.fx, torch._ops = types.SimpleNamespace(Node=Node), types.SimpleNamespace(OpOverload=Op)
sys.modules["torch"] = torch
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import loom_export


def decode(v, nodes):
    if isinstance(v, list):
        return [decode(x, nodes) for x in v]
    if isinstance(v, dict):
        key, value = next(iter(v.items()))
        return {"n": lambda: nodes[value], "d": lambda: Dtype(value), "s": lambda: slice(*value), "f": lambda: float(value), "g": lambda: value}[key]()
    return v


def function(name):
    module, _, last = name.rpartition(".")
    f = lambda: None
    f.__module__, f.__name__ = module, last
    return f


def graph(doc, outer):
    g, nodes = named(doc["class"])(), {}
    g.block_ids, g.node_args = doc.get("block_ids", []), [Node(n, "call_function") for n in doc.get("inputs", [])]
    if "if" in doc:
        g.branches_outputs = [tuple("name" if o is None else o for o in pair) for pair in doc["if"]["branches_outputs"]]
    for d in doc["nodes"]:
        n = nodes[d["name"]] = Node(d["name"], d["op"])
        n.args, n.kwargs = tuple(decode(d.get("args", []), nodes)), {k: decode(v, nodes) for k, v in d.get("kwargs", {}).items()}
        if "target" in d:
            n.target = Op(d["target"]) if d["target"].startswith("aten.") else function(d["target"])
        if "val" in d:
            n.meta["val"] = Tensor(d["val"]["shape"], d["val"].get("stride", d["val"]["shape"]), Dtype(d["val"]["dtype"]), 0)
        if "sym" in d:
            n.meta["val"] = sym(d["sym"])
    g.graph = types.SimpleNamespace(nodes=list(nodes.values()))
    return g


def origin_of(name, symbol):
    origin = named(name)()
    if symbol["kind"] == "grid":
        origin.block_id = symbol["origin"]["block_id"]
    return origin


def bound(doc, body):
    origins = {"size": "TensorSizeOrigin", "grid": "GridOrigin", "block": "BlockSizeOrigin", "tile_id": "TileIdOrigin", "reduction": "ReductionDimensionOrigin"}
    sources = {v: k for k, v in loom_export.SOURCES.items()}
    tensors = {}
    for i, h in enumerate(doc["host"]):
        origin = named("ArgumentOrigin" if h["op"] == "arg" else "NameOrigin")()
        origin.host_str = lambda name=h["id"]: name
        storage = next((j for j, b in enumerate(doc["host"]) if b["id"] == h.get("base")), i)
        tensors[Tensor(h["shape"], h.get("stride", h["shape"]), Dtype(h["dtype"]), storage, h.get("offset", 0))] = origin
    blocks = []
    for b in doc["block_sizes"]:
        source = named(sources[b["source"]["kind"]])()
        if "value" in b["source"]:
            source.value = sym(b["source"]["value"])
        blocks.append(types.SimpleNamespace(block_id=b["id"], var=sym(b["var"]), size=sym(b["size"]), reduction=b["reduction"], block_size_source=source,
                                            debug_names=set(b.get("debug_names", []))))
    count = 1 + max(g["id"] for g in doc["graphs"])
    by_id = {g["id"]: g for g in doc["graphs"]}
    graphs = [graph(by_id[i], doc) if i in by_id else graph({"class": "ReductionLoopGraphInfo", "nodes": []}, doc) for i in range(count)]
    for r in doc["roots"]:
        graphs[r["graph"]].phase_index = r.get("phase", 0)
    values = {s["name"]: s["value"] for s in doc["symbols"] if "value" in s}
    ir = types.SimpleNamespace(graphs=graphs, root_ids=[r["graph"] for r in doc["roots"]], grid_block_ids=[r["block_ids"] for r in doc["roots"]],
                               rolled_reductions=[types.SimpleNamespace(new_graph_id=i) for i in range(count) if i not in by_id])
    hf = types.SimpleNamespace(device_ir=ir, name=doc["kernel"]["name"], fn=bound, body=ast.parse(body).body, tensor_to_origin=tensors,
                               expr_to_origin={s["name"]: types.SimpleNamespace(origin=origin_of(origins[s["kind"]], s)) for s in doc["symbols"] if s["kind"] in origins})
    env = types.SimpleNamespace(block_sizes=blocks, shape_env=types.SimpleNamespace(var_to_val=values), settings=types.SimpleNamespace(static_shapes=False))
    return types.SimpleNamespace(env=env, host_function=hf)


def plain(doc):   # what both documents must say alike: without what may be left out
    def node(n):
        n = {k: v for k, v in n.items() if k != "loc"} | {"args": n.get("args", [])}
        if n["op"] == "call_function":
            n["kwargs"] = n.get("kwargs", {})
        if "val" in n:
            n["val"] = {"dtype": n["val"]["dtype"], "shape": n["val"]["shape"]}
        return n

    def graph_(g):
        pairs = {"if": g["if"]["branches_outputs"]} if "if" in g else {}
        return {"id": g["id"], "class": g["class"], "block_ids": g.get("block_ids", []), "nodes": [node(n) for n in g["nodes"]]} | pairs

    return {"name": doc["kernel"]["name"], "graphs": [graph_(g) for g in doc["graphs"]], "returns": doc["returns"],
            "host": [{k: v for k, v in h.items() if k != "stride"} for h in doc["host"]],
            "blocks": [{k: b[k] for k in ("id", "var", "size", "reduction", "source")} for b in doc["block_sizes"]],
            "symbols": sorted((s["name"], s["kind"], s.get("value") if s["kind"] == "size" else None, str(s["origin"]) if s["kind"] == "grid" else "") for s in doc["symbols"]),
            "roots": [(r["graph"], r.get("phase", 0), r["block_ids"]) for r in doc["roots"]]}


BODIES = {"transposed.json": "turned = x.transpose(0, 1)\nout = torch.zeros([n, m])\nreturn out", "branch_else.json": "out = torch.empty([m])\nreturn out.view(m)",
          "grid_rows.json": "out = torch.zeros([m, n])\nreturn out"}


class ExportTest(unittest.TestCase):
    maxDiff = None

    def test_export_gives_back_the_document(self):
        for name, body in BODIES.items():
            doc = read(os.path.join(DATA, name))
            kernel = types.SimpleNamespace(bind=lambda args: bound(doc, body))
            made = json.loads(json.dumps(loom_export.export(kernel, ()), allow_nan=False))
            for d in doc["graphs"]:   # {"g": 0} is written as a plain number
                for n in d["nodes"]:
                    n["args"] = [a["g"] if isinstance(a, dict) and "g" in a else a for a in n.get("args", [])]
            self.assertEqual(plain(made), plain(doc))
            jsonschema.validate(made, read(SCHEMA))

    def test_documents_obey_the_schema(self):
        paths = glob.glob(os.path.join(DATA, "*.json"))
        self.assertTrue(paths)
        for path in paths:
            jsonschema.validate(read(path), read(SCHEMA))

    def test_the_schema_refuses_other_documents(self):
        doc, schema = read(os.path.join(DATA, "branch_else.json")), read(SCHEMA)
        changes = [lambda d: d.update(schema="loom.kernel.v1"), lambda d: d.pop("symbols"), lambda d: d.update(extra=1), lambda d: d["symbols"][0].update(kind="what"),
                   lambda d: d["block_sizes"][0]["source"].update(kind="guess"), lambda d: d["host"][0].pop("dtype"), lambda d: d["host"][1].update(fill="ones"),
                   lambda d: d["graphs"][0]["nodes"][1].pop("target"), lambda d: d["graphs"][0]["nodes"][1].update(args=[{"x": 1}]), lambda d: d["roots"].clear(),
                   lambda d: d["graphs"][0]["if"].update(branches_outputs=[[0]]), lambda d: d["host"][0].update(dtype="f8")]
        for change in changes:
            other = copy.deepcopy(doc)
            change(other)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(other, schema)

    def test_export_refuses_what_it_cannot_write(self):
        with self.assertRaisesRegex(TypeError, "cannot write the argument"):
            loom_export.encode(object())
        with self.assertRaisesRegex(ValueError, "cannot tell how the host code makes out"):
            loom_export.made(ast.parse("out = helper(x)").body, "out")

    def test_numbers_that_json_lacks_are_marked(self):
        self.assertEqual(loom_export.encode([float("-inf"), 1.5, True, None]), [{"f": "-inf"}, 1.5, True, None])

    def test_the_exporter_is_short(self):
        self.assertLessEqual(len(inspect.getsource(loom_export).splitlines()), 100)


if __name__ == "__main__":
    unittest.main()
