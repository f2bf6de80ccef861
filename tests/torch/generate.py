"""Writes one MLIR file with a function for each case: inputs that nothing can fold, the operation in torch's assembly, what must come out.

    python3 generate.py OUT.mlir [--only WORD]"""
import re, sys
from tensors import *
import cases, cases_shape, cases_text

TOLERANCE = {"f16": 2e-3, "bf16": 1.6e-2, "f32": 1e-5, "f64": 1e-6}   # relative to the largest element; bf16 and f16: one rounding of the result


class Function:
    def __init__(self):
        self.lines, self.n = [], 0

    def value(self, text):
        self.n += 1
        name = f"%c{self.n}"
        self.lines.append(f"  {name} = {text}")
        return name

    def operand(self, word, tensors):
        """SSA name and type of one word of a case's operands."""
        if word.startswith("%"):
            return tensors[int(word[1:])]
        if word.startswith("["):
            items = [self.operand(w, tensors) for w in word[1:-1].split()]
            kind = "vtensor" if any("vtensor" in t for _, t in items) else "int"
            if any("none" in t for _, t in items):
                items = [(self.value(f"torch.derefine {n} : {t} to !torch.optional<vtensor>"), "!torch.optional<vtensor>") for n, t in items]
                kind = "optional<vtensor>"
            return self.value(f"torch.prim.ListConstruct {', '.join(n for n, _ in items)} : ({', '.join(t for _, t in items)}) -> !torch.list<{kind}>"), f"!torch.list<{kind}>"
        if word in ("true", "false"):
            return self.value(f"torch.constant.bool {word}"), "!torch.bool"
        if word == "none":
            return self.value("torch.constant.none"), "!torch.none"
        if word == "cpu":
            return self.value('torch.constant.device "cpu"'), "!torch.Device"
        if word.startswith('"'):
            return self.value(f"torch.constant.str {word}"), "!torch.str"
        if re.fullmatch(r"-?[0-9]+", word):
            word = "i" + word
        if word.startswith("i"):
            return self.value(f"torch.constant.int {word[1:]}"), "!torch.int"
        number = float(word[1:])
        bits = struct.unpack("<Q", struct.pack("<d", number))[0]
        return self.value(f"torch.constant.float 0x{bits:016X}" if math.isinf(number) else f"torch.constant.float {number:.17e}"), "!torch.float"


NUMBER_TYPES = {"si64": "!torch.int", "f64": "!torch.float", "i1": "!torch.bool"}


def expect(f, name, t, tolerance, dynamic):
    f.lines.append(f"  %b{name[1:]} = torch_c.to_builtin_tensor {name} : {torch_type(t, dynamic)} -> {builtin_type(t, dynamic)}")
    name = f"%b{name[1:]}"
    if dynamic and t.rank:
        name = f.value(f"tensor.cast {name} : {builtin_type(t, True)} to {builtin_type(t)}")
    check(f, name, t, tolerance)


def check(f, name, t, tolerance):
    """The tensor of MLIR must hold the elements of t."""
    type_ = builtin_type(t)
    nan = any(isinstance(v, float) and math.isnan(v) for v in t.data)
    if nan:   # NaN equals nothing: where it must be is compared, then the rest
        hole = T(t.shape, [isinstance(v, float) and math.isnan(v) for v in t.data], "i1")
        maps = ", ".join([f"affine_map<({', '.join(f'd{d}' for d in range(t.rank))}) -> ({', '.join(f'd{d}' for d in range(t.rank))})>"] * 3)
        iterators = ", ".join(['"parallel"'] * t.rank)
        empty, holes = f.value(f"tensor.empty() : {type_}"), f.value(f"tensor.empty() : {builtin_type(hole)}")
        e = t.dtype
        f.lines.append(f"  {name}n:2 = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} ins({name} : {type_}) outs({empty}, {holes} : {type_}, {builtin_type(hole)}) {{\n"
                       f"  ^bb0(%x: {e}, %o: {e}, %p: i1):\n  %is = arith.cmpf uno, %x, %x : {e}\n  %zero = arith.constant 0.0 : {e}\n  %y = arith.select %is, %zero, %x : {e}\n"
                       f"  linalg.yield %y, %is : {e}, i1\n  }} -> ({type_}, {builtin_type(hole)})")
        f.lines.append(f"  check.expect_eq_const({name}n#1, {literal(hole)}) : {builtin_type(hole)}")
        t = T(t.shape, [0.0 if h else v for h, v in zip(hole.data, t.data)], t.dtype)
        name = f"{name}n#0"
    if t.dtype in FLOATS and tolerance != 0:
        most = max([1e-3] + [abs(v) for v in t.data if not math.isinf(v)])
        atol = (tolerance or TOLERANCE[t.dtype]) * most
        f.lines.append(f"  check.expect_almost_eq_const({name}, {literal(t)}, atol {atol:.6e}) : {type_}")
    else:
        f.lines.append(f"  check.expect_eq_const({name}, {literal(t)}) : {type_}")


def emit(c, label):
    f = Function()
    tensors = []
    for i, t in enumerate(c["inputs"]):
        f.lines.append(f"  %u{i} = util.unfoldable_constant {literal(t)}")
        name = f"%u{i}"
        if c["dynamic"] and t.rank:
            name = f.value(f"tensor.cast {name} : {builtin_type(t)} to {builtin_type(t, True)}")
        f.lines.append(f"  %t{i} = torch_c.from_builtin_tensor {name} : {builtin_type(t, c['dynamic'])} -> {torch_type(t, c['dynamic'])}")
        tensors.append((f"%t{i}", torch_type(t, c["dynamic"])))
    operands = [f.operand(w, tensors) for w in re.findall(r'\[[^\]]*\]|"[^"]*"|\S+', c["operands"])]
    names, types = ", ".join(n for n, _ in operands), ", ".join(t for _, t in operands)
    expected = c["expected"]
    results = [torch_type(t, c["dynamic"]) for t in expected]
    if c["name"] == "statement":
        f.lines.append(f"  {c['op']} {names} : {types}")
    elif c["name"] == "number":
        kind = NUMBER_TYPES[expected[0].dtype]
        f.lines.append(f"  %n = {c['op']} {names} : {types} -> {kind}")
        f.lines.append(f"  %r0 = torch.prim.NumToTensor.Scalar %n : {kind} -> {results[0]}")
    elif c["unpack"]:
        f.lines.append(f"  %l = {c['op']} {names} : {types} -> !torch.list<vtensor>")
        f.lines.append(f"  {', '.join(f'%r{i}' for i in range(len(expected)))} = torch.prim.ListUnpack %l : !torch.list<vtensor> -> {', '.join(results)}")
    else:
        left = f"  {', '.join(f'%r{i}' for i in range(len(expected)))} = {c['op']} {names} : {types}"
        f.lines.append(left + (" -> " if operands else "") + ", ".join(results))
    if c["body"]:
        f.lines.append("  %four = torch.constant.int 4")
        f.lines += ["  " + line.replace("%r,", "%r0,").replace("{R}", results[0]).replace("%z", "%z0") for line in c["body"]]
        expect(f, "%z0", expected[0], c["tol"], c["dynamic"])
    else:
        for i, t in enumerate(expected):
            expect(f, f"%r{i}", t, c["tol"], c["dynamic"] and c["name"] != "number")
    return f"func.func @{label}() {{\n" + "\n".join(f.lines) + "\n  return\n}\n"


def emit_text(name, inputs, expected, body, before, tol):
    f = Function()
    for i, t in enumerate(inputs):
        f.lines.append(f"  %u{i} = util.unfoldable_constant {literal(t)}")
    f.lines.append(body.lstrip("\n"))
    for i, t in enumerate(expected):
        check(f, f"%r{i}" if f"%r{i}" in body else f"%r0#{i}", t, tol)
    return before + f"func.func @{name}() {{\n" + "\n".join(f.lines) + "\n  return\n}\n"


def main():
    out = sys.argv[1]
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    seen, covered, parts = {}, set(), []
    for c in cases.CASES:
        covered.add(c["op"])
        label = c["op"].replace("torch.", "").replace(".", "_")
        seen[label] = seen.get(label, 0) + 1
        if only in c["op"]:
            parts.append(emit(c, f"{label}_{seen[label]}"))
    for t in cases_text.TEXTS:
        covered |= set(re.findall(r"(?:tm_tensor|stablehlo)\.(?!yield|return|constant)[a-z_0-9]+", t[3]))
        covered |= set(re.findall(r"torch\.bind_symbolic_shape|torch\.aten\.(?:_make_per|quantize|dequantize|int_repr)[a-z_.]*", t[3]))
        if only in t[0]:
            parts.append(emit_text(*t))
    with open(out, "w") as file:
        file.write("\n".join(parts))
    print(len(parts), "cases of", len(covered), "operations")
    with open(out + ".covered", "w") as file:
        file.write("\n".join(sorted(covered)) + "\n")


main()
