/* Oracles: a table of wrong lines, each with its message and place; damaged texts, which may be refused but break nothing; printing as its own
 * inverse is checked by the printer. */
#include "base/file.h"
#include "base/rng.h"
#include "ir/ir_testing.h"
#include "frontend/helion_mlir/helion_mlir.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

/* Copies x to out; `top` stands in front of the grid in line 7, `grid` inside of it in line 12. */
static const char *module_with(const char *top, const char *grid) {
  return arena_printf(&ctx.mem,
                      "module {\n"
                      "  func.func @k(%%x: tensor<8x6xf32>, %%idx: tensor<8xi64>, %%out: tensor<8x6xf32>) {\n"
                      "    %%b = \"loom.get_symbol\"() {name = \"b\"} : () -> index\n"
                      "    %%c = \"loom.get_symbol\"() {name = \"c\"} : () -> index\n"
                      "    %%n = arith.constant 8 : index\n"
                      "    %%t = arith.ceildivsi %%n, %%b : index\n"
                      "    %s\n"
                      "    affine.parallel (%%i) = (0) to (symbol(%%t)) {\n"
                      "      %%o = arith.muli %%i, %%b : index\n"
                      "      %%s = \"helion.tile_size\"(%%i) : (index) -> index\n"
                      "      %%v = tensor.extract_slice %%x[%%o, 0] [%%s, 6] [1, 1] : tensor<8x6xf32> to tensor<?x6xf32>\n"
                      "      %s\n"
                      "      %%r = tensor.insert_slice %%v into %%out[%%o, 0] [%%s, 6] [1, 1] : tensor<?x6xf32> into tensor<8x6xf32>\n"
                      "      \"helion.store\"(%%out, %%r) : (tensor<8x6xf32>, tensor<8x6xf32>) -> ()\n"
                      "    } {loom.block_syms = [\"b\"]}\n"
                      "    return\n"
                      "  }\n"
                      "}\n",
                      top, grid);
}

static loom_status read_text(const char *source, kernel_graph **k) { return helion_mlir_read(&ir, "k.mlir", source, strlen(source), k); }

static void test_the_sample_reads(void **state) {
  (void)state;
  kernel_graph *k;
  assert_int_equal(read_text(module_with("", ""), &k), LOOM_OK);
  assert_string_equal(k->name, "k");
  assert_string_equal(k->tensors.at[2].name, "out");
  assert_int_equal(k->body.ops.n, 1);
  const kernel_op *grid = k->body.ops.at[0];
  assert_string_equal(grid->ranges[0].block, "b");
  assert_int_equal(grid->regions[0].ops.n, 2);
  assert_int_equal(grid->regions[0].ops.at[0]->index[0].kind, KERNEL_INDEX_TILE);
  assert_int_equal(grid->regions[0].ops.at[0]->index[1].kind, KERNEL_INDEX_ALL);
  assert_int_equal(grid->regions[0].ops.at[1]->kind, KERNEL_STORE);
  assert_true(helion_mlir_is_text("x \"helion.phi\" y", 16));
  assert_false(helion_mlir_is_text("linalg.matmul", 13));
  static const char torch[] = "func.func @f(%a: !torch.vtensor<[2],f32>) { %0 = \"torch.aten.exp\"(%a)";
  assert_false(helion_mlir_is_text(torch, sizeof torch - 1));
}

#define T "tensor<?x6xf32>"
static const struct { const char *top, *grid; loom_status status; const char *part; } wrong[] = {
    {"\"loom.get_symbol\"() {name = \"\"} : () -> index", "", LOOM_EINPUT, "loom.get_symbol has no name"},
    {"\"loom.get_symbol\"() {name = \"d\", kind = \"blok\"} : () -> index", "", LOOM_EINPUT, "has the kind 'blok'; expected block, tunable or size"},
    {"\"loom.get_symbol\"() {name = \"d\", extent = \"4 +\"} : () -> index", "", LOOM_EINPUT, "expected"},
    {"\"loom.get_symbol\"() {name = \"d\", extent = \"mm\"} : () -> index", "", LOOM_EINPUT, "\"mm\" is not a symbol"},
    {"%h = \"helion.alloc\"() {name = \"h\"} : () -> tensor<?xf32>", "", LOOM_EINPUT, "says fewer sizes than its type leaves open"},
    {"%h = \"helion.alloc\"() {name = \"h\"} : () -> tensor<1x1x1x1x1x1x1x1x1xf32>", "", LOOM_EINPUT, "not a tensor of at most 8 dims"},
    {"", "%h = \"helion.alloc\"() {name = \"h\"} : () -> tensor<4xf32>", LOOM_EINPUT, "inside of a loop; host memory is made at the function's own level"},
    {"%h = \"helion.host_ref\"(%x, %n, %n) {name = \"h\"} : (tensor<8x6xf32>, index, index) -> tensor<?xf32>", "", LOOM_EINPUT, "a size and a stride for each"},
    {"%h = \"helion.host_ref\"(%x) {name = \"h\"} : (tensor<8x6xf32>) -> tensor<f32>", "", LOOM_EINPUT, "has 1 operands; expected 2"},
    {"\"helion.tile_size\"() {block = \"z\"} : () -> index", "", LOOM_EINPUT, "helion.tile_size names no block"},
    {"\"helion.tile_size\"(%n) : (index) -> index", "", LOOM_EINPUT, "helion.tile_size names no block"},
    {"\"helion.tile_begin\"(%n) : (index) -> tensor<i64>", "", LOOM_EINPUT, "not the induction variable of a loop around"},
    {"", "\"helion.barrier\"() : () -> ()", LOOM_EUNSUP, "a barrier stands between grids"},
    {"", "affine.parallel (%j) = (0) to (4) {\n}", LOOM_EUNSUP, "a grid stands at the function's own level"},
    {"%e = arith.constant dense<1.0> : tensor<4xf32>", "", LOOM_EUNSUP, "tensors are filled by linalg.fill"},
    {"%e = \"tosa.const\"() {values = dense<1.0> : tensor<f32>} : () -> tensor<f32>", "", LOOM_EUNSUP, "the helion form has no such operation"},
    {"", "%e = \"torch.aten.frobnicate\"(%v) : (" T ") -> " T, LOOM_EUNSUP, "'torch.aten.frobnicate' is not supported here: Loom has no such ATen operation"},
    {"", "%e = \"torch.aten.exp\"(%v) : (" T ") -> !torch.vtensor<[?,6],f13>", LOOM_EINPUT, "is not a tensor of a known element type"},
    {"", "%e = \"torch.aten.exp\"(%o) : (index) -> " T, LOOM_EINPUT, "an operand is index; expected a tensor"},
    {"", "%e = \"torch.aten.exp\"() : () -> " T, LOOM_EINPUT, "has 0 operands; expected 1"},
    {"", "%e = \"torch.aten.add.Tensor\"(%v, %v, %n) : (" T ", " T ", index) -> " T, LOOM_EUNSUP, "alpha and beta are 1"},
    {"", "%e = \"torch.aten.mm\"(%idx, %v) : (tensor<8xi64>, " T ") -> " T, LOOM_EINPUT, "operands of rank 1 and 2"},
    {"", "%e = \"torch.aten.mm\"(%v, %v) : (" T ", " T ") -> " T, LOOM_EINPUT, "the sizes of matmul do not fit together"},
    {"", "%e = \"torch.aten.amax\"(%v, %v) : (" T ", " T ") -> " T, LOOM_EINPUT, "expected a torch.prim.ListConstruct"},
    {"", "%e = \"torch.aten.argmax\"(%v, %n) : (" T ", index) -> tensor<?xi64>", LOOM_EINPUT, "an axis is outside of the 2 dims of the operand"},
    {"", "%e = \"torch.aten.argmax\"(%v, %b) : (" T ", index) -> tensor<?xi64>", LOOM_EINPUT, "an operand is no constant integer"},
    {"", "%l = \"torch.prim.ListConstruct\"(%n) : (index) -> !torch.list<int>\n%e = \"torch.aten.permute\"(%v, %l) : (" T ", !torch.list<int>) -> " T, LOOM_EINPUT, "the order of dims is not one of 2 dims"},
    {"", "%e = \"helion.call\"(%v) {fn = \"sinus\"} : (" T ") -> " T, LOOM_EINPUT, "helion.call has no function"},
    {"", "%e = \"helion.reduce\"(%v) {fn = \"add\", axes = 9 : i64} : (" T ") -> tensor<?xf32>", LOOM_EINPUT, "reduce names axes outside 0..1"},
    {"", "%e = \"helion.reduce\"(%v) {fn = \"plus\", axes = 1 : i64} : (" T ") -> tensor<?xf32>", LOOM_EINPUT, "helion.reduce needs fn and axes"},
    {"", "%e = \"helion.tile_index\"(%o) : (index) -> tensor<?xi32>", LOOM_EINPUT, "not the induction variable"},
    {"", "%e = tensor.empty(%s) : tensor<?x6xf32>\n%f = \"torch.aten.exp\"(%e) : (" T ") -> " T, LOOM_EINPUT, "a tensor.empty is used before anything is put into it"},
    {"", "%f = linalg.fill ins(%f0 : f32) outs(%v : " T ") -> " T "\n%f0 = arith.constant 1.0 : f32", LOOM_EINPUT, ""},
    {"", "%e = tensor.extract %v[%o, %o] : " T, LOOM_EUNSUP, "single elements are taken from tensors of no dims"},
    {"", "%e = tensor.extract_slice %v[0, 1] [%s, 5] [1, 1] : " T " to tensor<?x5xf32>", LOOM_EUNSUP, "a part of a value that is not in host memory"},
    {"", "%e = tensor.extract_slice %x[%o, 0] [%s, 3] [1, 2] : tensor<8x6xf32> to tensor<?x3xf32>", LOOM_EUNSUP, "slices have steps of 1"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%i, %n, %n) : (index, index, index) -> tuple<index, index, index>\n"
         "%e = \"helion.load\"(%x, %w) {indices = [\"tile\", \"scaler\"]} : (tensor<8x6xf32>, tuple<index, index, index>) -> tensor<?xf32>",
     LOOM_EINPUT, "an entry of indices is \"scaler\"; expected tile, scalar, all, slice, new or"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%i) : (index) -> tuple<index>\n"
         "%e = \"helion.load\"(%x, %w) {indices = [\"tile\", \"all\"]} : (tensor<8x6xf32>, tuple<index>) -> " T, LOOM_EINPUT, "has a tuple too short for its indices"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%i, %n, %n) : (index, index, index) -> tuple<index, index, index>\n"
         "%e = \"helion.load\"(%x, %w) {indices = [\"tile\", \"all\"]} : (tensor<8x6xf32>, tuple<index, index, index>) -> " T, LOOM_EINPUT, "has a tuple longer than its indices need"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%n) : (index) -> tuple<index>\n"
         "%e = \"helion.load\"(%x, %w) {indices = [\"scalar\"]} : (tensor<8x6xf32>, tuple<index>) -> tensor<6xf32>", LOOM_EINPUT, "1 indices for the 2 dims of 'x'"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%idx) : (tensor<8xi64>) -> tuple<tensor<8xi64>>\n"
         "%e = \"helion.load\"(%x, %w) {indices = [\"tensor 7 3\", \"all\"]} : (tensor<8x6xf32>, tuple<tensor<8xi64>>) -> tensor<8x6xf32>", LOOM_EINPUT, "an index tensor gives dims 7..9"},
    {"", "%e = \"helion.load\"(%v, %t) {indices = []} : (" T ", index) -> " T, LOOM_EINPUT, ""},
    {"", "\"helion.store\"(%out, %v) : (tensor<8x6xf32>, " T ") -> ()", LOOM_EINPUT, "helion.store takes an insert_slice into its memory, or a tensor and indices"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%i, %n) : (index, index) -> tuple<index, index>\n"
         "\"helion.atomic\"(%out, %v, %w) {fn = \"plus\", indices = [\"tile\", \"all\"]} : (tensor<8x6xf32>, " T ", tuple<index, index>) -> ()", LOOM_EINPUT, "helion.atomic has no function"},
    {"", "%e = affine.for %j = 0 to 4 iter_args(%a = %v) -> (" T ") {\n affine.yield %a : " T "\n} {loom.block_sym = \"c\"}", LOOM_EINPUT, "the loop over tiles of 'c' does not run from 0 to ceildiv(size, block size)"},
    {"", "affine.for %j = 0 to 4 {\n} {loom.block_sym = \"q\"}", LOOM_EINPUT, "the loop over tiles of 'q' does not run"},
    {"", "%q = arith.ceildivsi %n, %b : index\naffine.for %j = 0 to %q {\n} {loom.block_sym = \"b\"}", LOOM_EINPUT, ""},
    {"", "%c1 = arith.constant 1 : index\n%c0 = arith.constant 0 : index\n%q = arith.ceildivsi %n, %b : index\nscf.for %j = %c0 to %q step %c1 {\n} {loom.block_sym = \"b\"}", LOOM_EINPUT, "block \"b\" tiles two nested ranges"},
    {"", "%w = \"torch.prim.TupleConstruct\"(%v) : (" T ") -> tuple<" T ">\n%e = \"helion.scan\"(%w) {combine = @none, axis = 0 : i64} : (tuple<" T ">) -> tuple<" T ">", LOOM_EINPUT, "needs combine = @function"},
    {"", "%e = \"helion.scan\"(%w) {combine = @k, axis = 0 : i64} : (tuple<" T ">) -> tuple<" T ">\n%w = \"torch.prim.TupleConstruct\"(%v) : (" T ") -> tuple<" T ">", LOOM_EINPUT, ""},
};

static void test_wrong_lines_are_told_with_their_place(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    kernel_graph *k;
    diag_mark before = diag_save(&ctx);
    diag_item **at = before.last;
    loom_status st = read_text(module_with(wrong[i].top, wrong[i].grid), &k);
    const diag_item *d = *at;
    int line = *wrong[i].top ? 7 : 12, end = line + 4;
    if (st != wrong[i].status || !d || !strstr(d->text, wrong[i].part))
      fail_msg("%s%s: status %d, \"%s\"", wrong[i].top, wrong[i].grid, (int)st, d ? d->text : "-");
    if (*wrong[i].part && d->span.line && (d->span.line < line || d->span.line > end))
      fail_msg("%s%s: told at line %d", wrong[i].top, wrong[i].grid, d->span.line);
    diag_drop(&ctx, before);
  }
}

static void test_arguments_need_sizes(void **state) {
  (void)state;
  static const struct { const char *source; loom_status status; const char *part; } rows[] = {
      {"func.func @k(%x: tensor<?xf32>) {\n  \"helion.barrier\"() : () -> ()\n  return\n}\n", LOOM_EUNSUP, "size 0 of argument 0 is not known"},
      {"func.func @k(%x: memref<4xf32>) {\n  \"helion.barrier\"() : () -> ()\n  return\n}\n", LOOM_EINPUT, "argument 0 is memref<4xf32>; expected a tensor"},
      {"func.func @k(%x: tensor<4xi7>) {\n  \"helion.barrier\"() : () -> ()\n  return\n}\n", LOOM_EINPUT, "argument 0 is tensor<4xi7>"},
      {"func.func @k(%x: tensor<4xf32> {loom.name = \"a\"}, %y: tensor<4xf32> {loom.name = \"a\"}) {\n  return\n}\n", LOOM_EINPUT, "two arguments are called 'a'"},
      {"func.func @k(%x: tensor<?xf32> {loom.dims = [\"m\", \"n\"]}) {\n  return\n}\n", LOOM_EINPUT, "loom.dims of argument 0 does not have one entry a dim"},
      {"func.func @k(%x: tensor<4xf32> {loom.init = \"NOISE\"}) {\n  return\n}\n", LOOM_EINPUT, "loom.init is 'NOISE'"},
      {"func.func private @k(%x: tensor<4xf32>)\n", LOOM_EINPUT, "the module has no function with a body"},
      {"module attributes {loom.guards = [1]} {\nfunc.func @k() {\n  return\n}\n}\n", LOOM_EINPUT, "loom.guards holds something else than strings"},
      {"func.func @k(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %e = \"torch.aten.exp\"(%x) : (tensor<4xf32>) -> tensor<4xf32>\n  return %e : tensor<4xf32>\n}\n", LOOM_EINPUT, "not host memory"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    kernel_graph *k;
    diag_mark before = diag_save(&ctx);
    loom_status st = read_text(rows[i].source, &k);
    const diag_item *d = *before.last;
    if (st != rows[i].status || !d || !strstr(d->text, rows[i].part))
      fail_msg("%s: status %d, \"%s\"", rows[i].source, (int)st, d ? d->text : "-");
    diag_drop(&ctx, before);
  }
}

/* ---- damage ---- */
enum { DAMAGED = 3000 };

/* One or two of: a line left out, doubled or moved, a word or a number replaced by another of the text. */
static char *damage(rng *random, const char *source) {
  size_t n = strlen(source);
  char *t = arena_alloc(&ctx.mem, 2 * n + 2);
  memcpy(t, source, n + 1);
  for (int64_t times = rng_range(random, 1, 2); times-- > 0;) {
    n = strlen(t);
    char *a = t + rng_range(random, 0, (int64_t)n - 1), *b = t + rng_range(random, 0, (int64_t)n - 1);
    char *line = a, *end = a;
    while (line > t && line[-1] != '\n')
      line--;
    end += strcspn(a, "\n");
    end += *end == '\n';
    size_t length = (size_t)(end - line);
    switch (rng_range(random, 0, 3)) {
    case 0: memmove(line, end, strlen(end) + 1); break;
    case 1:
      if (n + length < 2 * strlen(source)) {
        memmove(end + length, end, strlen(end) + 1);
        memcpy(end, line, length);
      }
      break;
    case 2: *a = *b; break;
    default: {   /* a word for another of the same length or shorter, blanks behind it */
      size_t wa = strcspn(a, " ,()[]{}<>:=\n\""), wb = strcspn(b, " ,()[]{}<>:=\n\"");
      if (wa >= wb) {
        memmove(a, b, wb);
        memset(a + wb, ' ', wa - wb);
      }
    }
    }
  }
  return t;
}

static void test_damaged_text_is_read_or_refused(void **state) {
  (void)state;
  char *old;
  size_t size;
  int read = 0, refused = 0;
  rng random = rng_new(20);
  assert_int_equal(file_read(&ctx, LOOM_SOURCE_DIR "/tests/data/stage0/helion_old.mlir", 1 << 20, &old, &size), LOOM_OK);
  const char *sources[] = {old, module_with("%h = \"helion.alloc\"() {name = \"h\", fill_value = 1.0 : f64} : () -> tensor<8x6xf32>",
                                            "%w = \"torch.prim.TupleConstruct\"(%i, %n) : (index, index) -> tuple<index, index>\n"
                                            "%e = \"helion.load\"(%out, %w) {indices = [\"tile\", \"all\"]} : (tensor<8x6xf32>, tuple<index, index>) -> " T)};
  for (int i = 0; i < DAMAGED; i++) {
    kernel_graph *k;
    diag_mark before = diag_save(&ctx);
    arena_mark mark = arena_save(&ctx.mem);
    loom_status st = read_text(damage(&random, sources[i % 2]), &k);
    read += st == LOOM_OK;
    refused += st == LOOM_EINPUT || st == LOOM_EUNSUP || st == LOOM_ELIMIT;
    if (st == LOOM_EBUG)
      fail_msg("run %d: %s", i, (*before.last)->text);
    diag_drop(&ctx, before);
    (void)mark;
  }
  assert_int_equal(read + refused, DAMAGED);
  assert_true(read > 20 && refused > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_sample_reads), cmocka_unit_test(test_wrong_lines_are_told_with_their_place),
                                     cmocka_unit_test(test_arguments_need_sizes), cmocka_unit_test(test_damaged_text_is_read_or_refused)};
  return cmocka_run_group_tests(tests, open_ir, close_ir);
}
