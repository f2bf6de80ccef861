/* Nothing fits: which of the sizes asked for and the memory cannot hold together, in any mapping.  As solve_conflict.c, with searches of the space. */
#include "solve/solve_price.h"

typedef enum outcome { HAS_POINT, HAS_NONE, NOT_KNOWN } outcome;

typedef struct asker {
  loom_ctx *ctx;
  const solve_field *f;
  const solve_limits *limits;
  size_t n;                              /* limits: the domains of f->o, then L1 */
  bool *dropped;
  bool out_of_memory;                    /* a search was: nothing here is an answer */
} asker;

static outcome ask(asker *a) {
  static const solve_limits none = {0};
  arena *m = &a->ctx->mem;
  machine chip = *a->f->machine;
  solve_options o = *a->f->o;
  solve_domain *kept = ARENA_NEW_N(m, solve_domain, o.n_domains);
  solve_result r;
  diag_mark before = diag_save(a->ctx);
  size_t n = 0;
  for (size_t i = 0; i < o.n_domains; i++)
    if (!a->dropped[i])
      kept[n++] = o.domains[i];
  o.domains = kept;
  o.n_domains = n;
  o.top_k = 1;
  chip.l1_bytes = a->dropped[a->n - 1] ? SOLVE_UNLIMITED_BYTES : chip.l1_bytes;
  loom_status st;
  if (a->f->space) {
    explore_space space = *a->f->space;
    space.machine = &chip;
    st = solve_space(a->ctx, &space, &o, a->limits ? a->limits : &none, &r);
  } else {
    st = solve_rows(a->ctx, a->f->nest, &chip, a->f->table, &o, a->limits ? a->limits : &none, &r);
  }
  diag_drop(a->ctx, before);
  a->out_of_memory |= st == LOOM_EMEM;
  return st == LOOM_OK ? HAS_POINT : st == LOOM_EINFEASIBLE ? HAS_NONE : NOT_KNOWN;
}

static const char *words_of(const asker *a, size_t i) {
  arena *m = &a->ctx->mem;
  if (i == a->n - 1)
    return arena_printf(m, "the buffers fit L1 %s", solve_bytes_text(m, a->f->machine->l1_bytes));
  const solve_domain *d = &a->f->o->domains[i];
  return solve_sizes_words(m, &(solve_symbol){.name = d->symbol, .lb = d->lb, .ub = d->ub, .assigned = d->assigned});
}

static void set_all(asker *a, bool dropped) {
  for (size_t i = 0; i < a->n; i++)
    a->dropped[i] = dropped;
}

static void add(asker *a, solve_conflict_items *to, size_t i) { vec_push(&a->ctx->mem, to, ((solve_conflict_item){words_of(a, i), (int)i})); }

static void find_alone(asker *a, solve_conflict *out) {
  for (size_t i = 0; i < a->n; i++) {
    set_all(a, true);
    a->dropped[i] = false;
    if (ask(a) == HAS_NONE)
      add(a, &out->alone, i);
  }
}

static void find_together(asker *a, solve_conflict *out) {
  set_all(a, false);
  for (size_t i = 0; i < a->n; i++) {
    a->dropped[i] = true;
    a->dropped[i] = ask(a) == HAS_NONE;
  }
  for (size_t i = 0; i < a->n; i++) {      /* dropping a size asked for may leave less: look again */
    if (a->dropped[i])
      continue;
    a->dropped[i] = true;
    out->is_minimal = out->is_minimal && ask(a) == HAS_POINT;
    a->dropped[i] = false;
  }
  for (size_t i = 0; i < a->n; i++)
    if (!a->dropped[i])
      add(a, &out->together, i);
}

loom_status solve_find_field_conflict(loom_ctx *ctx, const solve_field *f, const solve_limits *l, solve_conflict *out) {
  asker a = {.ctx = ctx, .f = f, .limits = l, .n = f->o->n_domains + 1};
  *out = (solve_conflict){.is_minimal = true};
  a.dropped = ARENA_NEW_N(&ctx->mem, bool, a.n);
  set_all(&a, true);
  if (ask(&a) == HAS_POINT) {                /* else not for these limits: pins, or what the kernel fixes */
    find_alone(&a, out);
    if (!out->alone.n)
      find_together(&a, out);
  }
  return a.out_of_memory ? LOOM_EMEM : LOOM_OK;
}
