/* Trades under the loom model: cycles against L1 bytes and DRAM bytes.  The search gives the least T within caps (b, q) of the two; every find x there opens
 * the caps (x.L1 - 1, q) and (b, x.DRAM - 1).
 *
 * Nothing is missed: let v be beaten by nothing and lie within caps that were searched; the find there has T <= v.T, so it is v's equal or v lies below it
 * in L1 or in DRAM, that is within caps opened by it; these shrink.  Caps within which an earlier find of wider caps lies need no search: it is the
 * least there too; and caps within caps that hold nothing hold nothing. */
#include "base/clock.h"
#include "solve/solve_price.h"
#include <math.h>
#include <stdlib.h>

enum { SEARCHES_MAX = 48 /* unless a budget or a time is given */, HALVINGS_MAX = 12 };

typedef struct caps { int64_t l1, dram; } caps;
typedef struct answer { caps in; bool found; solve_row_trade is; } answer;
typedef struct opened { caps in; int64_t above; /* T of the find that opened them */ bool is_done; } opened;

typedef struct trader {
  loom_ctx *ctx;
  const solve_field *f;
  const solve_limits *limits;
  VEC_OF(answer) known;
  VEC_OF(opened) open;
  int searches;
  int64_t evaluated;
  double until;                          /* seconds; 0: unlimited */
  bool is_complete;
} trader;

static bool lie_within(caps a, caps b) { return a.l1 <= b.l1 && a.dram <= b.dram; }

static const answer *find_known(const trader *t, caps c) {
  for (size_t i = 0; i < t->known.n; i++) {
    const answer *k = &t->known.at[i];
    if (lie_within(c, k->in) && (!k->found || (k->is.l1_bytes <= c.l1 && k->is.dram_bytes <= c.dram)))
      return k;
  }
  return NULL;
}

/* The least T within the caps.  LOOM_OK without a find: nothing fits, or the limits were reached (then the trades are not complete). */
static loom_status search(trader *t, caps c, answer *out) {
  loom_ctx *ctx = t->ctx;
  machine m = *t->f->machine;
  solve_options o = *t->f->o;
  solve_result r = {.best = -1};
  solve_price x;
  solve_limits l = *t->limits;
  diag_mark before = diag_save(ctx);
  *out = (answer){.in = c};
  l.op_budget -= l.op_budget > 0 ? t->evaluated : 0;      /* what is left; looked at before */
  l.timeout_s = t->until > 0 ? fmax(t->until - clock_seconds(), 1e-3) : 0;
  m.l1_bytes = c.l1;
  o.dram_limit = c.dram;
  o.top_k = 1;
  loom_status st;
  if (t->f->space) {
    explore_space space = *t->f->space;
    space.machine = &m;
    st = solve_space(ctx, &space, &o, &l, &r);
  } else {
    st = solve_rows(ctx, t->f->nest, &m, t->f->table, &o, &l, &r);
  }
  diag_drop(ctx, before);
  t->searches++;
  t->evaluated = solve_add(t->evaluated, r.evaluated);
  if (st == LOOM_EMEM)
    return st;
  if (st == LOOM_EINFEASIBLE)
    return LOOM_OK;
  if (st != LOOM_OK || r.best < 0) {
    t->is_complete = false;
    return LOOM_OK;
  }
  out->found = true;
  out->is.row = r.rows.at[r.best];
  t->is_complete = t->is_complete && out->is.row.status != SOLVE_BEST_FOUND;
  LOOM_TRY(solve_price_row(ctx, t->f->nest, t->f->machine, t->f->o, &out->is.row, &x));
  out->is.cycles = x.cycles;
  out->is.dram_bytes = x.sum.dram_bytes;
  return model_bytes_at(x.program, &x.at.grid, x.at.block, x.chosen, &out->is.l1_bytes) ? LOOM_OK : LOOM_ELIMIT;
}

static bool is_over(trader *t) {
  const solve_limits *l = t->limits;
  bool is_given = l->op_budget > 0 || l->timeout_s > 0;
  if ((is_given || t->searches < SEARCHES_MAX) && (l->op_budget <= 0 || t->evaluated < l->op_budget) && (t->until <= 0 || clock_seconds() < t->until))
    return false;
  t->is_complete = false;
  return true;
}

static bool is_answered(const trader *t, caps c) {
  for (size_t i = 0; i < t->known.n; i++)
    if (t->known.at[i].in.l1 == c.l1 && t->known.at[i].in.dram == c.dram)
      return true;
  return false;
}

static loom_status look(trader *t, caps c) {
  const answer *known = find_known(t, c);
  answer a;
  if ((known && !known->found) || is_answered(t, c))
    return LOOM_OK;
  if (known) {
    a = *known;
    a.in = c;
  } else {
    LOOM_TRY(search(t, c, &a));
  }
  vec_push(&t->ctx->mem, &t->known, a);
  if (!a.found)
    return LOOM_OK;
  const caps less[] = {{a.is.l1_bytes - 1, c.dram}, {c.l1, a.is.dram_bytes - 1}};
  for (size_t i = 0; i < 2; i++)
    vec_push(&t->ctx->mem, &t->open, ((opened){less[i], a.is.cycles, false}));
  return LOOM_OK;
}

/* How much is not known of what caps hold: T is at least that of the find that opened them, and at most that of any find within. */
static double gap(const trader *t, const opened *x) {
  int64_t below = INT64_MAX;
  for (size_t i = 0; i < t->known.n; i++) {
    const answer *k = &t->known.at[i];
    if (k->found && k->is.l1_bytes <= x->in.l1 && k->is.dram_bytes <= x->in.dram && k->is.cycles < below)
      below = k->is.cycles;
  }
  return (double)below / (double)(x->above > 0 ? x->above : 1);
}

/* The widest gap; ties to the first. */
static opened *next_open(trader *t) {
  opened *best = NULL;
  double widest = 0;
  for (size_t i = 0; i < t->open.n; i++) {
    double g = t->open.at[i].is_done ? 0 : gap(t, &t->open.at[i]);
    if (g > widest) {
      widest = g;
      best = &t->open.at[i];
    }
  }
  return best;
}

static void report(const trader *t) {
  int64_t left = 0;
  for (size_t i = 0; i < t->open.n; i++)
    left += !t->open.at[i].is_done;
  if (t->f->o->progress && t->known.n && t->known.at[0].found)
    t->f->o->progress(t->f->o->progress_data, t->searches, left, t->known.at[0].is.cycles, t->known.at[0].is.row.lower_bound);
}

static loom_status trade(trader *t) {
  for (int i = 0; i < HALVINGS_MAX && !is_over(t); i++) {      /* an overview first, which a search that is stopped keeps */
    LOOM_TRY(look(t, (caps){t->f->machine->l1_bytes >> i, INT64_MAX}));
    report(t);
  }
  for (opened *x = next_open(t); x; x = next_open(t)) {
    if (is_over(t))
      break;
    x->is_done = true;
    LOOM_TRY(look(t, x->in));
    report(t);
  }
  return LOOM_OK;
}

/* ---- what comes out ---- */

static bool is_as_good(const solve_row_trade *a, const solve_row_trade *b) { return a->cycles <= b->cycles && a->l1_bytes <= b->l1_bytes && a->dram_bytes <= b->dram_bytes; }

static bool is_beaten(const solve_row_trades *list, const solve_row_trade *x) {
  for (size_t i = 0; i < list->n; i++)
    if (is_as_good(&list->at[i], x))
      return true;
  return false;
}

static void add(arena *m, solve_row_trades *list, const solve_row_trade *x) {
  size_t kept = 0;
  if (is_beaten(list, x))
    return;
  for (size_t i = 0; i < list->n; i++)
    if (!is_as_good(x, &list->at[i]))
      list->at[kept++] = list->at[i];
  list->n = kept;
  vec_push(m, list, *x);
}

static int by_cycles(const void *a, const void *b) {
  const solve_row_trade *x = a, *y = b;
  if (x->cycles != y->cycles)
    return x->cycles < y->cycles ? -1 : 1;
  return (x->l1_bytes > y->l1_bytes) - (x->l1_bytes < y->l1_bytes);
}

loom_status solve_field_trades(loom_ctx *ctx, const solve_field *f, const solve_limits *l, solve_row_trades *out, bool *out_complete) {
  static const solve_limits none = {0};
  trader t = {.ctx = ctx, .f = f, .limits = l ? l : &none, .is_complete = true};
  t.until = t.limits->timeout_s > 0 ? clock_seconds() + t.limits->timeout_s : 0;
  *out = (solve_row_trades){0};
  LOOM_TRY(trade(&t));
  for (size_t i = 0; i < t.known.n; i++)
    if (t.known.at[i].found)
      add(&ctx->mem, out, &t.known.at[i].is);
  if (out->n)
    qsort(out->at, out->n, sizeof *out->at, by_cycles);
  *out_complete = t.is_complete;
  return LOOM_OK;
}
