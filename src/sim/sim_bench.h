/* Test support: a graph written as loom.tog.v1, f32 tensors of whole numbers, a small machine; included by *_test.c only.
 * Every run is done three times: with values, again, and without; the reports must be the same to the byte. */
#ifndef LOOM_SIM_BENCH_H
#define LOOM_SIM_BENCH_H
#include "sim/sim_testing.h"

enum { BENCH_TENSORS = 4 };
typedef struct bench { loom_ctx ctx; machine *m; tog *t; float *data[BENCH_TENSORS]; void *tensors[BENCH_TENSORS]; sim_report r; } bench;

/* Element i of an input holds i + 1; outputs hold NaN. */
static inline void bench_fill(bench *b) {
  for (size_t k = 0; k < b->t->tensors.n; k++) {
    const tog_tensor *x = &b->t->tensors.at[k];
    int64_t n = tog_tensor_elems(x);
    b->tensors[k] = b->data[k] = ARENA_NEW_N(&b->ctx.mem, float, n);
    for (int64_t i = 0; i < n; i++)
      b->data[k][i] = x->is_output ? (float)NAN : (float)(i + 1);
  }
}

/* Takes the graph as it is; the machine has the graph's mesh and two DRAM channels. */
static inline void bench_set(bench *b, tog *t) {
  b->t = t;
  assert_true(t->tensors.n <= BENCH_TENSORS);
  b->m = rig_machine(&b->ctx.mem, t->mesh_size[0], t->n_mesh > 1 ? t->mesh_size[1] : 1, 2);
  bench_fill(b);
}

static inline void bench_open(bench *b, const char *json) {
  data_value *v;
  tog *t = NULL;
  memset(b, 0, sizeof *b);
  loom_ctx_init(&b->ctx);
  if (data_read_json(&b->ctx, "tog.json", json, strlen(json), &v) != LOOM_OK || tog_from_data(&b->ctx, v, &t) != LOOM_OK)
    fail_msg("%s\n%s", b->ctx.diag.first->text, json);
  bench_set(b, t);
}

static inline void bench_run(bench *b, const sim_tile_fn *functions, size_t n, bool verify) {
  sim_exec exec = {functions, n};
  const char *text[3];
  for (int i = 0; i < 3; i++) {
    bench_fill(b);
    sim_options o = {.exec = i > 0 ? &exec : NULL, .tensors = i > 0 ? b->tensors : NULL, .verify = verify, .event_budget = 2 * 1000 * 1000};
    if (sim_run(&b->ctx, b->t, b->m, &o, &b->r) != LOOM_OK)
      fail_msg("%s", b->ctx.diag.first->text);
    text[i] = data_write_json(&b->ctx.mem, sim_report_to_data(&b->ctx.mem, &b->r, b->t), 0);
  }
  assert_string_equal(text[0], text[1]);
  assert_string_equal(text[1], text[2]);
}

static inline void bench_expect_clean(const bench *b) {
  if (b->r.n_faults)
    fail_msg("%d faults, first %s at cycle %d of core %d: %s", (int)b->r.n_faults, sim_fault_name(b->r.faults.at[0].kind), (int)b->r.faults.at[0].cycle,
             b->r.faults.at[0].core, b->r.faults.at[0].text);
}

static inline void bench_expect_fault(const bench *b, sim_fault_kind kind, const char *text) {
  for (size_t i = 0; i < b->r.faults.n; i++)
    if (b->r.faults.at[i].kind == kind && strstr(b->r.faults.at[i].text, text))
      return;
  fail_msg("no fault %s with \"%s\" among %d; the first: %s", sim_fault_name(kind), text, (int)b->r.n_faults, b->r.n_faults ? b->r.faults.at[0].text : "none");
}

static inline void bench_close(bench *b) { loom_ctx_done(&b->ctx); }

/* `text` with $name$ replaced: pairs name, value, ..., NULL. */
static inline const char *bench_text(arena *m, const char *text, const char *const *pairs) {
  for (; *pairs; pairs += 2) {
    const char *mark = arena_printf(m, "$%s$", pairs[0]);
    for (const char *at; (at = strstr(text, mark));)
      text = arena_printf(m, "%.*s%s%s", (int)(at - text), text, pairs[1], at + strlen(mark));
  }
  return text;
}
#endif
