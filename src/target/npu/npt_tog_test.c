/* What graphs say of programs drawn at random.  Oracle: the program run here, element by element: where a transfer begins; that a tile which is said to be written is written
 * whole before any of it is read. */
#include "base/rng.h"
#include "ir/ir_testing.h"
#include "target/npu/npt_tog.h"

static int setup(void **state) {
  (void)state;
  assert_int_equal(ir_test_open(NULL), 0);
  ir_allow_unregistered(&ir, true);
  return 0;
}

static loom_status build(const char *program, tile_graph **g) {
  MlirModule m;
  if (ir_parse(&ir, "x.mlir", program, strlen(program), &m) != LOOM_OK)
    fail_msg("%s\n%s", ctx.diag.first->text, program);
  loom_status st = npt_build_tog(&ir, m, NULL, NULL, g);
  ir_close_module(m);
  return st;
}

/* ---- indices ---- */

/* An index expression; `value`: the dim, the constant, or the number it is multiplied or divided by. */
typedef enum expr_kind { EXPR_DIM, EXPR_CONST, EXPR_ADD, EXPR_MUL, EXPR_DIV, EXPR_MOD } expr_kind;
typedef struct expr { expr_kind kind; int64_t value; const struct expr *left, *right; } expr;
enum { DIMS = 3 };

static const expr *draw_expr(rng *r, int depth) {
  expr *e = ARENA_NEW(&ctx.mem, expr);
  int64_t what = depth ? rng_range(r, 0, 9) : rng_range(r, 0, 1);
  e->kind = what < 1 ? EXPR_CONST : what < 3 || !depth ? EXPR_DIM : what < 6 ? EXPR_ADD : what < 8 ? EXPR_MUL : what < 9 ? EXPR_DIV : EXPR_MOD;
  e->value = e->kind == EXPR_DIM ? rng_range(r, 0, DIMS - 1) : e->kind == EXPR_CONST ? rng_range(r, 0, 40) : rng_range(r, 1, 8);
  if (e->kind >= EXPR_ADD)
    e->left = draw_expr(r, depth - 1);
  if (e->kind == EXPR_ADD)
    e->right = draw_expr(r, depth - 1);
  return e;
}

static void print_expr(text *t, const expr *e) {
  static const char *const signs[] = {[EXPR_MUL] = "*", [EXPR_DIV] = "floordiv", [EXPR_MOD] = "mod"};
  if (e->kind == EXPR_DIM)
    text_addf(t, "d%d", (int)e->value);
  else if (e->kind == EXPR_CONST)
    text_addf(t, "%d", (int)e->value);
  else {
    text_add(t, "(");
    print_expr(t, e->left);
    if (e->kind == EXPR_ADD) {
      text_add(t, " + ");
      print_expr(t, e->right);
    } else
      text_addf(t, " %s %d", signs[e->kind], (int)e->value);
    text_add(t, ")");
  }
}

static int64_t value_of(const expr *e, const int64_t at[DIMS]) {
  switch (e->kind) {
  case EXPR_DIM: return at[e->value];
  case EXPR_CONST: return e->value;
  case EXPR_ADD: return value_of(e->left, at) + value_of(e->right, at);
  case EXPR_MUL: return value_of(e->left, at) * e->value;
  case EXPR_DIV: return value_of(e->left, at) / e->value;
  default: return value_of(e->left, at) % e->value;
  }
}

static int64_t sum_of(const tile_graph *g, const tile_terms *terms, const int64_t at[DIMS]) {
  int64_t sum = 0;
  for (size_t i = 0; i < terms->n; i++) {
    const tile_term *t = &terms->at[i];
    int64_t v = t->loop < 0 ? t->value : at[g->nodes.at[t->loop].variable[strlen("loop_arg00")] - '0'];
    sum += v / t->divider * t->stride;
  }
  return sum;
}

static void test_where_transfers_begin(void **state) {
  (void)state;
  rng r = rng_new(21);
  int said = 0;
  enum { PROGRAMS = 1500 };
  for (int i = 0; i < PROGRAMS; i++) {
    const expr *inner = draw_expr(&r, 2), *outer = draw_expr(&r, 3);
    text t = text_new(&ctx.mem);
    text_add(&t, "memref.global @T : memref<8xf32, 1>\nfunc.func @kernel(%A: memref<8192xf32>) {\n%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
                 "%c2 = arith.constant 2 : index\n%T = memref.get_global @T : memref<8xf32, 1>\n%tag = memref.alloc() : memref<1xi32>\n"
                 "affine.for %a = 0 to 50 {\naffine.for %b = 0 to 50 {\naffine.for %c = 0 to 50 {\n%i = affine.apply affine_map<(d0, d1, d2) -> (");
    print_expr(&t, inner);
    text_add(&t, ")>(%a, %b, %c)\n%o = affine.apply affine_map<(d0, d1, d2) -> (");
    print_expr(&t, outer);
    text_add(&t, ")>(%a, %i, %c)\n\"togsim.transfer\"(%A, %o, %T, %c0, %tag, %c0, %c2, %c1) {dma_kind = \"MVIN\", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : "
                 "(memref<8192xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()\n"
                 "} {inner_loop = true}\n} {inner_loop = true}\n} {outer_loop = true}\nreturn\n}\n");
    tile_graph *g;
    loom_status st = build(text_str(&t), &g);
    if (st != LOOM_OK) {
      assert_int_equal(st, LOOM_EUNSUP);
      continue;
    }
    said++;
    for (int k = 0; k < 40; k++) {
      int64_t at[DIMS] = {rng_range(&r, 0, 49), rng_range(&r, 0, 49), rng_range(&r, 0, 49)}, of_outer[DIMS] = {at[0], value_of(inner, at), at[2]};
      int64_t want = 4 * value_of(outer, of_outer), got = sum_of(g, &g->nodes.at[3].offset, at);
      if (want != got)
        fail_msg("at %d %d %d: %d, not %d\n%s", (int)at[0], (int)at[1], (int)at[2], (int)got, (int)want, text_str(&t));
    }
  }
  assert_in_range(said, PROGRAMS / 2, PROGRAMS - 1);
}

/* ---- what is written ---- */

enum { ELEMS = 32, STEPS_MAX = 6, NEST_MAX = 2 };
/* A load or store of `width` elements in up to two loops of `trips` rounds: element base + sum of factor * round. */
typedef struct access { bool is_store; int n_loops, width; int64_t trips[NEST_MAX], factor[NEST_MAX], base, around; /* factor of the loop around all */ } access;

static access draw_access(rng *r, int rounds) {
  if (rounds > 1 && rng_range(r, 0, 3) == 0)   /* half of it each round */
    return (access){.is_store = true, .n_loops = 1, .width = 8, .trips = {2}, .factor = {8}, .around = 16};
  for (;;) {
    access a = {.is_store = rng_range(r, 0, 2) > 0, .n_loops = (int)rng_range(r, 0, NEST_MAX), .width = 1 << rng_range(r, 0, 3), .base = 4 * rng_range(r, 0, 3), .around = 8 * rng_range(r, 0, 2)};
    int64_t last = a.base + a.width + (rounds - 1) * a.around;
    for (int d = 0; d < a.n_loops; d++) {
      a.trips[d] = rng_range(r, 0, 8);
      a.factor[d] = (int64_t[]){0, 1, 2, 4, 8, 16}[rng_range(r, 0, 5)];
      last += a.trips[d] ? (a.trips[d] - 1) * a.factor[d] : 0;
    }
    if (rng_range(r, 0, 1))
      a.base = 0;
    if (last <= ELEMS)
      return a;
  }
}

static void print_access(text *t, const access *a, int at, int rounds) {
  for (int d = 0; d < a->n_loops; d++)
    text_addf(t, "affine.for %%l%d_%d = 0 to %d {\n", at, d, (int)a->trips[d]);
  text_addf(t, "%%i%d = affine.apply affine_map<(d0, d1, d2) -> (d0 * %d + d1 * %d + d2 * %d + %d)>(%s, %s, %s)\n", at, (int)a->factor[0], (int)a->factor[1],
            (int)a->around, (int)a->base, a->n_loops > 0 ? arena_printf(&ctx.mem, "%%l%d_0", at) : "%c0", a->n_loops > 1 ? arena_printf(&ctx.mem, "%%l%d_1", at) : "%c0", rounds > 1 ? "%around" : "%c0");
  if (a->is_store)
    text_addf(t, "vector.store %%z%d, %%T[%%i%d] : memref<%dxf32, 1>, vector<%dxf32>\n", a->width, at, ELEMS, a->width);
  else
    text_addf(t, "%%v%d = vector.load %%T[%%i%d] : memref<%dxf32, 1>, vector<%dxf32>\n", at, at, ELEMS, a->width);
  for (int d = 0; d < a->n_loops; d++)
    text_add(t, "}\n");
}

/* Runs it; `old`: something was read that was not written before. */
static void run_access(const access *a, int round, bool written[ELEMS], bool *old, bool *any_read, bool *any_written) {
  int64_t trips[NEST_MAX] = {a->n_loops > 0 ? a->trips[0] : 1, a->n_loops > 1 ? a->trips[1] : 1};
  for (int64_t x = 0; x < trips[0]; x++)
    for (int64_t y = 0; y < trips[1]; y++)
      for (int w = 0; w < a->width; w++) {
        int64_t e = a->base + round * a->around + x * a->factor[0] + y * a->factor[1] + w;
        *any_read |= !a->is_store;
        *any_written |= a->is_store;
        *old |= !a->is_store && !written[e];
        written[e] |= a->is_store;
      }
}

static void test_what_is_written_is_written_whole(void **state) {
  (void)state;
  rng r = rng_new(22);
  int n_written = 0, n_could = 0;
  for (int i = 0; i < 1500; i++) {
    access all[STEPS_MAX];
    int n = (int)rng_range(&r, 1, STEPS_MAX), rounds = rng_range(&r, 0, 1) ? 2 : 1;      /* rounds of a loop around all of them */
    text t = text_new(&ctx.mem);
    text_addf(&t, "memref.global @T : memref<%dxf32, 1> {npu.lane_bytes = %d : i64}\nfunc.func @kernel() {\n%%c0 = arith.constant 0 : index\n", ELEMS, 4 * ELEMS);
    for (int w = 1; w <= 8; w *= 2)
      text_addf(&t, "%%z%d = arith.constant dense<0.0> : vector<%dxf32>\n", w, w);
    text_addf(&t, "%%T = memref.get_global @T : memref<%dxf32, 1>\n", ELEMS);
    if (rounds > 1)
      text_addf(&t, "affine.for %%around = 0 to %d {\n", rounds);
    for (int k = 0; k < n; k++) {
      all[k] = draw_access(&r, rounds);
      print_access(&t, &all[k], k, rounds);
    }
    text_add(&t, rounds > 1 ? "}\nreturn\n}\n" : "return\n}\n");
    bool written[ELEMS] = {false}, old = false, any_read = false, any_written = false, is_whole = true;
    for (int round = 0; round < rounds; round++)
      for (int k = 0; k < n; k++)
        run_access(&all[k], round, written, &old, &any_read, &any_written);
    for (int e = 0; e < ELEMS; e++)
      is_whole &= written[e];
    tile_graph *g;
    assert_int_equal(build(text_str(&t), &g), LOOM_OK);
    assert_int_equal(g->nodes.n, 1);
    const tile_node *node = &g->nodes.at[0];
    tile_access said = node->uses.n ? node->uses.at[0].access : TILE_READ;
    if (said == TILE_WRITE && (old || !is_whole))
      fail_msg("said to be written:\n%s", text_str(&t));
    if (any_written && said == TILE_READ)
      fail_msg("said to be read only:\n%s", text_str(&t));
    n_written += said == TILE_WRITE;
    n_could += !old && is_whole && any_written;
  }
  assert_in_range(n_written, n_could / 2, n_could);      /* it need not see all, but must see most */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_where_transfers_begin, setup, close_ir),
      cmocka_unit_test_setup_teardown(test_what_is_written_is_written_whole, setup, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
