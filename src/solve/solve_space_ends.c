/* How the first loads and the last stores of a tuple's mappings go: cheap, and most of what tells points apart. */
#include "solve/solve_space.h"
#include "base/hash.h"

enum { WAYS_MAX = 256 };

/* Kept from call to call, in ctx->scratch: no mark of it may lie around a call. */
typedef struct space_ender {
  model_router *router;
  plan_choice choice[WAYS_MAX];
  model_way found[WAYS_MAX];
} ender;

typedef struct finder { loom_ctx *ctx; const space_source *s; ender *e; const space_ends_key *key; } finder;

static void key_of(const space_source *s, int32_t tuple, const model_point *at, space_ends_key *out) {
  memset(out, 0, sizeof *out);
  out->tuple = tuple;
  for (int i = 0; i < s->n_parallel; i++) {
    const model_waves *w = &at->waves[i];
    out->first[i] = w->active[0];
    out->last[i] = w->active[w->n - 1];
  }
}

static bool is_no_worse(const model_way *x, const model_way *y) {
  return x->base <= y->base && x->slope <= y->slope && x->each <= y->each && x->copies <= y->copies && x->link <= y->link &&
         x->drawn <= y->drawn && x->beyond <= y->beyond && x->stepped <= y->stepped && x->after <= y->after && x->joint <= y->joint && x->is_cast <= y->is_cast;
}

/* Ways that no other is no worse than. */
static int add_way(model_way *list, int n, model_way x) {
  int stay = 0;
  for (int i = 0; i < n; i++)
    if (is_no_worse(&list[i], &x))
      return n;
  for (int i = 0; i < n; i++)
    if (!is_no_worse(&x, &list[i]))
      list[stay++] = list[i];
  list[stay] = x;
  return stay + 1;
}

static void set_ways(finder *f, int a, size_t n_choices, model_case *out) {
  int n = 0;
  for (size_t i = 0; i < n_choices; i++)
    n = add_way(f->e->found, n, model_router_find(f->e->router, f->s->load[a] ? f->key->first : f->key->last, a, &f->e->choice[i]));
  model_way *way = ARENA_NEW_N(&f->ctx->mem, model_way, n);
  memcpy(way, f->e->found, (size_t)n * sizeof *way);
  out->way[a] = way;
  out->n[a] = n;
}

/* Has `x` for every way of `y` one that is no worse? */
static bool is_under(const model_case *x, const model_case *y, int n_access) {
  for (int a = 0; a < n_access; a++)
    for (int i = 0; i < y->n[a]; i++) {
      bool is_over = false;
      for (int k = 0; k < x->n[a] && !is_over; k++)
        is_over = is_no_worse(&x->way[a][k], &y->way[a][i]);
      if (!is_over)
        return false;
    }
  return true;
}

/* The cases that no other one lies under. */
static void list_least(const finder *f, const model_case *cases, space_ends *x) {
  const model_case **list = ARENA_NEW_N(&f->ctx->mem, const model_case *, x->n);
  for (size_t i = 0; i < x->n; i++) {
    bool is_needed = true;
    for (size_t k = 0; k < x->n_least && is_needed; k++)
      is_needed = !is_under(list[k], &cases[i], f->s->n_access);
    if (!is_needed)
      continue;
    size_t stay = 0;
    for (size_t k = 0; k < x->n_least; k++)
      if (!is_under(&cases[i], list[k], f->s->n_access))
        list[stay++] = list[k];
    list[stay] = &cases[i];
    x->n_least = stay + 1;
  }
  x->least = list;
}

static loom_status set_space_case(finder *f, int64_t mapping, model_case *out) {
  const explore_space *x = f->s->space;
  plan_mapping map;
  explore_get_mapping(x, mapping, 0, &map);
  model_router_place(f->e->router, &map);
  for (int a = 0; a < f->s->n_access; a++) {
    size_t n = explore_list_ways(x, &map, a, f->e->choice, WAYS_MAX);
    if (n > WAYS_MAX)
      LOOM_FAIL(f->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a load of kernel %s has %zu ways to its cores; at most %d are searched", x->nest->kernel, n, WAYS_MAX);
    set_ways(f, a, n, out);
  }
  return LOOM_OK;
}

static loom_status set_row_case(finder *f, const plan_candidate *c, model_case *out) {
  model_router_place(f->e->router, &c->mapping);
  for (int a = 0; a < c->n_access; a++) {
    space_choice_of(&c->access[a], 1, &f->e->choice[0]);
    LOOM_TRY(model_check_choice(f->ctx, &c->mapping, &f->e->choice[0]));
    set_ways(f, a, 1, out);
  }
  return LOOM_OK;
}

static loom_status set_cases(finder *f, space_ends *out, model_case **of) {
  const explore_space *x = f->s->space;
  int32_t tuple = f->key->tuple;
  if (x) {
    int64_t first = x->first_mapping[x->first_profile[tuple]], last = x->first_mapping[x->first_profile[tuple + 1]];
    model_case *cases = ARENA_NEW_N(&f->ctx->mem, model_case, last - first);
    for (int64_t map = first; map < last; map++)
      LOOM_TRY(set_space_case(f, map, &cases[out->n++]));
    *of = cases;
    return LOOM_OK;
  }
  size_t n = 0;
  for (size_t i = 0; i < f->s->rows.n; i++)
    n += f->s->row_tuple[i] == tuple;
  model_case *cases = ARENA_NEW_N(&f->ctx->mem, model_case, n);
  for (size_t i = 0; i < f->s->rows.n; i++)
    if (f->s->row_tuple[i] == tuple)
      LOOM_TRY(set_row_case(f, f->s->rows.at[i], &cases[out->n++]));
  *of = cases;
  return LOOM_OK;
}

loom_status space_find_ends(loom_ctx *ctx, const space_source *s, const model_program *p, space_groups *g, int32_t tuple, const model_point *at, const space_ends **out) {
  space_ends_key key;
  key_of(s, tuple, at, &key);
  space_ends **bucket = &g->ends[hash_table(0, &key, sizeof key) % SPACE_BUCKETS];
  for (space_ends *x = *bucket; x; x = x->older)
    if (memcmp(&x->key, &key, sizeof key) == 0) {
      *out = x;
      return LOOM_OK;
    }
  if (!g->ender) {
    g->ender = ARENA_NEW(&ctx->scratch, ender);
    g->ender->router = model_router_make(&ctx->scratch, p);
  }
  space_ends *x = ARENA_NEW(&ctx->mem, space_ends);
  memcpy(&x->key, &key, sizeof key);
  finder f = {ctx, s, g->ender, &x->key};
  model_case *cases = NULL;
  LOOM_TRY(set_cases(&f, x, &cases));
  const model_case **all = ARENA_NEW_N(&ctx->mem, const model_case *, x->n);
  for (size_t i = 0; i < x->n; i++)
    all[i] = &cases[i];
  x->cases = all;
  list_least(&f, cases, x);
  for (size_t i = 0; i < x->n; i++)
    for (int a = 0; a < s->n_access; a++)
      g->ways += cases[i].n[a];
  x->older = *bucket;
  *bucket = x;
  *out = x;
  return LOOM_OK;
}
