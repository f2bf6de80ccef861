"""Cases as text: tm_tensor, branches, loops, what is written over arguments, functions that call others.

    text("name", [inputs], [expected], body): %u0, %u1, .. are the inputs as tensors of MLIR, %r0, .. what must come out, as tensors of MLIR."""
from tensors import *
from cases import attention, nan, x, z

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
