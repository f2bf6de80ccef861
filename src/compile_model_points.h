/* Plans of matmul that the loom model is compared on with the virtual chip; included by compile_model_test.c and bench/model_accuracy.c only. */
#ifndef LOOM_COMPILE_MODEL_POINTS_H
#define LOOM_COMPILE_MODEL_POINTS_H
#include "compile.h"
#include "model/model.h"
#include "sim/sim.h"
#include <stdio.h>
#include <string.h>

/* `shared`: "xy" both loads multicast over the whole of the dim they do not move with, "x" only x, "" neither. */
typedef struct model_plan_point { const char *machine; int64_t m, n, k, tile_m, tile_n, tile_k; int depth; const char *shared; } model_plan_point;
static const model_plan_point model_points[] = {
  {"wormhole", 2048, 2048, 512, 64, 64, 64, 2, "xy"},       {"wormhole", 2048, 2048, 512, 128, 128, 128, 2, "xy"},
  {"wormhole", 2048, 2048, 512, 256, 256, 64, 2, "xy"},     {"wormhole", 2048, 2048, 512, 256, 256, 256, 2, "xy"},
  {"wormhole", 2048, 2048, 512, 128, 256, 512, 1, "xy"},    {"wormhole", 2048, 2048, 512, 64, 64, 64, 2, ""},
  {"wormhole", 2048, 2048, 512, 128, 128, 128, 2, ""},      {"wormhole", 2048, 2048, 512, 256, 256, 64, 2, ""},
  {"wormhole", 2048, 2048, 512, 256, 256, 256, 2, ""},      {"wormhole", 2048, 2048, 512, 128, 256, 512, 1, ""},
  {"wormhole", 2048, 1024, 2048, 64, 128, 256, 2, "xy"},    {"wormhole", 2048, 1024, 2048, 64, 128, 256, 2, "x"},
  {"blackhole", 2048, 2048, 1024, 64, 128, 256, 2, "xy"},   {"blackhole", 2048, 2048, 1024, 64, 128, 256, 2, ""},
  {"wormhole", 2048, 1024, 2048, 128, 128, 512, 2, "xy"},   {"wormhole", 2048, 1024, 2048, 128, 128, 512, 2, "x"},
  {"blackhole", 2048, 2048, 1024, 128, 128, 512, 2, "xy"},  {"blackhole", 2048, 2048, 1024, 128, 128, 512, 2, ""},
  {"wormhole", 2048, 1024, 2048, 256, 128, 128, 2, "xy"},   {"wormhole", 2048, 1024, 2048, 256, 128, 128, 2, "x"},
  {"blackhole", 2048, 2048, 1024, 256, 128, 128, 2, "xy"},  {"blackhole", 2048, 2048, 1024, 256, 128, 128, 2, ""},
};

static inline bool is_shared(const model_plan_point *p, const char *load) { return strstr(p->shared, load) != NULL; }

/* The candidate of upstream's M x N mapping (rows on dim x, columns on dim y) with these transfers. */
static inline loom_status compile_point(loom_ctx *ctx, const model_plan_point *p, compile_options *o, compile_state *s) {
  static char x[64], y[64];
  snprintf(x, sizeof x, "load.x=%s", is_shared(p, "x") ? "bcast_y" : "n");
  snprintf(y, sizeof y, "load.y=%s", is_shared(p, "y") ? "bcast_x" : "n");
  static const char *pins[5] = {x, y, NULL, "map=d0i0_d1i0_d2i1", "order=01"};
  pins[2] = strcmp(p->machine, "blackhole") == 0 ? "split=x12_y1y10" : "split=x8_y1y8";
  static helion_shape shapes[3];
  static solve_domain domains[3];
  shapes[0] = (helion_shape){"M", p->m};
  shapes[1] = (helion_shape){"N", p->n};
  shapes[2] = (helion_shape){"K", p->k};
  domains[0] = (solve_domain){.symbol = "tile_m", .assigned = p->tile_m};
  domains[1] = (solve_domain){.symbol = "tile_n", .assigned = p->tile_n};
  domains[2] = (solve_domain){.symbol = "tile_k", .assigned = p->tile_k};
  *o = (compile_options){.input = LOOM_SOURCE_DIR "/kernels/matmul.py", .machine = p->machine, .helion = {.shapes = shapes, .n_shapes = 3}, .model = MODEL_LOOM,
                         .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG, .domains = domains, .n_domains = 3};
  o->explore.pins = pins;
  o->explore.n_pins = 5;
  o->explore.lacking = PLAN_NEEDS_HOIST_TEMPORAL | PLAN_NEEDS_PANEL | PLAN_NEEDS_DEPTH3;      /* each load in its innermost loop */
  return compile_kernel(ctx, o, s);
}

static inline loom_status model_point_cycles(loom_ctx *ctx, const compile_state *s, int64_t *out, int64_t terms[MODEL_TERMS]) {
  const plan_mapping *map = &s->plan->candidate.mapping;
  model_program *p;
  LOOM_TRY(model_compile(ctx, s->nest, s->machine, true, MODEL_PACKED, &p));
  int64_t blocks[MODEL_BLOCKS_MAX];
  for (size_t i = 0; i < s->nest->symbols.n; i++)
    blocks[i] = plan_block_size(s->plan, s->nest->symbols.at[i].name);
  model_grid grid;
  model_grid_of(map, &grid);
  model_point at;
  if (!model_set_blocks(p, &grid, blocks, &at))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "beyond the model's numbers");
  plan_choice choice[PLAN_LOADS_MAX] = {0};
  const plan_choice *choices[PLAN_LOADS_MAX];
  size_t one[PLAN_LOADS_MAX];
  for (int a = 0; a < s->plan->candidate.n_access; a++) {
    const plan_access *x = &s->plan->candidate.access[a];
    choice[a].depth = x->is_store ? x->depth : s->plan->double_buffer ? 2 : 1;      /* set_depth has the last word */
    choice[a].hoist = x->hoist;
    choice[a].panel = x->panel;
    choice[a].direct = x->direct;
    for (int d = 0; d < PLAN_MESH_MAX; d++) {
      choice[a].area[d] = d < map->n_mesh ? x->area[d] : 1;
      choice[a].levels[d] = x->levels[d];
      choice[a].move[d] = x->move[d];
    }
    choices[a] = &choice[a];
    one[a] = 1;
  }
  model_route *routes[PLAN_LOADS_MAX];
  LOOM_TRY(model_find_routes(ctx, p, map, &at, choices, one, routes));
  model_vector sum = {0}, v;
  for (int a = 0; a < s->plan->candidate.n_access; a++) {
    if (!model_price(p, &at, a, &choice[a], routes[a], &v))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "beyond the model's numbers");
    model_add(&sum, &v);
  }
  model_terms(p, &at, &sum, terms);
  *out = model_total(p, &at, &sum);
  return LOOM_OK;
}

/* Slots of the loads as the point says, behind one another. */
static inline void set_depth(compile_state *s, int depth) {
  int64_t end = 0;
  for (size_t i = 0; i < s->tog->buffers.n; i++) {
    tog_buffer *b = &s->tog->buffers.at[i];
    bool is_load = strcmp(b->name, "x") == 0 || strcmp(b->name, "y") == 0;
    b->depth = is_load ? depth : b->depth;
    b->offset = end;
    end += b->depth * b->stride;
  }
  s->plan->double_buffer = depth > 1;
}

/* Compiles a point, prices its plan and runs it on the virtual chip.  `s`: for compile_done in any case. */
static inline loom_status compare_point(loom_ctx *ctx, const model_plan_point *p, compile_options *o, compile_state *s, sim_report *r, int64_t *out_cycles, int64_t terms[MODEL_TERMS]) {
  LOOM_TRY(compile_point(ctx, p, o, s));
  set_depth(s, p->depth);
  LOOM_TRY(sim_run(ctx, s->tog, s->machine, &(sim_options){0}, r));
  return model_point_cycles(ctx, s, out_cycles, terms);
}
#endif
