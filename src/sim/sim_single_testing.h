/* Test support: one load of `rows` rows of 256 bytes on each core of a line, and a compute that waits for it: the core's cycles are the arrival. */
#ifndef LOOM_SIM_SINGLE_TESTING_H
#define LOOM_SIM_SINGLE_TESTING_H
#include "sim/sim_testing.h"

typedef struct single { loom_ctx ctx; tog t; machine *m; tog_node *load; sim_report r; } single;

static inline void single_open(single *x, int64_t cores, int64_t rows) {
  memset(x, 0, sizeof *x);
  loom_ctx_init(&x->ctx);
  arena *m = &x->ctx.mem;
  x->m = rig_machine(m, 1, cores, 1);
  x->t = (tog){.kernel = "load", .n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, cores}};
  vec_push(m, &x->t.tensors, ((tog_tensor){.name = "in", .type = DTYPE_F32, .rank = 2, .shape = {rows, 64}, .is_input = true}));
  vec_push(m, &x->t.buffers, ((tog_buffer){.name = "b", .type = DTYPE_F32, .rank = 2, .shape = {rows, 64}, .bytes = rows * 256, .stride = rows * 256, .depth = 1}));
  tog_node *compute = ARENA_NEW(m, tog_node), *give = ARENA_NEW(m, tog_node);
  x->load = ARENA_NEW(m, tog_node);
  x->load->kind = TOG_LOAD;
  x->load->box = (tog_box){.rank = 2, .offset = {sym_const(m, 0), sym_const(m, 0)}, .extent = {sym_const(m, rows), sym_const(m, 64)}, .to_dim = {0, 1}};
  compute->kind = TOG_COMPUTE;
  compute->function = -1;
  compute->cycles = sym_const(m, 0);
  vec_push(m, &compute->uses, ((tog_use){0, TOG_READ, true}));
  give->kind = TOG_GIVE;
  give->thread = TOG_COMPUTE_THREAD;
  vec_push(m, &x->t.body, x->load);
  vec_push(m, &x->t.body, compute);
  vec_push(m, &x->t.body, give);
  tog_number(&x->t);
}

static inline void single_run(single *x) {
  assert_int_equal(sim_run(&x->ctx, &x->t, x->m, &(sim_options){.verify = true}, &x->r), LOOM_OK);
  assert_int_equal(x->r.n_faults, 0);
}
#endif
