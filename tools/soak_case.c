/* One kernel: its graph, its inputs, what it must give, and the verdict on what an engine gave. */
#include "soak.h"
#include "lower/lower.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NARROW_SUMS_ONE_IN = 6, NARROW_PRODUCT_ONE_IN = 2 };

static const char *const words[] = {
#define X(id, word, text) word,
    SOAK_ENGINE_LIST(X)
#undef X
};
const char *soak_engine_word(soak_engine e) { return words[e]; }

double soak_cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

bool soak_wants(const soak_case *c, soak_engine e, int one_in) {
  rng r = rng_new(c->seed * 31 + (uint64_t)e);
  bool draws = rng_range(&r, 1, one_in) == 1;
  return c->o->engines >> e & 1 && (draws || c->o->often >> e & 1);
}

/* ---- findings and refusals ---- */
void soak_find(soak_case *c, soak_engine e, const char *what) {
  soak_result *r = c->out;
  size_t n = strlen(r->text);
  if (!r->findings++)
    r->where = e;
  snprintf(r->text + n, sizeof r->text - n, "seed %" PRIu64 ", %s: %s\n  %s\n  again: soak --only %" PRIu64 "\n", c->seed, words[e], what, c->now, c->seed);
}

static const char *first_error(const diag_item *d) {
  for (; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      return d->text;
  return "no diagnostic";
}

/* Numbers differ from kernel to kernel, reasons do not. */
static void note_reason(char *to, const char *why) {
  size_t n = 0;
  for (; *why && *why != '\n' && n + 1 < SOAK_REASON_MAX; why++)
    if (*why < '0' || *why > '9')
      to[n++] = *why;
    else if (!n || to[n - 1] != '#')
      to[n++] = '#';
  to[n] = 0;
}

void soak_fail(soak_case *c, soak_engine e, loom_status st, diag_mark before) {
  const char *why = first_error(*before.last);
  if (st == LOOM_EUNSUP || st == LOOM_EINFEASIBLE || st == LOOM_ELIMIT) {
    if (!c->out->refused[e]++)
      note_reason(c->out->reason[e], why);
  } else {
    soak_find(c, e, arena_printf(&c->ctx->mem, "status %d: %s", (int)st, why));
  }
  diag_drop(c->ctx, before);
}

/* ---- the kernel ---- */
kernel_graph *soak_read(loom_ctx *ctx, const gen_kernel *g) {
  helion_given *given = ARENA_NEW_N(&ctx->mem, helion_given, g->args.n);
  for (size_t i = 0; i < g->args.n; i++) {
    const gen_tensor *a = &g->args.at[i];
    given[i] = (helion_given){.name = a->name, .kind = HELION_GIVEN_TENSOR, .type = a->type, .rank = a->rank};
    memcpy(given[i].shape, a->size, sizeof a->size);
  }
  const helion_options o = {.given = given, .n_given = g->args.n};
  syn_node *tree;
  kernel_graph *k;
  if (python_parse(ctx, "generated.py", g->source, strlen(g->source), &tree) || helion_read(ctx, tree, &o, &k) || kernel_verify(ctx, k))
    return NULL;
  return k;
}

static const gen_tensor *find_argument(const gen_kernel *g, const char *name) {
  for (size_t i = 0; g && i < g->args.n; i++)
    if (text_eq(g->args.at[i].name, name))
      return &g->args.at[i];
  return NULL;
}

/* Row-major place `at` of `shape` in a tensor of `size`. */
static int64_t place_in(int rank, const int64_t *size, const int64_t *at) {
  int64_t o = 0;
  for (int d = 0; d < rank; d++)
    o = o * size[d] + at[d];
  return o;
}

/* The corner of the argument that has the sizes of `t`; of the same sizes: all of it. */
static void cut(const gen_tensor *a, interp_tensor *t) {
  int64_t at[KERNEL_RANK_MAX] = {0};
  for (int64_t e = 0; e < t->elems; e++) {
    t->value[e] = (double)a->x[place_in(t->rank, a->size, at)];
    for (int d = t->rank - 1; d >= 0 && ++at[d] == t->shape[d]; d--)
      at[d] = 0;
  }
}

/* Contents of the arguments, by kernel tensor: of the generator's where `g` has them, else made up. */
static loom_status make_inputs(soak_case *c, const gen_kernel *g) {
  const kernel_graph *k = c->graph;
  interp_tensor *t = ARENA_NEW_N(&c->ctx->mem, interp_tensor, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n; i++) {
    const gen_tensor *a = find_argument(g, k->tensors.at[i].name);
    if (k->tensors.at[i].role != KERNEL_ARG)
      continue;
    LOOM_TRY(interp_make_input(c->ctx, k, (kernel_tensor)i, c->seed, false, &t[i]));
    bool fits = a && a->type == t[i].type && a->rank == t[i].rank;
    for (int d = 0; fits && d < a->rank; d++)
      fits = t[i].shape[d] <= a->size[d];
    if (fits)
      cut(a, &t[i]);
  }
  c->inputs = t;
  return LOOM_OK;
}

interp_tensor *soak_copy_inputs(soak_case *c) {
  arena *m = &c->ctx->mem;
  interp_tensor *t = ARENA_NEW_N(m, interp_tensor, c->graph->tensors.n);
  for (size_t i = 0; i < c->graph->tensors.n; i++) {
    t[i] = c->inputs[i];
    if (!t[i].value)
      continue;
    t[i].value = ARENA_NEW_N(m, double, t[i].elems);
    memcpy(t[i].value, c->inputs[i].value, (size_t)t[i].elems * sizeof(double));
  }
  return t;
}

/* ---- what it must give ---- */
static bool is_known(const compile_results *all, const interp_tensor *want) {
  for (size_t i = 0; i < all->n; i++)
    for (int64_t e = 0; all->at[i].tensor >= 0 && want[i].bound && e < want[i].elems; e++)
      if (want[i].bound[e] != 0)
        return false;
  return true;
}

loom_status soak_expect(soak_case *c, compile_state *s, const sym_binding *blocks, size_t n, interp_tensor **out) {
  double begin = soak_cpu_ms();
  const bool rounds_apart = s && (s->o->for_board || !s->o->accumulate_f32);
  if (c->known && !rounds_apart) {
    *out = (interp_tensor *)c->known;
    return LOOM_OK;
  }
  interp_tensor *t = soak_copy_inputs(c);
  compile_state plain = {.ctx = c->ctx, .kernel = c->graph}, *as = s ? s : &plain;
  kernel_graph *own = as->kernel;
  loom_status st;
  if (s && !c->o->fault) {
    st = compile_interpret(s, t, false);
  } else {
    VEC_OF(sym_binding) of_plan = {0};
    for (size_t i = 0; s && s->plan && i < s->plan->blocks.n; i++)
      if (kernel_find_symbol(c->graph, s->plan->blocks.at[i].symbol))
        vec_push(&c->ctx->mem, &of_plan, ((sym_binding){s->plan->blocks.at[i].symbol, s->plan->blocks.at[i].size}));
    interp_options o = {.blocks = s ? of_plan.at : blocks, .n_blocks = s ? of_plan.n : n, .op_budget = -1};
    as->kernel = c->graph;
    st = interp_run(c->ctx, c->graph, t, &o);
  }
  if (st == LOOM_OK)
    st = compile_read_results(as, &c->results, t, out);
  as->kernel = own;
  if (st == LOOM_OK && is_known(&c->results, *out) && !rounds_apart)
    c->known = *out;
  c->out->cpu_ms[SOAK_ENGINES] += soak_cpu_ms() - begin;
  return st;
}

/* What the generator says of a result; NULL: nothing. */
static const gen_tensor *generated(const gen_kernel *g, const compile_results *all, const kernel_graph *k, size_t i) {
  size_t at = 0;
  for (size_t r = 0; r < g->results.n; r++) {
    const gen_tensor *t = &g->results.at[r];
    if (t->is_argument ? i >= k->returns.n && text_eq(k->tensors.at[all->at[i].tensor].name, t->name) : i < k->returns.n && at == i)
      return t;
    at += !t->is_argument;
  }
  return NULL;
}

/* Has every engine this very result, by what the generator knows of sums and products whose numbers are all held? */
static bool is_exact(const soak_case *c, size_t result) {
  const gen_tensor *t = c->gen && !c->gen->wild ? generated(c->gen, &c->results, c->graph, result) : NULL;
  return t && t->exact && t->type != DTYPE_F64;
}

void soak_judge(soak_case *c, soak_engine e, compile_state *s, const interp_tensor *want, void *const *bytes) {
  arena *m = &c->ctx->mem;
  c->out->compared[e]++;
  for (size_t i = 0; i < c->results.n; i++) {
    kernel_tensor t = c->results.at[i].tensor;
    interp_tensor shape;
    void *got;
    if (t < 0)
      continue;
    if (compile_dense_result(s, t, bytes[kernel_root(c->graph, t)], &shape, &got) != LOOM_OK) {
      soak_find(c, e, "a result cannot be read");
      return;
    }
    interp_comparison d = interp_compare(&want[i], got, is_exact(c, i));
    c->out->unsure += (int)d.unbounded;
    if (d.ok)
      continue;
    text where = text_new(m);
    for (int k = 0; k < want[i].rank; k++)
      text_addf(&where, "%s%" PRId64, k ? ", " : "", d.worst_at[k]);
    soak_find(c, e, arena_printf(m, "%s[%s] is %.17g, the interpreter has %.17g, the bound is %g; %" PRId64 " of %" PRId64 " elements are wrong", c->results.at[i].name, text_str(&where),
                                 d.worst_got, d.worst_want, d.worst_bound, d.wrong, d.elems));
    return;
  }
}

/* ---- the interpreter against the generator ---- */
static void check_exact(soak_case *c, const interp_tensor *got) {
  arena *m = &c->ctx->mem;
  if (!c->gen || !(c->o->engines >> SOAK_EXACT & 1))
    return;
  c->out->compared[SOAK_EXACT]++;
  for (size_t i = 0; i < c->results.n; i++) {
    const gen_tensor *want = c->results.at[i].tensor < 0 ? NULL : generated(c->gen, &c->results, c->graph, i);
    if (!want)
      continue;
    if (got[i].elems != want->elems || got[i].type != want->type) {
      soak_find(c, SOAK_EXACT, arena_printf(m, "%s has %" PRId64 " elements of %s; expected %" PRId64 " of %s", want->name, got[i].elems, dtype_torch(got[i].type), want->elems,
                                            dtype_torch(want->type)));
      return;
    }
    for (int64_t e = 0; e < want->elems && !c->gen->wild; e++) {
      double bound = got[i].bound ? got[i].bound[e] : 0;
      long double error = fabsl((long double)got[i].value[e] - want->x[e]);
      /* the interpreter computes in double, which a bound of 0 does not show for f64; the exact value itself has 64 bits */
      long double own = (want->type == DTYPE_F64 ? 1e-12L : dtype_is_float(want->type) ? 0x1p-46L : 0) * fmaxl(1, fabsl(want->x[e]));
      if (error <= (long double)bound + own)
        continue;
      soak_find(c, SOAK_EXACT, arena_printf(m, "%s[%" PRId64 "]: the interpreter has %.17g, exactly it is %.17Lg, the bound is %g", want->name, e, got[i].value[e], want->x[e], bound));
      return;
    }
  }
}

void soak_measure(soak_case *c, compile_state *s, const interp_tensor *want, void *const *bytes) {
  soak_result *r = c->out;
  for (size_t i = 0; c->gen && !c->gen->wild && i < c->results.n; i++) {
    const kernel_tensor t = c->results.at[i].tensor;
    const gen_tensor *exact = t < 0 ? NULL : generated(c->gen, &c->results, c->graph, i);
    interp_tensor shape;
    void *got;
    if (!exact || !want[i].bound || want[i].type == DTYPE_F64 || exact->elems != want[i].elems || compile_dense_result(s, t, bytes[kernel_root(c->graph, t)], &shape, &got) != LOOM_OK)
      continue;      /* f64: what all engines round alike has no bound */
    for (int64_t e = 0; e < want[i].elems; e++) {
      const double bound = want[i].bound[e], error = fabs((double)((long double)dtype_load(want[i].type, (const char *)got + (size_t)e * dtype_bytes(want[i].type)) - exact->x[e]));
      if (!(error > 0) || !isfinite(bound) || bound == 0)
        continue;
      const int slack = ilogb(bound / error);
      r->inexact++;
      r->slack[slack < 0 ? 0 : slack < SOAK_SLACKS ? slack : SOAK_SLACKS - 1]++;
      r->tightest = fmax(r->tightest, error / bound);
    }
  }
}

/* ---- a fault of a test ---- */
static void swap_subtractions(kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    kernel_op *op = r->ops.at[i];
    for (int k = 0; k < op->n_regions; k++)
      swap_subtractions(&op->regions[k]);
    if (op->kind != KERNEL_BINARY || op->fn != KERNEL_FN_SUB)
      continue;
    kernel_value a = op->operands[0];
    op->operands[0] = op->operands[1];
    op->operands[1] = a;
  }
}

static kernel_graph *copy_graph(loom_ctx *ctx, const kernel_graph *k) {
  kernel_graph *copy;
  return kernel_from_data(ctx, kernel_to_data(&ctx->mem, k), &copy) == LOOM_OK ? copy : NULL;
}

/* ---- all engines ---- */
compile_options soak_compile_options(const soak_case *c, const machine *m) {
  return (compile_options){.input = "generated.py", .graph = c->given, .loaded_machine = m, .model = MODEL_LOOM, .accumulate_f32 = c->sums_f32, .topk = 1, .etg_gen = 3, .run_threads = 1};
}

loom_status soak_open(soak_case *c, const machine *m, compile_options *o, compile_state *s) {
  *o = soak_compile_options(c, m);
  o->search_host = true;
  o->stop_after = COMPILE_NEST;
  return compile_kernel(c->ctx, o, s);
}

static void timed(soak_case *c, soak_engine as, void (*run)(soak_case *c)) {
  double begin = soak_cpu_ms(), other = c->out->cpu_ms[SOAK_ENGINES];
  c->now = "";
  run(c);
  c->out->cpu_ms[as] += soak_cpu_ms() - begin - (c->out->cpu_ms[SOAK_ENGINES] - other);
}

static void run_engines(soak_case *c) {
  interp_tensor *got;
  diag_mark before = diag_save(c->ctx);
  c->results = compile_list_results(&c->ctx->mem, c->graph);
  loom_status st = soak_expect(c, NULL, NULL, 0, &got);
  if (st != LOOM_OK) {
    soak_fail(c, SOAK_EXACT, st, before);
    return;
  }
  soak_count_cells(c, NULL, 0, c->out);
  check_exact(c, got);
  c->given = c->graph;
  if (c->o->fault && (c->given = copy_graph(c->ctx, c->graph)))
    swap_subtractions(&c->given->body);
  timed(c, SOAK_O0, soak_host);
  timed(c, SOAK_CHIP, soak_chip);
  timed(c, SOAK_PLANNED, soak_planned);
  timed(c, SOAK_NPU, soak_npu);
  timed(c, SOAK_TT, soak_tt);
}

void soak_run(const soak_options *o, uint64_t seed, kernel_graph *graph, soak_result *out) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  double begin = soak_cpu_ms();
  soak_case c = {.ctx = &ctx, .o = o, .seed = seed, .out = out, .now = "", .graph = graph};
  *out = (soak_result){.seed = seed};
  const gen_kernel *g = !graph || o->of_seed ? gen_make(&ctx.mem, seed, o->steps) : NULL;
  c.sums_f32 = seed % (g && g->is_product ? NARROW_PRODUCT_ONE_IN : NARROW_SUMS_ONE_IN) != 0;
  if (!graph) {
    c.gen = g;
    c.graph = soak_read(&ctx, g);
    out->is_spatial = g->is_spatial;
  }
  const bool has_inputs = c.graph && make_inputs(&c, g) == LOOM_OK;
  if (!has_inputs)
    soak_find(&c, SOAK_EXACT, arena_printf(&ctx.mem, "%s: %s", c.graph ? "no inputs can be made" : "the front end refuses the kernel", first_error(ctx.diag.first)));
  out->cpu_ms[SOAK_ENGINES] = soak_cpu_ms() - begin;
  if (has_inputs)
    run_engines(&c);
  soak_free_memory(&c);
  loom_ctx_done(&ctx);
}
