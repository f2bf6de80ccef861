/* Faults in programs of NPUs, drawn at random: each is found, by a report that fits it or by wrong numbers; the programs without one are right.  Oracles: the interpreter's numbers within
 * their bound, whole numbers to the bit, no fault.  A fault that changes nothing is told from one that is missed by comparing what its code does with what it did: same_transfers.
 * LOOM_NPU_FAULTS=N draws so many, LOOM_NPU_FAULTS_SEED others, LOOM_NPU_FAULTS_ON=attention those of one kernel, LOOM_NPU_FAULTS_KIND=mask of kinds with that in their name;
 * LOOM_NPU_FAULTS_SHOW shows them. */
#include "compile_npu_faults.h"
#include "base/testing.h"
#include "compile_plans.h"
#include "sim/rvv/rvv.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const npu_seeded faults[] = {
#define ROW(n, s, e, r) {n, s, e, r},
    NPU_FAULT_TABLE(ROW)};
enum { N_FAULTS = sizeof faults / sizeof *faults, DEFAULT_FAULTS = N_FAULTS };

#define SIX "tests/data/kernels/six.py"
#define CORPUS "tests/data/kernels/corpus/"
#define LAYOUTS "tests/data/kernels/npu_layouts.py"
typedef struct program { const char *name; plans_case kernel; bool is_even, has_index; solve_domain block; /* so that loops run several times */ } program;
static const program programs[] = {
    {.name = "matmul", .kernel = {.file = "kernels/matmul_helion.py", .function = "matmul", .dtype = "f32", .shape = {"x=150x300,y=300x140"}}},
    {.name = "small", .kernel = {.file = "kernels/matmul_helion.py", .function = "matmul", .dtype = "f32", .shape = {"x=20x5,y=5x40"}}},
    {.name = "even", .kernel = {.file = "kernels/matmul_helion.py", .function = "matmul", .dtype = "f32", .shape = {"x=64x128,y=128x64"}}, .is_even = true},
    {.name = "pieces", .kernel = {.file = "kernels/matmul_helion.py", .function = "matmul", .dtype = "f32", .shape = {"x=32x128,y=128x64"}}, .is_even = true, .block = {.symbol = "tile_k", .assigned = 64}},
    {.name = "attention", .kernel = {.file = SIX, .function = "attention", .shape = {"q=3x50x32,k=3x71x32,v=3x71x32"}}, .block = {.symbol = "tile_n", .assigned = 32}},
    {.name = "softmax", .kernel = {.file = CORPUS "rows.py", .function = "softmax_online", .shape = {"x=70x145"}}, .block = {.symbol = "tn", .assigned = 32}},
    {.name = "rows", .kernel = {.file = CORPUS "rows.py", .function = "layer_norm", .args = "eps=0.5", .shape = {"x=64x64,weight=64,shift=64"}}, .is_even = true},
    {.name = "bmm", .kernel = {.file = SIX, .function = "bmm", .shape = {"x=3x50x70,y=3x70x45"}}},
    {.name = "gram", .kernel = {.file = LAYOUTS, .function = "gram_of_product", .dtype = "f32", .shape = {"x=3x40x50,y=3x50x30"}}},
    {.name = "lookup", .kernel = {.file = "tests/data/kernels/npu_lookup.py", .function = "embed_project", .dtype = "table=f32,weight=f32,index=i32", .shape = {"index=50,table=40x96,weight=96x30"}}, .has_index = true},
    {.name = "put", .kernel = {.file = "tests/data/kernels/npu_lookup.py", .function = "keep", .dtype = "cache=f32,x=f32,index=i32", .shape = {"cache=60x3x20,index=50,x=50x3x20"}}, .has_index = true},
    {.name = "five", .kernel = {.file = CORPUS "pointwise.py", .function = "five", .shape = {"x=2x3x2x20x40,y=2x3x2x20x40"}}},
};
enum { N_PROGRAMS = COUNT_OF(programs) };

/* A program that was compiled and is right. */
typedef struct compiled { loom_ctx ctx; compile_options o; compile_state s; compile_npu n; bool is_open; } compiled;
static compiled open_programs[N_PROGRAMS];

typedef struct verdict { bool has_place, is_caught, fits, is_same; char what[600], says[600]; } verdict;

/* Rows are looked up in no order, none twice where there are enough. */
static run_options run_of(int k) {
  enum { PLACES = 50 };
  static int32_t places[2][PLACES];
  static npy_array arrays[2];
  static run_binding bindings[2];
  const bool is_put = strcmp(programs[k].name, "put") == 0;
  run_options r = {.check = true};
  if (!programs[k].has_index)
    return r;
  for (int i = 0; i < PLACES; i++)
    places[is_put][i] = i * 7 % (is_put ? 60 : 40);
  arrays[is_put] = (npy_array){.type = DTYPE_I32, .rank = 1, .shape = {PLACES}, .elems = PLACES, .data = places[is_put]};
  bindings[is_put] = (run_binding){.name = "index", .array = &arrays[is_put]};
  r.inputs = &bindings[is_put];
  r.n_inputs = 1;
  return r;
}

static void open_program(int k) {
  compiled *c = &open_programs[k];
  compile_execution e = {0};
  const run_options r = run_of(k);
  if (c->is_open)
    return;
  c->is_open = true;
  loom_ctx_init(&c->ctx);
  plans_case_options(&c->ctx.mem, &programs[k].kernel, 0, LOOM_SOURCE_DIR "/machines/gemmini32.yaml", &c->o);
  c->o.search_host = false;
  c->o.stop_after = COMPILE_TOG;
  if (programs[k].block.symbol) {
    c->o.domains = &programs[k].block;
    c->o.n_domains = 1;
  }
  loom_status st = compile_npu_compile(&c->ctx, &c->o, &c->s, &c->n);
  if (st == LOOM_OK)
    st = compile_npu_execute(&c->s, &c->n, &r, &e);
  if (st != LOOM_OK || !e.check.ok || e.report.n_faults)
    fail_msg("%s: %s", programs[k].name, c->ctx.diag.first ? c->ctx.diag.first->text : e.report.n_faults ? e.report.faults.at[0].text : e.check.where);
}

/* ---- the same after all? ---- */

typedef struct harness { rvv_image *image; rvv_core *core; rvv_window windows[64]; int n_windows; rvv_tensor *tensors; } harness;

static harness load(compiled *c, const void *object) {
  enum { PER_TENSOR = 1 << 24 };
  const tile_graph *g = c->n.graph;
  arena *m = &c->ctx.mem;
  harness h = {.tensors = ARENA_NEW_N(m, rvv_tensor, g->tensors.n)};
  rvv_symbol *symbols = ARENA_NEW_N(m, rvv_symbol, g->tensors.n + g->buffers.n);
  size_t n = 0;
  for (size_t i = 0; i < g->tensors.n; i++) {
    h.tensors[i] = (rvv_tensor){.address = UINT64_C(1) << 44 | (uint64_t)i * PER_TENSOR * 2, .bytes = PER_TENSOR, .data = arena_alloc(m, PER_TENSOR), .may_write = true};
    symbols[n++] = (rvv_symbol){arena_printf(m, "dram_%s", g->tensors.at[i].name + strlen("arg")), h.tensors[i].address};
  }
  for (size_t i = 0; i < g->buffers.n; i++) {
    const tile_buffer *b = &g->buffers.at[i];
    uint64_t words = ((uint64_t)b->lane_bytes + 3) / 4;
    h.windows[h.n_windows++] = (rvv_window){.address = (uint64_t)b->address + ISA_SPAD_ADDRESS, .lane_bytes = words * 4, .words = arena_alloc(m, words * 4 * (size_t)c->s.machine->l1_banks)};
    symbols[n++] = (rvv_symbol){b->name, (uint64_t)b->address + ISA_SPAD_ADDRESS};
  }
  const rvv_config config = {.lanes = (int)c->s.machine->l1_banks, .vlen_bits = (int)c->s.machine->npu->vlen_bits};
  assert_int_equal(rvv_load(&c->ctx, "k.o", object, c->n.code.size, symbols, n, &config, &h.image), LOOM_OK);
  h.core = rvv_core_new(m, h.image);
  return h;
}

static bool transfer_of(harness *h, int n_tensors, const char *function, const int64_t *args, int n_args, isa_dma *out) {
  rvv_report report = {0};
  rvv_fault fault;
  rvv_job job = {.entry = rvv_find(h->image, function), .args = args, .n_args = n_args, .windows = h->windows, .n_windows = h->n_windows, .tensors = h->tensors, .n_tensors = n_tensors,
                 .budget = 1 << 24};
  if (rvv_call(h->core, &job, &report, &fault) != RVV_FINE || report.n_dmas != 1)
    return false;
  *out = report.dmas[0];
  return true;
}

typedef VEC_OF(isa_place) places;
typedef struct walk { arena *mem; places all; } walk;
static bool keep_place(void *self, const isa_place *p) {
  walk *w = self;
  vec_push(w->mem, &w->all, *p);
  return true;
}

/* The same elements to the same places, in the definition of the instruction (isa_dma_walk): what differs is a field that no element depends on, as the stride of a dim of one. */
static bool is_same_transfer(arena *mem, const isa_dma *a, const isa_dma *b, int lanes) {
  walk x = {.mem = mem}, y = {.mem = mem};
  isa_dma_walk(a, lanes, keep_place, &x);
  isa_dma_walk(b, lanes, keep_place, &y);
  bool same = (a->move == ISA_MVOUT) == (b->move == ISA_MVOUT) && a->elem_bytes == b->elem_bytes && x.all.n == y.all.n;
  if (a->is_indirect || b->is_indirect)   /* of a limit only that indices are below it */
    same = same && a->is_indirect == b->is_indirect && a->index_spad == b->index_spad && a->index_bytes == b->index_bytes && a->offset_stride == b->offset_stride && (!b->index_limit || b->index_limit >= a->index_limit);
  for (size_t i = 0; same && i < x.all.n; i++) {
    const isa_place *p = &x.all.at[i], *q = &y.all.at[i];
    same = p->lane == q->lane && p->spad == q->spad && p->is_outside == q->is_outside && (p->is_outside ? p->fill == q->fill : p->dram == q->dram);
  }
  return same;
}

/* Every transfer, at every turn of the loops around it (the first and last two where there are more), is what it was; of an object where one word of a transfer's code was edited. */
static bool same_transfers(compiled *c, const void *before, const void *after) {
  enum { TURNS_MAX = 4, POINTS_MAX = 4096 };
  const tile_graph *g = c->n.graph;
  harness was = load(c, before), is = load(c, after);
  for (size_t i = 0; i < g->nodes.n; i++) {
    const tile_node *n = &g->nodes.at[i];
    int loops[TILE_GRAPH_DEPTH_MAX], depth = 0, points = 1;
    if (!node_moves(n))
      continue;
    for (int p = n->parent; p >= 0; p = g->nodes.at[p].parent)
      loops[depth++] = p;
    for (int d = 0; d < depth; d++)
      points *= TURNS_MAX;
    for (int point = 0; point < points && point < POINTS_MAX; point++) {
      int64_t args[TILE_GRAPH_DEPTH_MAX];
      isa_dma a, b;
      for (int d = 0, rest = point; d < depth; d++, rest /= TURNS_MAX) {
        const tile_node *loop = &g->nodes.at[loops[d]];
        int64_t turns = (loop->end - loop->start + loop->stride - 1) / loop->stride, at = rest % TURNS_MAX;
        at = turns <= TURNS_MAX ? (at < turns ? at : turns - 1) : at < 2 ? at : turns - TURNS_MAX + at;
        args[depth - 1 - d] = loop->start + at * loop->stride;
      }
      if (!transfer_of(&was, (int)g->tensors.n, n->function, args, depth, &a) || !transfer_of(&is, (int)g->tensors.n, n->function, args, depth, &b) ||
          !is_same_transfer(&c->ctx.mem, &a, &b, (int)c->s.machine->l1_banks))
        return false;
    }
  }
  return true;
}

/* ---- one fault ---- */

static bool fits(const npu_seeded *f, const char *word) {
  const char *at = strstr(f->reports, word);
  return at && (at == f->reports || at[-1] == ' ') && (at[strlen(word)] == 0 || at[strlen(word)] == ' ');
}

static loom_status make_faulty(compiled *c, const npu_seeded *f, fault_site *site, bool *has_place) {
  compile_npu *n = site->n;
  if (f->stage >= IN_GRAPH) {
    *n = c->n;
    *has_place = f->edit(site);
    return LOOM_OK;
  }
  LOOM_TRY(compile_npu_make_program(&c->s, n));
  if (f->stage == IN_PROGRAM && !(*has_place = f->edit(site)))
    return LOOM_OK;
  LOOM_TRY(compile_npu_lower_program(&c->s, n));
  if (f->stage == IN_LOWERED && !(*has_place = f->edit(site)))
    return LOOM_OK;
  return compile_npu_make_code(&c->s, n);
}

static void judge(int k, const npu_seeded *f, uint64_t seed, verdict *v) {
  enum { EVENTS_MAX = 200000000 };
  compiled *c = &open_programs[k];
  compile_npu n = {0};
  compile_execution e = {0};
  const run_options r = run_of(k);
  fault_site site = {.s = &c->s, .n = &n, .r = rng_new(seed), .is_even = programs[k].is_even};
  const diag_mark before = diag_save(&c->ctx);
  const char *word = "", *said = "";
  void *object = arena_alloc(&c->ctx.mem, c->n.code.size);
  memcpy(object, c->n.code.object, c->n.code.size);
  loom_status st = make_faulty(c, f, &site, &v->has_place);
  snprintf(v->what, sizeof v->what, "%s in %s: %s", f->name, programs[k].name, site.what);
  if (!v->has_place)
    return;
  n.how.event_budget = EVENTS_MAX;
  if (st == LOOM_OK)
    st = compile_npu_execute(&c->s, &n, &r, &e);
  if (st != LOOM_OK)
    word = "refused", said = *before.last ? (*before.last)->text : "";
  else if (e.report.n_faults)
    word = npu_fault_name(n.report.faults.at[0].kind), said = n.report.faults.at[0].text;
  else if (!e.check.ok)
    word = "numbers";
  v->is_caught = *word != 0;
  v->fits = v->is_caught && fits(f, word);
  v->is_same = !v->is_caught && site.is_in_transfer && same_transfers(c, object, n.code.object);
  snprintf(v->says, sizeof v->says, "%s %s", word, said);
}

/* In a process of its own: the edit stays there. */
static void judge_apart(int k, const npu_seeded *f, uint64_t seed, verdict *shared) {
  memset(shared, 0, sizeof *shared);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    judge(k, f, seed, shared);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (status)
    fail_msg("%s in %s, seed %" PRIu64 ": the process ends with 0x%x", f->name, programs[k].name, seed, (unsigned)status);
}

/* The first of a few draws, over the programs from a random one on, that has a place for it. */
static bool draw_and_judge(const npu_seeded *f, rng *r, const char *on, verdict *v) {
  enum { DRAWS = 12 };
  int from = (int)rng_range(r, 0, N_PROGRAMS - 1);
  for (int i = 0; i < N_PROGRAMS * DRAWS; i++) {
    int k = (from + i) % N_PROGRAMS;
    if (on && strcmp(on, programs[k].name) != 0)
      continue;
    open_program(k);
    judge_apart(k, f, rng_next(r), v);
    if (v->has_place)
      return true;
  }
  return false;
}

static void test_faults_in_programs_of_npus_are_found(void **state) {
  (void)state;
  const char *number = getenv("LOOM_NPU_FAULTS"), *from = getenv("LOOM_NPU_FAULTS_SEED"), *on = getenv("LOOM_NPU_FAULTS_ON"), *kind = getenv("LOOM_NPU_FAULTS_KIND");
  int wanted = number ? atoi(number) : DEFAULT_FAULTS, done = 0, missed = 0, same = 0, placeless = 0;
  rng r = rng_new(from ? (uint64_t)strtoull(from, NULL, 10) : 1);
  verdict *v = mmap(NULL, sizeof *v, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(v != MAP_FAILED);
  int first = (int)rng_range(&r, 0, N_FAULTS - 1);
  for (int i = 0; i < wanted; i++) {
    const npu_seeded *f = &faults[(first + i) % N_FAULTS];           /* every kind comes, from one drawn at random on */
    if (kind && !strstr(f->name, kind))
      continue;
    if (!draw_and_judge(f, &r, on, v)) {
      placeless++;
      if (!on)
        print_error("no place for: %s\n", f->name);
      continue;
    }
    done++;
    same += v->is_same;
    bool is_missed = !v->fits && !v->is_same;
    missed += is_missed;
    if (getenv("LOOM_NPU_FAULTS_SHOW") || is_missed)
      print_error("%s\n  %s: %s\n", v->what, v->is_same ? "changes nothing" : !v->is_caught ? "SURVIVED" : v->fits ? "found" : "found, by another report", v->says);
  }
  munmap(v, sizeof *v);
  if (number)
    print_message("%d faults, %d missed, %d that change nothing\n", done, missed, same);
  assert_int_equal(missed, 0);
  assert_true(on || placeless == 0);
}

static int close_programs(void **state) {
  (void)state;
  for (int k = 0; k < N_PROGRAMS; k++)
    if (open_programs[k].is_open) {
      compile_npu_close(&open_programs[k].n);
      compile_done(&open_programs[k].s);
      loom_ctx_done(&open_programs[k].ctx);
    }
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults_in_programs_of_npus_are_found)};
  return cmocka_run_group_tests(tests, NULL, close_programs);
}
