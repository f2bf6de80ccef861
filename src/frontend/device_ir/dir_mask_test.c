/* Mask nodes: what they put into the lanes of a padded tile that hold nothing is what the operations behind them take.  The oracle is a loop
 * over rows and lanes. */
#include "base/file.h"
#include "base/testing.h"
#include "frontend/device_ir/dir_private.h"
#include "kernel/interp.h"
#include "kernel/kernel_same.h"
#include <math.h>

enum { ROWS = 7, COLUMNS = 5 };

__attribute__((noinline))
static const char *read_masked(loom_ctx *ctx) {
  char *s = NULL;
  size_t n;
  assert_int_equal(file_read(ctx, LOOM_SOURCE_DIR "/tests/data/device_ir/masked.fx.txt", 1 << 20, &s, &n), LOOM_OK);
  return s;
}

static const char *replaced(loom_ctx *ctx, const char *s, const char *from, const char *to) {
  const char *at = strstr(s, from);
  assert_non_null(at);
  return arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - s), s, to, at + strlen(from));
}

#define NODE "    _mask_to: \"f32[u0, u1]\" = helion_language__tracing_ops__mask_to(load, 1.5);  load = None\n"
#define PART "    part: \"f32[u0]\" = torch.ops.aten.sum.dim_IntList(_mask_to, [-1])\n"
#define SUM "    sofar: \"f32[u0]\" = torch.ops.aten.add.Tensor(_new_var_1, part)"
#define START "    sofar: \"f32[u0]\" = helion_language_creation_ops_full([block_size_0], 0.0,"
#define MASK(value) "    _mask_to: \"f32[u0, u1]\" = helion_language__tracing_ops__mask_to(load, " value ")\n"
#define AMAX "    part: \"f32[u0]\" = torch.ops.aten.amax.default(_mask_to, [-1])\n"
#define MAXIMUM "    sofar: \"f32[u0]\" = torch.ops.aten.maximum.default(_new_var_1, part)"
#define FROM(value) "    sofar: \"f32[u0]\" = helion_language_creation_ops_full([block_size_0], " value ","

/* fill: what an empty lane counts; is_max: the largest of all lanes, else their sum. */
typedef struct masked { const char *name, *node, *part, *join, *start; bool is_max; double fill; } masked;
static const masked cases[] = {
    {"sum of 0", MASK("0"), PART, SUM, START, false, 0},
    {"sum of 1.5", MASK("1.5"), PART, SUM, START, false, 1.5},
    {"sum without a mask node", "", "    part: \"f32[u0]\" = torch.ops.aten.sum.dim_IntList(load, [-1])\n", SUM, START, false, 0},
    {"largest of -inf", MASK("-inf"), AMAX, MAXIMUM, FROM("-1000.0"), true, -INFINITY},
    {"largest of 9", MASK("9"), AMAX, MAXIMUM, FROM("-1000.0"), true, 9},
    {"largest without a mask node", "", "    part: \"f32[u0]\" = torch.ops.aten.amax.default(load, [-1])\n", MAXIMUM, FROM("-1000.0"), true, -INFINITY},
    {"sum of a cast", MASK("1.5") "    c: \"f64[u0, u1]\" = torch.ops.prims.convert_element_type.default(_mask_to, torch.float64)\n",
     "    p: \"f64[u0]\" = torch.ops.aten.sum.dim_IntList(c, [-1])\n    part: \"f32[u0]\" = torch.ops.prims.convert_element_type.default(p, torch.float32)\n", SUM, START, false, 1.5},
    {"sum behind two mask nodes", MASK("1.5") "    m: \"f32[u0, u1]\" = helion_language__tracing_ops__mask_to(_mask_to, -2)\n",
     "    part: \"f32[u0]\" = torch.ops.aten.sum.dim_IntList(m, [-1])\n", SUM, START, false, -2},
    {"what is computed from a mask node is masked anew", MASK("1.5") "    t: \"f32[u0, u1]\" = torch.ops.aten.mul.Tensor(_mask_to, 1)\n",
     "    part: \"f32[u0]\" = torch.ops.aten.sum.dim_IntList(t, [-1])\n", SUM, START, false, 0},
    {"any", MASK("2"), "    a: \"b8[u0]\" = torch.ops.aten.any.dim(_mask_to, -1)\n    part: \"f32[u0]\" = torch.ops.prims.convert_element_type.default(a, torch.float32)\n",
     SUM, START, false, NAN},
};

static const char *dump_of(loom_ctx *ctx, const masked *c) {
  const char *s = replaced(ctx, read_masked(ctx), NODE, c->node);
  s = replaced(ctx, s, PART, c->part);
  s = replaced(ctx, s, SUM, c->join);
  return replaced(ctx, s, START, c->start);
}

/* x is 0 in the odd rows for "any", whose tiles of 0 are true where a lane has the 2. */
static double element(const masked *c, int row, int column) { return isnan(c->fill) && row % 2 ? 0 : row + 0.25 * column - 2; }

static double expected(const masked *c, int row, int block) {
  double total = c->is_max ? -1000 : 0;
  for (int begin = 0; begin < COLUMNS; begin += block) {
    double any = 0;
    for (int lane = begin; lane < begin + block; lane++) {
      double v = lane < COLUMNS ? element(c, row, lane) : isnan(c->fill) ? 2 : c->fill;
      any = v < 0 || v > 0 ? 1 : any;
      total = isnan(c->fill) ? total : c->is_max ? fmax(total, v) : total + v;
    }
    total += isnan(c->fill) ? any : 0;
  }
  return total;
}

static void check(loom_ctx *ctx, const masked *c, const kernel_graph *k, int rows, int block) {
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n);
  kernel_tensor x = kernel_find_tensor(k, "x"), out = kernel_find_tensor(k, "out");
  t[x] = (interp_tensor){.type = DTYPE_F32, .rank = 2, .shape = {ROWS, COLUMNS}, .elems = ROWS * COLUMNS, .value = ARENA_NEW_N(&ctx->mem, double, ROWS * COLUMNS)};
  for (int i = 0; i < ROWS * COLUMNS; i++)
    t[x].value[i] = element(c, i / COLUMNS, i % COLUMNS);
  sym_binding blocks[] = {{"tile_m", rows}, {"tile_n", block}};
  loom_status st = interp_run(ctx, k, t, &(interp_options){.blocks = blocks, .n_blocks = 2, .op_budget = -1});
  if (st != LOOM_OK)
    fail_msg("%s: %s", c->name, ctx->diag.first->text);
  for (int row = 0; row < ROWS; row++)
    if (fabs(t[out].value[row] - expected(c, row, block)) > 0)   /* multiples of 1/4: every sum is exact */
      fail_msg("%s: row %d with tiles of %d is %g; expected %g", c->name, row, block, t[out].value[row], expected(c, row, block));
}

static kernel_graph *read_text(loom_ctx *ctx, const char *name, const char *s) {
  kernel_graph *k = NULL;
  if (device_ir_read(ctx, "masked", s, strlen(s), NULL, &k) != LOOM_OK)
    fail_msg("%s: %s", name, ctx->diag.first->text);
  return k;
}

static void test_mask_nodes_say_what_empty_lanes_hold(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = read_text(&ctx, cases[i].name, dump_of(&ctx, &cases[i]));
    for (int block = 1; block <= COLUMNS; block++)
      check(&ctx, &cases[i], k, 1 + block % 3, block);
    loom_ctx_done(&ctx);
  }
}

static void test_mask_nodes_are_written_and_read_back(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    const char *written, *why = "";
    loom_ctx_init(&ctx);
    kernel_graph *k = read_text(&ctx, cases[i].name, dump_of(&ctx, &cases[i]));
    if (device_ir_write(&ctx, k, &written) != LOOM_OK)
      fail_msg("%s: %s", cases[i].name, ctx.diag.first->text);
    kernel_graph *again = read_text(&ctx, cases[i].name, written);
    if (!kernel_same(&ctx.mem, k, again, false, &why, NULL))
      fail_msg("%s: %s", cases[i].name, why);
    check(&ctx, &cases[i], again, 3, 3);
    loom_ctx_done(&ctx);
  }
}

/* A tile that no dim leaves its loop is clamped: the node has no lanes to fill. */
static void test_mask_nodes_of_clamped_tiles_do_nothing(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *s = replaced(&ctx, dump_of(&ctx, &cases[1]), "creation_ops_full([block_size_0, block_size_1], 0.0", "creation_ops_full([block_size_0, x_size1], 0.0");
  s = replaced(&ctx, s, "    x_size1: \"Sym(s27)\" = helion_language__tracing_ops__get_symnode('x_size1')\n", "");
  s = replaced(&ctx, s, "    acc: \"f32[u0, u1]\" = helion_language_creation", "    x_size1: \"Sym(s27)\" = helion_language__tracing_ops__get_symnode('x_size1')\n    acc: \"f32[u0, u1]\" = helion_language_creation");
  s = replaced(&ctx, s, "aten.add.Tensor(_new_var, load)", "aten.mul.Tensor(_new_var, 1)");
  kernel_graph *k = read_text(&ctx, "clamped", s);
  assert_false(kernel_find_symbol(k, "tile_n")->is_padded);
  static const masked plain = {.name = "clamped"};
  for (int block = 1; block <= COLUMNS; block++)
    check(&ctx, &plain, k, 2, block);
  loom_ctx_done(&ctx);
}

static void test_the_value_is_a_number(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k;
  masked wrong = cases[1];
  wrong.node = MASK("load");
  const char *s = dump_of(&ctx, &wrong);
  assert_int_equal(device_ir_read(&ctx, "masked", s, strlen(s), NULL, &k), LOOM_EINPUT);
  assert_non_null(strstr(ctx.diag.first->text, "in masked lanes"));
  assert_int_equal(ctx.diag.first->span.line, 22);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mask_nodes_say_what_empty_lanes_hold),
      cmocka_unit_test(test_mask_nodes_are_written_and_read_back),
      cmocka_unit_test(test_mask_nodes_of_clamped_tiles_do_nothing),
      cmocka_unit_test(test_the_value_is_a_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
