/* Test support: a small machine, and a matmul on it with integer data; included by *_test.c only. */
#ifndef LOOM_SIM_TESTING_H
#define LOOM_SIM_TESTING_H
#include "base/rng.h"
#include "base/testing.h"
#include "sim/sim.h"
#include "tog/tog_samples.h"
#include <stdlib.h>

typedef struct rig {
  loom_ctx ctx;
  machine *m;
  tog *t;
  tog_matmul_spec spec;
  uint16_t *a, *b, *c, *want;      /* f16; `want` by the plain loop below */
  void *tensors[3];
  sim_report r;
} rig;

/* A mesh with `channels` DRAM channels along its first column. */
static inline machine *rig_machine(arena *mem, int64_t x, int64_t y, int64_t channels) {
  machine *m = ARENA_NEW(mem, machine);
  m->name = "rig";
  vec_push(mem, &m->mesh, ((machine_dim){.name = "x", .size = x}));
  vec_push(mem, &m->mesh, ((machine_dim){.name = "y", .size = y}));
  m->l1_bytes = 1 << 20;
  m->dram_channels = channels;
  m->dram_bytes_per_cycle.value = 64;
  m->dram_latency_cycles.value = 100;
  m->dram_page_bytes = 256;
  for (int64_t i = 0; i < channels; i++)
    vec_push(mem, &m->attach, i % x * y);
  m->link_bytes_per_cycle.value = 32;
  m->hop_cycles.value = 2;
  m->transfer_setup_cycles.value = 10;
  return m;
}

/* Integers in [-2, 2]: every partial sum is exact in f32, every result up to 2048 exact in f16. */
static inline void rig_fill(rig *g) {
  const tog_matmul_spec *s = &g->spec;
  rng r = rng_new(1);
  g->a = ARENA_NEW_N(&g->ctx.mem, uint16_t, s->m * s->k);
  g->b = ARENA_NEW_N(&g->ctx.mem, uint16_t, s->k * s->n);
  g->c = ARENA_NEW_N(&g->ctx.mem, uint16_t, s->m * s->n);
  g->want = ARENA_NEW_N(&g->ctx.mem, uint16_t, s->m * s->n);
  for (int64_t i = 0; i < s->m * s->k; i++)
    g->a[i] = dtype_f32_to_f16((float)rng_range(&r, -2, 2));
  for (int64_t i = 0; i < s->k * s->n; i++)
    g->b[i] = dtype_f32_to_f16((float)rng_range(&r, -2, 2));
  for (int64_t i = 0; i < s->m; i++)
    for (int64_t j = 0; j < s->n; j++) {
      int sum = 0;
      for (int64_t p = 0; p < s->k; p++)
        sum += (int)dtype_f16_to_f32(g->a[i * s->k + p]) * (int)dtype_f16_to_f32(g->b[p * s->n + j]);
      g->want[i * s->n + j] = dtype_f32_to_f16((float)sum);
    }
  memset(g->c, 0xFF, (size_t)(s->m * s->n) * 2);
  g->tensors[0] = g->a;
  g->tensors[1] = g->b;
  g->tensors[2] = g->c;
}

static inline void rig_open(rig *g, const tog_matmul_spec *s) {
  memset(g, 0, sizeof *g);
  loom_ctx_init(&g->ctx);
  g->spec = *s;
  g->m = rig_machine(&g->ctx.mem, s->mesh_x, s->mesh_y, 2);
  g->t = tog_sample_matmul(&g->ctx.mem, s);
}

static inline loom_status rig_run(rig *g, bool values, bool verify) {
  sim_exec exec = {tog_sample_functions, TOG_SAMPLE_FUNCTIONS};
  sim_options o = {.exec = values ? &exec : NULL, .tensors = values ? g->tensors : NULL, .verify = verify, .event_budget = 20 * 1000 * 1000};
  return sim_run(&g->ctx, g->t, g->m, &o, &g->r);
}

/* Elements of C that differ from the plain loop's. */
static inline int64_t rig_wrong(const rig *g) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < g->spec.m * g->spec.n; i++)
    wrong += g->c[i] != g->want[i];
  return wrong;
}

static inline const sim_fault *rig_fault(const rig *g, sim_fault_kind k) {
  for (size_t i = 0; i < g->r.faults.n; i++)
    if (g->r.faults.at[i].kind == k)
      return &g->r.faults.at[i];
  return NULL;
}

/* No diagnostics and no faults; prints the first of either otherwise. */
static inline void rig_expect_clean(const rig *g) {
  if (g->ctx.diag.first)
    fail_msg("diagnostic: %s", g->ctx.diag.first->text);
  if (g->r.n_faults)
    fail_msg("%d faults, first %s at cycle %d: %s", (int)g->r.n_faults, sim_fault_name(g->r.faults.at[0].kind), (int)g->r.faults.at[0].cycle,
             g->r.faults.at[0].text);
}

static inline void rig_close(rig *g) { loom_ctx_done(&g->ctx); }
#endif
