/* The points around an answer: what one and two steps of each size cost, or what they break. */
#include "base/text.h"
#include "solve/solve_private.h"

typedef struct place {
  loom_ctx *ctx;
  const solve_problem *p;                /* under the trip rule that answered it */
  solve_ready ready;
  int64_t value[SOLVE_SYMBOLS_MAX];
  unsigned choice;
} place;

/* `e` where `c` stands; false: it has no value there. */
static bool value_at(place *c, const sym_expr *e, int64_t *out) {
  sym_code *code;
  diag_mark before = diag_save(c->ctx);
  e = solve_fix_booleans(&c->ctx->mem, c->p, e, c->choice);
  bool is_known = sym_compile(c->ctx, e, c->ready.names, (size_t)c->ready.n, &code) == LOOM_OK && sym_run(code, c->value, out);
  diag_drop(c->ctx, before);
  return is_known;
}

static void break_one(text *t, const char *words) { text_addf(t, "%s%s", t->size ? "; " : "", words); }

static void find_broken_trips(place *c, text *t) {
  arena *m = &c->ctx->mem;
  for (size_t i = 0; i < c->p->trips.n; i++) {
    const solve_trip *x = &c->p->trips.at[i];
    int64_t num, den;
    if (c->p->rule == SOLVE_TRIPS_ANY || !solve_trip_is_free(c->p, x))
      continue;
    if (!value_at(c, x->numerator, &num) || !value_at(c, x->denominator, &den) || !solve_trip_holds(c->p->rule, num, den))
      break_one(t, arena_printf(m, c->p->rule == SOLVE_TRIPS_EXACT ? "%s is no multiple of %s" : "%s is less than %s", sym_str(m, x->numerator), sym_str(m, x->denominator)));
  }
}

/* "106.5 kB > L1 100.0 kB"; what has no unit needs its expression to be understood. */
static const char *limit_words(place *c, const solve_capacity *x, int64_t amount) {
  arena *m = &c->ctx->mem;
  if (!x->memory)
    return arena_printf(m, "%s > %s", solve_amount_words(m, x, solve_fix_booleans(m, c->p, x->bytes, c->choice), amount), solve_room_words(m, x));
  return arena_printf(m, "%s > %s", solve_bytes_text(m, amount), solve_room_words(m, x));
}

static void find_broken_limits(place *c, text *t) {
  arena *m = &c->ctx->mem;
  int64_t v;
  for (size_t i = 0; i < c->p->capacities.n; i++) {
    const solve_capacity *x = &c->p->capacities.at[i];
    if (!value_at(c, x->bytes, &v))
      break_one(t, arena_printf(m, "%s has no value", sym_str(m, x->bytes)));
    else if (v > x->limit)
      break_one(t, limit_words(c, x, v));
  }
  for (size_t i = 0; i < c->p->conditions.n; i++)
    if (!value_at(c, c->p->conditions.at[i], &v) || !v)
      break_one(t, arena_printf(m, "%s does not hold", sym_str(m, solve_fix_booleans(m, c->p, c->p->conditions.at[i], c->choice))));
}

/* Cycles where `c` stands, or all that is broken there. */
static void look(place *c, solve_step *s) {
  text broken = text_new(&c->ctx->mem);
  find_broken_trips(c, &broken);
  find_broken_limits(c, &broken);
  if (!broken.size && (!value_at(c, c->p->cycles, &s->cycles) || s->cycles < 0))
    break_one(&broken, "the cost is beyond 64 bits");
  if (broken.size) {
    s->cycles = -1;
    s->why = text_str(&broken);
  }
}

/* ---- steps ---- */

static const char *end_words(place *c, int symbol, int by) {
  const solve_symbol *x = &c->p->symbols.at[symbol];
  const solve_values *v = &c->ready.values[symbol];
  return arena_printf(&c->ctx->mem, "no %s size: multiples of %" PRId64 " from %" PRId64 " to %" PRId64 "%s", by < 0 ? "smaller" : "larger", x->align, v->at[0], v->at[v->n - 1],
                      c->p->rule == SOLVE_TRIPS_EXACT ? " that divide evenly" : "");
}

int32_t solve_step_index(const solve_values *v, int64_t value, int by) {
  int32_t above = 0;
  while (above < v->n && v->at[above] < value)
    above++;
  bool is_in = above < v->n && v->at[above] == value;
  return above + by - (by > 0 && !is_in);
}

static void step_symbol(place *c, int symbol, int by, solve_steps *out) {
  const solve_values *v = &c->ready.values[symbol];
  int64_t from = c->value[symbol];
  int32_t to = solve_step_index(v, from, by);
  solve_step s = {.symbol = c->p->symbols.at[symbol].name, .by = by, .from = from, .to = -1, .cycles = -1};
  if (to < -1 || to > v->n)
    return;                                  /* beyond the first step over an end there is nothing more to say */
  if (to < 0 || to == v->n) {
    s.why = end_words(c, symbol, by);
  } else {
    s.to = c->value[symbol] = v->at[to];
    look(c, &s);
    c->value[symbol] = from;
  }
  vec_push(&c->ctx->mem, out, s);
}

static void step_boolean(place *c, size_t i, solve_steps *out) {
  int64_t from = c->choice >> i & 1;
  if (c->p->booleans.at[i].assigned >= 0)
    return;
  solve_step s = {.symbol = c->p->booleans.at[i].name, .by = from ? -1 : 1, .from = from, .to = !from};
  c->choice ^= 1u << i;
  look(c, &s);
  c->choice ^= 1u << i;
  vec_push(&c->ctx->mem, out, s);
}

static loom_status stand(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, place *out) {
  *out = (place){.ctx = ctx, .p = p};
  memcpy(out->value, a->value, sizeof out->value);
  for (size_t i = 0; i < p->booleans.n; i++)
    out->choice |= (unsigned)a->boolean[i] << i;
  return solve_make_ready(ctx, p, false, &out->ready);
}

/* A size that was asked for moves as if it had not been. */
static const solve_problem *set_free(arena *m, const solve_problem *p, size_t symbol) {
  solve_limit_list only = {0};
  const bool yes = true;
  vec_push(m, &only, ((solve_limit){SOLVE_LIMIT_SIZES, symbol}));
  return solve_without(m, p, &only, &yes);
}

loom_status solve_list_steps(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, int reach, solve_steps *out) {
  const solve_problem *q = solve_as_answered(&ctx->mem, p, a);
  place c;
  *out = (solve_steps){0};
  for (size_t s = 0; s < p->symbols.n; s++) {
    LOOM_TRY(stand(ctx, p->symbols.at[s].assigned ? set_free(&ctx->mem, q, s) : q, a, &c));
    for (int by = -reach; by <= reach && !c.ready.empty; by++)
      if (by)
        step_symbol(&c, (int)s, by, out);
  }
  LOOM_TRY(stand(ctx, q, a, &c));
  for (size_t i = 0; i < p->booleans.n; i++)
    step_boolean(&c, i, out);
  return LOOM_OK;
}

data_value *solve_steps_to_data(arena *m, const solve_steps *s) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < s->n; i++) {
    const solve_step *x = &s->at[i];
    data_value *o = data_object(m);
    data_set_string(m, o, "symbol", x->symbol);
    data_set_int(m, o, "by", x->by);
    data_set_int(m, o, "from", x->from);
    if (x->to >= 0)
      data_set_int(m, o, "to", x->to);
    if (x->cycles >= 0)
      data_set_int(m, o, "cost", x->cycles);
    if (x->why)
      data_set_string(m, o, "why", x->why);
    data_push(m, all, o);
  }
  return all;
}
