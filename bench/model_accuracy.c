/* How far the loom model is from the virtual chip: the same plan priced and simulated.  Matmul, f16, f32 accumulators; double-buffered loads
 * except where noted.  Prints one line a point, then the geometric mean of the ratios.
 *   model_accuracy [-v]    -v: the terms of T too */
#include "compile.h"
#include "model/model.h"
#include "sim/sim.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `shared`: "xy" both loads multicast over the whole of the dim they do not move with, "x" only x, "" neither. */
typedef struct point { const char *machine; int64_t m, n, k, tile_m, tile_n, tile_k; int depth; const char *shared; } point;
static const point points[] = {
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

static bool is_shared(const point *p, const char *load) { return strstr(p->shared, load) != NULL; }

/* The candidate of upstream's M x N mapping (rows on dim x, columns on dim y) with these transfers. */
static loom_status compile_point(loom_ctx *ctx, const point *p, compile_options *o, compile_state *s) {
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
  return compile_kernel(ctx, o, s);
}

static void print_diagnostics(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    fprintf(stderr, "  %s\n", d->text);
}

static loom_status model_point_cycles(loom_ctx *ctx, const compile_state *s, int64_t *out, int64_t terms[MODEL_TERMS]) {
  const plan_mapping *map = &s->plan->candidate.mapping;
  model_program *p;
  LOOM_TRY(model_compile(ctx, s->nest, s->machine, true, &p));
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
    choice[a].depth = x->is_store ? 1 : s->plan->double_buffer ? 2 : 1;
    choice[a].hoist = x->hoist;
    for (int d = 0; d < PLAN_MESH_MAX; d++) {
      choice[a].area[d] = d < map->n_mesh ? x->area[d] : 1;
      choice[a].move[d] = choice[a].area[d] > 1 ? PLAN_MULTICAST : PLAN_UNICAST;
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
static void set_depth(compile_state *s, int depth) {
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

static int run_point(const point *p, bool verbose, double *out_log) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_options o;
  compile_state s;
  sim_report r;
  int64_t cycles = 0, terms[MODEL_TERMS];
  loom_status st = compile_point(&ctx, p, &o, &s);
  int64_t old = st == LOOM_OK ? s.plan->predicted_cycles : 0;
  if (st == LOOM_OK) {
    set_depth(&s, p->depth);
    st = sim_run(&ctx, s.tog, s.machine, &(sim_options){0}, &r);
  }
  if (st == LOOM_OK)
    st = model_point_cycles(&ctx, &s, &cycles, terms);
  if (st != LOOM_OK) {
    print_diagnostics(&ctx);
  } else {
    double error = (double)cycles / (double)r.cycles;
    *out_log = fabs(log(error));
    printf("%-9s %4d x %4d x %4d  %3d %3d %3d  depth %d  shared %-2s  chip %8" PRId64 "  model %8" PRId64 " %+6.1f %%  (--model loom now %8" PRId64 " %+6.1f %%)%s\n", p->machine,
           (int)p->m, (int)p->n, (int)p->k, (int)p->tile_m, (int)p->tile_n, (int)p->tile_k, p->depth, *p->shared ? p->shared : "-", r.cycles, cycles,
           100 * (error - 1), old, 100 * ((double)old / (double)r.cycles - 1), r.n_faults ? "  FAULTS" : "");
    for (int t = 0; verbose && t < MODEL_TERMS; t++)
      printf("%s%s %" PRId64, t ? "  " : "    ", model_term_text((model_term)t), terms[t]);
    if (verbose)
      printf("\n");
  }
  compile_done(&s);
  loom_ctx_done(&ctx);
  return st != LOOM_OK;
}

int main(int argc, char **argv) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
  double sum = 0, worst = 0;
  int failed = 0, n = 0;
  for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
    double one = 0;
    if (run_point(&points[i], verbose, &one)) {
      failed++;
      continue;
    }
    sum += one;
    worst = one > worst ? one : worst;
    n++;
  }
  printf("%d points: geometric mean of the ratios %.1f %%, worst %.1f %%\n", n, n ? 100 * (exp(sum / n) - 1) : 0, 100 * (exp(worst) - 1));
  return failed != 0;
}
