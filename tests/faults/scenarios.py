"""The commands that the sweeps disturb: every way a file goes in or out of Loom."""
import re
import struct
from rig import Scenario

MATMUL = {"mm.py": "kernels/matmul.py"}
SMALL = "--machine wormhole --shape M=64,N=64,K=64"
HOST = "--machine host --shape M=9,N=10,K=11"


def npy(shape, values):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }" % ", ".join(str(n) for n in shape)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack(f"<{len(values)}f", *values)


def parameters(name, shape, values):
    """A .safetensors file of one tensor."""
    import json
    head = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * len(values)]}}).encode()
    return struct.pack("<Q", len(head)) + head + struct.pack(f"<{len(values)}f", *values)


MODEL = b"""func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %a = arith.addf %x, %y : tensor<2x3xf32>
  %b = arith.mulf %x, %y : tensor<2x3xf32>
  return %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
}
"""
LAYER = b"""util.global private @w = #stream.parameter.named<"model"::"w"> : tensor<8x8xf32>
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %w = util.global.load @w : tensor<8x8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %p = linalg.matmul ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %p : tensor<8x8xf32>
}
"""
CASES = b"""func.func @sum() {
  %a = util.unfoldable_constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.addf %a, %a : tensor<2xf32>
  check.expect_eq_const(%b, dense<[2.0, 4.0]> : tensor<2xf32>) : tensor<2xf32>
  return
}
"""
WEIGHTS = parameters("w", [8, 8], [float(i % 5 - 2) for i in range(64)])
X23, Y23 = npy((2, 3), range(6)), npy((2, 3), range(1, 7))


def without_past(text):
    """Whether a plan was recorded, found or left as it was depends on what came before."""
    return re.sub(rb"tuning .*\n| \([0-9,]* mappings.*", b"", text)


def without_times(text):
    return re.sub(rb'time="[^"]*"|[0-9.]+ m?s\b|"ms": [0-9.e+-]+', b"", text)


def all_scenarios():
    return [
        Scenario("compile", f"loom compile mm.py {SMALL} -o out --dump-dir dumps", MATMUL),
        Scenario("override", f"loom compile mm.py {SMALL} --override-dir n -o out", MATMUL, prepare=[f"loom compile mm.py {SMALL} --dump-dir n -o first"]),
        Scenario("replay", f"loom compile mm.py {SMALL} --plan first/plan.json -o out", MATMUL, prepare=[f"loom compile mm.py {SMALL} -o first"]),
        Scenario("emit-kernel", "loom compile mm.py --shape M=9,N=10,K=11 --emit kernel", MATMUL),
        Scenario("emit-object", f"loom compile mm.py {HOST} --emit obj -o out", MATMUL),
        Scenario("emit-library", f"loom compile mm.py {HOST} --emit so -o out", MATMUL, kept=["out/matmul.so.o"]),
        Scenario("emit-board", f"loom compile mm.py {SMALL} --emit tt -o out", MATMUL),
        Scenario("emit-npu", "loom compile mm.py --machine tpuv3 --shape M=128,N=128,K=128 --dtype f32 --emit npu -o out", MATMUL),
        Scenario("artifact", f"loom compile mm.py {HOST} -o out", MATMUL),
        Scenario("artifact-run", "loom run first --output out=out.npy", MATMUL, prepare=[f"loom compile mm.py {HOST} -o first"]),
        Scenario("cache-fill", f"loom run mm.py {HOST} --cache-dir cache --output out=out.npy", MATMUL, optional=["cache"]),
        Scenario("cache-hit", f"loom run mm.py {HOST} --cache-dir cache --output out=out.npy", MATMUL, prepare=[f"loom run mm.py {HOST} --cache-dir cache"], optional=["cache"]),
        Scenario("tuning-record", f"loom run mm.py {SMALL} --tuning-db t.db", MATMUL, database="t.db", steady=without_past),
        Scenario("tuning-second", f"loom run mm.py {SMALL} --tuning-db t.db", MATMUL, prepare=["loom run mm.py --machine wormhole --shape M=32,N=32,K=32 --tuning-db t.db"], database="t.db",
                 steady=without_past),
        Scenario("tuning-replay", f"loom run mm.py {SMALL} --tuning-db t.db", MATMUL, prepare=[f"loom run mm.py {SMALL} --tuning-db t.db"], database="t.db", steady=without_past),
        Scenario("run", f"loom run mm.py {SMALL} --check --trace trace.json --output out=out.npy -o out", MATMUL),
        Scenario("run-json", "loom run mm.py --machine host --shape M=9,N=10,K=11 --interp --output out=out.npy", MATMUL),
        Scenario("sim", "loom sim first --check --trace trace.json", MATMUL, prepare=[f"loom compile mm.py {SMALL} -o first"]),
        Scenario("sim-graph", "loom sim g.onnx --machine tpuv3-togsim", {"g.onnx": "tests/data/tog/g128.onnx"}),
        Scenario("report", "loom report first -o page.html", MATMUL, prepare=[f"loom compile mm.py {SMALL} -o first"]),
        Scenario("explore", f"loom explore mm.py {SMALL} --etg etg.json", MATMUL),
        Scenario("solve", "loom solve gen1.json --machine wormhole --etg etg.json --out answers.json", {"gen1.json": "tests/data/etg/gen1.json"}),
        Scenario("opt", "loom opt in.mlir --pass-pipeline=builtin.module(cse) -o out.mlir", {"in.mlir": "tests/data/stage0/matmul.mlir"}),
        Scenario("opt-stdin", "loom opt - --pass-pipeline=builtin.module(cse)", stdin=MODEL),
        Scenario("machine-import", "loom machine import mesh.mlir --out my.yaml", {"mesh.mlir": "tests/data/machines/mesh8_adl.mlir"}),
        Scenario("machine-show", "loom machine show wormhole --json"),
        Scenario("model-run", "loom run model.mlir --function f --input @x.npy --input @y.npy --output all.npz --output result0=one.npy", {"model.mlir": MODEL, "x.npy": X23, "y.npy": Y23}),
        Scenario("model-chip", "loom compile layer.mlir --machine wormhole --parameters=model=w.safetensors -o out --njobs 2", {"layer.mlir": LAYER, "w.safetensors": WEIGHTS}),
        # loom-out is made for the worker, and taken away again when nothing came into it; an empty one stays when the command is killed
        Scenario("model-cache", "loom compile layer.mlir --machine wormhole --parameters=model=w.safetensors --cache-dir cache --njobs 2", {"layer.mlir": LAYER, "w.safetensors": WEIGHTS, "loom-out/other": b""},
                 optional=["cache"]),
        Scenario("cases", "loom test cases.mlir --junit report.xml --json", {"cases.mlir": CASES}, steady=without_times),
    ]
