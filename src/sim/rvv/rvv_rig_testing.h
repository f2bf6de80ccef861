/* A core with an array and one tile of the scratchpad, to call the functions of a program on. */
#ifndef LOOM_SIM_RVV_RIG_TESTING_H
#define LOOM_SIM_RVV_RIG_TESTING_H
#include "sim/rvv/rvv_private.h"
#include "sim/rvv/rvv_testing.h"

enum { MEMORY = 8192 };

typedef struct rig { loom_ctx ctx; rvv_image *image; rvv_core *core; rvv_array *array; int lanes; uint32_t *words; rvv_fault fault; rvv_report report; } rig;

static inline void rig_open(rig *g, const char *program, int lanes, int vlen_bits) {
  loom_ctx_init(&g->ctx);
  g->lanes = lanes;
  g->image = testing_load(&g->ctx, program, NULL, 0, lanes, vlen_bits);
  g->core = rvv_core_new(&g->ctx.mem, g->image);
  g->array = rvv_array_new(&g->ctx.mem, lanes);
  g->words = ARENA_NEW_N(&g->ctx.mem, uint32_t, lanes * MEMORY / 4);
}

static inline rvv_fault_kind rig_call(rig *g, const char *name, const int64_t *args, int n, const rvv_tensor *tensors, int n_tensors) {
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = MEMORY, .words = g->words};
  rvv_job job = {.entry = rvv_find(g->image, name), .args = args, .n_args = n, .windows = &w, .n_windows = 1, .tensors = tensors, .n_tensors = n_tensors, .array = g->array, .budget = 1000000};
  assert_true(job.entry != 0);
  return rvv_call(g->core, &job, &g->report, &g->fault);
}
#endif
