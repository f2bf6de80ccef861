/* Oracle: the written program is walked core by core (index arithmetic only): every output element must be stored exactly once, by a core whose
 * products covered the whole contraction, from boxes inside the arguments; all cores of a multicast must want the same box.
 * Also: MLIR's and our verifier, printing and reading back, and the stock mlir-opt with our IRDL text. */
#include "base/file.h"
#include "base/testing.h"
#include "materialize/mat_walk.h"
#include "materialize/materialize.h"
#include "nest/nest_buffer.h"
#include "pass/pass.h"
#include <stdlib.h>
#include <unistd.h>

static ir_ctx ir;

static int open_ir(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return ir_open(&ctx, &ir) == LOOM_OK && dialect_load(&ir) == LOOM_OK ? 0 : 1;
}

static int close_ir(void **state) {
  (void)state;
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

/* ---- plans ---- */

static MlirModule read_canonical(const char *name, nest **n) {
  char *src;
  size_t size;
  MlirModule m;
  const char *path = arena_printf(&ctx.mem, LOOM_SOURCE_DIR "/tests/data/stage0/%s.mlir", name);
  assert_int_equal(file_read(&ctx, path, 1 << 20, &src, &size), LOOM_OK);
  assert_int_equal(ir_parse(&ir, path, src, size, &m), LOOM_OK);
  assert_int_equal(pass_canonicalize_stage0(&ir, m), LOOM_OK);
  assert_int_equal(pass_extract_nest(&ir, m, NULL, n), LOOM_OK);
  return m;
}

/* Blocks in symbol order; logical levels as {mesh dim, level, size, iterator}. */
typedef struct lift { int hoist; unsigned panel; } lift;      /* of an access, as in plan_access */
typedef struct sketch { int64_t block[4]; int n_logical; plan_logical logical[4]; int order[3]; bool f32, doubled; lift lift[2]; } sketch;


/* Shares each load over all levels whose iterator it does not use, from level 0 up. */
static void share_loads(const nest *n, const sketch *s, plan *p) {
  const nest_node *accesses[8];
  size_t count = nest_accesses(n, accesses, 8);
  p->candidate.n_access = (int)count;
  for (size_t i = 0; i < count; i++) {
    plan_access *a = &p->candidate.access[i];
    *a = (plan_access){.name = nest_access_name(&ctx.mem, n, accesses[i]), .is_store = accesses[i]->kind == NEST_STORE, .area = {1, 1, 1}};
    bool stopped[2] = {false};
    for (int l = 0; l < s->n_logical && !a->is_store; l++) {
      const plan_logical *x = &s->logical[l];
      stopped[x->mesh_dim] |= x->size > 1 && nest_access_uses(n, accesses[i], x->iter);
      if (stopped[x->mesh_dim])
        continue;
      a->area[x->mesh_dim] *= x->size;
      a->levels[x->mesh_dim] |= 1u << x->level;
    }
    a->hoist = i < 2 ? s->lift[i].hoist : 0;
    a->panel = i < 2 ? s->lift[i].panel : 0;
  }
}

/* Blocks of a loop that one core comes by. */
static int64_t turns_of(const nest *n, const plan *p, int loop) {
  int64_t extent, block = plan_block_size(p, n->loops.at[loop].block), cores = loop < n->n_parallel ? plan_iter_cores(&p->candidate.mapping, loop) : 1;
  assert_true(sym_is_const(n->loops.at[loop].extent, &extent));
  return ((extent + block - 1) / block + cores - 1) / cores;
}

/* The dims that step with a loop of the panel hold all of its turns.  (Loops around an access, innermost first: the contraction, then the order.) */
static void widen(const nest *n, const plan *p, const nest_buffer *need, plan_buffer *b) {
  const plan_mapping *map = &p->candidate.mapping;
  for (int i = 0; i < p->candidate.n_access; i++)
    for (int k = 0; text_eq(p->candidate.access[i].name, need->name) && k < p->candidate.access[i].hoist; k++) {
      int loop = k ? map->order[map->n_iters - k] : n->n_parallel;
      for (int d = 0; (p->candidate.access[i].panel >> k & 1) && d < need->access->n_dims; d++)
        b->shape[d] *= need->access->dim[d].loop == loop ? turns_of(n, p, loop) : 1;
    }
}

static void lay_out(const nest *n, const sketch *s, plan *p) {
  nest_buffers needs = {0};
  nest_list_buffers(&ctx.mem, n, false, &needs);
  int64_t end = 0;
  for (size_t i = 0; i < needs.n; i++) {
    const nest_buffer *need = &needs.at[i];
    plan_buffer b = {.name = need->name, .type = s->f32 && need->is_accumulator ? DTYPE_F32 : need->type, .rank = need->rank, .offset = end,
                     .depth = need->kind == NEST_BUFFER_LOAD && s->doubled ? 2 : 1};
    b.bytes = (int64_t)dtype_bytes(b.type);
    for (int d = 0; d < b.rank; d++)
      b.shape[d] = plan_block_size(p, need->dim[d]->name);
    if (need->kind == NEST_BUFFER_LOAD)
      widen(n, p, need, &b);
    for (int d = 0; d < b.rank; d++)
      b.bytes *= b.shape[d];
    end += b.depth * ((b.bytes + 31) / 32 * 32);
    vec_push(&ctx.mem, &p->buffers, b);
  }
}

static plan *make_plan(const nest *n, const sketch *s) {
  plan *p = ARENA_NEW(&ctx.mem, plan);
  *p = (plan){.kernel = n->kernel, .machine = "test", .double_buffer = s->doubled, .accumulate_f32 = s->f32};
  for (size_t i = 0; i < n->symbols.n; i++)
    vec_push(&ctx.mem, &p->blocks, ((plan_block){n->symbols.at[i].name, s->block[i]}));
  plan_mapping *m = &p->candidate.mapping;
  *m = (plan_mapping){.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, 1}, .n_logical = s->n_logical, .n_iters = n->n_parallel};
  for (int l = 0; l < s->n_logical; l++) {
    m->logical[l] = s->logical[l];
    m->mesh_size[s->logical[l].mesh_dim] *= s->logical[l].size;
  }
  for (int i = 0; i < n->n_parallel; i++)
    m->order[i] = s->order[i];
  share_loads(n, s, p);
  p->candidate.name = plan_variant_name(&ctx.mem, n->kernel, &p->candidate);
  lay_out(n, s, p);
  return p;
}

static const machine test_machine = {.name = "test", .l1_align_bytes = 32, .l1_bytes = 1 << 20};

/* ---- tests ---- */

static MlirModule write_one(const char *sample, const sketch *s, nest **n, plan **p) {
  MlirModule canonical = read_canonical(sample, n), out;
  const char *before = ir_print(&ctx.mem, mlirModuleGetOperation(canonical), true);
  *p = make_plan(*n, s);
  loom_status st = materialize_plans(&ir, canonical, *n, &test_machine, (const plan *const[]){*p}, 1, &out);
  if (st != LOOM_OK)
    fail_msg("%s", ctx.diag.first ? ctx.diag.first->text : "failed without a message");
  assert_string_equal(ir_print(&ctx.mem, mlirModuleGetOperation(canonical), true), before);
  ir_close_module(canonical);
  return out;
}

static const struct { const char *name, *sample; sketch s; } cases[] = {
    {"8x8, first variant", "matmul", {{64, 64, 64}, 3, {{0, 0, 8, 0}, {1, 0, 1, 0}, {1, 1, 8, 1}}, {0, 1}, true, true, {{0, 0}}}},
    {"split y", "matmul", {{64, 32, 64}, 3, {{0, 0, 8, 0}, {1, 0, 2, 0}, {1, 1, 4, 1}}, {0, 1}, true, false, {{0, 0}}}},
    {"split y, other iterators", "matmul", {{128, 32, 128}, 3, {{0, 0, 8, 1}, {1, 0, 2, 1}, {1, 1, 4, 0}}, {1, 0}, true, false, {{0, 0}}}},
    {"split x", "matmul", {{64, 64, 256}, 3, {{0, 0, 4, 0}, {1, 0, 8, 0}, {0, 1, 2, 1}}, {1, 0}, false, true, {{0, 0}}}},
    {"one core", "matmul", {{512, 512, 256}, 3, {{0, 0, 1, 0}, {1, 0, 1, 0}, {1, 1, 1, 1}}, {0, 1}, true, false, {{0, 0}}}},
    {"ragged in all dims", "matmul", {{96, 80, 96}, 3, {{0, 0, 8, 0}, {1, 0, 2, 0}, {1, 1, 4, 1}}, {0, 1}, true, true, {{0, 0}}}},
    {"surplus cores", "matmul", {{1024, 256, 96}, 3, {{0, 0, 8, 0}, {1, 0, 1, 0}, {1, 1, 8, 1}}, {0, 1}, true, false, {{0, 0}}}},
    {"blocks beyond the extent", "matmul", {{4096, 1024, 512}, 3, {{0, 0, 2, 0}, {1, 0, 1, 0}, {1, 1, 2, 1}}, {0, 1}, true, false, {{0, 0}}}},
    {"batched", "batch_matmul", {{2, 32, 32, 64}, 3, {{0, 0, 4, 0}, {1, 0, 1, 0}, {1, 1, 4, 1}}, {0, 1, 2}, true, true, {{0, 0}}}},
    {"batched, ragged", "batch_matmul", {{3, 48, 64, 96}, 3, {{0, 0, 2, 2}, {1, 0, 2, 0}, {1, 1, 2, 1}}, {2, 0, 1}, false, false, {{0, 0}}}},
    {"epilogue", "bias_relu", {{32, 16, 32}, 3, {{0, 0, 4, 0}, {1, 0, 1, 0}, {1, 1, 2, 1}}, {0, 1}, true, false, {{0, 0}}}},
    {"epilogue, ragged", "bias_relu", {{48, 24, 40}, 3, {{0, 0, 4, 1}, {1, 0, 1, 1}, {1, 1, 2, 0}}, {0, 1}, true, true, {{0, 0}}}},
    {"x in front of the columns' rounds, all of its row", "matmul", {{64, 64, 64}, 3, {{0, 0, 8, 0}, {1, 0, 1, 0}, {1, 1, 2, 1}}, {0, 1}, true, true, {{2, 1}, {0, 0}}}},
    {"y in front of the contraction", "matmul", {{64, 64, 64}, 3, {{0, 0, 4, 0}, {1, 0, 1, 0}, {1, 1, 8, 1}}, {1, 0}, true, false, {{0, 0}, {1, 1}}}},
    {"y in front of all rounds, one load for all turns", "matmul", {{128, 32, 64}, 3, {{0, 0, 2, 0}, {1, 0, 1, 0}, {1, 1, 1, 1}}, {0, 1}, true, false, {{0, 0}, {3, 3}}}},
    {"y in front of all rounds, a load for each turn", "matmul", {{128, 32, 64}, 3, {{0, 0, 2, 0}, {1, 0, 1, 0}, {1, 1, 4, 1}}, {0, 1}, true, false, {{0, 0}, {3, 3}}}},
    {"panels, ragged in all dims", "matmul", {{96, 80, 96}, 3, {{0, 0, 4, 0}, {1, 0, 2, 0}, {1, 1, 2, 1}}, {1, 0}, true, true, {{3, 3}, {2, 1}}}},
    {"panels on surplus cores", "matmul", {{1024, 256, 96}, 3, {{0, 0, 8, 0}, {1, 0, 1, 0}, {1, 1, 3, 1}}, {0, 1}, true, false, {{2, 1}, {3, 3}}}},
    {"element-wise, ragged", "elementwise", {{48, 48}, 3, {{0, 0, 4, 0}, {1, 0, 1, 0}, {1, 1, 2, 1}}, {1, 0}, true, false, {{0, 0}}}},
};

static void test_every_core_does_its_part(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    nest *n;
    plan *p;
    MlirModule m = write_one(cases[i].sample, &cases[i].s, &n, &p);
    assert_int_equal(ir_verify(&ir, m), LOOM_OK);
    assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
    int64_t nx, ny;
    int products;
    event_list *events = walk_cores(m, &nx, &ny, &products);
    assert_true(nx == p->candidate.mapping.mesh_size[0] && ny == p->candidate.mapping.mesh_size[1]);
    check_multicasts(events, nx, ny);
    check_coverage(events, nx * ny, n);
    assert_true((products > 0) == (strstr(cases[i].sample, "elementwise") == NULL));
    ir_close_module(m);
  }
}

static void test_text_is_read_back_by_us_and_by_stock_tools(void **state) {
  (void)state;
  char path[] = "/tmp/loom-materialize-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  for (size_t i = 0; i < COUNT_OF(cases); i += 5) {
    nest *n;
    plan *p;
    MlirModule m = write_one(cases[i].sample, &cases[i].s, &n, &p), again;
    const char *printed = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
    assert_int_equal(ir_parse(&ir, "p03.mlir", printed, strlen(printed), &again), LOOM_OK);
    assert_string_equal(ir_print(&ctx.mem, mlirModuleGetOperation(again), false), printed);
    assert_int_equal(file_write(&ctx, path, printed, strlen(printed)), LOOM_OK);
    static const char *const flags[] = {"--irdl-file=" LOOM_SOURCE_DIR "/src/dialect/loom.irdl.mlir", "--allow-unregistered-dialect"};
    for (size_t f = 0; f < COUNT_OF(flags); f++)
      assert_int_equal(system(arena_printf(&ctx.mem, "mlir-opt-22 %s %s -o /dev/null", flags[f], path)), 0);
    ir_close_module(again);
    ir_close_module(m);
  }
  unlink(path);
}

static bool find_named(MlirOperation op, void *data) {
  struct { const char *name; MlirOperation found; int skip; } *s = data;
  if (!ir_op_is(op, s->name) || s->skip-- > 0)
    return true;
  s->found = op;
  return false;
}

static MlirOperation find(MlirModule m, const char *name, int skip) {
  struct { const char *name; MlirOperation found; int skip; } s = {.name = name, .skip = skip};
  ir_walk(mlirModuleGetOperation(m), find_named, &s);
  assert_false(mlirOperationIsNull(s.found));
  return s.found;
}

/* The form of upstream's p03 for the first variant. */
static void test_structure_is_upstreams(void **state) {
  (void)state;
  nest *n;
  plan *p;
  MlirModule m = write_one("matmul", &cases[1].s, &n, &p);
  MlirOperation inner = mlirBlockGetFirstOperation(mlirModuleGetBody(m));
  assert_true(ir_op_is(inner, "builtin.module"));
  assert_string_equal(ir_attr_string(&ctx.mem, ir_attr_of(inner, "loom.pass_name")), "Materialize");
  assert_false(mlirAttributeIsNull(ir_attr_of(inner, "loom.tile_m")));
  assert_string_equal(ir_func_name(&ctx.mem, ir_find_func(m, NULL)),
                      "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n__is_double_buffer0__tile_k64__tile_m64__tile_n32");
  MlirOperation grid = find(m, "scf.parallel", 0);
  assert_string_equal(ir_print_attr(&ctx.mem, ir_attr_of(grid, "loom.block_syms")), "[@tile_m, @tile_m, @tile_n]");
  assert_string_equal(ir_print_attr(&ctx.mem, ir_attr_of(grid, "loom.logical_levels")), "[0, 0, 1]");
  assert_string_equal(ir_print_attr(&ctx.mem, ir_attr_of(grid, "loom.physical_dims")), "[@dim_x, @dim_y, @dim_y]");
  /* 32 row blocks on 16 cores, 16 column blocks on 4: two temporal loops, then the contraction */
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "scf.for"), 3);
  assert_string_equal(ir_attr_string(&ctx.mem, ir_attr_of(find(m, "scf.for", 0), "loom.block_sym")), "tile_m");
  assert_string_equal(ir_attr_string(&ctx.mem, ir_attr_of(find(m, "scf.for", 1), "loom.block_sym")), "tile_n");
  assert_true(mlirAttributeEqual(ir_attr_of(find(m, "scf.for", 1), "loom.iter_type"), dialect_iter_type(&ir, "temporal")));
  assert_true(mlirAttributeEqual(ir_attr_of(find(m, "scf.for", 2), "loom.iter_type"), dialect_iter_type(&ir, "sequential")));
  static const struct { const char *op; int count; } rows[] = {{"loom.alloc", 4}, {"loom.semaphore_take", 4}, {"loom.semaphore_give", 4},
                                                               {"loom.copy", 3}, {"linalg.matmul", 1}, {"linalg.fill", 1}, {"linalg.generic", 1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_int_equal(ir_count(mlirModuleGetOperation(m), rows[i].op), rows[i].count);
  /* f32 accumulator of an f16 kernel, rounded once on the way out */
  dtype t;
  assert_true(ir_type_dtype(mlirValueGetType(ir_operand(find(m, "linalg.matmul", 0), 2)), &t) && t == DTYPE_F32);
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "arith.truncf"), 1);
  for (size_t i = 0; i < p->buffers.n; i++) {
    dialect_alloc a;
    assert_true(dialect_read_alloc(&ctx.mem, find(m, "loom.alloc", (int)i), &a));
    assert_string_equal(a.name, p->buffers.at[i].name);
    assert_int_equal(a.offset, p->buffers.at[i].offset);
    assert_int_equal(a.buffer_count, p->buffers.at[i].depth);
  }
  ir_close_module(m);
}

static void test_f16_accumulators_are_copied_out(void **state) {
  (void)state;
  nest *n;
  plan *p;
  MlirModule m = write_one("matmul", &cases[3].s, &n, &p);
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "linalg.generic"), 0);
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "loom.copy"), 4);
  dtype t;
  assert_true(ir_type_dtype(mlirValueGetType(ir_operand(find(m, "linalg.matmul", 0), 2)), &t) && t == DTYPE_F16);
  ir_close_module(m);
}

static void test_one_core_keeps_one_mesh_dim(void **state) {
  (void)state;
  nest *n;
  plan *p;
  MlirModule m = write_one("matmul", &cases[4].s, &n, &p);
  MlirOperation grid = find(m, "scf.parallel", 0);
  assert_int_equal(mlirBlockGetNumArguments(ir_body(grid)), 1);
  /* K = tile_k: no loop over k; 4 row blocks on one core: one temporal loop */
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "scf.for"), 1);
  ir_close_module(m);
}

static const sketch sums = {{32, 40}, 2, {{0, 0, 4, 0}, {1, 0, 1, 0}}, {0}, true, false, {{0, 0}}};

/* An f16 sum in an f32 accumulator: widened where it enters the sum, rounded on the way out. */
static void test_reductions_accumulate_wide(void **state) {
  (void)state;
  nest *n;
  plan *p;
  MlirModule m = write_one("weighted_sum", &sums, &n, &p);
  assert_int_equal(ir_verify(&ir, m), LOOM_OK);
  dtype t;
  MlirOperation add = find(m, "arith.addf", 0), mul = find(m, "arith.mulf", 0);
  assert_true(ir_type_dtype(mlirValueGetType(ir_result(add, 0)), &t) && t == DTYPE_F32);
  assert_true(ir_type_dtype(mlirValueGetType(ir_result(mul, 0)), &t) && t == DTYPE_F16);
  assert_true(ir_op_is(ir_def(ir_operand(add, 1)), "arith.extf"));
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "arith.extf"), 1);
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "arith.truncf"), 1);
  ir_close_module(m);
}

static int loops_around(MlirOperation op) {
  int n = 0;
  for (MlirOperation p = mlirOperationGetParentOperation(op); !mlirOperationIsNull(p); p = mlirOperationGetParentOperation(p))
    n += ir_op_is(p, "scf.for");
  return n;
}

/* A load leaves the loop it does not move with; one that moves with it may not. */
static void test_loads_are_lifted_or_refused(void **state) {
  (void)state;
  nest *n;
  MlirModule canonical = read_canonical("weighted_sum", &n), out;
  plan *p = make_plan(n, &sums);
  for (int hoist = 0; hoist < 2; hoist++) {
    p->candidate.access[1].hoist = hoist;
    assert_int_equal(materialize_plans(&ir, canonical, n, &test_machine, (const plan *const[]){p}, 1, &out), LOOM_OK);
    assert_int_equal(ir_verify(&ir, out), LOOM_OK);
    /* program order: x first in the loop, or s in front of it */
    assert_int_equal(loops_around(find(out, "loom.copy", 1 - hoist)), 1 - hoist);
    assert_int_equal(loops_around(find(out, "loom.copy", hoist)), 1);
    ir_close_module(out);
  }
  static const struct { int access, hoist; const char *needle; } rows[] = {{0, 1, "lifts 'load x' out of the loop over 'tile_k'"},
                                                                           {1, 3, "lifts 'load s' over 1 more loops than enclose it"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    p->candidate.access[0].hoist = p->candidate.access[1].hoist = 0;
    p->candidate.access[rows[i].access].hoist = rows[i].hoist;
    assert_int_equal(materialize_plans(&ir, canonical, n, &test_machine, (const plan *const[]){p}, 1, &out), LOOM_EINPUT);
    const diag_item *d = ctx.diag.first;
    while (d->next)
      d = d->next;
    assert_non_null(strstr(d->text, rows[i].needle));
  }
  ir_close_module(canonical);
}

/* A plan is a file people edit: what does not fit the kernel is said. */
static void test_wrong_plans_are_refused(void **state) {
  (void)state;
  static const struct { int what; const char *needle; } rows[] = {
      {0, "the plan gives no size for 'tile_k'"},      {1, "moves 2 tiles, kernel 'matmul' has 3"},
      {2, "access 1 of the plan is 'z'"},              {3, "has no L1 buffer for 'x'"},
      {4, "buffer 'x' is 64x32; at its block sizes"},  {5, "has offset -1 and depth 1"},
      {6, "loop order is no permutation"},             {7, "mesh level 1 of the plan has no parallel loop"},
      {8, "shares 'y' by 4 cores along 'x', but its levels span 8"}, {9, "buffer 'out' is f32, but 'out' is f16"},
      {10, "maps 1 iterators"},  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    nest *n;
    MlirModule canonical = read_canonical("matmul", &n), out;
    plan *p = make_plan(n, &cases[1].s);
    switch (rows[i].what) {
    case 0: p->blocks.n = 2; break;
    case 1: p->candidate.n_access = 2; break;
    case 2: p->candidate.access[1].name = "z"; break;
    case 3: p->buffers.at[1].name = "q"; break;
    case 4: p->buffers.at[1].shape[1] = 32; break;
    case 5: p->buffers.at[2].offset = -1; break;
    case 6: p->candidate.mapping.order[1] = 0; break;
    case 7: p->candidate.mapping.logical[1].iter = -1; break;
    case 8: p->candidate.access[1].area[0] = 4; break;
    case 9: p->buffers.at[3].type = DTYPE_F32; break;
    case 10: p->candidate.mapping.n_iters = 1; break;
    }
    loom_status st = materialize_plans(&ir, canonical, n, &test_machine, (const plan *const[]){p}, 1, &out);
    assert_int_equal(st, LOOM_EINPUT);
    assert_true(mlirModuleIsNull(out));
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
    ir_close_module(canonical);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_core_does_its_part, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_text_is_read_back_by_us_and_by_stock_tools, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_structure_is_upstreams, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_f16_accumulators_are_copied_out, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_one_core_keeps_one_mesh_dim, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_reductions_accumulate_wide, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_loads_are_lifted_or_refused, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_wrong_plans_are_refused, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
