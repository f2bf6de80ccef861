/* Oracles: numbers worked out by hand or by libm for the interpreter of MLIR. */
#include "ir/ir_testing.h"
#include "bisect/bisect.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load);
}

static const sym_binding symbols[] = {{"tile", 2}};

/* Runs @f(%x: memref<4xT>, %out: memref<4xT>) with x = 1, 2, 3, 4. */
static bisect_stop run(const char *body, const char *type, int64_t elems_max, flow_memory **out) {
  static const double x[] = {1, 2, 3, 4};
  const bisect_argument arguments[] = {{x, 4}, {NULL, 4}};
  bisect_ir_options o = {.symbols = symbols, .n_symbols = 1, .arguments = arguments, .n_arguments = 2, .elems_max = elems_max};
  const char *module = arena_printf(&ctx.mem, "func.func @f(%%x: memref<4x%s>, %%out: memref<4x%s>) {\n%s\nreturn\n}\n", type, type, body);
  MlirModule m;
  flow_run *flow;
  flow_memory **memory;
  bisect_stop stop;
  if (ir_parse(&ir, "t.mlir", module, strlen(module), &m) != LOOM_OK)
    fail_msg("%s: %s", module, ctx.diag.first->text);
  assert_int_equal(bisect_run_ir(&ir, ir_find_func(m, NULL), &o, &ctx.mem, &flow, &memory, &stop), LOOM_OK);
  *out = memory[1];
  ir_close_module(m);
  return stop;
}

static const char ELEMENTWISE[] =
    "%%t = bufferization.to_tensor %%x : memref<4x%s> to tensor<4x%s>\n"
    "%%e = tensor.empty() : tensor<4x%s>\n"
    "%%r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%%t : tensor<4x%s>) outs(%%e : tensor<4x%s>) {\n"
    "^bb0(%%a: %s, %%o: %s):\n%s\nlinalg.yield %%y : %s\n} -> tensor<4x%s>\n"
    "bufferization.materialize_in_destination %%r in writable %%out : (tensor<4x%s>, memref<4x%s>) -> ()";

static const char *elementwise(const char *t, const char *body) { return arena_printf(&ctx.mem, ELEMENTWISE, t, t, t, t, t, t, t, body, t, t, t, t); }

static void test_scalar_functions_are_rounded_to_their_type(void **state) {
  (void)state;
  const struct { const char *type, *body; double want[4]; } rows[] = {
      {"f32", "%y = arith.mulf %a, %a : f32", {1, 4, 9, 16}},
      {"f32", "%c = arith.constant 3.0 : f32\n%y = arith.divf %a, %c : f32", {(double)(1.0f / 3), (double)(2.0f / 3), 1, (double)(4.0f / 3)}},
      {"f16", "%c = arith.constant 2049.0 : f16\n%y = arith.addf %a, %c : f16", {2048, 2050, 2052, 2052}},
      {"f32", "%y = math.exp %a : f32", {(double)(float)exp(1), (double)(float)exp(2), (double)(float)exp(3), (double)(float)exp(4)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%p = arith.cmpf ogt, %a, %c : f32\n%y = arith.select %p, %a, %c : f32", {2.5, 2.5, 3, 4}},
      {"i32", "%c = arith.constant 2147483646 : i32\n%y = arith.addi %a, %c : i32", {2147483647, -2147483648.0, -2147483647.0, -2147483646.0}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.floordivsi %a, %c : i32", {-1, -1, -2, -2}},
      {"i32", "%c = arith.constant -1 : i32\n%p = arith.cmpi ult, %c, %a : i32\n%y = arith.extui %p : i1 to i32", {0, 0, 0, 0}},
      {"f32", "%b = arith.bitcast %a : f32 to i32\n%c = arith.constant -2147483648 : i32\n%s = arith.xori %b, %c : i32\n%y = arith.bitcast %s : i32 to f32", {-1, -2, -3, -4}},
      {"f32", "%y = math.absf %a : f32", {(double)(float)1.0, (double)(float)2.0, (double)(float)3.0, (double)(float)4.0}},
      {"f32", "%y = arith.negf %a : f32", {(double)(float)-1.0, (double)(float)-2.0, (double)(float)-3.0, (double)(float)-4.0}},
      {"f32", "%y = math.ceil %a : f32", {(double)(float)ceil(1), (double)(float)ceil(2), (double)(float)ceil(3), (double)(float)ceil(4)}},
      {"f32", "%y = math.floor %a : f32", {(double)(float)floor(1), (double)(float)floor(2), (double)(float)floor(3), (double)(float)floor(4)}},
      {"f32", "%y = math.round %a : f32", {(double)(float)round(1), (double)(float)round(2), (double)(float)round(3), (double)(float)round(4)}},
      {"f32", "%y = math.roundeven %a : f32", {(double)(float)nearbyint(1), (double)(float)nearbyint(2), (double)(float)nearbyint(3), (double)(float)nearbyint(4)}},
      {"f32", "%y = math.trunc %a : f32", {(double)(float)trunc(1), (double)(float)trunc(2), (double)(float)trunc(3), (double)(float)trunc(4)}},
      {"f32", "%y = math.exp2 %a : f32", {(double)(float)exp2(1), (double)(float)exp2(2), (double)(float)exp2(3), (double)(float)exp2(4)}},
      {"f32", "%y = math.expm1 %a : f32", {(double)(float)expm1(1), (double)(float)expm1(2), (double)(float)expm1(3), (double)(float)expm1(4)}},
      {"f32", "%y = math.log %a : f32", {(double)(float)log(1), (double)(float)log(2), (double)(float)log(3), (double)(float)log(4)}},
      {"f32", "%y = math.log2 %a : f32", {(double)(float)log2(1), (double)(float)log2(2), (double)(float)log2(3), (double)(float)log2(4)}},
      {"f32", "%y = math.log10 %a : f32", {(double)(float)log10(1), (double)(float)log10(2), (double)(float)log10(3), (double)(float)log10(4)}},
      {"f32", "%y = math.log1p %a : f32", {(double)(float)log1p(1), (double)(float)log1p(2), (double)(float)log1p(3), (double)(float)log1p(4)}},
      {"f32", "%y = math.sqrt %a : f32", {(double)(float)sqrt(1), (double)(float)sqrt(2), (double)(float)sqrt(3), (double)(float)sqrt(4)}},
      {"f32", "%y = math.rsqrt %a : f32", {(double)(float)(1 / sqrt(1)), (double)(float)(1 / sqrt(2)), (double)(float)(1 / sqrt(3)), (double)(float)(1 / sqrt(4))}},
      {"f32", "%y = math.cbrt %a : f32", {(double)(float)cbrt(1), (double)(float)cbrt(2), (double)(float)cbrt(3), (double)(float)cbrt(4)}},
      {"f32", "%y = math.sin %a : f32", {(double)(float)sin(1), (double)(float)sin(2), (double)(float)sin(3), (double)(float)sin(4)}},
      {"f32", "%y = math.cos %a : f32", {(double)(float)cos(1), (double)(float)cos(2), (double)(float)cos(3), (double)(float)cos(4)}},
      {"f32", "%y = math.tan %a : f32", {(double)(float)tan(1), (double)(float)tan(2), (double)(float)tan(3), (double)(float)tan(4)}},
      {"f32", "%y = math.tanh %a : f32", {(double)(float)tanh(1), (double)(float)tanh(2), (double)(float)tanh(3), (double)(float)tanh(4)}},
      {"f32", "%y = math.erf %a : f32", {(double)(float)erf(1), (double)(float)erf(2), (double)(float)erf(3), (double)(float)erf(4)}},
      {"f32", "%y = math.erfc %a : f32", {(double)(float)erfc(1), (double)(float)erfc(2), (double)(float)erfc(3), (double)(float)erfc(4)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.subf %a, %c : f32", {(double)(float)(1 - 2.5), (double)(float)(2 - 2.5), (double)(float)(3 - 2.5), (double)(float)(4 - 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.remf %a, %c : f32", {(double)(float)fmod(1, 2.5), (double)(float)fmod(2, 2.5), (double)(float)fmod(3, 2.5), (double)(float)fmod(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.maximumf %a, %c : f32", {(double)(float)fmax(1, 2.5), (double)(float)fmax(2, 2.5), (double)(float)fmax(3, 2.5), (double)(float)fmax(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.minimumf %a, %c : f32", {(double)(float)fmin(1, 2.5), (double)(float)fmin(2, 2.5), (double)(float)fmin(3, 2.5), (double)(float)fmin(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.maxnumf %a, %c : f32", {(double)(float)fmax(1, 2.5), (double)(float)fmax(2, 2.5), (double)(float)fmax(3, 2.5), (double)(float)fmax(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = arith.minnumf %a, %c : f32", {(double)(float)fmin(1, 2.5), (double)(float)fmin(2, 2.5), (double)(float)fmin(3, 2.5), (double)(float)fmin(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = math.powf %a, %c : f32", {(double)(float)pow(1, 2.5), (double)(float)pow(2, 2.5), (double)(float)pow(3, 2.5), (double)(float)pow(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = math.atan2 %a, %c : f32", {(double)(float)atan2(1, 2.5), (double)(float)atan2(2, 2.5), (double)(float)atan2(3, 2.5), (double)(float)atan2(4, 2.5)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%y = math.copysign %a, %c : f32", {(double)(float)copysign(1, 2.5), (double)(float)copysign(2, 2.5), (double)(float)copysign(3, 2.5), (double)(float)copysign(4, 2.5)}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%m = arith.maximumf %a, %c : f32\n%n = arith.minimumf %m, %a : f32\n%p = math.isnan %n : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%c = arith.constant 0x7F800000 : f32\n%p = math.isinf %c : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%c = arith.constant 0.5 : f32\n%y = math.fma %a, %c, %a : f32", {1.5, 3, 4.5, 6}},
      {"f32", "%i = arith.fptosi %a : f32 to i32\n%y = math.fpowi %a, %i : f32, i32", {1, 4, 27, 256}},
      {"f32", "%u = arith.fptoui %a : f32 to i32\n%y = arith.uitofp %u : i32 to f32", {1, 2, 3, 4}},
      {"f32", "%h = arith.truncf %a : f32 to bf16\n%y = arith.extf %h : bf16 to f32", {1, 2, 3, 4}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.subi %a, %c : i32", {1 + 2, 2 + 2, 3 + 2, 4 + 2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.maxsi %a, %c : i32", {1, 2, 3, 4}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.minsi %a, %c : i32", {-2, -2, -2, -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.maxui %a, %c : i32", {-2, -2, -2, -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.minui %a, %c : i32", {1, 2, 3, 4}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.divsi %a, %c : i32", {1 / -2, 2 / -2, 3 / -2, 4 / -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.divui %a, %c : i32", {0, 0, 0, 0}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.remsi %a, %c : i32", {1 % -2, 2 % -2, 3 % -2, 4 % -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.remui %a, %c : i32", {1, 2, 3, 4}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.ceildivsi %a, %c : i32", {-(1 / 2), -(2 / 2), -(3 / 2), -(4 / 2)}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.ceildivui %a, %c : i32", {1, 1, 1, 1}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.andi %a, %c : i32", {1 & -2, 2 & -2, 3 & -2, 4 & -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.ori %a, %c : i32", {1 | -2, 2 | -2, 3 | -2, 4 | -2}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.xori %a, %c : i32", {1 ^ -2, 2 ^ -2, 3 ^ -2, 4 ^ -2}},
      {"i32", "%c = arith.constant 3 : i32\n%y = arith.shli %a, %c : i32", {1 << 3, 2 << 3, 3 << 3, 4 << 3}},
      {"i32", "%c = arith.constant 1 : i32\n%y = arith.shrsi %a, %c : i32", {1 >> 1, 2 >> 1, 3 >> 1, 4 >> 1}},
      {"i32", "%c = arith.constant 1 : i32\n%y = arith.shrui %a, %c : i32", {1 >> 1, 2 >> 1, 3 >> 1, 4 >> 1}},
      {"i32", "%c = arith.constant -8 : i32\n%s = arith.shrsi %c, %a : i32\n%u = arith.shrui %c, %a : i32\n%m = arith.minsi %s, %u : i32\n%y = math.absi %m : i32", {4, 2, 1, 1}},
      {"i32", "%n = arith.trunci %a : i32 to i1\n%y = arith.extsi %n : i1 to i32", {-1, 0, -1, 0}},
      {"i32", "%n = arith.trunci %a : i32 to i1\n%y = arith.extui %n : i1 to i32", {1, 0, 1, 0}},
      {"i32", "%i = arith.index_castui %a : i32 to index\n%y = arith.index_castui %i : index to i32", {1, 2, 3, 4}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi eq, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 == 2, 2 == 2, 3 == 2, 4 == 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi ne, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 != 2, 2 != 2, 3 != 2, 4 != 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi slt, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 < 2, 2 < 2, 3 < 2, 4 < 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi sle, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 <= 2, 2 <= 2, 3 <= 2, 4 <= 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi sgt, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 > 2, 2 > 2, 3 > 2, 4 > 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi sge, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 >= 2, 2 >= 2, 3 >= 2, 4 >= 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi ult, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 < 2, 2 < 2, 3 < 2, 4 < 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi ule, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 <= 2, 2 <= 2, 3 <= 2, 4 <= 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi ugt, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 > 2, 2 > 2, 3 > 2, 4 > 2}},
      {"i32", "%c = arith.constant 2 : i32\n%p = arith.cmpi uge, %a, %c : i32\n%y = arith.extui %p : i1 to i32", {1 >= 2, 2 >= 2, 3 >= 2, 4 >= 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf oeq, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 == 2, 2 == 2, 3 == 2, 4 == 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ogt, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 > 2, 2 > 2, 3 > 2, 4 > 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf oge, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 >= 2, 2 >= 2, 3 >= 2, 4 >= 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf olt, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 < 2, 2 < 2, 3 < 2, 4 < 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ole, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 <= 2, 2 <= 2, 3 <= 2, 4 <= 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf one, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 != 2, 2 != 2, 3 != 2, 4 != 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ueq, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 == 2, 2 == 2, 3 == 2, 4 == 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ugt, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 > 2, 2 > 2, 3 > 2, 4 > 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf uge, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 >= 2, 2 >= 2, 3 >= 2, 4 >= 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ult, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 < 2, 2 < 2, 3 < 2, 4 < 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf ule, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 <= 2, 2 <= 2, 3 <= 2, 4 <= 2}},
      {"f32", "%c = arith.constant 2.0 : f32\n%p = arith.cmpf une, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1 != 2, 2 != 2, 3 != 2, 4 != 2}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf oeq, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {0, 0, 0, 0}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf one, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {0, 0, 0, 0}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf ord, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {0, 0, 0, 0}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf ueq, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf une, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf uno, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf false, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {0, 0, 0, 0}},
      {"f32", "%c = arith.constant 0x7FC00000 : f32\n%p = arith.cmpf true, %a, %c : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%p = arith.cmpf ord, %a, %a : f32\n%y = arith.uitofp %p : i1 to f32", {1, 1, 1, 1}},
      {"f32", "%p = arith.cmpf uno, %a, %a : f32\n%y = arith.uitofp %p : i1 to f32", {0, 0, 0, 0}},
      {"f32", "%i = linalg.index 0 : index\n%j = arith.index_cast %i : index to i32\n%k = arith.sitofp %j : i32 to f32\n%y = arith.subf %a, %k : f32", {1, 1, 1, 1}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    assert_int_equal(run(elementwise(rows[i].type, rows[i].body), rows[i].type, 0, &out).end, BISECT_RAN);
    for (int e = 0; e < 4; e++)
      if (!(out->x[e] == rows[i].want[e]))
        fail_msg("%s: [%d] is %.17g, expected %.17g", rows[i].body, e, out->x[e], rows[i].want[e]);
  }
}

static void test_programs_give_what_they_mean(void **state) {
  (void)state;
  const struct { const char *body; double want[4]; } rows[] = {
      /* a grid of tiles, whose size is a symbol */
      {"%n = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile, upper_bound = 4 : index} : () -> index\n%c4 = arith.constant 4 : index\n"
       "%trips = arith.ceildivui %c4, %n : index\n"
       "affine.parallel (%i) = (0) to (symbol(%trips)) {\n%at = arith.muli %i, %n : index\n%c1 = arith.constant 1.0 : f32\n"
       "%from = memref.subview %x[%at] [%n] [1] : memref<4xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "%to = memref.subview %out[%at] [%n] [1] : memref<4xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "%t = bufferization.to_tensor %from : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>\n%e = tensor.empty(%n) : tensor<?xf32>\n"
       "%f = linalg.fill ins(%c1 : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"
       "%s = linalg.add ins(%t, %f : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"
       "%b = bufferization.to_buffer %s : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "memref.copy %b, %to : memref<?xf32, strided<[1], offset: ?>> to memref<?xf32, strided<[1], offset: ?>>\n}",
       {2, 3, 4, 5}},
      /* a loop that carries a number, and memory element by element */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c4 = arith.constant 4 : index\n%z = arith.constant 0.0 : f32\n"
       "%sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %z) -> (f32) {\n%v = memref.load %x[%i] : memref<4xf32>\n%n = arith.addf %s, %v : f32\nscf.yield %n : f32\n}\n"
       "scf.for %i = %c0 to %c4 step %c1 {\nmemref.store %sum, %out[%i] : memref<4xf32>\n}",
       {10, 10, 10, 10}},
      /* half sums add in f32: 2048 + 1 + 1 is 2050, and would stay 2048 step by step */
      {"%c = arith.constant dense<[2048.0, 1.0, 1.0]> : tensor<3xf32>\n%e = tensor.empty() : tensor<3xf16>\n"
       "%h = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%c : tensor<3xf32>) outs(%e : tensor<3xf16>) {\n"
       "^bb0(%a: f32, %o: f16):\n%y = arith.truncf %a : f32 to f16\nlinalg.yield %y : f16\n} -> tensor<3xf16>\n"
       "%z = arith.constant 0.0 : f16\n%e4 = tensor.empty() : tensor<4xf16>\n%f = linalg.fill ins(%z : f16) outs(%e4 : tensor<4xf16>) -> tensor<4xf16>\n"
       "%s = linalg.generic {indexing_maps = [affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%h : tensor<3xf16>) outs(%f : tensor<4xf16>) {\n"
       "^bb0(%a: f16, %o: f16):\n%y = arith.addf %o, %a : f16\nlinalg.yield %y : f16\n} -> tensor<4xf16>\n"
       "%e5 = tensor.empty() : tensor<4xf32>\n"
       "%w = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%s : tensor<4xf16>) outs(%e5 : tensor<4xf32>) {\n"
       "^bb0(%a: f16, %o: f32):\n%y = arith.extf %a : f16 to f32\nlinalg.yield %y : f32\n} -> tensor<4xf32>\n"
       "bufferization.materialize_in_destination %w in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()",
       {2050, 2050, 2050, 2050}},
      /* conditions, with results and without */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\nscf.for %i = %c0 to %c4 step %c1 {\n%p = arith.cmpi ult, %i, %c2 : index\n%a = memref.load %x[%i] : memref<4xf32>\n%v = scf.if %p -> (f32) {\n%b = arith.addf %a, %a : f32\nscf.yield %b : f32\n} else {\nscf.yield %a : f32\n}\nscf.if %p {\nmemref.store %v, %out[%i] : memref<4xf32>\n}\n%q = arith.cmpi uge, %i, %c2 : index\nscf.if %q {\n%n = arith.negf %v : f32\nmemref.store %n, %out[%i] : memref<4xf32>\n}\n}", {2, 4, -3, -4}},
      /* a loop that asks before each round */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\n%z = arith.constant 100.0 : f32\n%r:2 = scf.while (%i = %c0, %s = %z) : (index, f32) -> (index, f32) {\n%p = arith.cmpi ult, %i, %c4 : index\nscf.condition(%p) %i, %s : index, f32\n} do {\n^bb0(%i: index, %s: f32):\n%a = memref.load %x[%i] : memref<4xf32>\n%t = arith.addf %s, %a : f32\nmemref.store %t, %out[%i] : memref<4xf32>\n%j = arith.addi %i, %c1 : index\nscf.yield %j, %t : index, f32\n}\nmemref.store %r#1, %out[%c0] : memref<4xf32>", {110, 103, 106, 110}},
      /* grids of both dialects */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\nscf.parallel (%i, %j) = (%c0, %c0) to (%c4, %c2) step (%c2, %c1) {\n%k = arith.addi %i, %j : index\n%a = memref.load %x[%k] : memref<4xf32>\nmemref.store %a, %out[%k] : memref<4xf32>\nscf.reduce\n}\naffine.parallel (%i) = (0) to (4) step (2) {\n%a = memref.load %x[%i] : memref<4xf32>\n%b = arith.mulf %a, %a : f32\nmemref.store %b, %out[%i] : memref<4xf32>\n}\nscf.parallel (%i) = (%c0) to (%c0) step (%c1) {\n%a = memref.load %x[%i] : memref<4xf32>\nmemref.store %a, %out[%c1] : memref<4xf32>\nscf.reduce\n}", {1, 2, 9, 4}},
      /* affine loops with bounds that are maps, and a carried number */
      {"%z = arith.constant 0.0 : f32\n%c3 = arith.constant 3 : index\n%s = affine.for %i = max affine_map<()[s0] -> (0, s0 - 5)>()[%c3] to min affine_map<()[s0] -> (4, s0)>()[%c3] step 2 iter_args(%acc = %z) -> (f32) {\n%a = memref.load %x[%i] : memref<4xf32>\n%t = arith.addf %acc, %a : f32\naffine.yield %t : f32\n}\naffine.for %i = 0 to 4 {\nmemref.store %s, %out[%i] : memref<4xf32>\n}", {4, 4, 4, 4}},
      /* maps of indices */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\n%c7 = arith.constant 7 : index\nscf.for %i = %c0 to %c4 step %c1 {\n%k = affine.apply affine_map<(d)[s] -> ((d * 3 + s) mod 4)>(%i)[%c7]\n%l = affine.apply affine_map<(d) -> (d floordiv 2 + (d + 1) ceildiv 2)>(%i)\n%m = affine.min affine_map<(a, b) -> (a, b, 3)>(%k, %l)\n%n = affine.max affine_map<(a, b) -> (a, b - 1)>(%m, %l)\n%e = affine.linearize_index [%c0, %n] by (2, 4) : index\n%a = memref.load %x[%e] : memref<4xf32>\nmemref.store %a, %out[%i] : memref<4xf32>\n}", {2, 2, 3, 3}},
      /* tiles made of numbers */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\n%a = memref.load %x[%c2] : memref<4xf32>\n%s = tensor.splat %a : tensor<2xf32>\n%b = memref.load %x[%c1] : memref<4xf32>\n%e = tensor.from_elements %a, %b : tensor<2xf32>\n%z = arith.constant 0.0 : f32\n%v = bufferization.alloc_tensor() : tensor<4xf32>\n%w = linalg.fill ins(%z : f32) outs(%v : tensor<4xf32>) -> tensor<4xf32>\n%p = tensor.insert_slice %s into %w[0] [2] [1] : tensor<2xf32> into tensor<4xf32>\n%q = tensor.insert_slice %e into %p[1] [2] [2] : tensor<2xf32> into tensor<4xf32>\nbufferization.materialize_in_destination %q in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()", {3, 3, 0, 2}},
      /* other shapes of the same elements */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\n%t = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>\n%e = tensor.expand_shape %t [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>\n%d = tensor.cast %e : tensor<2x2xf32> to tensor<?x2xf32>\n%r = tensor.extract_slice %d[1, 0] [1, 2] [1, 1] : tensor<?x2xf32> to tensor<2xf32>\n%v = tensor.extract %d[%c0, %c1] : tensor<?x2xf32>\n%k = tensor.collapse_shape %e [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>\n%w = tensor.insert_slice %r into %k[0] [2] [1] : tensor<2xf32> into tensor<4xf32>\nbufferization.materialize_in_destination %w in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()\nmemref.store %v, %out[%c2] : memref<4xf32>", {3, 4, 2, 4}},
      /* constants of every type */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c4 = arith.constant 4 : index\n%d = arith.constant dense<[1.5, 2.5]> : tensor<2xf64>\n%i = arith.constant dense<[3, -4]> : tensor<2xi32>\n%l = arith.constant dense<[5, 6]> : tensor<2xi64>\n%s = arith.constant dense<7> : tensor<2xi64>\n%a = tensor.extract %d[%c1] : tensor<2xf64>\n%b = tensor.extract %i[%c1] : tensor<2xi32>\n%c = tensor.extract %l[%c0] : tensor<2xi64>\n%e = tensor.extract %s[%c1] : tensor<2xi64>\n%fa = arith.truncf %a : f64 to f32\n%fb = arith.sitofp %b : i32 to f32\n%fc = arith.sitofp %c : i64 to f32\n%fe = arith.sitofp %e : i64 to f32\n%c3 = arith.constant 3 : index\nmemref.store %fa, %out[%c0] : memref<4xf32>\nmemref.store %fb, %out[%c1] : memref<4xf32>\nmemref.store %fc, %out[%c2] : memref<4xf32>\nmemref.store %fe, %out[%c3] : memref<4xf32>", {2.5, -4, 5, 7}},
      /* parts of tiles */
      {"%t = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>\n%a = tensor.extract_slice %t[0] [2] [1] : tensor<4xf32> to tensor<2xf32>\n"
       "%b = tensor.insert_slice %a into %t[2] [2] [1] : tensor<2xf32> into tensor<4xf32>\n"
       "bufferization.materialize_in_destination %b in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()",
       {1, 2, 1, 2}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    bisect_stop stop = run(rows[i].body, "f32", 0, &out);
    if (stop.end != BISECT_RAN)
      fail_msg("%s: %s", rows[i].body, stop.why);
    for (int e = 0; e < 4; e++)
      if (!(out->x[e] == rows[i].want[e]))
        fail_msg("%s: [%d] is %.17g, expected %.17g", rows[i].body, e, out->x[e], rows[i].want[e]);
  }
}

static void test_a_run_that_cannot_go_on_says_why(void **state) {
  (void)state;
  const struct { const char *body; bisect_end end; const char *why; } rows[] = {
      {"%c3 = arith.constant 3 : index\n%v = memref.subview %x[%c3] [2] [1] : memref<4xf32> to memref<2xf32, strided<[1], offset: ?>>", BISECT_BROKE,
       "it takes positions 3..4 of dim 0 of 'x', which has 4"},
      {"%c4 = arith.constant 4 : index\n%v = memref.load %x[%c4] : memref<4xf32>", BISECT_BROKE, "it touches index 4 of dim 0 of 'x', which has 4"},
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%q = arith.divui %c1, %c0 : index", BISECT_BROKE, "it divides by zero"},
      {"%c = arith.constant 4294967296 : i64\n%m = arith.muli %c, %c : i64", BISECT_UNKNOWN, "integers beyond 2^53 are not known here"},
      {"%c0 = arith.constant 0 : index\nscf.for %i = %c0 to %c0 step %c0 {\n}", BISECT_BROKE, "its step is not positive"},
      {"%e = tensor.empty() : tensor<4xf32>\n%c = arith.constant 0 : index\n%r = tensor.insert %f into %e[%c] : tensor<4xf32>", BISECT_UNKNOWN, "operation tensor.insert is not known here"},
      {"%t = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>\n%u = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>", BISECT_FULL, "more values than are kept"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    const char *body = rows[i].end == BISECT_UNKNOWN ? arena_printf(&ctx.mem, "%%f = arith.constant 1.0 : f32\n%s", rows[i].body) : rows[i].body;
    bisect_stop stop = run(body, "f32", rows[i].end == BISECT_FULL ? 40 : 0, &out);
    assert_int_equal(stop.end, rows[i].end);
    assert_string_equal(stop.why, rows[i].why);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalar_functions_are_rounded_to_their_type), cmocka_unit_test(test_programs_give_what_they_mean),
                                     cmocka_unit_test(test_a_run_that_cannot_go_on_says_why)};
  return cmocka_run_group_tests(tests, open_ir, close_ir);
}
