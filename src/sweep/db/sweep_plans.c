/* Plans between the processes of a sweep: what a hand's tuning database has goes as JSON to the process that writes. */
#include "base/file.h"
#include "sweep/db/sweep_db.h"

/* X(where, field): in the order in which they are written */
#define TEXTS(X) X(key, kernel) X(key, machine) X(key, model) X(key, options) X(p, kernel_name) X(p, machine_name) X(p, plan)

typedef struct plan_list { arena *m; data_value *rows; } plan_list;

static void add_plan(void *data, const tuning_key *key, const tuning_plan *p) {
  plan_list *l = data;
  data_value *v = data_object(l->m);
#define X(where, f) data_set_string(l->m, v, #f, where->f);
  TEXTS(X)
#undef X
  data_set_int(l->m, v, "cycles", p->cycles);
  data_set_int(l->m, v, "lower_bound", p->lower_bound);
  data_set_bool(l->m, v, "is_optimal", p->proof == TUNING_OPTIMAL);
  data_push(l->m, l->rows, v);
}

loom_status sweep_plans_read(loom_ctx *ctx, const char *path, const data_value **out) {
  plan_list list = {&ctx->mem, data_array(&ctx->mem)};
  tuning_db *db = NULL;
  *out = list.rows;
  if (!file_exists(path))
    return LOOM_OK;
  loom_status st = tuning_open(ctx, path, &db);
  if (st == LOOM_OK)
    st = tuning_each(ctx, db, add_plan, &list);
  tuning_close(db);
  return st;
}

static loom_status read_plan(loom_ctx *ctx, const data_value *v, tuning_key *key, tuning_plan *p) {
  data_value *is_optimal;
#define X(where, f) LOOM_TRY(data_need_string(ctx, v, #f, &where->f));
  TEXTS(X)
#undef X
  LOOM_TRY(data_need_int(ctx, v, "cycles", 0, INT64_MAX, &p->cycles));
  LOOM_TRY(data_need_int(ctx, v, "lower_bound", INT64_MIN, INT64_MAX, &p->lower_bound));
  LOOM_TRY(data_need(ctx, v, "is_optimal", DATA_BOOL, &is_optimal));
  p->proof = is_optimal->boolean ? TUNING_OPTIMAL : TUNING_BEST_FOUND;
  return LOOM_OK;
}

loom_status sweep_plans_keep(loom_ctx *ctx, sweep_db *db, const data_value *plans) {
  for (size_t i = 0; plans && i < plans->n; i++) {
    tuning_key key;
    tuning_plan p;
    bool kept;
    LOOM_TRY(read_plan(ctx, plans->items[i], &key, &p));
    LOOM_TRY(tuning_record(ctx, sweep_db_plans(db), &key, &p, false, &kept));
  }
  return LOOM_OK;
}
