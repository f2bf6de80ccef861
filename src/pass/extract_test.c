/* Oracles: nests made without IR (nest_samples) for whole kernels; the place and words of refusals for what is not supported. */
#include "base/file.h"
#include "ir/ir_testing.h"
#include "nest/nest_samples.h"
#include "pass/pass.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load);
}

static MlirModule read_sample(const char *name) {
  char *src;
  size_t size;
  MlirModule m;
  const char *path = arena_printf(&ctx.mem, LOOM_SOURCE_DIR "/tests/data/stage0/%s.mlir", name);
  assert_int_equal(file_read(&ctx, path, 1 << 20, &src, &size), LOOM_OK);
  assert_int_equal(ir_parse(&ir, path, src, size, &m), LOOM_OK);
  return m;
}

static nest *extract_sample(const char *name) {
  MlirModule m = read_sample(name);
  nest *n = NULL;
  assert_int_equal(pass_canonicalize_stage0(&ir, m), LOOM_OK);
  assert_int_equal(pass_extract_nest(&ir, m, NULL, &n), LOOM_OK);
  nest_set_alignment(n, 32);
  ir_close_module(m);
  return n;
}

static const char *json(const nest *n) { return data_write_json(&ctx.mem, nest_to_data(&ctx.mem, n), 1); }

static void test_kernels_become_the_nests_they_are(void **state) {
  (void)state;
  arena *m = &ctx.mem;
  static const nest_mamba_shape mamba = {.batch = 2, .heads = 4, .groups = 2, .chunks = 4, .chunk = 64, .head = 32, .state = 16, .block_bound = 128};
  const struct { const char *sample; nest *want; } rows[] = {
      {"matmul", nest_make_matmul(m, 2048, 512, 256, DTYPE_F16, DTYPE_F16)},
      {"batch_matmul", nest_make_batch_matmul(m, 8, 128, 64, 512, DTYPE_F16, DTYPE_F16)},
      {"attention", nest_make_attention(m, 8, 256, 512, 64, DTYPE_F16)},
      {"decode", nest_make_decode(m, 4, 32, 1024, 64, DTYPE_F16)},
      {"split_k", nest_make_split_k(m, 128, 256, 1024, DTYPE_F16)},
      {"mamba", nest_make_mamba(m, &mamba, DTYPE_F16, false)},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(json(extract_sample(rows[i].sample)), json(rows[i].want));
}

/* Two element-wise ops become one; the stored value is named after its tensor. */
static void test_elementwise_ops_are_fused(void **state) {
  (void)state;
  nest *want = nest_make_elementwise(&ctx.mem, 256, 128, DTYPE_F16, "mulf,addf");
  want->values.at[2].name = "out_tile";
  want->body.at[2]->label = "mulf,addf";
  assert_string_equal(json(extract_sample("elementwise")), json(want));
}

static void test_epilogue_keeps_accumulator_and_result_apart(void **state) {
  (void)state;
  nest *n = extract_sample("bias_relu");
  assert_int_equal(n->tensors.n, 4);
  assert_string_equal(n->tensors.at[1].name, "w");   /* loom.name wins over the spelling */
  assert_true(n->symbols.at[0].divides && !n->symbols.at[1].divides);
  assert_int_equal(n->values.n, 5);
  assert_true(n->values.at[0].is_carried && n->values.at[0].type == DTYPE_F32);
  const nest_node *loop = n->body.at[1], *epilogue = n->body.at[3], *store = n->body.at[4];
  assert_int_equal(loop->kind, NEST_LOOP);
  assert_string_equal(epilogue->body_ops, "extf,addf,maximumf,truncf");
  assert_int_equal(epilogue->inputs.n, 2);
  assert_int_equal(epilogue->inputs.at[0], 0);
  assert_string_equal(sym_str(&ctx.mem, epilogue->m), "tile_m * tile_n");
  assert_int_equal(store->value, epilogue->value);
  assert_int_equal(n->values.at[store->value].type, DTYPE_F16);
  assert_false(n->values.at[store->value].is_carried);
  const nest_node *bias = n->body.at[2];
  assert_int_equal(bias->n_dims, 1);
  assert_int_equal(bias->dim[0].loop, 1);
}

static void test_every_node_knows_its_op(void **state) {
  (void)state;
  MlirModule m = read_sample("matmul");
  nest *n;
  const pass_node_op *ops;
  size_t n_ops;
  assert_int_equal(pass_canonicalize_stage0(&ir, m), LOOM_OK);
  assert_int_equal(pass_extract_nest_ops(&ir, m, "matmul", &n, &ops, &n_ops), LOOM_OK);
  static const char *const want[] = {"linalg.fill", "scf.for", "bufferization.to_tensor", "bufferization.to_tensor", "linalg.matmul", "memref.copy"};
  assert_int_equal(n_ops, COUNT_OF(want));
  for (size_t i = 0; i < n_ops; i++)
    assert_true(ir_op_is(ops[i].op, want[i]));
  assert_ptr_equal(ops[0].node, n->body.at[0]);
  ir_close_module(m);
}

/* One kernel around a hole: %t is a loaded tile of 8 x tile_n, %e an empty one, %s where results go. */
#define KERNEL(inner)                                                                                                              \
  "#id = affine_map<(d0, d1) -> (d0, d1)>\n#tr = affine_map<(d0, d1) -> (d1, d0)>\n"                                                \
  "func.func @k(%a: memref<8x64xf32>, %o: memref<8x64xf32>) {\n"                                                       \
  "  %z = arith.constant 0.0 : f32\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c4 = arith.constant 4 : index\n  %other = arith.shli %c1, %c4 : index\n"  \
  "  %n = \"loom.sym\"() {symbol_ref = @tile_n, upper_bound = 64 : index} : () -> index\n"                                          \
  "  affine.parallel (%i) = (0) to (64 ceildiv symbol(%n)) {\n    %on = arith.muli %i, %n : index\n"                                \
  "    %sa = memref.subview %a[0, %on] [8, %n] [1, 1] : memref<8x64xf32> to memref<8x?xf32, strided<[64, 1], offset: ?>>\n"         \
  "    %s = memref.subview %o[0, %on] [8, %n] [1, 1] : memref<8x64xf32> to memref<8x?xf32, strided<[64, 1], offset: ?>>\n"          \
  "    %t = bufferization.to_tensor %sa : memref<8x?xf32, strided<[64, 1], offset: ?>> to tensor<8x?xf32>\n"                        \
  "    %e = tensor.empty(%n) : tensor<8x?xf32>\n    %t8 = tensor.empty() : tensor<8x8xf32>\n" inner "  }\n  return\n}\n"
#define STORE(v) "    bufferization.materialize_in_destination " v " in writable %s : (tensor<8x?xf32>, memref<8x?xf32, strided<[64, 1], offset: ?>>) -> ()\n"
#define GATHER(r, iterator)                                                                                                       \
  "    %c64 = arith.constant 64 : index\n    %trips = arith.ceildivui %c64, %n : index\n    %slots = tensor.empty(%trips, %n) : tensor<?x8x?xf32>\n"                      \
  "    " r " = \"loom.gather\"(%t, %slots, " iterator ") : (tensor<8x?xf32>, tensor<?x8x?xf32>, index) -> tensor<?x8x?xf32>\n"
#define BUMP(r, in, out)                                                                                                           \
  "    " r " = linalg.generic {indexing_maps = [#id, #id], iterator_types = [\"parallel\", \"parallel\"]} ins(" in " : tensor<8x?xf32>) outs(" out \
  " : tensor<8x?xf32>) {\n    ^bb0(%x: f32, %y: f32):\n      %w = arith.addf %x, %y : f32\n      linalg.yield %w : f32\n    } -> tensor<8x?xf32>\n"

static loom_status extract_text(const char *src) {
  MlirModule m;
  nest *n;
  assert_int_equal(ir_parse(&ir, "k.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = pass_extract_nest(&ir, m, NULL, &n);
  ir_close_module(m);
  return st;
}

static void test_unsupported_forms_are_refused_in_place(void **state) {
  (void)state;
  static const struct { const char *src, *needle; int line; } rows[] = {
      {"func.func @k(%a: memref<?xf32>) {\n  affine.parallel (%i) = (0) to (4) {\n  }\n  return\n}\n", "must be a memref of static shape", 1},
      {"func.func @k(%a: memref<4xf32>) {\n  return\n}\n", "has no affine.parallel", 1},
      {"func.func @k() {\n  affine.parallel (%i) = (0) to (4) {\n  }\n  affine.parallel (%i) = (0) to (4) {\n  }\n  return\n}\n", "has a second one here", 4},
      {"func.func @k(%a: memref<4xf32>) {\n  affine.parallel (%i) = (1) to (4) {\n  }\n  return\n}\n", "must start at 0", 2},
      {"func.func @k(%a: memref<4xf32>) {\n  affine.parallel (%i) = (0) to (4) step (2) {\n  }\n  return\n}\n", "steps of 1", 2},
      {KERNEL("    %q = linalg.abs ins(%t : tensor<8x?xf32>) outs(%e : tensor<8x?xf32>) -> tensor<8x?xf32>\n" STORE("%q")), "'linalg.abs' inside a kernel", 17},
      {KERNEL("    %q = memref.dim %sa, %c1 : memref<8x?xf32, strided<[64, 1], offset: ?>>\n"), "'memref.dim' inside a kernel", 17},
      {KERNEL("    scf.for %j = %c1 to %c4 step %c1 {\n    }\n"), "must start at 0", 17},
      {KERNEL("    scf.for %j = %c0 to %n step %c1 {\n    }\n"), "must run to ceildiv(extent, block size)", 17},
      {KERNEL("    %c64 = arith.constant 64 : index\n    %trips = arith.ceildivui %c64, %n : index\n    scf.for %j = %c0 to %trips step %c1 {\n    }\n"),
       "block size 'tile_n' is that of two loops, one inside of the other", 19},
      {KERNEL(BUMP("%q", "%t", "%t") STORE("%q")), "overwrites a tile that is read elsewhere", 17},
      {KERNEL(BUMP("%q", "%t", "%e") STORE("%q")), "reads a tensor that 'tensor.empty' makes", 17},
      {KERNEL("    %b = memref.subview %sa[0, 0] [8, 1] [1, 1] : memref<8x?xf32, strided<[64, 1], offset: ?>> to memref<8x1xf32, strided<[64, 1], offset: ?>>\n"
              "    %q = bufferization.to_tensor %b : memref<8x1xf32, strided<[64, 1], offset: ?>> to tensor<8x1xf32>\n"),
       "must be taken from an argument", 17},
      {KERNEL("    %b = memref.subview %a[0, %on] [8, %n] [1, 2] : memref<8x64xf32> to memref<8x?xf32, strided<[64, 2], offset: ?>>\n"
              "    %q = bufferization.to_tensor %b : memref<8x?xf32, strided<[64, 2], offset: ?>> to tensor<8x?xf32>\n"), "strided tile", 17},
      {KERNEL("    %q = linalg.matmul indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, "
              "d1)>] ins(%t, %t : tensor<8x?xf32>, tensor<8x?xf32>) outs(%t8 : tensor<8x8xf32>) -> tensor<8x8xf32>\n"), "transposed operands", 17},
      {KERNEL("    %b = memref.subview %a[0, %other] [8, %n] [1, 1] : memref<8x64xf32> to memref<8x?xf32, strided<[64, 1], offset: ?>>\n"
              "    %q = bufferization.to_tensor %b : memref<8x?xf32, strided<[64, 1], offset: ?>> to tensor<8x?xf32>\n"), "'arith.shli' in a size or an offset", 8},
      {KERNEL("    %r = scf.for %j = %c0 to %c4 step %c1 iter_args(%v = %c0) -> (index) {\n      scf.yield %v : index\n    }\n"), "carries a value that is no tile", 17},
      {KERNEL("    %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x?xf32>) -> tensor<8x?xf32>\n"
              "    %r:2 = scf.for %j = %c0 to %c4 step %c1 iter_args(%v = %f, %w = %f) -> (tensor<8x?xf32>, tensor<8x?xf32>) {\n"
              "      scf.yield %w, %v : tensor<8x?xf32>, tensor<8x?xf32>\n    }\n" STORE("%r#0")), "change places with each other", 19},
      {KERNEL("    %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x?xf32>) -> tensor<8x?xf32>\n" BUMP("%u", "%t", "%f") "    scf.for %j = %c0 to %c4 step %c1 {\n" BUMP("%p", "%t", "%u") "    }\n"), "overwrites a tile that is read elsewhere", 24},
      {KERNEL("    %y = arith.cmpi ne, %i, %c0 : index\n    scf.if %y {\n" STORE("%t") "    }\n"), "must ask whether the iterator of one parallel loop is 0", 18},
      {KERNEL("    %y = arith.cmpi eq, %on, %n : index\n    scf.if %y {\n" STORE("%t") "    }\n"), "must ask whether the iterator of one parallel loop is 0", 18},
      {KERNEL("    %y = arith.cmpi eq, %i, %c0 : index\n    scf.if %y {\n" STORE("%t") "    } else {\n" STORE("%e") "    }\n"), "without 'else' and results", 18},
      {KERNEL("    %q = bufferization.to_tensor %sa : memref<8x?xf32, strided<[64, 1], offset: ?>> to tensor<8x?xf32, {local_mem_kind = 8 : i64}>\n"),
       "memories 0..7 are supported", 17},
      {KERNEL(GATHER("%all", "%on")), "must go across one of the parallel loops", 20},
      {KERNEL("    %y = arith.cmpi eq, %i, %c0 : index\n    scf.if %y {\n" GATHER("%all", "%i") "    }\n"), "all cores must send", 22},
      {KERNEL("    %m = tensor.empty(%n) : tensor<4x8x?xf32>\n    %f = linalg.fill ins(%z : f32) outs(%m : tensor<4x8x?xf32>) -> tensor<4x8x?xf32>\n"
              "    %h = \"loom.gather\"(%t, %f, %i) : (tensor<8x?xf32>, tensor<4x8x?xf32>, index) -> tensor<4x8x?xf32>\n"), "to a tensor.empty or a loom.placeholder", 19},
      {KERNEL("    %r:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = [\"parallel\", \"parallel\"]} ins(%t : tensor<8x?xf32>) outs(%e, %e : "
              "tensor<8x?xf32>, tensor<8x?xf32>) {\n    ^bb0(%x: f32, %y: f32, %w: f32):\n      linalg.yield %x, %x : f32, f32\n    } -> (tensor<8x?xf32>, "
              "tensor<8x?xf32>)\n" STORE("%r#0")), "expected one result", 17},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(extract_text(rows[i].src), LOOM_EUNSUP);
    testing_expect_error(&ctx, LOOM_EUNSUP, rows[i].needle, 0, 0);
    if (ctx.diag.first->span.line != rows[i].line)
      fail_msg("\"%s\" at line %d, expected %d", rows[i].needle, ctx.diag.first->span.line, rows[i].line);
  }
}

/* The destination of a gather has a place for each tile of the loop. */
static void test_gathers_have_a_place_for_each_tile(void **state) {
  (void)state;
  static const struct { const char *src, *needle; } rows[] = {
      {KERNEL("    %m = tensor.empty(%n) : tensor<4x8x?xf32>\n    %h = \"loom.gather\"(%t, %m, %i) : (tensor<8x?xf32>, tensor<4x8x?xf32>, index) -> tensor<4x8x?xf32>\n"),
       "dimension 0 of the destination of a gather has size 4; expected 64 ceildiv tile_n"},
      {KERNEL("    %m = tensor.empty(%n) : tensor<8x?xf32>\n    %h = \"loom.gather\"(%t, %m, %i) : (tensor<8x?xf32>, tensor<8x?xf32>, index) -> tensor<8x?xf32>\n"),
       "one dimension more than the tile"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(extract_text(rows[i].src), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
    assert_int_equal(ctx.diag.first->span.line, 18);
  }
}

/* A loop whose three accumulators become t, the first and the second: none is overwritten before it is read. */
static void test_moves_come_in_an_order_that_loses_nothing(void **state) {
  (void)state;
  static const char src[] = KERNEL(
      "    %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x?xf32>) -> tensor<8x?xf32>\n"
      "    %r:3 = scf.for %j = %c0 to %c4 step %c1 iter_args(%u = %f, %v = %f, %w = %f) -> (tensor<8x?xf32>, tensor<8x?xf32>, tensor<8x?xf32>) {\n"
      "      scf.yield %t, %u, %v : tensor<8x?xf32>, tensor<8x?xf32>, tensor<8x?xf32>\n    }\n" STORE("%r#2"));
  MlirModule m;
  nest *n;
  assert_int_equal(ir_parse(&ir, "k.mlir", src, sizeof src - 1, &m), LOOM_OK);
  assert_int_equal(pass_extract_nest(&ir, m, "k", &n), LOOM_OK);
  const nest_body *b = &n->body.at[4]->body;
  static const char *const moves[] = {"move acc.3", "move acc.2", "move acc"};
  assert_int_equal(b->n, 3);
  for (int i = 0; i < 3; i++)
    assert_string_equal(b->at[i]->label, moves[i]);
  ir_close_module(m);
}

static void test_tiles_may_ask_for_a_memory(void **state) {
  (void)state;
  static const char src[] = KERNEL("    %q = bufferization.to_tensor %sa : memref<8x?xf32, strided<[64, 1], offset: ?>> to tensor<8x?xf32, {local_mem_kind = 1 : i64}>\n");
  MlirModule m;
  nest *n;
  assert_int_equal(ir_parse(&ir, "k.mlir", src, sizeof src - 1, &m), LOOM_OK);
  assert_int_equal(pass_extract_nest(&ir, m, "k", &n), LOOM_OK);
  assert_int_equal(n->values.at[0].memory, 0);
  assert_int_equal(n->values.at[1].memory, 1);
  ir_close_module(m);
}

#define VIEWED(cast, type, subview, tile)                                                                                          \
  "func.func @k(%a: memref<4x2x64xf32>, %o: memref<8xf32>) {\n  %c0 = arith.constant 0 : index\n"                                 \
  "  %v = memref.reinterpret_cast %a to " cast " : memref<4x2x64xf32> to " type "\n"                                              \
  "  affine.parallel (%i) = (0) to (2) {\n"                                                                                       \
  "    %s = memref.subview %v" subview " : " type " to " tile "\n"                                                                \
  "    %t = bufferization.to_tensor %s : " tile " to tensor<8x64xf32>\n"

/* Arguments seen with other sizes and strides have the kernel's shape, and say where their elements are. */
static void test_arguments_may_be_seen_with_other_strides(void **state) {
  (void)state;
#define END "  }\n  return\n}\n"
#define TURNED "memref<64x8xf32, strided<[1, 64]>>"
  static const char rows[][1100] = {
      VIEWED("offset: [0], sizes: [8, 64], strides: [64, 1]", "memref<8x64xf32, strided<[64, 1]>>", "[0, 0] [8, 64] [1, 1]", "memref<8x64xf32, strided<[64, 1]>>") END,
      "func.func @k(%a: memref<4x2x64xf32>, %o: memref<8xf32>) {\n"
      "  %v = memref.reinterpret_cast %a to offset: [0], sizes: [64, 8], strides: [1, 64] : memref<4x2x64xf32> to " TURNED "\n"
      "  affine.parallel (%i) = (0) to (2) {\n    %s = memref.subview %v[0, %i] [64, 1] [1, 1] : " TURNED " to memref<64xf32, strided<[1], offset: ?>>\n"
      "    %t = bufferization.to_tensor %s : memref<64xf32, strided<[1], offset: ?>> to tensor<64xf32>\n" END,
      VIEWED("offset: [0], sizes: [8, 64], strides: [32, 1]", "memref<8x64xf32, strided<[32, 1]>>", "[0, 0] [8, 64] [1, 1]", "memref<8x64xf32, strided<[32, 1]>>") END,      /* windows that overlap */
      VIEWED("offset: [34], sizes: [8, 64], strides: [32, 1]", "memref<8x64xf32, strided<[32, 1], offset: 34>>", "[0, 0] [8, 64] [1, 1]", "memref<8x64xf32, strided<[32, 1], offset: 34>>") END,      /* part of one that begins where the argument does */
  };
  static const int64_t shape[][2] = {{8, 64}, {64, 8}, {8, 64}, {9, 66}}, stride[][2] = {{64, 1}, {1, 64}, {32, 1}, {32, 1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    MlirModule m;
    nest *n;
    assert_int_equal(ir_parse(&ir, "k.mlir", rows[i], strlen(rows[i]), &m), LOOM_OK);
    assert_int_equal(pass_extract_nest(&ir, m, "k", &n), LOOM_OK);
    const nest_tensor *t = &n->tensors.at[0];
    assert_true(nest_tensor_is_view(t) && !nest_tensor_is_view(&n->tensors.at[1]));
    assert_int_equal(t->rank, 2);
    assert_memory_equal(t->shape, shape[i], sizeof shape[i]);
    assert_memory_equal(t->stride, stride[i], sizeof stride[i]);
    ir_close_module(m);
  }
}

static void test_other_views_of_arguments_are_refused(void **state) {
  (void)state;
#define WHOLE "[0, 0] [8, 64] [1, 1]"
#define TILE(strides) "memref<8x64xf32, strided<[" strides "]>>"
  static const struct { const char *src, *needle; int line; } rows[] = {
      {VIEWED("offset: [0], sizes: [8, 64], strides: [128, 1]", TILE("128, 1"), WHOLE, TILE("128, 1")) END, "this view of it is not supported", 3},
      {VIEWED("offset: [0], sizes: [16, 64], strides: [0, 1]", "memref<16x64xf32, strided<[0, 1]>>", WHOLE, TILE("0, 1")) END, "this view of it", 3},
      {VIEWED("offset: [257], sizes: [8, 64], strides: [32, 1]", "memref<8x64xf32, strided<[32, 1], offset: 257>>", WHOLE, "memref<8x64xf32, strided<[32, 1], offset: 257>>") END, "this view of it", 3},
      {VIEWED("offset: [0], sizes: [8, 64], strides: [32, 1]", TILE("32, 1"), WHOLE, TILE("32, 1"))
       "    memref.copy %s, %s : " TILE("32, 1") " to " TILE("32, 1") "\n" END, "stores through a view of argument 'a' in which places overlap", 7},
      {VIEWED("offset: [0], sizes: [8, 64], strides: [64, 1]", TILE("64, 1"), WHOLE, TILE("64, 1"))
       "    %s2 = memref.subview %a[0, 0, 0] [1, 2, 64] [1, 1, 1] : memref<4x2x64xf32> to memref<2x64xf32, strided<[64, 1]>>\n"
       "    %s3 = memref.subview %v[2, 0] [2, 64] [1, 1] : memref<8x64xf32, strided<[64, 1]>> to memref<2x64xf32, strided<[64, 1], offset: 128>>\n"
       "    memref.copy %s3, %s2 : memref<2x64xf32, strided<[64, 1], offset: 128>> to memref<2x64xf32, strided<[64, 1]>>\n" END, "'a' is used in two shapes and stored to", 6},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(extract_text(rows[i].src), LOOM_EUNSUP);
    testing_expect_error(&ctx, LOOM_EUNSUP, rows[i].needle, 0, 0);
    assert_int_equal(ctx.diag.first->span.line, rows[i].line);
  }
}

/* A constant trip count is a loop over blocks of 1; a tile may lose dimensions; offsets may add constants. */
static void test_constant_trips_and_dropped_dims(void **state) {
  (void)state;
  static const char src[] =
      "#id = affine_map<(d0) -> (d0)>\n"
      "func.func @k(%a: memref<4x3x64xf32>, %o: memref<4x64xf32>) {\n"
      "  %n = \"loom.sym\"() {symbol_ref = @tile_n} : () -> index\n  %two = arith.constant 2 : index\n"
      "  affine.parallel (%i, %j) = (0, 0) to (4, 32 ceildiv symbol(%n)) {\n"
      "    %on = arith.muli %n, %j : index\n    %shift = affine.apply affine_map<(d0) -> (d0 + 32)>(%on)\n"
      "    %sa = memref.subview %a[%i, %two, %shift] [1, 1, %n] [1, 1, 1] : memref<4x3x64xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
      "    %t = bufferization.to_tensor %sa : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>\n"
      "    %s = memref.subview %o[%i, %on] [1, %n] [1, 1] : memref<4x64xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
      "    bufferization.materialize_in_destination %t in writable %s : (tensor<?xf32>, memref<?xf32, strided<[1], offset: ?>>) -> ()\n"
      "  }\n  return\n}\n";
  MlirModule m;
  nest *n;
  assert_int_equal(ir_parse(&ir, "k.mlir", src, sizeof src - 1, &m), LOOM_OK);
  assert_int_equal(pass_extract_nest(&ir, m, "k", &n), LOOM_OK);
  assert_string_equal(n->loops.at[0].block, "unit_0");
  assert_string_equal(sym_str(&ctx.mem, n->symbols.at[0].upper_bound), "1");
  assert_string_equal(sym_str(&ctx.mem, n->loops.at[0].extent), "4");
  assert_string_equal(sym_str(&ctx.mem, n->symbols.at[1].upper_bound), "32");   /* no bound given: the extent */
  const nest_node *load = n->body.at[0];
  assert_true(load->dim[0].dropped && load->dim[1].dropped && !load->dim[2].dropped);
  assert_true(load->dim[0].loop == -1 && nest_access_uses(n, load, 0));
  assert_string_equal(sym_str(&ctx.mem, load->dim[0].offset), "it_unit_0");
  assert_string_equal(sym_str(&ctx.mem, load->dim[1].offset), "2");
  assert_int_equal(load->dim[2].loop, 1);
  assert_string_equal(sym_str(&ctx.mem, load->dim[2].offset), "32");
  assert_int_equal(n->values.at[0].rank, 1);
  ir_close_module(m);
}

static void test_the_function_is_chosen_by_name(void **state) {
  (void)state;
  static const struct { const char *src, *func, *needle; } rows[] = {
      {"func.func @a() {\n  return\n}\nfunc.func @b() {\n  return\n}\n", NULL, "the module has 2 functions"},
      {"func.func @a() {\n  return\n}\n", "b", "the module has no function 'b'"},
      {"module {\n}\n", NULL, "the module has no function"},
      {"func.func private @a()\n", "a", "the module has no function 'a'"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    MlirModule m;
    nest *n;
    assert_int_equal(ir_parse(&ir, "k.mlir", rows[i].src, strlen(rows[i].src), &m), LOOM_OK);
    assert_int_equal(pass_extract_nest(&ir, m, rows[i].func, &n), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
    ir_close_module(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_kernels_become_the_nests_they_are, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_elementwise_ops_are_fused, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_epilogue_keeps_accumulator_and_result_apart, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_every_node_knows_its_op, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_gathers_have_a_place_for_each_tile, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_moves_come_in_an_order_that_loses_nothing, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_arguments_may_be_seen_with_other_strides, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_other_views_of_arguments_are_refused, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_tiles_may_ask_for_a_memory, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_constant_trips_and_dropped_dims, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_the_function_is_chosen_by_name, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_unsupported_forms_are_refused_in_place, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
