/* Passes that rewrite transfers move what the transfers moved.  Oracle: the bank rule over tiles of any rank, read directly (npt_moves_testing.h), against the
 * instruction's own rule (isa_dma_walk) over the loops that the passes made; the sets of (DRAM byte, lane, byte of the bank) are equal. */
#include "base/rng.h"
#include "target/npu/npt_moves_testing.h"

enum { CASES = 10000, TILE_MAX = 3000 };

typedef struct random_transfer { int rank, axis, n_masks, masked[NPT_RANK_MAX]; int64_t lanes, vs, shape[NPT_RANK_MAX], dram[NPT_RANK_MAX], spad[NPT_RANK_MAX], lo[NPT_RANK_MAX], hi[NPT_RANK_MAX]; bool is_store, is_old; } random_transfer;

/* Strides of a dense layout whose dims are nested in random order; `slack` adds room between rows. */
static void draw_strides(rng *r, int rank, const int64_t *shape, int slack, int64_t *out) {
  int order[NPT_RANK_MAX];
  for (int d = 0; d < rank; d++)
    order[d] = d;
  for (int d = rank - 1; d > 0; d--) {
    int k = (int)rng_range(r, 0, d), x = order[d];
    order[d] = order[k];
    order[k] = x;
  }
  int64_t stride = 1;
  for (int i = 0; i < rank; i++) {
    out[order[i]] = stride;
    stride *= shape[order[i]] + (slack ? rng_range(r, 0, slack) : 0);
  }
}

static random_transfer draw(rng *r, bool is_masked) {
  static const int64_t lanes[] = {1, 2, 4, 8, 128};
  random_transfer t = {.rank = (int)rng_range(r, 1, 6), .lanes = lanes[rng_range(r, 0, 4)], .vs = rng_range(r, 1, 3), .is_store = rng_range(r, 0, 1), .is_old = rng_range(r, 0, 1)};
  int64_t elems = 1;
  for (int d = 0; d < t.rank; d++) {
    int64_t want = t.rank > 4 ? 4 : 9, most = TILE_MAX / elems < want ? TILE_MAX / elems : want;
    t.shape[d] = rng_range(r, 0, t.rank > 4 ? 5 : 2) == 0 ? 1 : rng_range(r, 1, most);
    elems *= t.shape[d];
  }
  t.axis = (int)rng_range(r, 0, t.rank - 1);
  if (rng_range(r, 0, 3) == 0 && elems * 20 < TILE_MAX && t.shape[t.axis] > 1)
    t.shape[t.axis] *= rng_range(r, 2, 20);
  draw_strides(r, t.rank, t.shape, 0, t.spad);
  draw_strides(r, t.rank, t.shape, 3, t.dram);
  for (int d = 0; is_masked && d < t.rank; d++)
    if (rng_range(r, 0, 3) == 0) {
      t.masked[t.n_masks] = d;
      t.lo[t.n_masks] = rng_range(r, 0, t.shape[d]);
      t.hi[t.n_masks] = rng_range(r, t.lo[t.n_masks], t.shape[d]);
      t.n_masks++;
    }
  return t;
}

static void add_list(text *out, const char *name, int n, const int64_t *v) {
  text_addf(out, ", %s = [", name);
  for (int i = 0; i < n; i++)
    text_addf(out, "%s%" PRId64, i ? ", " : "", v[i]);
  text_add(out, "]");
}

static void add_type(text *out, const random_transfer *t) {
  text_add(out, "memref<");
  for (int d = 0; d < t->rank; d++)
    text_addf(out, "%" PRId64 "x", t->shape[d]);
  text_add(out, "f32, 1>");
}

static const char *program(arena *mem, const random_transfer *t) {
  text out = text_new(mem);
  int64_t axes[NPT_RANK_MAX];
  text_add(&out, "memref.global \"private\" @X : ");
  add_type(&out, t);
  text_add(&out, "\nfunc.func @kernel(%a: memref<16777216xf32>) {\n  %x = memref.get_global @X : ");
  add_type(&out, t);
  text_add(&out, "\n  %tag = memref.alloc() : memref<1xi32>\n  %base = arith.constant 5 : index\n  %zero = arith.constant 0 : index\n");
  text_addf(&out, "  %%kind = arith.constant %d : index\n  %%vs = arith.constant %" PRId64 " : index\n", t->is_store ? 3 : 2, t->vs);
  for (int i = 0; i < t->n_masks; i++) {
    text_addf(&out, "  %%lo%d = arith.constant %" PRId64 " : index\n  %%hi%d = arith.constant %" PRId64 " : index\n", i, t->lo[i], i, t->hi[i]);
    axes[i] = t->masked[i];
  }
  text_addf(&out, "  affine.for %%i = 0 to 2 {\n    %%d = affine.apply affine_map<(i) -> (i * 100000 + 7)>(%%i)\n    \"togsim.transfer\"(%%a, %%d, %%x, %%base, %%tag, %s%%kind, %%vs", t->is_old ? "" : "%zero, ");
  for (int i = 0; i < t->n_masks; i++)
    text_addf(&out, ", %%lo%d, %%hi%d", i, i);
  text_addf(&out, ") {dma_kind = \"%s\", vlane_split_axis = %d : i64", t->is_store ? "MVOUT" : "MVIN", t->axis);
  add_list(&out, "dram_stride", t->rank, t->dram);
  add_list(&out, "tile_stride", t->rank, t->spad);
  if (t->n_masks)
    add_list(&out, "masked_axes", t->n_masks, axes);
  text_add(&out, "} : (memref<16777216xf32>, index, ");
  add_type(&out, t);
  text_addf(&out, ", index, memref<1xi32>, %sindex, index", t->is_old ? "" : "index, ");
  for (int i = 0; i < 2 * t->n_masks; i++)
    text_add(&out, ", index");
  text_add(&out, ") -> ()\n  } {outer_loop = true}\n  return\n}\n");
  return text_str(&out);
}

typedef struct fixture { loom_ctx ctx; ir_ctx ir; } fixture;

static void open_fixture(fixture *f) {
  loom_ctx_init(&f->ctx);
  assert_int_equal(ir_open(&f->ctx, &f->ir), LOOM_OK);
  assert_int_equal(dialect_load_togsim(&f->ir, false), LOOM_OK);
}

static void close_fixture(fixture *f) {
  ir_close(&f->ir);
  loom_ctx_done(&f->ctx);
}

static bool may_refuse(const loom_ctx *ctx) {
  const char *said = ctx->diag.first ? ctx->diag.first->text : "";
  return strstr(said, "cannot place the lane dim") || strstr(said, "is masked, but would become a loop");
}

typedef loom_status rewrite(ir_ctx *ir, MlirOperation op, int64_t lanes);

/* How many of the cases were rewritten; the others are refused by one of the two rules. */
static int check_rewrite(rewrite *pass, bool is_masked, uint64_t seed) {
  rng r = rng_new(seed);
  int done = 0;
  fixture f;
  for (int i = 0; i < CASES; i++) {
    if (i % 500 == 0) {
      if (i)
        close_fixture(&f);
      open_fixture(&f);
    }
    random_transfer t = draw(&r, is_masked);
    MlirModule m;
    diag_mark errors = diag_save(&f.ctx);
    const char *source = program(&f.ctx.mem, &t);
    if (ir_parse(&f.ir, "case", source, strlen(source), &m) != LOOM_OK || dialect_verify(&f.ir, m) != LOOM_OK)
      fail_msg("case %d of seed %" PRIu64 ": %s\n%s", i, seed, f.ctx.diag.first ? f.ctx.diag.first->text : "", source);
    moves before = moves_of(&f.ir, m, t.lanes, true);
    loom_status st = pass(&f.ir, mlirModuleGetOperation(m), t.lanes);
    if (st == LOOM_OK) {
      moves after = moves_of(&f.ir, m, t.lanes, false);
      if (!moves_equal(&before, &after) || ir_verify(&f.ir, m) != LOOM_OK)
        fail_msg("case %d of seed %" PRIu64 ", %" PRId64 " lanes: %zu moves became %zu\n%s\n%s", i, seed, t.lanes, before.all.n, after.all.n, source, ir_print(&f.ctx.mem, mlirModuleGetOperation(m), false));
      done++;
    } else if (st != LOOM_EUNSUP || !may_refuse(&f.ctx)) {
      fail_msg("case %d of seed %" PRIu64 ": %s\n%s", i, seed, f.ctx.diag.first->text, source);
    }
    ir_close_module(m);
    diag_drop(&f.ctx, errors);
  }
  close_fixture(&f);
  return done;
}

static void test_decomposed_transfers_move_the_same(void **state) {
  (void)state;
  int done = check_rewrite(npt_decompose, false, 1);
  print_message("%d of %d decomposed, the others refused for their lane dim\n", done, CASES);
  assert_true(done > CASES * 8 / 10);
}

static void test_peeled_masked_transfers_move_the_same(void **state) {
  (void)state;
  int done = check_rewrite(npt_peel, true, 2);
  print_message("%d of %d peeled, the others refused for a lane or masked dim\n", done, CASES);
  assert_true(done > CASES * 7 / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decomposed_transfers_move_the_same),
      cmocka_unit_test(test_peeled_masked_transfers_move_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
