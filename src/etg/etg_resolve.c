/* Costs for calls that have none: upstream's p02. */
#include "base/text.h"
#include "etg/etg_private.h"

void etg_split_cost(arena *m, const sym_expr *cost, const char *wrapper, etg_scenarios *out) {
  const sym_expr *open = sym_make(m, SYM_TRUE, NULL, NULL, NULL);      /* what no scenario so far covers */
  for (; cost->op == SYM_IF; cost = cost->arg[2]) {
    const sym_expr *guard = sym_make(m, SYM_AND, open, cost->arg[0], NULL), *not = sym_make(m, SYM_NOT, cost->arg[0], NULL, NULL);
    vec_push(m, out, ((etg_scenario){etg_make_expr(guard), etg_make_expr(cost->arg[1]), wrapper}));
    open = sym_make(m, SYM_AND, open, not, NULL);
  }
  vec_push(m, out, ((etg_scenario){etg_make_expr(open), etg_make_expr(cost), wrapper}));
}

typedef VEC_OF(machine_arg) machine_args;

static bool has_arg(const machine_args *a, const char *symbol) {
  for (size_t i = 0; i < a->n; i++)
    if (text_eq(a->at[i].symbol, symbol))
      return true;
  return false;
}

/* Transfers as generation 1 called them: who shares, whole dims of the mesh each.  Some pass the elements as `size`. */
typedef struct older_transfer { const char *name, *func; bool is_shared[2]; } older_transfer;
static const older_transfer older_transfers[] = {
    {"d", "dram_to_l1_f16", {false, false}},
    {"h", "dram_to_l1_bcst", {true, false}},
    {"v", "dram_to_l1_bcst", {false, true}},
    {"a", "dram_to_l1_bcst", {true, true}},
    {"dram_to_l1_1d_bcst_f16", "dram_to_l1_bcst", {true, false}},
    {"dram_to_l1_1d_bcst_h_f16", "dram_to_l1_bcst", {true, false}},
    {"dram_to_l1_1d_bcst_v_f16", "dram_to_l1_bcst", {false, true}},
    {"dram_to_l1_2d_bcst_f16", "dram_to_l1_bcst", {true, true}},
};

static const older_transfer *find_older(const machine *m, const char *name) {
  for (size_t i = 0; i < sizeof older_transfers / sizeof *older_transfers; i++)
    if (text_eq(older_transfers[i].name, name) && !machine_find_func(m, name))
      return &older_transfers[i];
  return NULL;
}

static void add_older(arena *mem, const machine *m, const older_transfer *t, machine_args *args) {
  static const char *const dims[] = {"bcst_x", "bcst_y"};
  for (size_t d = 0; d < 2; d++)
    if (!has_arg(args, dims[d]))
      vec_push(mem, args, ((machine_arg){dims[d], sym_const(mem, t->is_shared[d] && d < m->mesh.n ? m->mesh.at[d].size : 1)}));
  for (size_t i = 0; i < args->n; i++)
    if (text_eq(args->at[i].symbol, "size"))
      args->at[i].symbol = "M";
  if (!has_arg(args, "N"))
    vec_push(mem, args, ((machine_arg){"N", sym_const(mem, 1)}));
}

/* Older files do not pass what newer perf sets ask for: nobody shares, nobody contends. */
static void add_defaults(arena *m, machine_args *args) {
  static const struct { const char *symbol; int64_t value; } defaults[] = {{"effective_bandwidth", 10}, {"bcst_x", 1}, {"bcst_y", 1}};
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (!has_arg(args, defaults[i].symbol))
      vec_push(m, args, ((machine_arg){defaults[i].symbol, sym_const(m, defaults[i].value)}));
}

typedef struct resolver { loom_ctx *ctx; const machine *m; const char *wrapper; } resolver;

/* The unit or mover that a placed call names; NULL: none, or the machine has no such one and its first function of that name counts. */
static const char *unit_of(const resolver *r, const etg_call *c) {
  const data_value *array = data_get(c->target, "array");
  if (!array || array->kind != DATA_STRING)
    return NULL;
  for (size_t i = 0; i < r->m->units.n; i++)
    if (text_eq(r->m->units.at[i].name, array->string))
      return array->string;
  for (size_t i = 0; i < r->m->movers.n; i++)
    if (text_eq(r->m->movers.at[i], array->string))
      return array->string;
  etg_warn_once(r->ctx, array->span, arena_printf(&r->ctx->mem, "machine '%s' has no unit or mover '%s'; its first function '%s' is taken", r->m->name, array->string, c->func));
  return NULL;
}

loom_status etg_fail_unknown_func(loom_ctx *ctx, const machine *m, loom_span span, const char *name) {
  VEC_OF(const char *) names = {0};
  const machine_perf *p = m->perf.n ? &m->perf.at[m->calibration] : NULL;
  for (size_t i = 0; p && i < p->funcs.n; i++)
    vec_push(&ctx->mem, &names, p->funcs.at[i].name);
  for (size_t i = 0; p && i < p->aliases.n; i++)
    vec_push(&ctx->mem, &names, p->aliases.at[i].name);
  diag_error(ctx, span, LOOM_EUNSUP, "machine '%s' has no function '%s' in perf set '%s'", m->name, name, p ? p->name : "none");
  const char *near = diag_nearest(name, names.at, names.n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "'loom machine show %s' lists the functions; --calibration chooses another set", m->name);
  return LOOM_EUNSUP;
}

static loom_status find_func(const resolver *r, const etg_call *c, const older_transfer *older, const machine_func **out) {
  const char *unit = unit_of(r, c), *name = older ? older->func : c->func;
  *out = unit ? machine_find_func_on(r->m, unit, name) : NULL;
  *out = *out ? *out : machine_find_func(r->m, name);
  return *out ? LOOM_OK : etg_fail_unknown_func(r->ctx, r->m, c->span, c->func);
}

static loom_status resolve_call(resolver *r, etg_call *c) {
  if (c->cycles)
    return LOOM_OK;
  const older_transfer *older = find_older(r->m, c->func);
  const machine_func *f = NULL;
  machine_args args = {0};
  LOOM_TRY(find_func(r, c, older, &f));
  for (size_t i = 0; i < c->args.n; i++)
    vec_push(&r->ctx->mem, &args, ((machine_arg){c->args.at[i].symbol, c->args.at[i].value.is}));
  if (older)
    add_older(&r->ctx->mem, r->m, older, &args);
  add_defaults(&r->ctx->mem, &args);
  for (size_t i = 0; i < f->symbols.n; i++)
    if (!has_arg(&args, f->symbols.at[i])) {
      diag_error(r->ctx, c->span, LOOM_EINPUT, "this call of '%s' does not say what '%s' is", c->func, f->symbols.at[i]);
      diag_help(r->ctx, "add [\"%s\", expression] to the entries of its sym_map", f->symbols.at[i]);
      return LOOM_EINPUT;
    }
  LOOM_TRY(machine_func_cost(r->ctx, f, args.at, args.n, &c->cycles));
  etg_split_cost(&r->ctx->mem, c->cycles, r->wrapper, &c->scenarios);
  return LOOM_OK;
}

enum { CALLS_IN_A_ROW = 16 };

/* Their costs, one behind the other; of many calls in halves, so that a sum of thousands is not as deep as it is long: readers take 128 levels of JSON. */
static const sym_expr *sum_calls(arena *m, etg_call *const *calls, size_t n) {
  if (n > CALLS_IN_A_ROW)
    return sym_add(m, sum_calls(m, calls, n / 2), sum_calls(m, calls + n / 2, n - n / 2));
  const sym_expr *sum = sym_const(m, 0);
  for (size_t i = 0; i < n; i++)
    sum = sym_add(m, sum, calls[i]->cycles);
  return sum;
}

static loom_status resolve_branch(resolver *r, etg_branch *b) {
  for (size_t i = 0; i < b->calls.n; i++)
    LOOM_TRY(resolve_call(r, b->calls.at[i]));
  if (b->cycles)
    return LOOM_OK;
  const sym_expr *sum = sum_calls(&r->ctx->mem, b->calls.at, b->calls.n);
  /* one scenario that always holds, its cost the sum of choices: products of all alternatives would double with every call */
  const sym_expr *always = sym_make(&r->ctx->mem, SYM_TRUE, NULL, NULL, NULL);
  vec_push(&r->ctx->mem, &b->scenarios, ((etg_scenario){etg_make_expr(always), etg_make_expr(sum), r->wrapper}));
  b->cycles = sum;
  return LOOM_OK;
}

static loom_status resolve_block(resolver *r, etg_block *b) {
  const etg_scope *scopes[] = {&b->load, &b->compute, &b->store};
  for (size_t s = 0; s < sizeof scopes / sizeof *scopes; s++)
    for (size_t i = 0; i < scopes[s]->n; i++) {
      etg_stage *stage = scopes[s]->at[i];
      if (stage->loop)
        LOOM_TRY(resolve_block(r, stage->loop));
      for (size_t k = 0; k < stage->branches.n; k++)
        LOOM_TRY(resolve_branch(r, stage->branches.at[k]));
    }
  return LOOM_OK;
}

loom_status etg_resolve(loom_ctx *ctx, etg_file *e, const machine *m) {
  for (size_t i = 0; i < e->variants.n; i++) {
    resolver r = {ctx, m, e->variants.at[i]->generation == 3 ? "Expression" : "Concrete"};
    for (size_t k = 0; k < e->variants.at[i]->memories.n; k++)
      if (e->variants.at[i]->memories.at[k].capacity == ETG_CAPACITY_UNTOLD)
        e->variants.at[i]->memories.at[k].capacity = m->l1_bytes;
    LOOM_TRY(resolve_block(&r, e->variants.at[i]->kernel));
  }
  return LOOM_OK;
}
