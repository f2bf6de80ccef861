#include "base/clock.h"
#include "base/text.h"
#include "cli/sweep_program.h"
#include "cli/sweep_transport.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HANDS_MAX = 1024, POLL_NS = 1000000 };
static const double alive_s = 0.5;      /* between signs of life of a rank that computes */

/* A rank that computes: how many points it may have at a time, those it has, and when it was last heard of. */
typedef struct rank { int hands, busy; bool is_lost; double heard; size_t points[HANDS_MAX]; } rank;
struct sweep_ranks { const sweep_transport *t; rank *all; double lost_s; size_t lost[HANDS_MAX]; int n_lost; };

/* ---- the job ---- */

loom_status sweep_ranks_open(loom_ctx *ctx, sweep_ranks **out) {
  const double lost_s = cli_seconds_of("LOOM_SWEEP_LOST_S", 20);
  const sweep_transport *t;
  *out = NULL;
  LOOM_TRY(sweep_job_open(ctx, lost_s, &t));
  if (!t)
    return LOOM_OK;
  sweep_ranks *r = *out = ARENA_NEW(&ctx->mem, sweep_ranks);
  *r = (sweep_ranks){.t = t, .all = ARENA_NEW_N(&ctx->mem, rank, t->size), .lost_s = lost_s};
  for (int i = 0; i < t->size; i++)
    r->all[i].heard = clock_seconds();
  return LOOM_OK;
}

int sweep_ranks_number(const sweep_ranks *r) { return r->t->number; }
int sweep_ranks_count(const sweep_ranks *r) { return r->t->size; }

/* ---- messages: JSON ---- */

static void send_value(const sweep_ranks *r, arena *m, int to, const data_value *v) {
  const char *bytes = data_write_json(m, v, 0);
  r->t->send(to, bytes, strlen(bytes) + 1);
}

static data_value *message(arena *m, const char *what) {
  data_value *v = data_object(m);
  data_set_string(m, v, "what", what);
  return v;
}

/* NULL: nothing has come. */
static loom_status receive(const sweep_ranks *r, loom_ctx *ctx, int *from, data_value **out) {
  void *bytes;
  size_t size;
  *out = NULL;
  if (!r->t->receive(from, &bytes, &size))
    return LOOM_OK;
  const char *copy = arena_strndup(&ctx->mem, bytes, size);
  r->t->release(bytes);
  return data_read_json(ctx, "<message>", copy, strlen(copy), out);
}

static bool says(const data_value *v, const char *what) { return text_eq(data_get_string(v, "what", NULL), what); }

/* ---- rank 0 ---- */

int sweep_ranks_free(const sweep_ranks *r) {
  int n = 0;
  for (int i = 1; i < r->t->size; i++)
    n += r->all[i].is_lost ? 0 : r->all[i].hands - r->all[i].busy;
  return n;
}

loom_status sweep_ranks_start(sweep_ranks *r, loom_ctx *ctx, const char *const *words, size_t number) {
  arena *m = &ctx->mem;
  rank *to = &r->all[1];
  for (int i = 1; i < r->t->size; i++)      /* the one with most to spare */
    if (!r->all[i].is_lost && r->all[i].hands - r->all[i].busy > (to->is_lost ? 0 : to->hands - to->busy))
      to = &r->all[i];
  data_value *v = message(m, "point"), *list = data_array(m);
  data_set_int(m, v, "number", (int64_t)number);
  for (size_t i = 0; words[i]; i++)
    data_push(m, list, data_string(m, words[i]));
  data_set(m, v, "words", list);
  to->points[to->busy++] = number;
  send_value(r, m, (int)(to - r->all), v);
  return LOOM_OK;
}

static void forget(rank *of, size_t number) {
  for (int i = 0; i < of->busy; i++)
    if (of->points[i] == number) {
      of->points[i] = of->points[--of->busy];
      return;
    }
}

/* Points of ranks that nobody has heard of for long. */
static void find_lost(sweep_ranks *r, loom_ctx *ctx) {
  for (int i = 1; i < r->t->size; i++) {
    rank *of = &r->all[i];
    if (of->is_lost || !of->busy || clock_seconds() - of->heard < r->lost_s)
      continue;
    of->is_lost = true;
    diag_warn(ctx, LOOM_NOSPAN, "rank %d has not been heard of for %.0f s; others compute its %d points", i, r->lost_s, of->busy);
    while (of->busy && r->n_lost < HANDS_MAX)
      r->lost[r->n_lost++] = of->points[--of->busy];
  }
}

static loom_status read_done(loom_ctx *ctx, const data_value *v, sweep_done *out) {
  int64_t number;
  data_value *row, *plans, *lost;
  LOOM_TRY(data_need_int(ctx, v, "number", 0, INT64_MAX, &number));
  LOOM_TRY(data_need(ctx, v, "is_lost", DATA_BOOL, &lost));
  *out = (sweep_done){.point = (size_t)number, .is_lost = lost->boolean};
  if (out->is_lost)
    return LOOM_OK;
  LOOM_TRY(data_need_real(ctx, v, "seconds", 0, 1e18, &out->seconds));
  LOOM_TRY(data_need(ctx, v, "row", DATA_OBJECT, &row));
  LOOM_TRY(data_need(ctx, v, "plans", DATA_ARRAY, &plans));
  out->plans = plans;
  return sweep_row_from_data(ctx, row, &out->row);
}

loom_status sweep_ranks_take(sweep_ranks *r, loom_ctx *ctx, sweep_done *out, bool *out_found) {
  int from;
  data_value *v;
  *out_found = false;
  if (r->n_lost) {
    *out = (sweep_done){.point = r->lost[--r->n_lost], .is_lost = true};
    *out_found = true;
    return LOOM_OK;
  }
  LOOM_TRY(receive(r, ctx, &from, &v));
  if (!v) {
    find_lost(r, ctx);
    return LOOM_OK;
  }
  rank *of = &r->all[from];
  of->heard = clock_seconds();
  if (says(v, "ready")) {
    int64_t hands;
    LOOM_TRY(data_need_int(ctx, v, "hands", 1, HANDS_MAX, &hands));
    of->hands = (int)hands;
    of->is_lost = false;
  }
  if (!says(v, "done"))
    return LOOM_OK;
  LOOM_TRY(read_done(ctx, v, out));
  *out_found = !of->is_lost;      /* of one that was given up, others compute it */
  forget(of, out->point);
  return LOOM_OK;
}

/* ---- the others ---- */

static void say_ready(const sweep_ranks *r, arena *m, int hands) {
  data_value *v = message(m, "ready");
  data_set_int(m, v, "hands", hands);
  send_value(r, m, 0, v);
}

static loom_status begin(loom_ctx *ctx, sweep_hands *hands, const data_value *v) {
  int64_t number;
  data_value *list;
  LOOM_TRY(data_need_int(ctx, v, "number", 0, INT64_MAX, &number));
  LOOM_TRY(data_need(ctx, v, "words", DATA_ARRAY, &list));
  const char **words = ARENA_NEW_N(&ctx->mem, const char *, list->n + 1);
  for (size_t i = 0; i < list->n; i++)
    words[i] = list->items[i]->string;
  return sweep_hands_start(hands, words, (size_t)number);
}

static void send_done(const sweep_ranks *r, arena *m, const sweep_done *d) {
  data_value *v = message(m, "done");
  data_set_int(m, v, "number", (int64_t)d->point);
  data_set_bool(m, v, "is_lost", d->is_lost);
  if (!d->is_lost) {
    data_set_real(m, v, "seconds", d->seconds);
    data_set(m, v, "row", sweep_row_to_data(m, &d->row));
    data_set(m, v, "plans", (data_value *)(uintptr_t)d->plans);
  }
  send_value(r, m, 0, v);
}

/* One round: what has come, what is done, a sign of life now and then. */
static loom_status serve_once(sweep_ranks *r, loom_ctx *ctx, sweep_hands *hands, double *alive, bool *out_stop, bool *out_idle) {
  arena *m = &ctx->mem;
  data_value *v;
  sweep_done d;
  bool found;
  int from;
  LOOM_TRY(receive(r, ctx, &from, &v));
  *out_stop = v && says(v, "stop");
  if (v && says(v, "point"))
    LOOM_TRY(begin(ctx, hands, v));
  LOOM_TRY(sweep_hands_take(hands, ctx, &d, &found));
  if (found)
    send_done(r, m, &d);
  if (clock_seconds() - *alive > alive_s) {
    *alive = clock_seconds();
    send_value(r, m, 0, message(m, "alive"));
  }
  *out_idle = !v && !found;
  return LOOM_OK;
}

loom_status sweep_ranks_serve(sweep_ranks *r, loom_ctx *ctx, sweep_hands *hands) {
  bool stop = false, idle = false;
  double alive = clock_seconds();
  loom_status st = LOOM_OK;
  say_ready(r, &ctx->mem, sweep_hands_free(hands));
  while (!stop && st == LOOM_OK) {
    arena_mark before = arena_save(&ctx->mem);
    st = serve_once(r, ctx, hands, &alive, &stop, &idle);
    arena_release(&ctx->mem, before);
    if (idle)
      nanosleep(&(struct timespec){0, POLL_NS}, NULL);
  }
  return st;
}

void sweep_ranks_close(sweep_ranks *r) {
  static const char stop[] = "{\"what\": \"stop\"}";
  bool is_whole = true;
  if (!r)
    return;
  for (int i = 1; i < r->t->size && r->t->number == 0; i++) {
    is_whole = is_whole && !r->all[i].is_lost;
    r->t->send(i, stop, sizeof stop);
  }
  r->t->finish(is_whole, 0);
}
