/* Stage-0 MLIR: every kernel's text parses and verifies, has upstream's shape, and stock mlir-opt reads it. */
#include "ir/ir_testing.h"
#include "kernel/kernel_testing.h"
#include "lower/lower.h"
#include <unistd.h>

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

static MlirModule lowered(const kernel_graph *k) {
  MlirModule m;
  if (kernel_verify(&ctx, k) != LOOM_OK || lower_kernel(&ir, k, &m) != LOOM_OK) {
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      print_message("%d:%d %s\n", d->span.line, d->span.col, d->text);
    fail();
  }
  assert_int_equal(ir_verify(&ir, m), LOOM_OK);
  assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
  return m;
}

/* The words of `expected` stand in `have` in this order. */
static void expect_in_order(const char *have, const char *const *expected, size_t n) {
  const char *at = have;
  for (size_t i = 0; i < n; i++) {
    at = strstr(at, expected[i]);
    if (!at)
      fail_msg("\"%s\" is not in, or out of order:\n%s", expected[i], have);
    at += strlen(expected[i]);
  }
}
#define EXPECT_IN_ORDER(have, ...) expect_in_order((have), (const char *[]){__VA_ARGS__}, COUNT_OF(((const char *[]){__VA_ARGS__})))

static void expect_mlir_opt_reads(const char *module_text) {
  char path[] = "/tmp/loom-lower-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, module_text, strlen(module_text)), (ssize_t)strlen(module_text));
  close(fd);
  int rc = system(arena_printf(&ctx.mem, "mlir-opt-22 --allow-unregistered-dialect %s -o /dev/null", path));
  unlink(path);
  assert_int_equal(rc, 0);
}

static const sample_matmul f16_acc = {.m = 2048, .n = 256, .k = 128, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16};

static void test_matmul_has_upstreams_shape(void **state) {
  (void)state;
  kernel_graph *k = sample_build_matmul(&ctx.mem, "my-kernel", &f16_acc);
  kernel_find_symbol(k, "tile_n")->divides = true;
  MlirModule m = lowered(k);
  MlirOperation op = mlirModuleGetOperation(m);
  const char *s = ir_print(&ctx.mem, op, false);
  EXPECT_IN_ORDER(s, "loom.tile_k = {is_reduction = false, upper_bound = 128 : index}", "loom.tile_m = {is_reduction = false, upper_bound = 2048 : index}",
                  "loom.tile_n = {asure_divisible = true, is_reduction = false, upper_bound = 256 : index}", "func.func @\"my-kernel\"(",
                  "memref<2048x128xf16> {loom.name = \"x\"}", "memref<128x256xf16> {loom.name = \"y\"}", "memref<2048x256xf16> {loom.name = \"out\"}",
                  "symbol_ref = @tile_m", "symbol_ref = @tile_n", "symbol_ref = @tile_k", "arith.ceildivui", "arith.ceildivui",
                  "affine.parallel", "= (0, 0) to (symbol(", "tensor.empty", "linalg.fill", "arith.ceildivui", "scf.for", "-> (tensor<?x?xf16>)", "memref.subview",
                  "memref<2048x128xf16> to memref<?x?xf16, strided<[128, 1], offset: ?>>", "bufferization.to_tensor", "memref.subview", "bufferization.to_tensor",
                  "linalg.matmul", "scf.yield", "memref.subview", "bufferization.to_buffer", "memref.copy", "return");
  static const struct { const char *name; intptr_t n; } counts[] = {{"loom.sym", 3}, {"affine.parallel", 1}, {"scf.for", 1}, {"memref.subview", 3},
                                                                    {"bufferization.to_tensor", 2}, {"linalg.fill", 1}, {"linalg.matmul", 1}, {"memref.copy", 1},
                                                                    {"linalg.generic", 0}, {"arith.muli", 5}};
  for (size_t i = 0; i < COUNT_OF(counts); i++)
    if (ir_count(op, counts[i].name) != counts[i].n)
      fail_msg("%s: %d", counts[i].name, (int)ir_count(op, counts[i].name));
  expect_mlir_opt_reads(s);
  ir_close_module(m);
}

static bool find_store(MlirOperation op, void *data) {
  if (ir_op_is(op, "memref.copy"))
    *(MlirOperation *)data = op;
  return true;
}

static void test_operations_keep_their_place_in_the_source(void **state) {
  (void)state;
  kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &f16_acc);
  k->path = "kernels/my \"odd\" name.py";
  diag_add_source(&ctx, k->path, "", 0);
  MlirModule m = lowered(k);
  MlirOperation store = {NULL};
  ir_walk(mlirModuleGetOperation(m), find_store, &store);
  loom_span span = ir_span(&ir, store);
  assert_string_equal(span.source->path, k->path);
  assert_int_equal(span.line, 18);
  assert_int_equal(span.col, 5);
  ir_close_module(m);
}

static void test_wide_accumulator_is_rounded_once_at_the_store(void **state) {
  (void)state;
  sample_matmul shape = f16_acc;
  shape.acc = DTYPE_F32;
  MlirModule m = lowered(sample_build_matmul(&ctx.mem, "mm", &shape));
  const char *s = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  EXPECT_IN_ORDER(s, "linalg.fill", "-> tensor<?x?xf32>", "scf.for", "-> (tensor<?x?xf32>)", "tensor<?x?xf16>, tensor<?x?xf16>) outs(", "tensor<?x?xf32>", "scf.yield",
                  "arith.truncf", "f32 to f16", "bufferization.to_buffer", "memref.copy");
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "arith.truncf"), 1);
  expect_mlir_opt_reads(s);
  ir_close_module(m);
}

static void test_batch_matmul_and_bias(void **state) {
  (void)state;
  sample_matmul shape = f16_acc;
  shape.batch = 8;
  MlirModule m = lowered(sample_build_matmul(&ctx.mem, "bmm", &shape));
  const char *s = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  EXPECT_IN_ORDER(s, "= (0, 0, 0) to (symbol(", "strided<[262144, 128, 1], offset: ?>", "linalg.batch_matmul", "tensor<?x?x?xf16>");
  expect_mlir_opt_reads(s);
  ir_close_module(m);
  shape.batch = 0;
  shape.bias_relu = true;
  m = lowered(sample_build_matmul(&ctx.mem, "bias", &shape));
  s = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  EXPECT_IN_ORDER(s, "linalg.generic", "affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>", "arith.addf", "linalg.generic", "arith.maximumf", "memref.copy");
  expect_mlir_opt_reads(s);
  ir_close_module(m);
}

/* ---- one tiled range, one op ---- */

typedef struct mini { sample s; kernel_tensor x, out; kernel_region *g; kernel_value tile, at; kernel_type type; } mini;

/* x[64, 40] tiled over its rows; `out` has the element type and columns given (0: none). */
static mini new_mini(dtype in, dtype out, const char *columns) {
  mini t = {.s = {&ctx.mem, kernel_new(&ctx.mem, "mini"), 0}};
  sample *s = &t.s;
  t.x = kernel_add_tensor(s->m, s->k, "x", KERNEL_ARG, SAMPLE_TYPE(s, in, "64", "40"));
  t.out = kernel_add_tensor(s->m, s->k, "out", KERNEL_ALLOC, columns ? SAMPLE_TYPE(s, out, "64", columns) : SAMPLE_TYPE(s, out, "64"));
  s->k->tensors.at[t.out].is_returned = true;
  vec_push(s->m, &s->k->returns, t.out);
  sample_block(s, "tile_m", 64);
  kernel_op *grid = sample_op(s, &s->k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  t.g = &grid->regions[0];
  sample_ranges(s, grid, 1, (const char *[]){"tile_m"});
  t.at = t.g->params.at[0];
  t.type = SAMPLE_TYPE(s, in, "tile_m", "40");
  t.tile = sample_load(s, t.g, t.x, t.type, 2, (kernel_value[]){t.at, -1});
  return t;
}

static void store_mini(mini *t, kernel_value v) {
  kernel_op *op = sample_op(&t->s, t->g, KERNEL_STORE, 1, &v, NULL);
  sample_index(&t->s, op, t->out, t->s.k->tensors.at[t->out].shape.rank, (kernel_value[]){t->at, -1});
}

static void test_every_function_lowers_on_its_types(void **state) {
  (void)state;
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64, DTYPE_I8, DTYPE_I32, DTYPE_I64, DTYPE_BOOL};
  for (kernel_fn fn = KERNEL_FN_NEG; fn < KERNEL_FN_PHILOX0; fn++)   /* behind: functions of two types, and of reductions and atomics */
    for (size_t i = 0; i < COUNT_OF(types); i++) {
      bool is_float = dtype_is_float(types[i]), is_bool = types[i] == DTYPE_BOOL;
      bool bits = fn == KERNEL_FN_NOT || fn == KERNEL_FN_INVERT || fn == KERNEL_FN_SHL || fn == KERNEL_FN_SHR || fn == KERNEL_FN_AND || fn == KERNEL_FN_OR || fn == KERNEL_FN_XOR, compares = fn >= KERNEL_FN_EQ && fn <= KERNEL_FN_GE;
      bool tests = fn == KERNEL_FN_ISNAN || fn == KERNEL_FN_ISINF;
      bool numbers = fn == KERNEL_FN_NEG || fn == KERNEL_FN_ABS || fn == KERNEL_FN_RELU || fn == KERNEL_FN_SIGN || fn == KERNEL_FN_TRUNCDIV || (fn >= KERNEL_FN_ADD && fn <= KERNEL_FN_MIN && fn != KERNEL_FN_DIV);
      if ((fn == KERNEL_FN_SHL || fn == KERNEL_FN_SHR) && is_bool)
        continue;
      if (bits ? is_float : compares ? false : numbers ? is_bool && fn != KERNEL_FN_MAX && fn != KERNEL_FN_MIN : !is_float)
        continue;
      dtype out = compares || tests ? DTYPE_BOOL : types[i];
      mini t = new_mini(types[i], out, "40");
      kernel_type result = t.type;
      result.type = out;
      store_mini(&t, sample_fn(&t.s, t.g, fn, result, kernel_fn_arity(fn), (kernel_value[]){t.tile, t.tile}));
      MlirModule m = lowered(t.s.k);
      assert_true(ir_count(mlirModuleGetOperation(m), "linalg.generic") == 1);
      ir_close_module(m);
    }
}

static void test_casts_reach_every_type_from_every_type(void **state) {
  (void)state;
  for (dtype a = 0; a < DTYPE_COUNT; a++)
    for (dtype b = 0; b < DTYPE_COUNT; b++) {
      if (a == DTYPE_U8 || b == DTYPE_U8 || dtype_is_f8(a) || dtype_is_f8(b))
        continue;
      mini t = new_mini(a, b, "40");
      kernel_type to = t.type;
      to.type = b;
      store_mini(&t, sample_op(&t.s, t.g, KERNEL_CAST, 1, &t.tile, &to)->results[0]);
      ir_close_module(lowered(t.s.k));
    }
}

static void test_booleans_order_false_before_true(void **state) {
  (void)state;
  mini t = new_mini(DTYPE_BOOL, DTYPE_BOOL, "40");
  kernel_value v = sample_fn(&t.s, t.g, KERNEL_FN_MAX, t.type, 2, (kernel_value[]){t.tile, t.tile});
  store_mini(&t, sample_fn(&t.s, t.g, KERNEL_FN_LT, t.type, 2, (kernel_value[]){v, t.tile}));
  MlirModule m = lowered(t.s.k);
  EXPECT_IN_ORDER(ir_print(&ctx.mem, mlirModuleGetOperation(m), false), "arith.maxui", "arith.cmpi ult");
  ir_close_module(m);
}

static void test_reductions_start_at_their_identity(void **state) {
  (void)state;
  static const struct { dtype t; kernel_fn fn; const char *start; } rows[] = {
      {DTYPE_F16, KERNEL_FN_ADD, "0.000000e+00 : f32"}, {DTYPE_F32, KERNEL_FN_MUL, "1.000000e+00 : f32"}, {DTYPE_F16, KERNEL_FN_MAX, "0xFC00 : f16"},
      {DTYPE_F32, KERNEL_FN_MIN, "0x7F800000 : f32"},   {DTYPE_I8, KERNEL_FN_MAX, "-128 : i8"},           {DTYPE_I32, KERNEL_FN_MIN, "2147483647 : i32"},
      {DTYPE_I64, KERNEL_FN_MAX, "-9223372036854775808 : i64"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int keep = 0; keep < 2; keep++) {
      mini t = new_mini(rows[i].t, rows[i].t, keep ? "1" : NULL);
      kernel_type r = keep ? SAMPLE_TYPE(&t.s, rows[i].t, "tile_m", "1") : SAMPLE_TYPE(&t.s, rows[i].t, "tile_m");
      kernel_op *op = sample_op(&t.s, t.g, KERNEL_REDUCE, 1, &t.tile, &r);
      op->fn = rows[i].fn;
      op->ivalue = 2;
      op->flag = keep;
      store_mini(&t, op->results[0]);
      MlirModule m = lowered(t.s.k);
      EXPECT_IN_ORDER(ir_print(&ctx.mem, mlirModuleGetOperation(m), false), rows[i].start, "\"parallel\", \"reduction\"");
      ir_close_module(m);
    }
}

/* None, slices, scalars, views, transposes, index arithmetic, conditions, in one kernel that also reads what it writes. */
static void test_other_forms_are_valid_ir(void **state) {
  (void)state;
  mini t = new_mini(DTYPE_F32, DTYPE_F32, "40");
  sample *s = &t.s;
  arena *m = s->m;
  kernel_tensor view = kernel_add_tensor(m, s->k, "turned", KERNEL_VIEW, SAMPLE_TYPE(s, DTYPE_F32, "40", "64"));
  s->k->tensors.at[view].base = t.x;
  s->k->tensors.at[view].offset = sym_const(m, 0);
  s->k->tensors.at[view].stride[0] = sym_const(m, 1);
  s->k->tensors.at[view].stride[1] = sym_const(m, 40);
  kernel_tensor temporary = kernel_add_tensor(m, s->k, "temporary", KERNEL_ALLOC, SAMPLE_TYPE(s, DTYPE_F32, "64", "40"));
  s->k->tensors.at[temporary].fill = KERNEL_FILL_VALUE;
  s->k->tensors.at[temporary].fill_value = 2;
  kernel_type i64 = {.type = DTYPE_I64}, i1 = {.type = DTYPE_BOOL};
  kernel_type turned = SAMPLE_TYPE(s, DTYPE_F32, "40", "tile_m"), row = SAMPLE_TYPE(s, DTYPE_F32, "1", "40"), part = SAMPLE_TYPE(s, DTYPE_F32, "8");
  kernel_type counts = SAMPLE_TYPE(s, DTYPE_I32, "tile_m");
  kernel_value v = sample_load(s, t.g, view, turned, 2, (kernel_value[]){-1, t.at});
  kernel_op *turn = sample_op(s, t.g, KERNEL_PERMUTE, 1, &v, &t.type);
  turn->perm[0] = 1;
  kernel_value old = sample_load(s, t.g, t.out, t.type, 2, (kernel_value[]){t.at, -1});   /* read before it is written */
  kernel_op *begin = sample_op(s, t.g, KERNEL_TILE_BEGIN, 1, &t.at, &i64), *end = sample_op(s, t.g, KERNEL_TILE_END, 1, &t.at, &i64);
  kernel_op *one = sample_op(s, t.g, KERNEL_LOAD, 0, NULL, &row);   /* x[begin, None, :] */
  sample_index(s, one, t.x, 3, (kernel_value[]){begin->results[0], -1, -1});
  one->index[0].kind = KERNEL_INDEX_SCALAR;
  one->index[1].kind = KERNEL_INDEX_NEW;
  kernel_op *slice = sample_op(s, t.g, KERNEL_LOAD, 0, NULL, &part);   /* x[3, 8:16] */
  sample_index(s, slice, t.x, 2, (kernel_value[]){-1, -1});
  slice->index[0] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(m, 3)};
  slice->index[1] = (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = sym_const(m, 8), .end = sym_const(m, 16)};
  kernel_op *index = sample_op(s, t.g, KERNEL_TILE_INDEX, 1, &t.at, &counts);
  sample_fn(s, t.g, KERNEL_FN_MOD, counts, 2, (kernel_value[]){index->results[0], index->results[0]});
  kernel_value last = sample_fn(s, t.g, KERNEL_FN_LT, i1, 2, (kernel_value[]){begin->results[0], end->results[0]});
  kernel_op *branch = sample_op(s, t.g, KERNEL_IF, 1, &last, &t.type);
  kernel_value sum = sample_fn(s, &branch->regions[0], KERNEL_FN_ADD, t.type, 2, (kernel_value[]){turn->results[0], one->results[0]});
  sample_op(s, &branch->regions[0], KERNEL_YIELD, 1, &sum, NULL);
  sample_op(s, &branch->regions[1], KERNEL_YIELD, 1, &old, NULL);
  kernel_value result = branch->results[0];
  sample_index(s, sample_op(s, t.g, KERNEL_STORE, 1, &result, NULL), temporary, 2, (kernel_value[]){t.at, -1});
  store_mini(&t, one->results[0]);   /* a row into all rows of the tile */
  MlirModule mod = lowered(s->k);
  const char *text_of = ir_print(&ctx.mem, mlirModuleGetOperation(mod), false);
  EXPECT_IN_ORDER(text_of, "memref.reinterpret_cast", "memref.alloc", "linalg.fill", "affine.parallel", "-> (d1, d0)>", "bufferization.alloc_tensor() copy(",
                  "arith.minui", "tensor.expand_shape", "memref<8xf32, strided<[1], offset: 128>>", "linalg.index 0", "arith.floordivsi", "scf.if", "} else {");
  assert_int_equal(ir_count(mlirModuleGetOperation(mod), "bufferization.alloc_tensor"), 1);
  expect_mlir_opt_reads(text_of);
  ir_close_module(mod);
}

/* x[begin + tile.index, :] where the index is below `limit`: a load when `value` is -1, else a store of it. */
static kernel_op *moving_part(mini *t, int64_t limit, kernel_value value) {
  sample *s = &t->s;
  kernel_type i64 = {.type = DTYPE_I64}, i32 = {.type = DTYPE_I32}, counts = SAMPLE_TYPE(s, DTYPE_I32, "tile_m"), lanes = SAMPLE_TYPE(s, DTYPE_BOOL, "tile_m");
  kernel_op *begin = sample_op(s, t->g, KERNEL_TILE_BEGIN, 1, &t->at, &i64), *index = sample_op(s, t->g, KERNEL_TILE_INDEX, 1, &t->at, &counts);
  kernel_op *cast = sample_op(s, t->g, KERNEL_CAST, 1, &begin->results[0], &i32), *end = sample_op(s, t->g, KERNEL_CONSTANT, 0, NULL, &i32);
  end->fvalue = (double)limit;
  kernel_value at = sample_fn(s, t->g, KERNEL_FN_ADD, counts, 2, (kernel_value[]){index->results[0], cast->results[0]});
  kernel_value mask = sample_fn(s, t->g, KERNEL_FN_LT, lanes, 2, (kernel_value[]){at, end->results[0]});
  kernel_type column = SAMPLE_TYPE(s, DTYPE_BOOL, "tile_m", "1");
  mask = sample_op(s, t->g, KERNEL_RESHAPE, 1, &mask, &column)->results[0];
  kernel_op *op = value < 0 ? sample_op(s, t->g, KERNEL_LOAD, 1, &mask, &t->type) : sample_op(s, t->g, KERNEL_STORE, 2, (kernel_value[]){value, mask}, NULL);
  sample_index(s, op, value < 0 ? t->x : t->out, 2, (kernel_value[]){at, -1});
  op->index[0].kind = KERNEL_INDEX_TENSOR;
  op->index[0].rank = 1;
  return op;
}

/* The mask says what the tensor's end says already. */
static void test_a_tile_from_a_moving_place_is_a_part(void **state) {
  (void)state;
  mini t = new_mini(DTYPE_F32, DTYPE_F32, "40");
  moving_part(&t, 64, moving_part(&t, 64, -1)->results[0]);
  MlirModule m = lowered(t.s.k);
  const char *text_of = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  EXPECT_IN_ORDER(text_of, "affine.parallel", "memref.subview %arg0[", "arith.addi", "memref.subview %arg0[", "memref.subview %arg1[", "memref.copy");
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "memref.subview"), 3);
  expect_mlir_opt_reads(text_of);
  ir_close_module(m);
}

/* A loaded scalar is an input of what is computed with it, so that its bytes have a place. */
static void test_a_loaded_scalar_is_an_input(void **state) {
  (void)state;
  mini t = new_mini(DTYPE_F32, DTYPE_F32, "40");
  kernel_type scalar = {.type = DTYPE_F32};
  kernel_op *one = sample_op(&t.s, t.g, KERNEL_LOAD, 0, NULL, &scalar);
  sample_index(&t.s, one, t.x, 2, (kernel_value[]){-1, -1});
  for (int d = 0; d < 2; d++)
    one->index[d] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(t.s.m, 3)};
  store_mini(&t, sample_fn(&t.s, t.g, KERNEL_FN_MUL, t.type, 2, (kernel_value[]){t.tile, one->results[0]}));
  MlirModule m = lowered(t.s.k);
  EXPECT_IN_ORDER(ir_print(&ctx.mem, mlirModuleGetOperation(m), false), "linalg.generic", "-> ()>", "tensor<?x40xf32>, tensor<f32>) outs(");
  ir_close_module(m);
}

/* scan of the tile along dim 1: each element `fn` so far. */
static kernel_op *scan_of(mini *t, kernel_fn fn, bool from_end) {
  kernel_type scalar = {.type = t->type.type};
  kernel_op *op = sample_op(&t->s, t->g, KERNEL_SCAN, 1, &t->tile, &t->type);
  kernel_region *r = &op->regions[0];
  kernel_value both[2];
  for (int i = 0; i < 2; i++)
    both[i] = kernel_add_param(t->s.m, t->s.k, r, scalar, NULL, NULL);
  kernel_value next = sample_fn(&t->s, r, fn, scalar, 2, both);
  sample_op(&t->s, r, KERNEL_YIELD, 1, &next, NULL);
  op->ivalue = 1;
  op->flag = from_end;
  return op;
}

/* Oracle: the IR's form; what it computes is held against the interpreter by compile_npu_ops_test and compile_plans_test. */
static void test_running_sums_and_places_of_extremes_are_reductions(void **state) {
  (void)state;
  mini t = new_mini(DTYPE_F32, DTYPE_F32, "40");
  store_mini(&t, scan_of(&t, KERNEL_FN_ADD, false)->results[0]);
  store_mini(&t, scan_of(&t, KERNEL_FN_MAX, true)->results[0]);
  kernel_type places = SAMPLE_TYPE(&t.s, DTYPE_I64, "tile_m", "1");
  kernel_op *first = sample_op(&t.s, t.g, KERNEL_REDUCE, 1, &t.tile, &places);
  first->fn = KERNEL_FN_ARGMIN;
  first->ivalue = 2;
  first->flag = true;
  store_mini(&t, first->results[0]);
  MlirModule m = lowered(t.s.k);
  const char *text_of = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  EXPECT_IN_ORDER(text_of, "affine_map<(d0, d1, d2) -> (d0, d2)>", "\"reduction\"", "attrs =  {loom.ordered}", "arith.cmpi sle", "arith.select", "arith.addf", "arith.cmpi sge", "arith.maximumf",
                  "arith.minimumf", "arith.cmpf oeq", "arith.cmpf uno", "linalg.index 1", "2147483647", "arith.minsi", "arith.extsi");
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "linalg.index"), 5);
  expect_mlir_opt_reads(text_of);
  ir_close_module(m);
}

static void scan_of_differences(mini *t) { scan_of(t, KERNEL_FN_SUB, false); }
static void masked_load(mini *t) { moving_part(t, 63, -1); }
static void masked_store(mini *t) { moving_part(t, 63, t->tile); }
static void masked_tile(mini *t) {
  kernel_type row = SAMPLE_TYPE(&t->s, DTYPE_BOOL, "40");
  kernel_op *mask = sample_op(&t->s, t->g, KERNEL_FULL, 0, NULL, &row);
  sample_index(&t->s, sample_op(&t->s, t->g, KERNEL_LOAD, 1, &mask->results[0], &t->type), t->x, 2, (kernel_value[]){t->at, -1});
}
static void gather(mini *t) {
  kernel_type picks = SAMPLE_TYPE(&t->s, DTYPE_I32, "5"), picked = SAMPLE_TYPE(&t->s, DTYPE_F32, "5", "40");
  kernel_op *iota = sample_op(&t->s, t->g, KERNEL_IOTA, 0, NULL, &picks), *load = sample_op(&t->s, t->g, KERNEL_LOAD, 0, NULL, &picked);
  sample_index(&t->s, load, t->x, 2, (kernel_value[]){iota->results[0], -1});
  load->index[0].kind = KERNEL_INDEX_TENSOR;
}
static void reshape(mini *t) {
  kernel_type flat = t->type;
  flat.rank = 1;
  flat.dim[0] = sym_mul(t->s.m, flat.dim[0], flat.dim[1]);
  sample_op(&t->s, t->g, KERNEL_RESHAPE, 1, &t->tile, &flat);
}
static void bytes(mini *t) { t->s.k->tensors.at[t->out].shape.type = DTYPE_U8; }
static void block_in_shape(mini *t) { t->s.k->tensors.at[t->out].shape.dim[1] = sym_name(t->s.m, "tile_m"); }
static void range_at_run_time(mini *t) { t->s.k->symbols.at[0].extent = NULL; }
static void fraction(mini *t) {
  kernel_type f = SAMPLE_TYPE(&t->s, DTYPE_F32, "5");
  sample_op(&t->s, t->g, KERNEL_IOTA, 0, NULL, &f)->fvalue = 0.5;
}

static void test_unsupported_forms_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct { void (*add)(mini *); const char *text; } rows[] = {{gather, "an index tensor is not supported"},
                                                                          {masked_load, "a load under a mask is not supported"},
                                                                          {masked_store, "a store under a mask is not supported"},
                                                                          {masked_tile, "a load under a mask is not supported"},
                                                                          {reshape, "a reshape that does more than add or drop dims of size 1 is not supported"},
                                                                          {bytes, "uint8 tensors are not supported"},
                                                                          {range_at_run_time, "the range of block tile_m is known only to the running kernel"},
                                                                          {block_in_shape, "the shape of out depends on block sizes"},
                                                                          {scan_of_differences, "a scan with a function of its own is not supported here"},
                                                                          {fraction, "a range that starts at the fraction 0.5"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    mini t = new_mini(DTYPE_F32, DTYPE_F32, "40");
    MlirModule m;
    rows[i].add(&t);
    ctx.diag = (diag_list){.sources = ctx.diag.sources, .last = &ctx.diag.first};
    assert_int_equal(lower_kernel(&ir, t.s.k, &m), LOOM_EUNSUP);
    testing_expect_error(&ctx, LOOM_EUNSUP, rows[i].text, 0, 0);
    assert_true(mlirModuleIsNull(m));
    ctx.diag = (diag_list){.sources = ctx.diag.sources, .last = &ctx.diag.first};
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_matmul_has_upstreams_shape),
      cmocka_unit_test(test_operations_keep_their_place_in_the_source),
      cmocka_unit_test(test_wide_accumulator_is_rounded_once_at_the_store),
      cmocka_unit_test(test_batch_matmul_and_bias),
      cmocka_unit_test(test_every_function_lowers_on_its_types),
      cmocka_unit_test(test_casts_reach_every_type_from_every_type),
      cmocka_unit_test(test_booleans_order_false_before_true),
      cmocka_unit_test(test_reductions_start_at_their_identity),
      cmocka_unit_test(test_other_forms_are_valid_ir),
      cmocka_unit_test(test_a_tile_from_a_moving_place_is_a_part),
      cmocka_unit_test(test_a_loaded_scalar_is_an_input),
      cmocka_unit_test(test_running_sums_and_places_of_extremes_are_reductions),
      cmocka_unit_test(test_unsupported_forms_are_refused_with_their_place),
  };
  return cmocka_run_group_tests(tests, open_ir, close_ir);
}
