/* Guards inside an ETG: of two that hold the first counts, where none holds a call costs 2^31 cycles.  Either is told with the sizes at which it happens. */
#include "base/text.h"
#include "solve/solve_private.h"

enum { POINTS_MAX = 65536, VALUES_MAX = 4096 };

/* What the guards of one call depend on, and the sizes looked at. */
typedef struct guard_grid {
  const solve_problem *p;
  size_t n, symbol[SOLVE_SYMBOLS_MAX];               /* index in the problem */
  size_t count[SOLVE_SYMBOLS_MAX];
  int64_t *value[SOLVE_SYMBOLS_MAX];
  int64_t at[SOLVE_SYMBOLS_MAX + SOLVE_BOOLEANS_MAX];
} guard_grid;

static bool depends(const etg_scenarios *s, const char *symbol) {
  for (size_t i = 0; i < s->n; i++)
    if (sym_depends(s->at[i].when.is, symbol))
      return true;
  return false;
}

/* All multiples of the alignment, or when they are too many: the first ones, then doublings, then the last. */
static void list_sizes(arena *m, const solve_symbol *x, size_t room, guard_grid *g) {
  int64_t top = x->upper > x->align ? x->upper : x->align, *v = ARENA_NEW_N(m, int64_t, VALUES_MAX);
  size_t n = 0;
  room = room < VALUES_MAX ? room : VALUES_MAX;
  bool all = top / x->align <= (int64_t)room, is_in = true;
  for (int64_t k = x->align; is_in && k <= top && n + 1 < room + all; is_in = !__builtin_add_overflow(k, all || n < room / 2 ? x->align : k, &k))
    v[n++] = k;
  if (!all && n < room)
    v[n++] = top / x->align * x->align;
  g->count[g->n] = n;
  g->value[g->n] = v;
}

static void make_grid(arena *m, const solve_problem *p, const etg_scenarios *s, guard_grid *g) {
  size_t free = 0, room = POINTS_MAX;
  *g = (guard_grid){.p = p};
  for (size_t i = 0; i < p->symbols.n; i++) {
    g->at[i] = p->symbols.at[i].align;
    free += depends(s, p->symbols.at[i].name);
  }
  for (bool fits = false; free && !fits && room > 2; room -= !fits) {      /* `room` values of each: at most POINTS_MAX points */
    size_t points = 1;
    for (size_t i = 0; i < free && points <= POINTS_MAX; i++)
      points *= room;
    fits = points <= POINTS_MAX;
  }
  for (size_t i = 0; i < p->symbols.n; i++) {
    if (!depends(s, p->symbols.at[i].name))
      continue;
    g->symbol[g->n] = i;
    list_sizes(m, &p->symbols.at[i], room, g);
    g->n++;
  }
}

static const char *point_text(arena *m, const guard_grid *g) {
  text t = text_new(m);
  for (size_t i = 0; i < g->n; i++)
    text_addf(&t, "%s%s = %" PRId64, i ? ", " : "", g->p->symbols.at[g->symbol[i]].name, g->at[g->symbol[i]]);
  return text_str(&t);
}

static void tell(loom_ctx *ctx, const etg_call *c, const guard_grid *g, size_t first, size_t second) {
  size_t n = c->scenarios.n;
  if (first == n) {
    diag_warn(ctx, c->span, "no scenario of '%s' holds, for example at %s", c->func, point_text(&ctx->mem, g));
    diag_help(ctx, "its cost there is taken as %" PRId64 " cycles", MACHINE_UNCOVERED_CYCLES);
    return;
  }
  diag_warn(ctx, c->scenarios.at[second].when.text->span, "scenarios %zu and %zu of '%s' overlap, for example at %s", first + 1, second + 1, c->func,
            point_text(&ctx->mem, g));
  diag_help(ctx, "the first one is taken; make the guards exclude each other");
}

/* One point: tells the first overlap and the first gap of the call. */
static void check_point(loom_ctx *ctx, const etg_call *c, const guard_grid *g, sym_code *const *code, bool *told_overlap, bool *told_gap) {
  size_t n = c->scenarios.n, first = n;
  for (size_t i = 0; i < n; i++) {
    int64_t holds;
    if (!sym_run(code[i], g->at, &holds) || !holds)
      continue;
    if (first < n && !*told_overlap) {
      tell(ctx, c, g, first, i);
      *told_overlap = true;
    }
    first = first < n ? first : i;
  }
  if (first == n && !*told_gap) {
    tell(ctx, c, g, n, n);
    *told_gap = true;
  }
}

static loom_status check_call(loom_ctx *ctx, const etg_call *c, const solve_problem *p) {
  const char *slots[SOLVE_SYMBOLS_MAX + SOLVE_BOOLEANS_MAX];
  size_t n_slots = 0, digit[SOLVE_SYMBOLS_MAX] = {0}, d;
  bool told_overlap = false, told_gap = false;
  guard_grid g;
  make_grid(&ctx->scratch, p, &c->scenarios, &g);
  for (size_t i = 0; i < p->symbols.n; i++)
    slots[n_slots++] = p->symbols.at[i].name;
  for (size_t i = 0; i < p->booleans.n; i++)
    slots[n_slots++] = p->booleans.at[i].name;
  sym_code **code = ARENA_NEW_N(&ctx->mem, sym_code *, c->scenarios.n);
  for (size_t i = 0; i < c->scenarios.n; i++)
    LOOM_TRY(sym_compile(ctx, c->scenarios.at[i].when.is, slots, n_slots, &code[i]));
  do {      /* an odometer over the sizes */
    for (size_t i = 0; i < g.n; i++)
      g.at[g.symbol[i]] = g.value[i][digit[i]];
    check_point(ctx, c, &g, code, &told_overlap, &told_gap);
    for (d = 0; d < g.n && ++digit[d] == g.count[d]; d++)
      digit[d] = 0;
  } while (d < g.n && !(told_overlap && told_gap));
  return LOOM_OK;
}

/* The same function has the same scenarios in every variant, over the same sizes. */
static bool is_new(arena *m, const char *func, etg_names *told) {
  for (size_t i = 0; i < told->n; i++)
    if (text_eq(told->at[i], func))
      return false;
  vec_push(m, told, func);
  return true;
}

/* Always holds, or nothing is said: nothing to look for.  Costs of a machine are checked with the machine. */
static bool has_guards(const etg_call *c) {
  return c->scenarios.n && c->scenarios.at[0].when.text && !(c->scenarios.n == 1 && c->scenarios.at[0].when.is->op == SYM_TRUE);
}

static loom_status check_block(loom_ctx *ctx, const etg_block *b, const solve_problem *p, etg_names *told) {
  const etg_scope *scopes[] = {&b->load, &b->compute, &b->store};
  for (size_t s = 0; s < sizeof scopes / sizeof *scopes; s++)
    for (size_t i = 0; i < scopes[s]->n; i++) {
      const etg_stage *stage = scopes[s]->at[i];
      if (stage->loop)
        LOOM_TRY(check_block(ctx, stage->loop, p, told));
      for (size_t k = 0; k < stage->branches.n; k++)
        for (size_t c = 0; c < stage->branches.at[k]->calls.n; c++) {
          const etg_call *call = stage->branches.at[k]->calls.at[c];
          if (has_guards(call) && is_new(&ctx->mem, call->func, told))
            LOOM_TRY(check_call(ctx, call, p));
        }
    }
  return LOOM_OK;
}

loom_status solve_etg_guards(loom_ctx *ctx, const etg_variant *v, const solve_problem *p, etg_names *told) {
  if (p->symbols.n > SOLVE_SYMBOLS_MAX || p->booleans.n > SOLVE_BOOLEANS_MAX)      /* the search says so */
    return LOOM_OK;
  arena_mark mark = arena_save(&ctx->scratch);
  loom_status st = check_block(ctx, v->kernel, p, told);
  arena_release(&ctx->scratch, mark);
  return st;
}
