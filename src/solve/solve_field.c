/* Why the best candidate under the loom model is the best: its terms, what the limits cost (solved again without them), a step of each size and another
 * way for each access (priced again, all else kept), and the best with another mapping or loop order. */
#include "solve/solve_price.h"

typedef struct asker { loom_ctx *ctx; const solve_field *f; const solve_limits *limits; int64_t cycles; bool out_of_memory; /* one of the searches was: nothing here is an answer */ } asker;

/* ---- searching again ---- */

static loom_status search(asker *a, const machine *m, const explore_space *space, const solve_options *o, solve_result *out) {
  static const solve_limits none = {0};
  const solve_limits *l = a->limits ? a->limits : &none;
  loom_status st;
  if (space) {
    explore_space x = *space;
    x.machine = m;
    st = solve_space(a->ctx, &x, o, l, out);
  } else {
    st = solve_rows(a->ctx, a->f->nest, m, a->f->table, o, l, out);
  }
  a->out_of_memory |= st == LOOM_EMEM;
  return st;
}

/* The optimum, nothing said of it; -1: there is none. */
static int64_t search_quietly(asker *a, const machine *m, const explore_space *space, const solve_options *o, bool *out_proven) {
  diag_mark before = diag_save(a->ctx);
  solve_result r;
  loom_status st = search(a, m, space, o, &r);
  diag_drop(a->ctx, before);
  if (st != LOOM_OK || r.best < 0)
    return -1;
  *out_proven = r.rows.at[r.best].status != SOLVE_BEST_FOUND;
  return r.rows.at[r.best].cycles;
}

static void add_limit(asker *a, const char *words, int64_t cycles, bool is_proven, solve_explanation *out) {
  solve_binding b = {words, cycles >= 0 && cycles < a->cycles ? cycles : a->cycles, is_proven};
  vec_push(&a->ctx->mem, &out->limits, b);
  for (size_t i = out->limits.n - 1; i && out->limits.at[i].cycles < out->limits.at[i - 1].cycles; i--) {
    out->limits.at[i] = out->limits.at[i - 1];
    out->limits.at[i - 1] = b;
  }
}

/* ---- pricing again ---- */

static bool price_quietly(asker *a, const solve_row *row, solve_price *out) {
  diag_mark before = diag_save(a->ctx);
  bool done = solve_price_row(a->ctx, a->f->nest, a->f->machine, a->f->o, row, out) == LOOM_OK;
  diag_drop(a->ctx, before);
  return done;
}

/* Cycles, or why not. */
static int64_t price(asker *a, const solve_row *row, const char **why) {
  arena *m = &a->ctx->mem;
  solve_price x;
  int64_t bytes;
  if (!price_quietly(a, row, &x) || !model_bytes_at(x.program, &x.at.grid, x.at.block, x.chosen, &bytes)) {
    *why = "the cost is beyond the model's numbers";
    return -1;
  }
  if (bytes <= a->f->machine->l1_bytes)
    return x.cycles;
  *why = arena_printf(m, "%s > L1 %s", solve_bytes_text(m, bytes), solve_bytes_text(m, a->f->machine->l1_bytes));
  return -1;
}

/* ---- terms ---- */

/* The largest of those that compete. */
static model_term deciding_term(const solve_price *x) {
  model_term most = MODEL_TERM_COMPUTE;
  for (int t = 0; t < MODEL_TERM_FILL; t++)
    most = x->term[t] > x->term[most] ? (model_term)t : most;
  return most;
}

static void list_terms(asker *a, const solve_price *x, solve_explanation *out) {
  arena *m = &a->ctx->mem;
  const model_term most = deciding_term(x);
  for (int t = 0; t < MODEL_TERMS; t++)
    vec_push(m, &out->terms, ((solve_term){model_term_text((model_term)t), x->term[t]}));
  out->binding = arena_printf(m, "%s: %s of the %s cycles, besides %s before the first and %s behind the last compute", model_term_text(most),
                              text_thousands(m, x->term[most]), text_thousands(m, x->cycles), text_thousands(m, x->term[MODEL_TERM_FILL]),
                              text_thousands(m, x->term[MODEL_TERM_DRAIN]));
}

/* ---- limits ---- */

/* "x 2*65536 B + y 65536 B = 1.39 MB of L1 1.40 MB" */
static loom_status memory_words(asker *a, const solve_price *x, const char **out) {
  arena *m = &a->ctx->mem;
  plan p = {.accumulate_f32 = a->f->o->accumulate_f32, .candidate = x->candidate};
  text t = text_new(m);
  LOOM_TRY(model_layout_slots(a->ctx, x->program, &x->at, x->chosen, &p));
  for (size_t i = 0; i < p.buffers.n; i++) {
    const plan_buffer *b = &p.buffers.at[i];
    text_addf(&t, "%s%s ", i ? " + " : "", b->name);
    if (b->depth > 1)
      text_addf(&t, "%d*", b->depth);
    text_addf(&t, "%" PRId64 " B", b->bytes);
  }
  *out = arena_printf(m, "%s = %s of L1 %s", text_str(&t), solve_bytes_text(m, p.l1_bytes), solve_bytes_text(m, a->f->machine->l1_bytes));
  return LOOM_OK;
}

static void ask_memory(asker *a, const char *words, solve_explanation *out) {
  machine roomy = *a->f->machine;
  bool is_proven = false;
  roomy.l1_bytes = SOLVE_UNLIMITED_BYTES;
  int64_t cycles = search_quietly(a, &roomy, a->f->space, a->f->o, &is_proven);
  add_limit(a, words, cycles, is_proven, out);
}

/* Each size that was asked for, left free. */
static void ask_sizes(asker *a, solve_explanation *out) {
  arena *m = &a->ctx->mem;
  const solve_options *o = a->f->o;
  for (size_t i = 0; i < o->n_domains; i++) {
    const solve_domain *d = &o->domains[i];
    solve_domain *rest = ARENA_NEW_N(m, solve_domain, o->n_domains);
    solve_options without = *o;
    bool is_proven = false;
    size_t n = 0;
    if (!d->assigned && !d->lb && !d->ub)
      continue;
    for (size_t k = 0; k < o->n_domains; k++)
      if (k != i)
        rest[n++] = o->domains[k];
    without.domains = rest;
    without.n_domains = n;
    int64_t cycles = search_quietly(a, a->f->machine, a->f->space, &without, &is_proven);
    const solve_symbol words = {.name = d->symbol, .lb = d->lb, .ub = d->ub, .assigned = d->assigned};
    add_limit(a, solve_sizes_words(m, &words), cycles, is_proven, out);
  }
}

static void ask_trips(asker *a, const solve_row *row, solve_explanation *out) {
  solve_options ragged = *a->f->o;
  bool is_proven = false;
  if (a->f->space || ragged.ragged || row->ragged)
    return;
  ragged.ragged = true;
  int64_t cycles = search_quietly(a, a->f->machine, NULL, &ragged, &is_proven);
  add_limit(a, "block sizes divide the extents evenly (--ragged rounds up)", cycles, is_proven, out);
}

static const char *feature_words(arena *m, unsigned features) {
  static const char *const words[] = {
#define X(n, t) t,
      PLAN_FEATURE_LIST(X)
#undef X
  };
  text t = text_new(m);
  for (int i = 0; i < PLAN_FEATURES; i++)
    if (features >> i & 1)
      text_addf(&t, "%s%s", t.size ? ", " : "", words[i]);
  return text_str(&t);
}

/* What no program can be written for yet. */
static void ask_features(asker *a, solve_explanation *out) {
  unsigned lacking = a->f->space ? explore_lacks(a->f->space) : 0;
  if (!lacking || !a->f->explore)
    return;
  explore_options all = *a->f->explore;
  explore_space space;
  bool is_proven = false;
  diag_mark before = diag_save(a->ctx);
  all.lacking = 0;
  all.accumulate_f32 = a->f->o->accumulate_f32;
  loom_status st = explore_open(a->ctx, a->f->nest, a->f->machine, &all, &space);
  diag_drop(a->ctx, before);
  if (st != LOOM_OK)
    return;
  int64_t cycles = search_quietly(a, a->f->machine, &space, a->f->o, &is_proven);
  add_limit(a, arena_printf(&a->ctx->mem, "no %s: programs with these cannot be written yet", feature_words(&a->ctx->mem, lacking)), cycles, is_proven, out);
}

/* ---- steps ---- */

/* Does the size divide what this row gives each core?  Rows whose sizes must. */
static bool divides(const asker *a, const solve_row *row, const char *symbol, int64_t size) {
  const nest *n = a->f->nest;
  for (size_t l = 0; l < n->loops.n; l++) {
    int64_t extent, part = size * ((int)l < n->n_parallel ? plan_iter_cores(&row->candidate->mapping, (int)l) : 1);
    if (text_eq(n->loops.at[l].block, symbol) && sym_is_const(n->loops.at[l].extent, &extent) && extent % part != 0)
      return false;
  }
  return true;
}

typedef VEC_OF(int64_t) sizes;

static loom_status list_sizes(asker *a, const solve_row *row, size_t symbol, sizes *out) {
  solve_problem p = {0};
  solve_values values[SOLVE_SYMBOLS_MAX];
  bool is_exact = !a->f->space && !a->f->o->ragged && !row->ragged;
  LOOM_TRY(solve_block_symbols(a->ctx, a->f->nest, a->f->o, &p));
  if (p.symbols.at[symbol].upper > 0)
    p.symbols.at[symbol].assigned = 0;
  LOOM_TRY(solve_list_values(a->ctx, &p, SOLVE_TRIPS_ANY, values));
  for (int32_t i = 0; i < values[symbol].n; i++)
    if (!is_exact || divides(a, row, p.symbols.at[symbol].name, values[symbol].at[i]))
      vec_push(&a->ctx->mem, out, values[symbol].at[i]);
  return LOOM_OK;
}

static solve_row row_with(arena *m, const solve_row *row, size_t symbol, int64_t size) {
  solve_row x = *row;
  memset(&x.blocks, 0, sizeof x.blocks);
  for (size_t i = 0; i < row->blocks.n; i++)
    vec_push(m, &x.blocks, ((plan_block){row->blocks.at[i].symbol, i == symbol ? size : row->blocks.at[i].size}));
  return x;
}

static void step(asker *a, const solve_row *row, size_t symbol, int by, const sizes *all, solve_steps *out) {
  arena *m = &a->ctx->mem;
  int64_t from = row->blocks.at[symbol].size;
  const int64_t place = solve_step_index(&(solve_values){all->at, (int32_t)all->n}, from, by), n = (int64_t)all->n;
  solve_step s = {.symbol = row->blocks.at[symbol].symbol, .by = by, .from = from, .to = -1, .cycles = -1};
  if (place < -1 || place > n || (n == 1 && by != -1))
    return;
  if (place < 0 || place == n) {
    s.why = n == 1 ? "the only size" : arena_printf(m, "no %s size: %zu sizes from %" PRId64 " to %" PRId64, by < 0 ? "smaller" : "larger", all->n, all->at[0], all->at[n - 1]);
  } else {
    s.to = all->at[place];
    solve_row x = row_with(m, row, symbol, s.to);
    s.cycles = price(a, &x, &s.why);
  }
  vec_push(m, out, s);
}

static loom_status list_steps(asker *a, const solve_row *row, int reach, solve_steps *out) {
  *out = (solve_steps){0};
  for (size_t s = 0; s < row->blocks.n; s++) {
    sizes all = {0};
    LOOM_TRY(list_sizes(a, row, s, &all));
    for (int by = -reach; by <= reach && all.n; by++)
      if (by)
        step(a, row, s, by, &all, out);
  }
  return LOOM_OK;
}

loom_status solve_list_field_steps(loom_ctx *ctx, const solve_field *f, const solve_row *row, int reach, solve_steps *out) {
  asker a = {.ctx = ctx, .f = f};
  return list_steps(&a, row, reach, out);
}

/* ---- other ways ---- */

typedef enum aspect { ASPECT_SHARING, ASPECT_SLOTS, ASPECT_PLACE, ASPECTS } aspect;

static bool same_sharing(const plan_choice *a, const plan_choice *b, int n_mesh) {
  for (int d = 0; d < n_mesh; d++)
    if (a->area[d] != b->area[d] || a->move[d] != b->move[d])
      return false;
  return true;
}

/* The two differ in this and in nothing else. */
static bool differs_only_in(const plan_choice *a, const plan_choice *b, int n_mesh, aspect what) {
  bool sharing = same_sharing(a, b, n_mesh), slots = a->depth == b->depth, place = a->hoist == b->hoist && a->panel == b->panel && a->direct == b->direct;
  return sharing == (what != ASPECT_SHARING) && slots == (what != ASPECT_SLOTS) && place == (what != ASPECT_PLACE);
}

static const char *label_of(asker *a, const plan_candidate *c, int access) {
  const char *label = plan_access_label(&a->ctx->mem, &c->mapping, &c->access[access]);
  return text_eq(label, "n") ? "n (each core for itself)" : label;
}

/* The best other choice of one kind; where none fits, the first. */
static void find_move(asker *a, const solve_row *row, const solve_price *now, int access, aspect what, const plan_choice *choice, size_t n, solve_explanation *out) {
  solve_move best = {.cycles = -1};
  plan_choice chosen[PLAN_LOADS_MAX];
  memcpy(chosen, now->chosen, sizeof chosen);
  for (size_t i = 0; i < n; i++) {
    if (!differs_only_in(&choice[i], &now->chosen[access], row->candidate->mapping.n_mesh, what))
      continue;
    const char *why = NULL;
    solve_row x = *row;
    chosen[access] = choice[i];
    x.candidate = explore_make_candidate(&a->ctx->mem, a->f->space, &row->candidate->mapping, chosen);
    int64_t cycles = price(a, &x, &why);
    if (best.to && (cycles < 0 || (best.cycles >= 0 && cycles >= best.cycles)))
      continue;
    best = (solve_move){row->candidate->access[access].name, label_of(a, &now->candidate, access), label_of(a, x.candidate, access), cycles, why};
  }
  if (best.to)
    vec_push(&a->ctx->mem, &out->moves, best);
}

enum { CHOICES_MAX = 4096 };

static void list_moves(asker *a, const solve_row *row, const solve_price *now, solve_explanation *out) {
  plan_choice *choice = ARENA_NEW_N(&a->ctx->mem, plan_choice, CHOICES_MAX);
  for (int i = 0; a->f->space && i < row->candidate->n_access; i++) {
    size_t n = explore_list_choices(a->f->space, &row->candidate->mapping, i, choice, CHOICES_MAX);
    for (int what = 0; what < ASPECTS; what++)
      find_move(a, row, now, i, (aspect)what, choice, n < CHOICES_MAX ? n : CHOICES_MAX, out);
  }
}

/* ---- the next best ---- */

/* T = fill + the largest of those that compete + drain: which of the three grew most?  Of those that compete the one that decides for `next`. */
static const char *why_it_lost(asker *a, const solve_price *best, const solve_price *next) {
  arena *m = &a->ctx->mem;
  int64_t more = next->cycles - best->cycles;
  const model_term now = deciding_term(best), then = deciding_term(next);
  model_term grown = then;
  int64_t before = best->term[now], most = next->term[then] - before;
  for (int t = MODEL_TERM_FILL; t <= MODEL_TERM_DRAIN; t++)
    if (next->term[t] - best->term[t] > most) {
      grown = (model_term)t;
      before = best->term[t];
      most = next->term[t] - before;
    }
  return arena_printf(m, "%s cycles (%.3g %%) more: its %s term is %s cycles, not %s", text_thousands(m, more), best->cycles ? 100.0 * (double)more / (double)best->cycles : 0.0,
                      model_term_text(grown), text_thousands(m, next->term[grown]), text_thousands(m, before));
}

enum { RUNNERS = 8 };

static void find_runner_up(asker *a, const solve_result *r, const solve_price *best, solve_explanation *out) {
  solve_options more = *a->f->o;
  solve_result again = *r;
  solve_price next;
  if (again.rows.n < RUNNERS) {
    diag_mark before = diag_save(a->ctx);
    more.top_k = RUNNERS;
    loom_status st = search(a, a->f->machine, a->f->space, &more, &again);
    diag_drop(a->ctx, before);
    if (st != LOOM_OK)
      return;
  }
  const solve_row *second = NULL;
  for (size_t i = 0; i < again.rows.n; i++) {
    const solve_row *x = &again.rows.at[i];
    if ((int)i == again.best || !solve_has_answer(x->status))
      continue;
    if (x->cycles <= best->cycles)
      out->ties++;
    else if (!second || x->cycles < second->cycles)
      second = x;
  }
  if (!second || !price_quietly(a, second, &next))
    return;
  out->runner_up = second->candidate->name;
  out->runner_up_cycles = next.cycles;
  out->why_lost = why_it_lost(a, best, &next);
}

loom_status solve_explain_field(loom_ctx *ctx, const solve_field *f, const solve_result *r, const solve_limits *l, solve_explanation *out) {
  const solve_row *row = &r->rows.at[r->best];
  asker a = {.ctx = ctx, .f = f, .limits = l, .cycles = row->cycles};
  solve_price now;
  const char *words;
  *out = (solve_explanation){0};
  LOOM_TRY(solve_price_row(ctx, f->nest, f->machine, f->o, row, &now));
  list_terms(&a, &now, out);
  LOOM_TRY(memory_words(&a, &now, &words));
  ask_memory(&a, words, out);
  ask_sizes(&a, out);
  ask_trips(&a, row, out);
  ask_features(&a, out);
  LOOM_TRY(list_steps(&a, row, 1, &out->steps));
  list_moves(&a, row, &now, out);
  find_runner_up(&a, r, &now, out);
  return a.out_of_memory ? LOOM_EMEM : LOOM_OK;
}
