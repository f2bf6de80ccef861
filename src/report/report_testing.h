/* Test support: a run of two cores that never was, written down by hand; included by *_test.c only. */
#ifndef LOOM_REPORT_TESTING_H
#define LOOM_REPORT_TESTING_H
#include "report/report_names.h"
#include "sim/sim_testing.h"

/* Two cores in a row, 100 cycles: a loop, its step, a load, a compute node without a label, a loop with one. */
typedef struct told_run { loom_ctx ctx; tog t; machine *m; sim_report r; sim_record record; report_run run; } told_run;
enum { TOLD_LOOP, TOLD_LOAD, TOLD_COMPUTE, TOLD_WAVES, TOLD_CYCLES = 100 };

static inline tog_node *told_node(told_run *w, tog_body *body, tog_node_kind kind, const char *label) {
  tog_node *n = ARENA_NEW(&w->ctx.mem, tog_node);
  n->kind = kind;
  n->label = label;
  n->var = "i";
  vec_push(&w->ctx.mem, body, n);
  return n;
}

static inline void told_open(told_run *w) {
  memset(w, 0, sizeof *w);
  loom_ctx_init(&w->ctx);
  arena *m = &w->ctx.mem;
  w->m = rig_machine(m, 2, 1, 2);
  w->t = (tog){.kernel = "k", .machine = "rig", .variant = "v", .n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {2, 1}};
  vec_push(m, &w->t.buffers, ((tog_buffer){.name = "a", .type = DTYPE_F16, .rank = 2, .shape = {4, 8}, .bytes = 64, .depth = 2, .stride = 64}));
  vec_push(m, &w->t.tensors, ((tog_tensor){.name = "A", .type = DTYPE_F16, .rank = 2, .shape = {8, 8}, .is_input = true}));
  tog_node *loop = told_node(w, &w->t.body, TOG_LOOP, NULL);
  told_node(w, &loop->body, TOG_LOAD, "load \"a\"");
  told_node(w, &loop->body, TOG_COMPUTE, NULL);
  told_node(w, &w->t.body, TOG_LOOP, "waves");
  for (size_t i = 0; i < w->t.body.n; i++)
    w->t.body.at[i]->trip = sym_const(m, 1);
  tog_number(&w->t);
  w->r = (sim_report){.cycles = TOLD_CYCLES, .n_cores = 2, .cores = ARENA_NEW_N(m, sim_core, 2)};
  w->r.cores[0].cycles = TOLD_CYCLES;
  w->r.cores[1].cycles = 60;
  vec_push(m, &w->r.units, ((sim_unit){.name = "matrix"}));
  vec_push(m, &w->r.units, ((sim_unit){.name = "vector"}));
  vec_push(m, &w->r.channels, ((sim_channel){.busy = 10}));
  vec_push(m, &w->r.channels, ((sim_channel){0}));
  vec_push(m, &w->r.links, ((sim_link){.from = 1, .to = 0, .busy = 5, .number = 3}));
  w->record = (sim_record){.cut = -1, .cycles = TOLD_CYCLES, .n_lanes = 2 * TOG_THREADS, .lanes = ARENA_NEW_N(m, sim_lane, 2 * TOG_THREADS)};
  bins_init(m, &w->record.phases, 2 * TOG_THREADS * SIM_SLICE_KINDS, 1);
  bins_init(m, &w->record.channels, 2, 25 * SIM_SERVICE_TICKS);
  bins_init(m, &w->record.links, 4, 25 * SIM_SERVICE_TICKS);
  w->run = (report_run){&w->t, w->m, &w->r, &w->record};
}

static inline void told_slice(told_run *w, int lane, sim_slice_kind kind, int node, int other, int64_t begin, int64_t end, int64_t value) {
  sim_lane *l = &w->record.lanes[lane];
  vec_push(&w->ctx.mem, &l->slices, ((sim_slice){begin, end, value, kind, node, other}));
  l->end = end > l->end ? end : l->end;
}

static inline void told_close(told_run *w) { loom_ctx_done(&w->ctx); }
#endif
