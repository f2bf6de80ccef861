/* Do the guards of a function's scenarios exclude each other and leave no gap?  A search over a small grid, which finds a witness or says
 * nothing: multiples of 32, the constants of the guards and their neighbours, and quotients of those constants (for guards on products). */
#include "base/text.h"
#include "machine/machine_private.h"
#include <stdlib.h>

enum { POINTS_MAX = 16384, VALUES_MAX = 128, SYMBOLS_MAX = 16 };

typedef struct grid { int64_t value[VALUES_MAX]; size_t n; } grid;

static void add_value(grid *g, int64_t v) {
  for (size_t i = 0; i < g->n; i++)
    if (g->value[i] == v)
      return;
  if (v >= 1 && g->n < VALUES_MAX)
    g->value[g->n++] = v;
}

static void add_constants(grid *g, const sym_expr *e) {
  static const int64_t parts[] = {1, 32, 64, 128};
  for (size_t i = 0; e->op == SYM_CONST && i < sizeof parts / sizeof *parts; i++)
    for (int64_t step = -1; step <= 1; step++)
      if (e->value > 0 && e->value < INT32_MAX)
        add_value(g, e->value / parts[i] + step);
  for (int i = 0; i < sym_op_operands(e->op); i++)
    add_constants(g, e->arg[i]);
}

/* Multiples of 32 first: tiles are such, so a witness among them is the one worth showing. */
static int by_tile_then_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  int tiles = (x % 32 != 0) - (y % 32 != 0);
  return tiles ? tiles : (x > y) - (x < y);
}

static grid make_grid(const machine_func *f, size_t n_symbols) {
  static const int64_t first[] = {32, 64, 256}, rest[] = {128, 512, 1, 31, 33, 1024, 2048, 4096, 8192, 96, 160, 16};
  grid g = {0};
  for (size_t i = 0; i < sizeof first / sizeof *first; i++)
    add_value(&g, first[i]);
  add_constants(&g, f->when);
  for (size_t i = 0; i < f->scenarios.n; i++)
    add_constants(&g, f->scenarios.at[i].when);
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
    add_value(&g, rest[i]);
  size_t room = VALUES_MAX;
  for (;; room--) {
    size_t points = 1;
    for (size_t i = 0; i < n_symbols && points <= POINTS_MAX; i++)
      points *= room;
    if (points <= POINTS_MAX)
      break;
  }
  g.n = g.n < room ? g.n : room;
  qsort(g.value, g.n, sizeof *g.value, by_tile_then_size);
  return g;
}

typedef struct guards {
  const machine_func *func;
  size_t n_free, free[SYMBOLS_MAX];       /* symbols that the guards depend on */
  sym_code *when;
  VEC_OF(sym_code *) domain;              /* conditions that all scenarios share: like `when`, they say for what sizes the function is */
  VEC_OF(sym_code *) scenario;
  VEC_OF(sym_code *) throughput;
  int64_t at[SYMBOLS_MAX];                /* the point looked at */
  bool told_overlap, told_gap, told_rate;
} guards;

static bool depends(const machine_func *f, const char *symbol) {
  bool yes = sym_depends(f->when, symbol);
  for (size_t i = 0; i < f->scenarios.n; i++)
    yes = yes || sym_depends(f->scenarios.at[i].when, symbol) || sym_depends(f->scenarios.at[i].throughput, symbol);
  return yes;
}

static bool has_condition(const sym_expr *guard, const sym_expr *condition) {
  return guard->op == SYM_AND ? has_condition(guard->arg[0], condition) || has_condition(guard->arg[1], condition) : sym_equal(guard, condition);
}

static loom_status compile_domain(loom_ctx *ctx, const machine_func *f, const sym_expr *guard, guards *g) {
  sym_code *code;
  if (guard->op == SYM_AND) {
    LOOM_TRY(compile_domain(ctx, f, guard->arg[0], g));
    return compile_domain(ctx, f, guard->arg[1], g);
  }
  for (size_t i = 0; i < f->scenarios.n; i++)
    if (!has_condition(f->scenarios.at[i].when, guard))
      return LOOM_OK;
  LOOM_TRY(sym_compile(ctx, guard, f->symbols.at, f->symbols.n, &code));
  vec_push(&ctx->mem, &g->domain, code);
  return LOOM_OK;
}

static loom_status compile_guards(loom_ctx *ctx, const machine_func *f, guards *g) {
  *g = (guards){.func = f};
  const char *const *slots = f->symbols.at;
  for (size_t i = 0; i < f->symbols.n; i++) {
    g->at[i] = 32;
    if (depends(f, slots[i]))
      g->free[g->n_free++] = i;
  }
  LOOM_TRY(sym_compile(ctx, f->when, slots, f->symbols.n, &g->when));
  LOOM_TRY(compile_domain(ctx, f, f->scenarios.at[0].when, g));
  for (size_t i = 0; i < f->scenarios.n; i++) {
    sym_code *when, *throughput;
    LOOM_TRY(sym_compile(ctx, f->scenarios.at[i].when, slots, f->symbols.n, &when));
    LOOM_TRY(sym_compile(ctx, f->scenarios.at[i].throughput, slots, f->symbols.n, &throughput));
    vec_push(&ctx->mem, &g->scenario, when);
    vec_push(&ctx->mem, &g->throughput, throughput);
  }
  return LOOM_OK;
}

static const char *point_text(arena *mem, const guards *g) {
  text t = text_new(mem);
  for (size_t i = 0; i < g->n_free; i++)
    text_addf(&t, "%s%s = %" PRId64, i ? ", " : "", g->func->symbols.at[g->free[i]], g->at[g->free[i]]);
  return text_str(&t);
}

static void tell_overlap(loom_ctx *ctx, guards *g, size_t first, size_t second) {
  diag_warn(ctx, g->func->scenarios.at[second].span, "scenarios %zu and %zu of '%s' overlap, for example at %s", first + 1, second + 1, g->func->name,
            point_text(&ctx->mem, g));
  diag_help(ctx, "the first one is taken; make the guards exclude each other");
  g->told_overlap = true;
}

static void tell_gap(loom_ctx *ctx, guards *g) {
  diag_warn(ctx, g->func->span, "no scenario of '%s' holds, for example at %s", g->func->name, point_text(&ctx->mem, g));
  diag_help(ctx, "its cost there is taken as %" PRId64 " cycles; add a scenario, or narrow the function's 'when'", MACHINE_UNCOVERED_CYCLES);
  g->told_gap = true;
}

static void check_rate(loom_ctx *ctx, guards *g, size_t scenario) {
  int64_t rate = 0;
  if (g->told_rate)
    return;
  if (!sym_run(g->throughput.at[scenario], g->at, &rate)) {
    diag_warn(ctx, g->func->scenarios.at[scenario].span, "the throughput of '%s' cannot be computed, for example at %s", g->func->name, point_text(&ctx->mem, g));
    diag_help(ctx, "it divides by zero or does not fit 64 bits there");
    g->told_rate = true;
    return;
  }
  if (rate >= 1)
    return;
  bool is_quotient = rate == 0 && machine_rate_quotient(g->func->scenarios.at[scenario].throughput);
  diag_warn(ctx, g->func->scenarios.at[scenario].span, "the throughput of '%s' is %" PRId64 ", for example at %s", g->func->name, rate,
            point_text(&ctx->mem, g));
  diag_help(ctx, is_quotient ? "its exact quotient is used there" : "it counts as 1 there");
  g->told_rate = true;
}

static void check_point(loom_ctx *ctx, guards *g) {
  int64_t holds;
  size_t n = g->scenario.n, first = n;
  if (!sym_run(g->when, g->at, &holds) || !holds)
    return;
  for (size_t i = 0; i < n; i++) {
    if (!sym_run(g->scenario.at[i], g->at, &holds) || !holds)
      continue;
    if (first < n && !g->told_overlap)
      tell_overlap(ctx, g, first, i);
    if (first == n) {
      first = i;
      check_rate(ctx, g, i);
    }
  }
  bool is_gap = first == n && !g->told_gap;
  for (size_t i = 0; is_gap && i < g->domain.n; i++)
    is_gap = sym_run(g->domain.at[i], g->at, &holds) && holds;
  if (is_gap)
    tell_gap(ctx, g);
}

static loom_status check_func(loom_ctx *ctx, const machine_func *f) {
  if (f->symbols.n > SYMBOLS_MAX)
    LOOM_FAIL(ctx, f->span, LOOM_ELIMIT, "'%s' has %zu symbols; at most %d are supported", f->name, f->symbols.n, SYMBOLS_MAX);
  guards g;
  LOOM_TRY(compile_guards(ctx, f, &g));
  grid values = make_grid(f, g.n_free);
  size_t digit[SYMBOLS_MAX] = {0}, d;
  do {   /* an odometer over the free symbols */
    for (size_t i = 0; i < g.n_free; i++)
      g.at[g.free[i]] = values.value[digit[i]];
    check_point(ctx, &g);
    for (d = 0; d < g.n_free && ++digit[d] == values.n; d++)
      digit[d] = 0;
  } while (d < g.n_free);
  return LOOM_OK;
}

/* Always covered, never twice, at a fixed rate: nothing to look for. */
static bool is_plain(const machine_func *f) {
  int64_t rate;
  return f->scenarios.n == 1 && f->scenarios.at[0].when->op == SYM_TRUE && sym_is_const(f->scenarios.at[0].throughput, &rate);
}

loom_status machine_check_guards(loom_ctx *ctx, const machine_perf *p) {
  for (size_t i = 0; i < p->funcs.n; i++)
    if (!is_plain(&p->funcs.at[i]))
      LOOM_TRY(check_func(ctx, &p->funcs.at[i]));
  return LOOM_OK;
}
