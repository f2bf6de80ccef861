/* A right program to seed faults into, and the checks that a faulty one meets; included by compile_mutate_test.c only. */
#ifndef LOOM_COMPILE_MUTATE_BENCH_H
#define LOOM_COMPILE_MUTATE_BENCH_H
#include "compile_exec.h"
#include "compile_mutate.h"
#include "compile_mutate_same.h"
#include "compile_plans.h"
#include "tog/build/tog_build.h"

/* Inputs.  WHOLE: where the kernel maps whole numbers to whole numbers.  STEEP: rows of very different size, so that a softmax must subtract its maximum. */
enum { BENCH_SOFTMAX = 1, BENCH_LOOPS = 2 };     /* traits: what the kernel has */
enum { BENCH_REAL, BENCH_WHOLE, BENCH_STEEP, BENCH_INPUTS };

typedef struct bench {
  loom_ctx ctx;
  compile_options options;
  compile_state s;
  plans_case c;
  unsigned traits;
  bool has_turns;                       /* the program has an innermost loop with more than one turn */
  const char *plan;                     /* on the command line */
  compile_results all;
  interp_tensor *inputs[BENCH_INPUTS], *want[BENCH_INPUTS];   /* NULL: not run */
  void **right_bytes[BENCH_INPUTS];     /* what the right program gives, by result */
  tog *right;
  codegen_image *image;
  sim_tile_fn *functions;
  uint64_t number;                      /* compile_mutate_same.h */
} bench;

enum { MUTATE_BY = 48, MUTATE_SAYS = 400 };
/* What became of a mutant, in memory that processes share. */
typedef struct verdict {
  bool is_done, has_place, is_caught, is_equivalent;
  char by[MUTATE_BY];                   /* the check that objects */
  char what[MUTATE_SAYS], says[MUTATE_SAYS];
} verdict;

/* ---- the right program ---- */

/* Scores of some rows of the first argument are far below 0 with all others, of some keys far above those of the keys around them, of
 * others above those of all keys before them. */
static inline void bench_make_steep(bench *b, interp_tensor *t) {
  static const double first[] = {-32, -2, 0.5, 8}, others[] = {1, 2, 4, 8};
  rng r = rng_new(17);
  for (size_t k = 0; k < b->s.kernel->tensors.n; k++) {
    int64_t row = t[k].rank > 0 && t[k].shape[t[k].rank - 1] > 0 ? t[k].shape[t[k].rank - 1] : 1;
    int64_t rows = t[k].rank > 1 && t[k].shape[t[k].rank - 2] > 0 ? t[k].shape[t[k].rank - 2] : 1;
    double by = 1, slow = 1;
    for (int64_t i = 0; t[k].value && i < t[k].elems; i++) {
      slow = k == 0 || i % (20 * row) ? slow : rng_range(&r, 0, 1) ? 1 : 0.25;
      by = i % row ? by : slow * (k == 0 ? first : others)[rng_range(&r, 0, 3)];
      bool is_ramp = k > 0 && i / (row * rows) % 2 == 0;
      if (is_ramp)
        by = 1 + 0.5 * (double)(i / row % rows);
      unsigned char stored[16];
      dtype_store(t[k].type, stored, is_ramp ? by : fabs(t[k].value[i]) * by);
      t[k].value[i] = dtype_load(t[k].type, stored);
    }
  }
}

static inline loom_status bench_oracle(bench *b, int kind) {
  run_options r = {.seed = 3};
  interp_tensor *t = ARENA_NEW_N(&b->ctx.mem, interp_tensor, b->s.kernel->tensors.n);
  b->inputs[kind] = ARENA_NEW_N(&b->ctx.mem, interp_tensor, b->s.kernel->tensors.n);
  LOOM_TRY(compile_make_inputs(&b->s, &r, kind == BENCH_WHOLE, t));
  if (kind == BENCH_STEEP)
    bench_make_steep(b, t);
  memcpy(b->inputs[kind], t, b->s.kernel->tensors.n * sizeof *t);
  LOOM_TRY(compile_interpret(&b->s, t, kind == BENCH_WHOLE));
  return compile_read_results(&b->s, &b->all, t, &b->want[kind]);
}

/* Does a loop run more than once, and does a gather have more than one row?  What is carried from turn to turn, or summed, can only then go wrong. */
static inline bool bench_has_rows(const tog *t, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP ? !bench_has_rows(t, &n->body) : n->kind == TOG_COLLECT && t->buffers.at[n->buffer].shape[0] < 2)
      return false;
  }
  return true;
}

/* On the first core, in first turns. */
static inline bool bench_has_turns(bench *b, const tog_body *body, sym_binding *names, size_t n) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *o = body->at[i];
    int64_t trip = 0;
    bool is_inner = true;
    if (o->kind != TOG_LOOP)
      continue;
    for (size_t k = 0; k < o->body.n; k++)
      is_inner = is_inner && o->body.at[k]->kind != TOG_LOOP;
    names[n] = (sym_binding){o->var, 0};
    if (sym_eval(&b->ctx, o->trip, names, n, &trip) == LOOM_OK && trip > 0 && (is_inner ? trip > 1 : bench_has_turns(b, &o->body, names, n + 1)))
      return true;
  }
  return false;
}

static inline bool bench_turns(bench *b) {
  sym_binding names[TOG_MESH_MAX + TOG_DEPTH_MAX];
  const tog *t = b->s.tog;
  for (int d = 0; d < t->n_mesh; d++)
    names[d] = (sym_binding){t->mesh_name[d], 0};
  return bench_has_turns(b, &t->body, names, (size_t)t->n_mesh);
}

enum { BENCH_DRAWS = 40 };
/* A plan, by preference one whose program has turns, where the kernel has loops, and rows to add up. */
static inline loom_status bench_draw(bench *b, uint64_t seed) {
  compile_state *s = &b->s;
  plans_space x;
  plan *p;
  rng r = rng_new(seed);
  LOOM_TRY(plans_open(s, &x));
  for (int i = 0; i < BENCH_DRAWS; i++) {
    LOOM_TRY(plans_draw(&x, &r, &p));
    if (!p)
      LOOM_FAIL(&b->ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no plan fits");
    b->plan = plans_describe(&b->ctx.mem, p);
    s->plan = p;
    s->plans.n = 0;
    vec_push(&b->ctx.mem, &s->plans, p);
    ir_close_module(s->bufferized);
    s->bufferized = (MlirModule){NULL};
    LOOM_TRY(materialize_plans(&s->ir, s->canonical, s->nest, s->machine, (const plan *const *)s->plans.at, 1, &s->bufferized));
    LOOM_TRY(tog_build(&s->ir, s->bufferized, NULL, s->machine, &s->tog));
    b->has_turns = bench_turns(b);
    if ((b->has_turns || !(b->traits & BENCH_LOOPS)) && bench_has_rows(s->tog, &s->tog->body))
      break;
  }
  return LOOM_OK;
}

static inline loom_status bench_program(bench *b, uint64_t seed) {
  compile_state *s = &b->s;
  LOOM_TRY(compile_kernel(&b->ctx, &b->options, s));
  LOOM_TRY(bench_draw(b, seed));
  b->right = s->tog;
  b->number = same_number(&b->ctx, b->right);
  b->all = compile_list_results(&b->ctx.mem, s->kernel);
  LOOM_TRY(bench_oracle(b, BENCH_REAL));
  if (compile_is_whole(s->kernel))
    LOOM_TRY(bench_oracle(b, BENCH_WHOLE));
  if (b->traits & BENCH_SOFTMAX)
    LOOM_TRY(bench_oracle(b, BENCH_STEEP));
  return compile_tiles(s, &b->image, &b->functions);
}

/* Call bench_close in any case. */
static inline loom_status bench_open(bench *b, const plans_case *c, int shape, const char *machine_name, unsigned traits, uint64_t seed) {
  memset(b, 0, sizeof *b);
  loom_ctx_init(&b->ctx);
  b->c = *c;
  b->traits = traits;
  b->options = (compile_options){.input = arena_printf(&b->ctx.mem, "%s/%s", LOOM_SOURCE_DIR, c->file), .machine = machine_name, .helion = {.function = c->function},
                                 .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_NEST};
  plans_read_shape(&b->ctx.mem, c->shape[shape], &b->options.helion);
  plans_read_given(&b->ctx.mem, c, &b->options.helion);
  return bench_program(b, seed);
}

static inline void bench_close(bench *b) {
  if (b->image)
    codegen_unlink(b->image);
  compile_done(&b->s);
  loom_ctx_done(&b->ctx);
}

/* ---- the checks ---- */

static inline const char *bench_error(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      return d->text;
  return "no diagnostic";
}

static inline bool bench_caught(verdict *v, const char *by, const char *says) {
  v->is_caught = true;
  snprintf(v->by, sizeof v->by, "%s", by);
  snprintf(v->says, sizeof v->says, "%s", says);
  return true;
}

/* The rule of tog_verify and tog_verify_points that says this. */
static inline const char *bench_rule(const char *says) {
  static const char *const rules[][2] = {
      {"are called", "names"}, {"bytes a slot, but", "slots"}, {"the slots of buffer", "slots"}, {"convert in a compute node", "types"}, {"not marked as", "inputs and outputs"},
      {"has room for", "slots"}, {"it needs one send", "gathers"}, {"which nothing collects", "gathers"}, {"which nothing sends to", "gathers"}, {"sends to row", "gathers"},
      {"without waiting for it", "waits"}, {"waits for", "partners"}, {"slot(s) of buffer", "balance"}, {"but no load ever", "balance"}, {"neither waits for the other", "consumers"},
      {"share bytes while both", "overlap"}, {"is off the mesh", "gathers"}, {"is written twice", "coverage"}, {" times", "coverage"}, {"are written", "coverage"},
      {"tiles of output", "coverage"}, {"moves elements", "ranges"}, {"puts elements", "ranges"}, {"of the L1, but", "L1 range"}, {"", "partners"}};
  for (size_t i = 0;; i++)
    if (strstr(says, rules[i][0]))
      return rules[i][1];
}

/* One run of the virtual chip, without the verifier; out_results: bytes by kernel tensor. */
static inline loom_status bench_simulate(bench *b, const sim_tile_fn *functions, int kind, sim_report *report, void **out_results) {
  compile_state *s = &b->s;
  arena *m = &b->ctx.mem;
  void **dram = ARENA_NEW_N(m, void *, s->tog->tensors.n);
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    kernel_tensor k = compile_tensor_of_argument(s->kernel, t->arg);
    dram[i] = t->is_output && !t->is_input ? arena_alloc(m, (size_t)tog_tensor_elems(t) * dtype_bytes(t->type)) : compile_to_bytes(m, &b->inputs[kind][k]);
    out_results[k] = dram[i];
  }
  sim_exec exec = {functions, s->tog->functions.n};
  return sim_run(&b->ctx, s->tog, s->machine, &(sim_options){.exec = &exec, .tensors = dram}, report);
}

/* A number that is none where the interpreter's is one, also where its bound is infinite: the right program gives numbers there. */
static inline bool bench_lost_number(const interp_tensor *want, const void *got) {
  size_t width = dtype_bytes(want->type);
  for (int64_t i = 0; i < want->elems; i++)
    if (isfinite(want->value[i]) && !isfinite(dtype_load(want->type, (const unsigned char *)got + (size_t)i * width)))
      return true;
  return false;
}

/* The chip with values: faults, then numbers.  *out_bytes: by inputs and result. */
static inline bool bench_run(bench *b, const sim_tile_fn *functions, verdict *v, void **out_bytes[BENCH_INPUTS]) {
  arena *m = &b->ctx.mem;
  for (int kind = 0; kind < BENCH_INPUTS; kind++) {
    sim_report report;
    run_check c = {0};
    bool whole = kind == BENCH_WHOLE;
    void **bytes = ARENA_NEW_N(m, void *, b->s.kernel->tensors.n), **by_result = ARENA_NEW_N(m, void *, b->all.n);
    out_bytes[kind] = by_result;
    if (!b->inputs[kind])
      continue;
    if (bench_simulate(b, functions, kind, &report, bytes) != LOOM_OK)
      return bench_caught(v, "chip: refused", bench_error(&b->ctx));
    if (report.n_faults)
      return bench_caught(v, arena_printf(m, "chip: %s", sim_fault_name(report.faults.at[0].kind)), report.faults.at[0].text);
    for (size_t i = 0; i < b->all.n; i++)
      by_result[i] = b->all.at[i].tensor < 0 ? NULL : bytes[kernel_root(b->s.kernel, b->all.at[i].tensor)];
    compile_compare(&b->s, &b->all, b->want[kind], by_result, whole, &c);
    if (whole ? !c.integers_ok : c.wrong > 0)
      return bench_caught(v, whole ? "whole numbers" : "values",
                          whole ? "whole numbers differ" : arena_printf(m, "%" PRId64 " of %" PRId64 " elements beyond their bound; %s: error %g of %g", c.wrong, c.elems, c.where, c.error, c.bound));
    for (size_t i = 0; i < b->all.n; i++)
      if (by_result[i] && bench_lost_number(&b->want[kind][i], by_result[i]))
        return bench_caught(v, "values", "an element is not finite; the interpreter's is");
  }
  return false;
}

/* What a larger computation, or a turn too many, reads beyond the right one is what nobody has written into a slot since it was reserved: NaN (a box outside its
 * tensor was caught before).  Had it reached an element that is stored, that would be NaN. */
static inline bool bench_same_bytes(const bench *b, void **const bytes[BENCH_INPUTS]) {
  for (int kind = 0; kind < BENCH_INPUTS; kind++)
    for (size_t i = 0; b->inputs[kind] && i < b->all.n; i++)
      if (bytes[kind][i] && memcmp(bytes[kind][i], b->right_bytes[kind][i], (size_t)b->want[kind][i].elems * dtype_bytes(b->want[kind][i].type)) != 0)
        return false;
  return true;
}

static inline bool bench_same_functions(const tog *a, const tog *b) {
  bool same = a->functions.n == b->functions.n;
  for (size_t i = 0; same && i < a->functions.n; i++)
    same = strcmp(a->functions.at[i].mlir, b->functions.at[i].mlir) == 0;
  return same;
}

static inline bool bench_check_tog(bench *b, verdict *v, void **out_bytes[BENCH_INPUTS]) {
  loom_ctx *ctx = &b->ctx;
  compile_state *s = &b->s;
  codegen_image *image;
  sim_tile_fn *functions = b->functions;
  if (tog_check(ctx, s->tog) != LOOM_OK)
    return bench_caught(v, "TOG: form", bench_error(ctx));
  tog_chip chip = compile_chip(s->machine);
  if (tog_verify(ctx, s->tog) != LOOM_OK || tog_verify_points(ctx, s->tog, &chip) != LOOM_OK)
    return bench_caught(v, arena_printf(&ctx->mem, "TOG: %s", bench_rule(bench_error(ctx))), bench_error(ctx));
  if (!bench_same_functions(s->tog, b->right) && compile_tiles(s, &image, &functions) != LOOM_OK)
    return bench_caught(v, "tile functions", bench_error(ctx));
  return bench_run(b, functions, v, out_bytes);
}

static inline bool bench_check_ir(bench *b, verdict *v) {
  loom_ctx *ctx = &b->ctx;
  compile_state *s = &b->s;
  if (ir_verify(&s->ir, s->bufferized) != LOOM_OK)
    return bench_caught(v, "MLIR verifier", bench_error(ctx));
  if (dialect_verify(&s->ir, s->bufferized) != LOOM_OK)
    return bench_caught(v, "dialect verifier", bench_error(ctx));
  if (tog_build(&s->ir, s->bufferized, NULL, s->machine, &s->tog) != LOOM_OK)
    return bench_caught(v, "TOG: not made", bench_error(ctx));
  return false;
}

/* Seeds one fault and lets every check have its say: in a process of its own, for the program is edited in place. */
static inline void bench_try(bench *b, const mutate_operator *op, uint64_t seed, verdict *v) {
  mutation m = {.s = &b->s, .has_turns = b->has_turns, .mem = &b->ctx.mem, .r = rng_new(seed)};
  void **bytes[BENCH_INPUTS];
  v->has_place = op->apply(&m);
  snprintf(v->what, sizeof v->what, "%s", m.what);
  if (v->has_place && !(op->in_ir && bench_check_ir(b, v))) {
    tog_number(b->s.tog);
    if (!bench_check_tog(b, v, bytes))
      v->is_equivalent = (b->number != 0 && same_number(&b->ctx, b->s.tog) == b->number) || (m.only_grows && bench_same_bytes(b, bytes));
  }
  v->is_done = true;
}
#endif
