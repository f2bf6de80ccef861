"""Cases as text: tm_tensor, branches, loops, what is written over arguments, functions that call others.

    text("name", [inputs], [expected], body): %u0, %u1, .. are the inputs as tensors of MLIR, %r0, .. what must come out, as tensors of MLIR."""
from tensors import *
import math
from cases import attention, bx, ix, iy, nan, pos, row, special, unit, x, y, z

TEXTS = []


def text(name, inputs, expected, body, before="", tol=None):
    TEXTS.append((name, inputs, expected, body, before, tol))


# ---- tm_tensor ----
line = T((5,), [3, 1, 4, 1, 5], "si32")
for inclusive, out, last in [("true", [3, 4, 8, 9, 14], 14), ("false", [100, 103, 104, 108, 109], 109)]:
    text(f"tm_scan_{inclusive}", [line, scalar(100, "si32")], [T((5,), out, "si32"), scalar(last, "si32")], f"""
  %e = tensor.empty() : tensor<5xi32>
  %r0, %r1 = tm_tensor.scan dimension(0) inclusive({inclusive}) ins(%u0 : tensor<5xi32>) outs(%e, %u1 : tensor<5xi32>, tensor<i32>) {{
  ^bb0(%a: i32, %b: i32):
    %s = arith.addi %a, %b : i32
    tm_tensor.yield %s : i32
  }} -> tensor<5xi32>, tensor<i32>""")
grid = T((2, 3), [1, 2, 3, 4, 5, 6])
text("tm_scan_of_rows", [grid, T((2,), [0, 0])], [T((2, 3), [1, 2, 6, 4, 20, 120]), T((2,), [6, 120])], """
  %e = tensor.empty() : tensor<2x3xf32>
  %r0, %r1 = tm_tensor.scan dimension(1) inclusive(true) ins(%u0 : tensor<2x3xf32>) outs(%e, %u1 : tensor<2x3xf32>, tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.mulf %a, %b : f32
    tm_tensor.yield %s : f32
  } -> tensor<2x3xf32>, tensor<2xf32>""")
text("tm_scatter_whole_rows", [T((2, 3), [10, 20, 30, 40, 50, 60]), T((2, 1), [2, 0], "si32"), T((3, 3), range(9))], [T((3, 3), [40, 51, 62, 3, 4, 5, 16, 27, 38])], """
  %r0 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(true) ins(%u0, %u1 : tensor<2x3xf32>, tensor<2x1xi32>) outs(%u2 : tensor<3x3xf32>) {
  ^bb0(%new: f32, %old: f32):
    %s = arith.addf %new, %old : f32
    tm_tensor.yield %s : f32
  } -> tensor<3x3xf32>""")
text("tm_scatter_elements", [T((3,), [7, 8, 9], "si64"), T((3, 2), [0, 1, 1, 0, 0, 1], "si64"), T((2, 2), [0, 0, 0, 0], "si64")], [T((2, 2), [0, 9, 8, 0], "si64")], """
  %r0 = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(false) ins(%u0, %u1 : tensor<3xi64>, tensor<3x2xi64>) outs(%u2 : tensor<2x2xi64>) {
  ^bb0(%new: i64, %old: i64):
    tm_tensor.yield %new : i64
  } -> tensor<2x2xi64>""")
text("tm_scatter_into_windows", [T((1, 2), [5, 6]), T((1, 1), [1], "si32"), T((4,), [0, 0, 0, 0])], [T((4,), [0, 5, 6, 0])], """
  %r0 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(true) ins(%u0, %u1 : tensor<1x2xf32>, tensor<1x1xi32>) outs(%u2 : tensor<4xf32>) {
  ^bb0(%new: f32, %old: f32):
    tm_tensor.yield %new : f32
  } -> tensor<4xf32>""")
# A comparison that is true of equal ones keeps their order all the same.
text("tm_sort_pairs", [T((2, 4), [3, 1, 3, 2, 0, 5, 5, 5]), T((2, 4), range(8), "si64")], [T((2, 4), [3, 3, 2, 1, 5, 5, 5, 0]), T((2, 4), [0, 2, 3, 1, 5, 6, 7, 4], "si64")], """
  %r0:2 = tm_tensor.sort dimension(1) outs(%u0, %u1 : tensor<2x4xf32>, tensor<2x4xi64>) {
  ^bb0(%a: f32, %b: f32, %i: i64, %j: i64):
    %c = arith.cmpf oge, %a, %b : f32
    tm_tensor.yield %c : i1
  } -> tensor<2x4xf32>, tensor<2x4xi64>""")
text("tm_sort_captures_a_constant", [T((4,), [3, -5, 4, -1])], [T((4,), [3, 4, -5, -1])], """
  %zero = arith.constant 0.0 : f32
  %r0 = tm_tensor.sort dimension(0) outs(%u0 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %p = arith.cmpf ogt, %a, %zero : f32
    %q = arith.cmpf ole, %b, %zero : f32
    %c = arith.andi %p, %q : i1
    tm_tensor.yield %c : i1
  } -> tensor<4xf32>""")
text("tm_topk", [T((2, 4), [3, 1, 9, 2, 0, 5, 7, 5])], [T((2, 2), [9, 3, 7, 5]), T((2, 2), [2, 0, 2, 1], "si32")], """
  %v = tensor.empty() : tensor<2x2xf32>
  %i = tensor.empty() : tensor<2x2xi32>
  %r0:2 = tm_tensor.topk dimension(1) ins(%u0 : tensor<2x4xf32>) outs(%v, %i : tensor<2x2xf32>, tensor<2x2xi32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %c : i1
  } -> tensor<2x2xf32>, tensor<2x2xi32>""")
text("tm_topk_of_places", [T((4,), [3, 1, 9, 2]), T((4,), [40, 30, 20, 10], "si32")], [T((2,), [1, 2]), T((2,), [30, 10], "si32")], """
  %v = tensor.empty() : tensor<2xf32>
  %i = tensor.empty() : tensor<2xi32>
  %r0:2 = tm_tensor.topk dimension(0) ins(%u0, %u1 : tensor<4xf32>, tensor<4xi32>) outs(%v, %i : tensor<2xf32>, tensor<2xi32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.cmpf olt, %a, %b : f32
    tm_tensor.yield %c : i1
  } -> tensor<2xf32>, tensor<2xi32>""")
q, k, v, m = rand(2, 3, 8, seed=1), rand(2, 5, 8, seed=2), rand(2, 5, 4, seed=3), rand(2, 3, 5, seed=4)
text("tm_attention", [q, k, v], [attention(q, k, v)[0]], """
  %e = tensor.empty() : tensor<2x3x4xf32>
  %r0 = tm_tensor.attention ins(%u0, %u1, %u2 : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) outs(%e : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>""")
text("tm_attention_with_mask_and_scale", [q, k, v, m], [attention(q, k, v, m, scale=0.25)[0]], """
  %e = tensor.empty() : tensor<2x3x4xf32>
  %r0 = tm_tensor.attention {scale = 2.500000e-01 : f64} ins(%u0, %u1, %u2, %u3 : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>, tensor<2x3x5xf32>)
      outs(%e : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>""")

# ---- sizes known on one side only ----
text("views_forget_and_learn_sizes", [z], [view(z, (6, 4)), view(z, (2, 3, 4))], """
  %t = torch_c.from_builtin_tensor %u0 : tensor<2x3x4xf32> -> !torch.vtensor<[2,3,4],f32>
  %two = torch.constant.int 2
  %three = torch.constant.int 3
  %four = torch.constant.int 4
  %six = torch.constant.int 6
  %flat = torch.prim.ListConstruct %six, %four : (!torch.int, !torch.int) -> !torch.list<int>
  %deep = torch.prim.ListConstruct %two, %three, %four : (!torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %a = torch.aten.view %t, %flat : !torch.vtensor<[2,3,4],f32>, !torch.list<int> -> !torch.vtensor<[?,4],f32>
  %b = torch.aten.view %a, %deep : !torch.vtensor<[?,4],f32>, !torch.list<int> -> !torch.vtensor<[2,3,4],f32>
  %c = torch.aten.view %t, %deep : !torch.vtensor<[2,3,4],f32>, !torch.list<int> -> !torch.vtensor<[?,3,?],f32>
  %d = torch.aten.view %c, %flat : !torch.vtensor<[?,3,?],f32>, !torch.list<int> -> !torch.vtensor<[6,4],f32>
  %r0 = torch_c.to_builtin_tensor %d : !torch.vtensor<[6,4],f32> -> tensor<6x4xf32>
  %r1 = torch_c.to_builtin_tensor %b : !torch.vtensor<[2,3,4],f32> -> tensor<2x3x4xf32>""")

# ---- quantized tensors ----
Q = "!torch.vtensor<[2,3],!torch.qint8>"
quantized = [min(max(round(a / 0.25) + 3, -128), 127) for a in x.data]
text("quantize_and_back", [x], [T((2, 3), [(a - 3) * 0.25 for a in quantized]), T((2, 3), quantized, "si8")], f"""
  %t = torch_c.from_builtin_tensor %u0 : tensor<2x3xf32> -> !torch.vtensor<[2,3],f32>
  %scale = torch.constant.float 2.500000e-01
  %zero = torch.constant.int 3
  %type = torch.constant.int 12
  %q = torch.aten.quantize_per_tensor %t, %scale, %zero, %type : !torch.vtensor<[2,3],f32>, !torch.float, !torch.int, !torch.int -> {Q}
  %i = torch.aten.int_repr %q : {Q} -> !torch.vtensor<[2,3],si8>
  %made = torch.aten._make_per_tensor_quantized_tensor %i, %scale, %zero : !torch.vtensor<[2,3],si8>, !torch.float, !torch.int -> {Q}
  %y = torch.aten.dequantize.self %q : {Q} -> !torch.vtensor<[2,3],f32>
  %z = torch.aten.dequantize.tensor %made : {Q} -> !torch.vtensor<[2,3],f32>
  %r0 = torch_c.to_builtin_tensor %z : !torch.vtensor<[2,3],f32> -> tensor<2x3xf32>
  %r1 = torch_c.to_builtin_tensor %i : !torch.vtensor<[2,3],si8> -> tensor<2x3xi8>""")

# Beyond the type: its ends, which f32 does not have.
far = T((4,), [3e9, -3e9, 2147483520.0, -2.5])
text("quantize_to_i32", [far], [T((4,), [2**31 - 1, -2**31, 2147483520, -2], "si32")], """
  %t = torch_c.from_builtin_tensor %u0 : tensor<4xf32> -> !torch.vtensor<[4],f32>
  %scale = torch.constant.float 1.000000e+00
  %zero = torch.constant.int 0
  %type = torch.constant.int 14
  %q = torch.aten.quantize_per_tensor %t, %scale, %zero, %type : !torch.vtensor<[4],f32>, !torch.float, !torch.int, !torch.int -> !torch.vtensor<[4],!torch.qint32>
  %i = torch.aten.int_repr %q : !torch.vtensor<[4],!torch.qint32> -> !torch.vtensor<[4],si32>
  %r0 = torch_c.to_builtin_tensor %i : !torch.vtensor<[4],si32> -> tensor<4xi32>""")

# ---- control ----
V = "!torch.vtensor<[2,3],f32>"
IN = f"\n  %t = torch_c.from_builtin_tensor %u0 : tensor<2x3xf32> -> {V}"
OUT = f"\n  %r0 = torch_c.to_builtin_tensor %y : {V} -> tensor<2x3xf32>"
for value, sign in [("true", -1), ("false", 1)]:
    text(f"prim_If_{value}", [x, T((), [value == "true"], "i1")], [emap(lambda a: sign * a, x)], IN + f"""
  %w = torch_c.from_builtin_tensor %u1 : tensor<i1> -> !torch.vtensor<[],i1>
  %c = torch.aten.Bool.Tensor %w : !torch.vtensor<[],i1> -> !torch.bool
  %y = torch.prim.If %c -> ({V}) {{
    %n = torch.aten.neg %t : {V} -> {V}
    torch.prim.If.yield %n : {V}
  }} else {{
    torch.prim.If.yield %t : {V}
  }}""" + OUT)
text("prim_Loop", [x], [emap(lambda a: 3 + 2 * (2 + 2 * (1 + 2 * (0 + 2 * a))), x)], IN + f"""
  %n = torch.constant.int 4
  %true = torch.constant.bool true
  %two = torch.constant.int 2
  %one = torch.constant.int 1
  %y = torch.prim.Loop %n, %true, init(%t) {{
  ^bb0(%i: !torch.int, %a: {V}):
    %b = torch.aten.mul.Scalar %a, %two : {V}, !torch.int -> {V}
    %c = torch.aten.add.Scalar %b, %i, %one : {V}, !torch.int, !torch.int -> {V}
    torch.prim.Loop.condition %true, iter(%c : {V})
  }} : (!torch.int, !torch.bool, {V}) -> {V}""" + OUT)
text("call", [x], [emap(lambda a: max(-a, 0), x)], IN + f"\n  %y = call @callee(%t) : ({V}) -> {V}" + OUT, before=f"""func.func private @callee(%a: {V}) -> {V} {{
  %0 = torch.aten.neg %a : {V} -> {V}
  %1 = torch.aten.relu %0 : {V} -> {V}
  return %1 : {V}
}}
""")
text("operator_of_aten", [x], [emap(abs, x)], IN + f'\n  %y = torch.operator "torch.aten.abs"(%t) : ({V}) -> {V}' + OUT)
text("literals", [x], [T((3,), [255, 1, 2]), T((2,), [-1, 5], "si64")], """
  %a = torch.vtensor.literal(dense<[255, 1, 2]> : tensor<3xui8>) : !torch.vtensor<[3],ui8>
  %six = torch.constant.int 6
  %b = torch.prims.convert_element_type %a, %six : !torch.vtensor<[3],ui8>, !torch.int -> !torch.vtensor<[3],f32>
  %r0 = torch_c.to_builtin_tensor %b : !torch.vtensor<[3],f32> -> tensor<3xf32>
  %c = torch.vtensor.literal(dense<[-1, 5]> : tensor<2xsi64>) : !torch.vtensor<[2],si64>
  %r1 = torch_c.to_builtin_tensor %c : !torch.vtensor<[2],si64> -> tensor<2xi64>""")

# ---- StableHLO ----
ELEMENTS = [("abs", abs, x), ("cbrt", lambda a: math.copysign(abs(a) ** (1 / 3), a), x), ("ceil", math.ceil, x), ("cosine", math.cos, x), ("exponential", math.exp, x), ("exponential_minus_one", math.expm1, x),
            ("floor", math.floor, x), ("log", math.log, pos), ("log_plus_one", math.log1p, pos), ("logistic", lambda a: 1 / (1 + math.exp(-a)), x), ("negate", lambda a: -a, x),
            ("round_nearest_afz", lambda a: math.copysign(math.floor(abs(a) + 0.5), a), T((4,), [0.5, 1.5, -2.5, 1.2])), ("round_nearest_even", round, T((4,), [0.5, 1.5, -2.5, 1.2])),
            ("rsqrt", lambda a: 1 / math.sqrt(a), pos), ("sine", math.sin, x), ("sqrt", math.sqrt, pos), ("tan", math.tan, unit), ("tanh", math.tanh, x), ("not", lambda a: ~a, ix),
            ("sign", lambda a: a if a != a else (a > 0) - (a < 0), T((4,), [2, -3, 0, nan]))]
for name, f, t in ELEMENTS:
    text(f"stablehlo_{name}", [t], [emap(f, t)], f"  %r0 = stablehlo.{name} %u0 : {builtin_type(t)}")
PAIRS = [("add", lambda a, b: a + b), ("subtract", lambda a, b: a - b), ("multiply", lambda a, b: a * b), ("maximum", max), ("minimum", min)]
for name, f in PAIRS + [("divide", lambda a, b: a / b), ("atan2", math.atan2), ("remainder", math.fmod)]:
    text(f"stablehlo_{name}", [x, y], [emap(f, x, y)], f"  %r0 = stablehlo.{name} %u0, %u1 : tensor<2x3xf32>")
for name, f in PAIRS + [("divide", lambda a, b: math.trunc(a / b)), ("remainder", lambda a, b: int(math.fmod(a, b))), ("and", lambda a, b: a & b), ("or", lambda a, b: a | b), ("xor", lambda a, b: a ^ b)]:
    text(f"stablehlo_{name}_of_whole_numbers", [ix, iy], [emap(f, ix, iy)], f"  %r0 = stablehlo.{name} %u0, %u1 : tensor<2x4xi64>")
shifts = T((2, 4), range(8), "si64")
for name, f in [("shift_left", lambda a, b: a << b), ("shift_right_arithmetic", lambda a, b: a >> b), ("shift_right_logical", lambda a, b: (a % 2**64) >> b)]:
    text(f"stablehlo_{name}", [ix, shifts], [emap(f, ix, shifts)], f"  %r0 = stablehlo.{name} %u0, %u1 : tensor<2x4xi64>")
text("stablehlo_power", [pos, x], [emap(lambda a, b: a**b, pos, x)], "  %r0 = stablehlo.power %u0, %u1 : tensor<2x3xf32>")
text("stablehlo_is_finite", [special], [T((6,), [0, 0, 0, 1, 1, 1], "i1")], "  %r0 = stablehlo.is_finite %u0 : (tensor<6xf32>) -> tensor<6xi1>")
text("stablehlo_clamp", [scalar(-1), x, scalar(0.5)], [emap(lambda a: min(max(a, -1), 0.5), x)], "  %r0 = stablehlo.clamp %u0, %u1, %u2 : (tensor<f32>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>")
text("stablehlo_select", [bx, x, y], [emap(lambda c, a, b: a if c else b, bx, x, y, dtype="f32")], "  %r0 = stablehlo.select %u0, %u1, %u2 : tensor<2x3xi1>, tensor<2x3xf32>")
text("stablehlo_convert", [x], [T((2, 3), [math.trunc(a) for a in x.data], "si32")], "  %r0 = stablehlo.convert %u0 : (tensor<2x3xf32>) -> tensor<2x3xi32>")
for word, f in [("EQ", lambda a, b: a == b), ("NE", lambda a, b: a != b), ("LT", lambda a, b: a < b), ("LE", lambda a, b: a <= b), ("GT", lambda a, b: a > b), ("GE", lambda a, b: a >= b)]:
    text(f"stablehlo_compare_{word}", [ix, T((2, 4), [1] * 8, "si64")], [emap(lambda a: f(a, 1), ix, dtype="i1")], f"  %r0 = stablehlo.compare  {word}, %u0, %u1,  SIGNED : (tensor<2x4xi64>, tensor<2x4xi64>) -> tensor<2x4xi1>")
text("stablehlo_constant", [x], [T((2,), [1.5, -2])], "  %r0 = stablehlo.constant dense<[1.5, -2.0]> : tensor<2xf32>")
text("stablehlo_iota", [x], [make((2, 3), lambda i, j: j, "si32")], "  %r0 = stablehlo.iota dim = 1 : tensor<2x3xi32>")
text("stablehlo_broadcast_in_dim", [T((1, 3), [1, 2, 3])], [make((4, 2, 3), lambda i, j, k: k + 1)], "  %r0 = stablehlo.broadcast_in_dim %u0, dims = [1, 2] : (tensor<1x3xf32>) -> tensor<4x2x3xf32>")
text("stablehlo_broadcast_in_dim_crosswise", [row], [make((3, 2), lambda i, j: row.at(i))], "  %r0 = stablehlo.broadcast_in_dim %u0, dims = [0] : (tensor<3xf32>) -> tensor<3x2xf32>")
text("stablehlo_reshape", [z], [view(z, (8, 3))], "  %r0 = stablehlo.reshape %u0 : (tensor<2x3x4xf32>) -> tensor<8x3xf32>")
text("stablehlo_transpose", [z], [permute(z, [2, 0, 1])], "  %r0 = stablehlo.transpose %u0, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>")
text("stablehlo_concatenate", [x, y], [make((2, 6), lambda i, j: x.at(i, j) if j < 3 else y.at(i, j - 3))], "  %r0 = stablehlo.concatenate %u0, %u1, dim = 1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>")
text("stablehlo_slice", [z], [make((1, 2, 2), lambda i, j, k: z.at(1, j, 1 + 2 * k))], "  %r0 = stablehlo.slice %u0 [1:2, 0:2, 1:4:2] : (tensor<2x3x4xf32>) -> tensor<1x2x2xf32>")
text("stablehlo_pad", [x, scalar(9)], [make((3, 4), lambda i, j: x.at(i - 1, j + 1) if i and j < 2 else 9)], "  %r0 = stablehlo.pad %u0, %u1, low = [1, -1], high = [0, 2], interior = [0, 0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<3x4xf32>")
text("stablehlo_reduce", [z, scalar(10)], [reduce(lambda v: sum(v) + 10, z, [0, 2])], "  %r0 = stablehlo.reduce(%u0 init: %u1) applies stablehlo.add across dimensions = [0, 2] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3xf32>")
text("stablehlo_reduce_by_region", [z, scalar(-10)], [reduce(max, z, [1])], """  %r0 = stablehlo.reduce(%u0 init: %u1) across dimensions = [1] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x4xf32>
   reducer(%a: tensor<f32>, %b: tensor<f32>) {
    %m = stablehlo.maximum %b, %a : tensor<f32>
    stablehlo.return %m : tensor<f32>
  }""")
text("stablehlo_reduce_generic", [bx, T((), [False], "i1")], [reduce(any, bx, [1])], """  %r0 = "stablehlo.reduce"(%u0, %u1) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<i1>, %b: tensor<i1>):
    %m = "stablehlo.or"(%a, %b) : (tensor<i1>, tensor<i1>) -> tensor<i1>
    "stablehlo.return"(%m) : (tensor<i1>) -> ()
  }) : (tensor<2x3xi1>, tensor<i1>) -> tensor<2xi1>""")
h = rand(2, 64, dtype="f16", seed=5)
text("stablehlo_reduce_of_halves", [h, scalar(0, "f16")], [reduce(sum, h, [1])], "  %r0 = stablehlo.reduce(%u0 init: %u1) applies stablehlo.add across dimensions = [1] : (tensor<2x64xf16>, tensor<f16>) -> tensor<2xf16>")
p, r = rand(2, 3, 4, seed=11), rand(2, 4, 5, seed=12)
text("stablehlo_dot_general_batched", [p, r], [matmul(p, r)], "  %r0 = stablehlo.dot_general %u0, %u1, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>")
text("stablehlo_dot_general_of_two_dims", [p, rand(4, 3, 2, seed=13)], [make((2, 2), lambda i, j: sum(p.at(i, a, b) * rand(4, 3, 2, seed=13).at(b, a, j) for a in range(3) for b in range(4)))],
     "  %r0 = stablehlo.dot_general %u0, %u1, contracting_dims = [1, 2] x [1, 0] : (tensor<2x3x4xf32>, tensor<4x3x2xf32>) -> tensor<2x2xf32>")
text("stablehlo_dot_general_generic", [rand(4, 3), rand(4, 5, seed=2)], [matmul(permute(rand(4, 3), [1, 0]), rand(4, 5, seed=2))],
     '  %r0 = "stablehlo.dot_general"(%u0, %u1) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>}> : (tensor<4x3xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>')
text("stablehlo_dot", [rand(3, 4), rand(4, seed=2)], [matmul(rand(3, 4), rand(4, seed=2))], "  %r0 = stablehlo.dot %u0, %u1 : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3xf32>")
text("stablehlo_slice_generic", [z], [make((1, 2, 2), lambda i, j, k: z.at(1, j, 1 + 2 * k))],
     '  %r0 = "stablehlo.slice"(%u0) <{start_indices = array<i64: 1, 0, 1>, limit_indices = array<i64: 2, 2, 4>, strides = array<i64: 1, 1, 2>}> : (tensor<2x3x4xf32>) -> tensor<1x2x2xf32>')
text("bind_symbolic_shape", [x], [emap(lambda a: -a, x)], IN + f"""
  %s = torch.symbolic_int "s0" {{min_val = 2, max_val = 9}} : !torch.int
  torch.bind_symbolic_shape %t, [%s], affine_map<()[s0] -> (s0, 3)> : {V}
  %y = torch.aten.neg %t : {V} -> {V}""" + OUT)
