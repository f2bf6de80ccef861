/* The matmul suite, end to end: Python source -> plan -> virtual chip, against the reference interpreter.
 * Oracle: the interpreter's double results with their derived bound, and bit-identical whole numbers.  Its results are kept per shape. */
#include "compile.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape { int64_t m, n, k; } shape;
typedef struct job { shape s; const char *machine, *variant; bool upstream_compatible; const char *blocks; /* "m,n,k" or NULL */ } job;

static const char *kernel_path(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/kernels/%s", LOOM_SOURCE_DIR, name);
  return path;
}

static int suite_setup(void **state) {
  (void)state;
  static char dir[4096];
  static const char *dirs[] = {dir};
  snprintf(dir, sizeof dir, "%s/machines", LOOM_SOURCE_DIR);
  machine_set_path(dirs, 1);
  return 0;
}

static void print_diagnostics(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_error("  %s\n", d->text);
}

/* Compiles `j` in `ctx`; fails the test when that fails. */
static void compile_job(loom_ctx *ctx, const job *j, compile_options *o, helion_shape shapes[3], solve_domain domains[3], compile_state *s) {
  shapes[0] = (helion_shape){"M", j->s.m};
  shapes[1] = (helion_shape){"N", j->s.n};
  shapes[2] = (helion_shape){"K", j->s.k};
  *o = (compile_options){.input = kernel_path("matmul.py"), .machine = j->machine, .helion = {.shapes = shapes, .n_shapes = 3}, .model = MODEL_LOOM,
                         .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  o->explore.upstream_compatible = j->upstream_compatible;
  o->explore.variant = j->variant;
  if (j->blocks) {
    static const char *const names[] = {"tile_m", "tile_n", "tile_k"};
    const char *p = j->blocks;
    for (int i = 0; i < 3; i++) {
      char *end;
      domains[i] = (solve_domain){.symbol = names[i], .assigned = strtoll(p, &end, 10)};
      p = end + 1;
    }
    o->domains = domains;
    o->n_domains = 3;
  }
  loom_status st = compile_kernel(ctx, o, s);
  if (st != LOOM_OK) {
    print_diagnostics(ctx);
    fail_msg("%" PRId64 "x%" PRId64 "x%" PRId64 " on %s, blocks %s, variant %s: %s", j->s.m, j->s.n, j->s.k, j->machine, j->blocks ? j->blocks : "solved",
             j->variant ? j->variant : "best", loom_status_text(st));
  }
}

/* The oracle's arrays outlive the context of one job: copies on the heap of the test. */
typedef struct kept { shape s; run_oracle oracle; loom_ctx ctx; bool full; } kept;

static void keep(kept *k, const compile_state *s, const run_oracle *o) {
  loom_ctx_init(&k->ctx);
  size_t n = s->kernel->tensors.n;
  for (int w = 0; w < 2; w++) {
    interp_tensor *copy = ARENA_NEW_N(&k->ctx.mem, interp_tensor, n);
    for (size_t i = 0; i < n; i++) {
      copy[i] = o->values[w][i];
      size_t bytes = (size_t)copy[i].elems * sizeof(double);
      copy[i].value = memcpy(arena_alloc(&k->ctx.mem, bytes), o->values[w][i].value, bytes);
      if (copy[i].bound)
        copy[i].bound = memcpy(arena_alloc(&k->ctx.mem, bytes), o->values[w][i].bound, bytes);
    }
    k->oracle.values[w] = copy;
  }
  k->full = true;
}

/* Runs `j` and checks it; `k` holds the oracle of this shape between jobs. */
static void check_job(const job *j, kept *k) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_options o;
  helion_shape shapes[3];
  solve_domain domains[3];
  compile_state s;
  compile_execution e;
  run_oracle oracle = k->oracle;
  compile_job(&ctx, j, &o, shapes, domains, &s);
  loom_status st = compile_execute(&s, &(run_options){.check = true, .seed = 7, .oracle = &oracle}, &e);
  if (st != LOOM_OK || e.report.n_faults || !e.check.ok || !e.check.integers_ok) {
    print_diagnostics(&ctx);
    fail_msg("%" PRId64 "x%" PRId64 "x%" PRId64 " on %s, blocks %s, variant %s: %s; %" PRId64 " faults (%s); %" PRId64 " wrong, worst %s; integers %s", j->s.m,
             j->s.n, j->s.k, j->machine, j->blocks ? j->blocks : "solved", s.plan ? s.plan->candidate.name : "-", loom_status_text(st), e.report.n_faults,
             e.report.faults.n ? e.report.faults.at[0].text : "none", e.check.wrong, e.check.where ? e.check.where : "-", e.check.integers_ok ? "same" : "differ");
  }
  assert_true(e.report.cycles > 0);
  if (!k->full)
    keep(k, &s, &oracle);
  compile_done(&s);
  loom_ctx_done(&ctx);
}

static void done(kept *k) {
  if (k->full)
    loom_ctx_done(&k->ctx);
}

/* ---- claims ---- */

static void test_cubes_are_right_with_solved_and_assigned_blocks(void **state) {
  (void)state;
  static const int64_t sizes[] = {32, 64, 96, 128, 256, 512, 1024};
  static const char *const blocks[] = {NULL, "32,32,32", "64,32,96", "128,64,32", "48,40,56"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    kept k = {0};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
      if (sizes[i] < 1024 || b == 0 || b == 3)
        check_job(&(job){.s = {sizes[i], sizes[i], sizes[i]}, .machine = "wormhole", .blocks = blocks[b]}, &k);
    done(&k);
  }
}

static void test_long_thin_and_ragged_shapes_are_right(void **state) {
  (void)state;
  static const shape shapes[] = {{2048, 1024, 64}, {64, 1024, 2048}, {1024, 64, 2048}, {100, 60, 36}, {33, 65, 31}, {7, 5, 3}, {1, 1, 1}, {1, 257, 40}, {250, 1, 129}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    kept k = {0};
    check_job(&(job){.s = shapes[i], .machine = "wormhole"}, &k);
    check_job(&(job){.s = shapes[i], .machine = "wormhole", .blocks = "32,32,32"}, &k);
    if (shapes[i].m * shapes[i].n < 20000) {
      check_job(&(job){.s = shapes[i], .machine = "wormhole", .blocks = "16,8,8"}, &k);
      check_job(&(job){.s = shapes[i], .machine = "wormhole", .blocks = "7,5,3"}, &k);
    }
    done(&k);
  }
}

static void test_every_machine_agrees(void **state) {
  (void)state;
  static const char *const machines[] = {"wormhole", "wormhole-2025", "blackhole", "single", "ring8", "torus4"};
  kept k = {0};
  for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
    check_job(&(job){.s = {256, 320, 192}, .machine = machines[i]}, &k);
  done(&k);
}

/* All 16 upstream-compatible variants on six shapes; names are taken from the explored table itself. */
static void test_all_upstream_variants_agree(void **state) {
  (void)state;
  static const shape shapes[] = {{2048, 2048, 256}, {256, 256, 256}, {512, 256, 64}, {96, 160, 64}, {64, 64, 512}, {200, 120, 72}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    compile_options o;
    helion_shape hs[3];
    solve_domain d[3];
    compile_state s;
    kept k = {0};
    compile_job(&ctx, &(job){.s = shapes[i], .machine = "wormhole", .upstream_compatible = true}, &o, hs, d, &s);
    assert_int_equal(s.table.rows.n, 16);
    for (size_t v = 0; v < s.table.rows.n; v++)
      check_job(&(job){.s = shapes[i], .machine = "wormhole", .upstream_compatible = true, .variant = s.table.rows.at[v]->name}, &k);
    done(&k);
    compile_done(&s);
    loom_ctx_done(&ctx);
  }
}

/* ---- seeded edits of the TOG: each must change elements or raise a fault ---- */

static tog_node *find_node(tog_body *body, tog_node_kind kind, int *skip) {
  for (size_t i = 0; i < body->n; i++) {
    tog_node *n = body->at[i];
    if (n->kind == kind && (*skip)-- == 0)
      return n;
    tog_node *inner = n->kind == TOG_LOOP ? find_node(&n->body, kind, skip) : NULL;
    if (inner)
      return inner;
  }
  return NULL;
}

static tog_node *nth(tog *t, tog_node_kind kind, int n) {
  tog_node *found = find_node(&t->body, kind, &n);
  assert_non_null(found);
  return found;
}


static bool drop(tog_body *body, const tog_node *victim) {
  for (size_t i = 0; i < body->n; i++) {
    if (body->at[i] == victim) {
      memmove(&body->at[i], &body->at[i + 1], (--body->n - i) * sizeof *body->at);
      return true;
    }
    if (body->at[i]->kind == TOG_LOOP && drop(&body->at[i]->body, victim))
      return true;
  }
  return false;
}

/* The loop whose body holds the loads: the sequential one. */
static tog_node *loop_of(tog_body *body, tog_node_kind kind) {
  for (size_t i = 0; i < body->n; i++) {
    tog_node *n = body->at[i];
    if (n->kind != TOG_LOOP)
      continue;
    for (size_t k = 0; k < n->body.n; k++)
      if (n->body.at[k]->kind == kind)
        return n;
    tog_node *inner = loop_of(&n->body, kind);
    if (inner)
      return inner;
  }
  return NULL;
}

static const sym_expr *plus(arena *m, const sym_expr *e, int64_t d) { return sym_add(m, e, sym_const(m, d)); }
static tog_node *group_load(tog *t) {
  for (int i = 0;; i++) {
    tog_node *n = nth(t, TOG_LOAD, i);
    if (n->has_group)
      return n;
  }
}

static void edit_load_row(arena *m, tog *t) { tog_node *n = nth(t, TOG_LOAD, 0); n->box.offset[0] = sym_max(m, plus(m, n->box.offset[0], -1), sym_const(m, 0)); }
static void edit_load_column(arena *m, tog *t) { tog_node *n = nth(t, TOG_LOAD, 1); n->box.offset[1] = sym_max(m, plus(m, n->box.offset[1], -8), sym_const(m, 0)); }
static void edit_load_past_the_end(arena *m, tog *t) { tog_node *n = nth(t, TOG_LOAD, 0); n->box.offset[1] = plus(m, n->box.offset[1], 8); }
static void edit_store_offset(arena *m, tog *t) { tog_node *n = nth(t, TOG_STORE, 0); n->box.offset[0] = sym_const(m, 0); }
static void edit_store_extent(arena *m, tog *t) { tog_node *n = nth(t, TOG_STORE, 0); n->box.extent[1] = plus(m, n->box.extent[1], -1); }
static void edit_missing_receiver(arena *m, tog *t) {
  tog_node *n = group_load(t);
  for (int d = 0; d < t->n_mesh; d++)
    if (!sym_equal(n->group.ul[d], n->group.lr[d]))
      n->group.lr[d] = plus(m, n->group.lr[d], -1);
}
static void edit_wrong_sender(arena *m, tog *t) {
  tog_node *n = group_load(t);
  for (int d = 0; d < t->n_mesh; d++)
    n->group.sender[d] = sym_name(m, t->mesh_name[d]);   /* everybody sends */
}
static void edit_early_read(arena *m, tog *t) {
  (void)m;
  for (int i = 0;; i++) {
    tog_node *n = nth(t, TOG_COMPUTE, i);
    bool edited = false;
    for (size_t u = 0; u < n->uses.n; u++) {
      edited |= n->uses.at[u].wait;
      n->uses.at[u].wait = false;
    }
    if (edited)
      return;
  }
}
static void edit_lost_last_k_tile(arena *m, tog *t) { tog_node *l = loop_of(&t->body, TOG_LOAD); l->trip = plus(m, l->trip, -1); }
static void edit_lost_fill(arena *m, tog *t) { (void)m; assert_true(drop(&t->body, nth(t, TOG_COMPUTE, 0))); }
static void edit_lost_give(arena *m, tog *t) { (void)m; assert_true(drop(&t->body, nth(t, TOG_GIVE, 0))); }
static void edit_lost_push(arena *m, tog *t) { (void)m; assert_true(drop(&t->body, nth(t, TOG_PUSH, 1))); }   /* push 0 hands the accumulator to its own thread: no edit */
static void edit_lost_store(arena *m, tog *t) { (void)m; assert_true(drop(&t->body, nth(t, TOG_STORE, 0))); }
static void edit_overlap(arena *m, tog *t) { (void)m; t->buffers.at[1].offset = t->buffers.at[0].offset; }
static void edit_swapped_buffers(arena *m, tog *t) {
  (void)m;
  tog_node *a = nth(t, TOG_LOAD, 0), *b = nth(t, TOG_LOAD, 1);
  int tensor = a->box.tensor;
  a->box.tensor = b->box.tensor;
  b->box.tensor = tensor;
}
static void edit_l1_range(arena *m, tog *t) { (void)m; t->buffers.at[0].offset = INT64_C(1) << 30; }

static void test_every_edit_of_the_tog_is_noticed(void **state) {
  (void)state;
  static const struct { const char *name; void (*edit)(arena *, tog *); } edits[] = {
      {"load one row off", edit_load_row}, {"load columns off", edit_load_column}, {"load past the end", edit_load_past_the_end},
      {"store to row 0", edit_store_offset}, {"store one column less", edit_store_extent}, {"missing receiver", edit_missing_receiver},
      {"everybody sends", edit_wrong_sender}, {"early read", edit_early_read}, {"lost last k tile", edit_lost_last_k_tile}, {"lost fill", edit_lost_fill},
      {"lost give", edit_lost_give}, {"lost push", edit_lost_push}, {"lost store", edit_lost_store}, {"overlapping buffers", edit_overlap},
      {"swapped tensors", edit_swapped_buffers}, {"buffer beyond L1", edit_l1_range}};
  const job j = {.s = {256, 256, 128}, .machine = "wormhole", .blocks = "32,32,32", .upstream_compatible = true};
  for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    compile_options o;
    helion_shape hs[3];
    solve_domain d[3];
    compile_state s;
    compile_execution e;
    compile_job(&ctx, &j, &o, hs, d, &s);
    edits[i].edit(&ctx.mem, s.tog);
    tog_number(s.tog);
    loom_status st = compile_execute(&s, &(run_options){.check = true, .no_verify = true}, &e);
    if (st != LOOM_OK)
      print_diagnostics(&ctx);
    assert_int_equal(st, LOOM_OK);
    if (e.report.n_faults == 0 && (e.check.ok || e.check.wrong == 0 || !e.check.where))
      fail_msg("edit '%s' went unnoticed", edits[i].name);
    if (e.report.n_faults) {
      assert_true(e.report.faults.at[0].cycle >= 0);
      assert_non_null(e.report.faults.at[0].text);
    }
    compile_done(&s);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cubes_are_right_with_solved_and_assigned_blocks),
      cmocka_unit_test(test_long_thin_and_ragged_shapes_are_right),
      cmocka_unit_test(test_every_machine_agrees),
      cmocka_unit_test(test_all_upstream_variants_agree),
      cmocka_unit_test(test_every_edit_of_the_tog_is_noticed),
  };
  return cmocka_run_group_tests(tests, suite_setup, NULL);
}
