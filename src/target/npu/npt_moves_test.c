/* Passes that rewrite transfers move what the transfers moved.  Oracle: the bank rule over tiles of any rank, read directly (npt_moves_testing.h), against the
 * instruction's own rule (isa_dma_walk) over the loops that the passes made; the sets of (DRAM byte, lane, byte of the bank) are equal. */
#include "target/npu/npt_layout_testing.h"
#include "target/npu/npt_moves_testing.h"

enum { CASES = 10000, TILE_MAX = 3000 };

typedef struct random_transfer {
  int rank, axis, n_masks, masked[NPT_RANK_MAX];
  int64_t lanes, vs, shape[NPT_RANK_MAX], dram[NPT_RANK_MAX], spad[NPT_RANK_MAX], lo[NPT_RANK_MAX], hi[NPT_RANK_MAX];
  bool is_store, is_old;
} random_transfer;

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

/* One transfer of tile %NAME, which is memref.global @NAME, from %d_NAME of DRAM argument %a_NAME. */
static void add_transfer(text *out, const random_transfer *t, const char *name, const char *more) {
  int64_t axes[NPT_RANK_MAX];
  text_addf(out, "    \"togsim.transfer\"(%%a_%s, %%d_%s, %%%s, %%base, %%tag_%s, %s%%kind_%s, %%vs_%s", name, name, name, name, t->is_old ? "" : "%zero, ", name, name);
  for (int i = 0; i < t->n_masks; i++) {
    text_addf(out, ", %%lo%d_%s, %%hi%d_%s", i, name, i, name);
    axes[i] = t->masked[i];
  }
  text_addf(out, ") {dma_kind = \"%s\", vlane_split_axis = %d : i64%s", t->is_store ? "MVOUT" : "MVIN", t->axis, more);
  add_list(out, "dram_stride", t->rank, t->dram);
  add_list(out, "tile_stride", t->rank, t->spad);
  if (t->n_masks)
    add_list(out, "masked_axes", t->n_masks, axes);
  text_add(out, "} : (memref<16777216xf32>, index, ");
  add_type(out, t);
  text_addf(out, ", index, memref<1xi32>, %sindex, index", t->is_old ? "" : "index, ");
  for (int i = 0; i < 2 * t->n_masks; i++)
    text_add(out, ", index");
  text_add(out, ") -> ()\n");
}

static void add_global(text *out, const random_transfer *t, const char *name) {
  text_addf(out, "memref.global \"private\" @%s : ", name);
  add_type(out, t);
  text_add(out, "\n");
}

static void add_constants(text *out, const random_transfer *t, const char *name, int kind) {
  text_addf(out, "  %%%s = memref.get_global @%s : ", name, name);
  add_type(out, t);
  text_addf(out, "\n  %%kind_%s = arith.constant %d : index\n  %%vs_%s = arith.constant %" PRId64 " : index\n", name, kind, name, t->vs);
  for (int i = 0; i < t->n_masks; i++)
    text_addf(out, "  %%lo%d_%s = arith.constant %" PRId64 " : index\n  %%hi%d_%s = arith.constant %" PRId64 " : index\n", i, name, t->lo[i], i, name, t->hi[i]);
}

static const char *program(arena *mem, const random_transfer *t) {
  text out = text_new(mem);
  add_global(&out, t, "X");
  text_add(&out, "func.func @kernel(%a_X: memref<16777216xf32>) {\n  %tag_X = memref.alloc() : memref<1xi32>\n  %base = arith.constant 5 : index\n  %zero = arith.constant 0 : index\n");
  add_constants(&out, t, "X", t->is_store ? 3 : 2);
  text_add(&out, "  affine.for %i = 0 to 2 {\n    %d_X = affine.apply affine_map<(i) -> (i * 100000 + 7)>(%i)\n");
  add_transfer(&out, t, "X", "");
  text_add(&out, "  } {outer_loop = true}\n  return\n}\n");
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
static int check_rewrite(rewrite *pass, bool is_masked, int cases, uint64_t seed) {
  rng r = rng_new(seed);
  int done = 0;
  fixture f;
  for (int i = 0; i < cases; i++) {
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
        fail_msg("case %d of seed %" PRIu64 ", %" PRId64 " lanes: %zu moves became %zu\n%s\n%s",
                 i, seed, t.lanes, before.all.n, after.all.n, source, ir_print(&f.ctx.mem, mlirModuleGetOperation(m), false));
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
  int done = check_rewrite(npt_decompose, false, CASES, 1);
  print_message("%d of %d decomposed, the others refused for their lane dim\n", done, CASES);
  assert_true(done > CASES * 8 / 10);
}

static void test_peeled_masked_transfers_move_the_same(void **state) {
  (void)state;
  int done = check_rewrite(npt_peel, true, CASES, 2);
  print_message("%d of %d peeled, the others refused for a lane or masked dim\n", done, CASES);
  assert_true(done > CASES * 7 / 10);
}

static loom_status peel_and_lower(ir_ctx *ir, MlirOperation op, int64_t lanes) {
  LOOM_TRY(npt_peel(ir, op, lanes));
  return npt_lower_dma(ir, op, false);
}

/* The words of the instructions, decoded, with the addresses and masks that the code around them computes. */
static void test_instructions_move_the_same(void **state) {
  (void)state;
  int done = check_rewrite(peel_and_lower, true, CASES / 4, 5);
  assert_true(done > CASES / 4 * 7 / 10);
}

/* A product of tiles whose loads are cut into random subtiles: counts[] rounds in each of the fused loops. */
typedef struct random_product { random_transfer input, weight, bias; char more[3][128]; } random_product;

static const struct { int rank, n_loops, input[4], weight[4]; } FUSED[] = {{2, 3, {0, 1}, {1, 2}}, {3, 4, {0, 1, 2}, {0, 2, 3}}, {4, 7, {0, 1, 4, 5}, {2, 3, 5, 6}}};

static random_transfer draw_operand(rng *r, int rank, int64_t lanes, const int64_t *counts, char more[128]) {
  random_transfer t = {.rank = rank, .lanes = lanes, .vs = rng_range(r, 1, 2), .axis = (int)rng_range(r, 0, rank - 1)};
  int n = snprintf(more, 128, ", async = true, subtile_size = [");
  for (int d = 0; d < rank; d++) {
    int64_t sub = d == t.axis && counts[d] > 1 ? lanes * t.vs * rng_range(r, 1, 2) : rng_range(r, 1, 4);
    t.shape[d] = sub * counts[d];
    n += snprintf(more + n, (size_t)(128 - n), "%s%" PRId64, d ? ", " : "", sub);
  }
  snprintf(more + n, (size_t)(128 - n), "]");
  draw_strides(r, rank, t.shape, 0, t.spad);
  draw_strides(r, rank, t.shape, 3, t.dram);
  for (int d = 0; d < rank; d++)
    if (rng_range(r, 0, 3) == 0) {
      t.masked[t.n_masks] = d;
      t.lo[t.n_masks] = rng_range(r, 0, 1) ? 0 : rng_range(r, 0, t.shape[d]);
      t.hi[t.n_masks] = rng_range(r, t.lo[t.n_masks], t.shape[d]);
      t.n_masks++;
    }
  return t;
}

static const char *product(arena *mem, const random_product *p) {
  text out = text_new(mem);
  const random_transfer *all[] = {&p->input, &p->weight, &p->bias};
  static const char *const names[] = {"X", "W", "Y"};
  static const int kinds[] = {2, 1, 14};
  for (int i = 0; i < 3; i++)
    add_global(&out, all[i], names[i]);
  text_add(&out, "func.func @kernel(%a_X: memref<16777216xf32>, %a_W: memref<16777216xf32>, %a_Y: memref<16777216xf32>) {\n  %zero = arith.constant 0 : index\n  %base = arith.constant 3 : index\n"
                 "  %tag_X = memref.alloc() : memref<1xi32>\n  %tag_W = memref.alloc() : memref<1xi32>\n  %tag_Y = memref.alloc() : memref<1xi32>\n");
  for (int i = 0; i < 3; i++)
    add_constants(&out, all[i], names[i], kinds[i]);
  text_add(&out, "  affine.for %m = 0 to 2 {\n    %d_Y = affine.apply affine_map<(m) -> (m * 11)>(%m)\n");
  add_transfer(&out, all[2], "Y", p->more[2]);
  text_add(&out, "    affine.for %k = 0 to 2 {\n    %d_X = affine.apply affine_map<(m, k) -> (m * 70000 + k * 900)>(%m, %k)\n    %d_W = affine.apply affine_map<(k) -> (k * 50000 + 3)>(%k)\n");
  add_transfer(&out, all[0], "X", p->more[0]);
  add_transfer(&out, all[1], "W", p->more[1]);
  for (int i = 0; i < 3; i++) {
    text_addf(&out, "    %%v_%s = memref.reinterpret_cast %%%s to offset: [0], sizes: [1, 1], strides: [1, 1] : ", names[i], names[i]);
    add_type(&out, all[i]);
    text_add(&out, " to memref<1x1xf32, strided<[1, 1]>, 1>\n");
  }
  text_add(&out, "    linalg.matmul ins(%v_X, %v_W : memref<1x1xf32, strided<[1, 1]>, 1>, memref<1x1xf32, strided<[1, 1]>, 1>) outs(%v_Y : memref<1x1xf32, strided<[1, 1]>, 1>)\n"
                 "    } {accumulation_loop = true}\n  } {outer_loop = true}\n  return\n}\n");
  return text_str(&out);
}

static random_product draw_product(rng *r, int *out_rank, int *out_transfers) {
  int k = (int)rng_range(r, 0, 2), rank = FUSED[k].rank;
  int64_t counts[7], of_input[4], of_weight[4], of_bias[4], lanes = rng_range(r, 0, 1) ? 4 : 8, rounds = 1, bias = 1;
  for (int i = 0; i < FUSED[k].n_loops; i++)
    rounds *= counts[i] = rng_range(r, 1, rank == 4 ? 2 : 3);
  for (int d = 0; d < rank; d++) {
    of_input[d] = counts[FUSED[k].input[d]];
    of_weight[d] = counts[FUSED[k].weight[d]];
    bias *= of_bias[d] = rng_range(r, 1, 2);
  }
  random_product p;
  p.input = draw_operand(r, rank, lanes, of_input, p.more[0]);
  p.weight = draw_operand(r, rank, lanes, of_weight, p.more[1]);
  p.bias = draw_operand(r, rank, lanes, of_bias, p.more[2]);
  *out_rank = rank;
  *out_transfers = (int)(2 * (rank == 3 ? 1 : bias) + 4 * 2 * rounds);     /* of rank 3 the bias stays as it is */
  return p;
}

static void test_subtiles_move_what_the_tile_moved(void **state) {
  (void)state;
  rng r = rng_new(3);
  fixture f;
  for (int i = 0; 3 * i < CASES; i++) {
    if (i % 250 == 0) {
      if (i)
        close_fixture(&f);
      open_fixture(&f);
    }
    int rank, transfers;
    random_product p = draw_product(&r, &rank, &transfers);
    bool is_start = rng_range(&r, 0, 1);
    if (is_start)
      p.input.n_masks = p.weight.n_masks = p.bias.n_masks = 0;      /* memref.dma_start has none */
    if (rank == 3)
      p.more[2][0] = 0;
    MlirModule m;
    const char *source = product(&f.ctx.mem, &p);
    if (ir_parse(&f.ir, "case", source, strlen(source), &m) != LOOM_OK || dialect_verify(&f.ir, m) != LOOM_OK)
      fail_msg("case %d: %s\n%s", i, f.ctx.diag.first ? f.ctx.diag.first->text : "", source);
    moves before = moves_of(&f.ir, m, p.input.lanes, true);
    MlirOperation top = mlirModuleGetOperation(m);
    loom_status st = is_start ? npt_decompose(&f.ir, top, p.input.lanes) : LOOM_OK;
    if (st == LOOM_OK)
      st = npt_fine_grain(&f.ir, top, p.input.lanes);
    if (st == LOOM_OK && rng_range(&r, 0, 1))
      st = npt_lower_dma(&f.ir, top, false);
    if (st != LOOM_OK)
      fail_msg("case %d: %s\n%s", i, f.ctx.diag.first->text, source);
    moves after = moves_of(&f.ir, m, p.input.lanes, false);
    if (!moves_equal(&before, &after) || after.transfers != transfers || ir_verify(&f.ir, m) != LOOM_OK)
      fail_msg("case %d, %" PRId64 " lanes: %zu moves became %zu, in %d transfers (%d expected)\n%s\n%s", i, p.input.lanes, before.all.n, after.all.n, after.transfers, transfers, source,
               ir_print(&f.ctx.mem, top, false));
    ir_close_module(m);
  }
  close_fixture(&f);
}

/* A tensor of `rank` dims in tiles that do not divide it, all of which one transfer moves. */
typedef struct random_tiling { random_transfer tile; int64_t dims[4], grown[4], stride[4], elems, grown_elems, grown_stride[4]; } random_tiling;

static random_tiling draw_tiling(rng *r) {
  random_tiling g = {.tile = {.rank = (int)rng_range(r, 1, 4), .lanes = 1 << rng_range(r, 0, 3), .vs = rng_range(r, 1, 2), .is_store = rng_range(r, 0, 1)}};
  int order[4] = {0, 1, 2, 3};
  for (int d = g.tile.rank - 1; d > 0; d--) {
    int k = (int)rng_range(r, 0, d), x = order[d];
    order[d] = order[k];
    order[k] = x;
  }
  g.elems = g.grown_elems = 1;
  for (int i = 0; i < g.tile.rank; i++) {
    int d = order[i];
    g.dims[d] = rng_range(r, 2, 7);
    g.tile.shape[d] = rng_range(r, 1, 8);
    g.grown[d] = (g.dims[d] + g.tile.shape[d] - 1) / g.tile.shape[d] * g.tile.shape[d];
    g.tile.dram[d] = g.stride[d] = g.elems;
    g.grown_stride[d] = g.grown_elems;
    g.elems *= g.dims[d];
    g.grown_elems *= g.grown[d];
  }
  g.tile.axis = (int)rng_range(r, 0, g.tile.rank - 1);
  draw_strides(r, g.tile.rank, g.tile.shape, 0, g.tile.spad);
  return g;
}

static const char *tiling(arena *mem, const random_tiling *g) {
  text out = text_new(mem);
  const random_transfer *t = &g->tile;
  text step = text_new(mem);
  add_transfer(&step, t, "X", "");
  add_global(&out, t, "X");
  text_addf(&out, "func.func @kernel(%%a_X: memref<%" PRId64 "xf32>) {\n  %%tag_X = memref.alloc() : memref<1xi32>\n  %%base = arith.constant 2 : index\n  %%zero = arith.constant 0 : index\n", g->elems);
  add_constants(&out, t, "X", t->is_store ? 3 : 2);
  for (int d = 0; d < t->rank; d++)
    text_addf(&out, "  affine.for %%i%d = 0 to %" PRId64 " step %" PRId64 " {\n", d, g->dims[d], t->shape[d]);
  text_add(&out, "  %d_X = affine.apply affine_map<(a, b, c, d) -> (");
  for (int d = 0; d < t->rank; d++)
    text_addf(&out, "%s%c * %" PRId64, d ? " + " : "", "abcd"[d], g->stride[d]);
  text_add(&out, ")>(");
  for (int d = 0; d < 4; d++)
    text_addf(&out, d < t->rank ? "%s%%i%d" : "%s%%zero", d ? ", " : "", d);
  text_add(&out, ")\n");
  const char *transfer = text_str(&step), *type = strstr(transfer, "memref<16777216xf32>");
  text_add_bytes(&out, transfer, (size_t)(type - transfer));
  text_addf(&out, "memref<%" PRId64 "xf32>%s", g->elems, type + strlen("memref<16777216xf32>"));
  for (int d = 0; d < t->rank; d++)
    text_add(&out, "  } {outer_loop = true}\n");
  text_add(&out, "  return\n}\n");
  return text_str(&out);
}

/* Where a byte of the tensor is when it has grown. */
static uint64_t regrown(const random_tiling *g, uint64_t byte) {
  int64_t at = (int64_t)byte / 4, out = 0;
  for (int d = 0; d < g->tile.rank; d++)
    out += at / g->stride[d] % g->dims[d] * g->grown_stride[d];
  return (uint64_t)out * 4;
}

static bool is_inside(const random_tiling *g, uint64_t byte) {
  bool inside = true;
  for (int d = 0; d < g->tile.rank; d++)
    inside &= (int64_t)byte / 4 / g->grown_stride[d] % g->grown[d] < g->dims[d];
  return inside;
}

/* The copies of @wrapper_kernel: every element of the tensor, between its place and the one it has in the grown tensor. */
typedef struct copies { moves m; const random_tiling *g; int64_t in, out; } copies;

static int64_t index_of(copies *c, MlirOperation op, intptr_t first) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(op, "map"));
  int64_t in[16];
  for (intptr_t i = first; i < ir_num_operands(op); i++)
    in[i - first] = moves_value(&c->m, ir_operand(op, i));
  return moves_expr(mlirAffineMapGetResult(map, 0), in, in + mlirAffineMapGetNumDims(map));
}

static void walk_copies(copies *c, MlirBlock block) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    npt_range loop;
    if (npt_read_range(op, &loop)) {
      size_t slot = c->m.env.n;
      vec_push(&c->m.ir->ctx->mem, &c->m.env, ((binding){mlirBlockGetArgument(ir_body(op), 0).ptr, 0}));
      for (int64_t i = loop.lower; i < loop.upper; i += loop.step) {
        c->m.env.at[slot].v = i;
        walk_copies(c, ir_body(op));
      }
      c->m.env.n = slot;
    } else if (ir_op_is(op, "affine.store")) {
      MlirOperation load = ir_def(ir_operand(op, 0));
      int64_t from = index_of(c, load, 1), to = index_of(c, op, 2);
      bool is_in = ir_op_is(ir_def(ir_operand(op, 1)), "memref.get_global");
      assert_int_equal(regrown(c->g, 4 * (uint64_t)(is_in ? from : to)), 4 * (uint64_t)(is_in ? to : from));
      *(is_in ? &c->in : &c->out) += 1;
    }
  }
}

static void check_wrapper(fixture *f, MlirModule m, const random_tiling *g) {
  copies c = {.m = {.ir = &f->ir}, .g = g};
  walk_copies(&c, ir_body(ir_find_func(m, "wrapper_kernel")));
  bool grows = g->grown_elems != g->elems;
  assert_int_equal(c.in, grows ? g->elems : 0);
  assert_int_equal(c.out, grows && g->tile.is_store ? g->elems : 0);
}

static moves run_on(fixture *f, const char *source, const random_tiling *g, loom_status (*pass)(ir_ctx *, MlirOperation)) {
  MlirModule m;
  if (ir_parse(&f->ir, "case", source, strlen(source), &m) != LOOM_OK || pass(&f->ir, mlirModuleGetOperation(m)) != LOOM_OK || ir_verify(&f->ir, m) != LOOM_OK)
    fail_msg("%s\n%s", f->ctx.diag.first ? f->ctx.diag.first->text : "", source);
  moves all = moves_of(&f->ir, m, g->tile.lanes, false);
  if (!mlirOperationIsNull(ir_find_func(m, "wrapper_kernel")))
    check_wrapper(f, m, g);
  ir_close_module(m);
  return all;
}

static loom_status pad(ir_ctx *ir, MlirOperation op) { return npt_pad_loops(ir, op, false); }

/* Masked tails move each element of the tensor once and no byte outside of it; padded loops move the same to the same places, and else only what was added. */
static void test_tails_move_the_tensor_and_nothing_else(void **state) {
  (void)state;
  rng r = rng_new(4);
  fixture f;
  for (int i = 0; 2 * i < CASES; i++) {
    if (i % 500 == 0) {
      if (i)
        close_fixture(&f);
      open_fixture(&f);
    }
    random_tiling g = draw_tiling(&r);
    const char *source = tiling(&f.ctx.mem, &g);
    moves masked = run_on(&f, source, &g, npt_mask_tails), padded = run_on(&f, source, &g, pad);
    if ((int64_t)masked.all.n != g.elems || (int64_t)padded.all.n != g.grown_elems)
      fail_msg("case %d: %zu of %" PRId64 " elements masked, %zu of %" PRId64 " padded\n%s", i, masked.all.n, g.elems, padded.all.n, g.grown_elems, source);
    size_t n = 0;
    for (size_t k = 0; k < masked.all.n; k++) {
      if (masked.all.at[k].dram >= (uint64_t)g.elems * 4)
        fail_msg("case %d: byte %" PRIu64 " is outside of the tensor\n%s", i, masked.all.at[k].dram, source);
      masked.all.at[k].dram = regrown(&g, masked.all.at[k].dram);
    }
    for (size_t k = 0; k < padded.all.n; k++)
      if (is_inside(&g, padded.all.at[k].dram))
        padded.all.at[n++] = padded.all.at[k];
    padded.all.n = n;
    qsort(masked.all.at, masked.all.n, sizeof *masked.all.at, moves_order);
    if (!moves_equal(&masked, &padded))
      fail_msg("case %d: masked and padded tails move different elements\n%s", i, source);
  }
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decomposed_transfers_move_the_same),
      cmocka_unit_test(test_subtiles_move_what_the_tile_moved),
      cmocka_unit_test(test_instructions_move_the_same),
      cmocka_unit_test(test_tails_move_the_tensor_and_nothing_else),
      cmocka_unit_test(test_peeled_masked_transfers_move_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
