/* How fast the loom model is: nanoseconds for each of its steps on one thread.
 *   model_bench [matmul|attention|mamba] */
#include "base/rng.h"
#include "model/model.h"
#include "nest/nest_samples.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);      /* busy neighbours do not count */
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef struct subject { const char *name; nest *nest; int64_t block[MODEL_BLOCKS_MAX]; plan_mapping map; } subject;

static subject make_subject(arena *m, const char *name, int64_t x, int64_t y) {
  static const nest_mamba_shape mamba = {1, 80, 1, 8, 256, 64, 128, 256};
  subject s = {.name = name, .map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {x, y}, .n_logical = 2, .logical = {{0, 0, x, 0}, {1, 0, y, 1}}}};
  if (strcmp(name, "mamba") == 0) {
    s.nest = nest_make_mamba(m, &mamba, DTYPE_F16, true);
    for (size_t i = 0; i < s.nest->symbols.n; i++)
      s.block[i] = s.nest->symbols.at[i].covers_one ? 1 : 64;
  } else if (strcmp(name, "attention") == 0) {
    s.nest = nest_make_attention(m, 32, 4096, 4096, 128, DTYPE_F16);
    for (size_t i = 0; i < s.nest->symbols.n; i++)
      s.block[i] = s.nest->symbols.at[i].align > 1 ? 64 : 1;
  } else {
    s.nest = nest_make_matmul(m, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16);
    s.block[0] = s.block[1] = 128;
    s.block[2] = 64;
  }
  s.map.n_iters = s.nest->n_parallel;
  for (int i = 0; i < s.nest->n_parallel; i++)
    s.map.order[i] = i;
  return s;
}

/* Runs `body` until 30 ms have passed; nanoseconds a run. */
#define TIME(what, unit, body)                                                             \
  do {                                                                                     \
    double start = now_ns(), ns = 0;                                                       \
    int64_t runs = 0;                                                                      \
    while ((ns = now_ns() - start) < 3e7)                                                  \
      for (int again = 0; again < 16; again++, runs++) {                                   \
        body;                                                                              \
      }                                                                                    \
    printf("  %-28s %9.1f ns   %8.3f M/s%s\n", what, ns / (double)runs, 1e3 * (double)runs / ns, unit); \
  } while (0)

int main(int argc, char **argv) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  static const char *const all[] = {"matmul", "attention", "mamba"};
  for (int k = 0; k < 3; k++) {
    if (argc > 1 && strcmp(argv[1], all[k]) != 0)
      continue;
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    model_program *p;
    subject s = make_subject(&ctx.mem, all[k], 12, 10);
    model_grid grid;
    model_point at;
    model_grid_of(&s.map, &grid);
    if (machine_load(&ctx, "blackhole", NULL, &m) != LOOM_OK || model_compile(&ctx, s.nest, m, true, MODEL_IN_PLACE, &p) != LOOM_OK || !model_set_blocks(p, &grid, s.block, &at)) {
      fprintf(stderr, "model_bench: %s: %s\n", all[k], ctx.diag.first ? ctx.diag.first->text : "beyond the model's numbers");
      return 1;
    }
    const nest_node *access[PLAN_LOADS_MAX];
    size_t n = nest_accesses(s.nest, access, PLAN_LOADS_MAX), count[PLAN_LOADS_MAX];
    plan_choice choice[2] = {{.area = {1, 1, 1}, .depth = 1}, {.area = {1, 1, 1}, .depth = 2}};
    const plan_choice *choices[PLAN_LOADS_MAX];
    model_route *routes[PLAN_LOADS_MAX];
    for (size_t a = 0; a < n; a++) {
      choices[a] = choice;
      count[a] = 2;
    }
    if (model_find_routes(&ctx, p, &s.map, &at, choices, count, routes) != LOOM_OK)
      return 1;
    model_vector v[PLAN_LOADS_MAX], sum = {0};
    for (size_t a = 0; a < n; a++)
      if (model_price(p, &at, (int)a, &choice[1], routes[a] + at.n_waves, &v[a]))
        model_add(&sum, &v[a]);
    model_domain d[MODEL_BLOCKS_MAX];
    int32_t zero[MODEL_BLOCKS_MAX] = {0};
    for (size_t i = 0; i < s.nest->symbols.n; i++)
      d[i] = (model_domain){&s.block[i], 1};
    volatile int64_t sink = 0;
    printf("%s on 12x10: %zu loads and stores, %d classes of waves, %d links, T %" PRId64 ", bound %" PRId64 ", with its compute %" PRId64 "\n", s.name, n, at.n_waves,
           routes[0]->n_links, model_total(p, &at, &sum), model_bound(p, grid.cores, &(model_known){0}, d, zero, zero), model_bound_point(p, &at, &(model_known){0}));
    TIME("bound of a point", "", sink += model_bound(p, grid.cores, &(model_known){0}, d, zero, zero));
    TIME("blocks set", "", sink += model_set_blocks(p, &grid, s.block, &at));
    TIME("bound with compute", "", sink += model_bound_point(p, &at, &(model_known){0}));
    TIME("L1 bound", "", sink += model_pack_bound(p, s.block));
    TIME("routes of all accesses", "", {
      arena_mark mark = arena_save(&ctx.mem);
      sink += model_find_routes(&ctx, p, &s.map, &at, choices, count, routes) == LOOM_OK;
      arena_release(&ctx.mem, mark);
    });
    if (model_find_routes(&ctx, p, &s.map, &at, choices, count, routes) != LOOM_OK)
      return 1;
    TIME("one choice priced", "", sink += model_price(p, &at, 0, &choice[1], routes[0] + at.n_waves, &v[0]));
    TIME("sum of two vectors", "", model_add(&v[1], &v[0]));
    TIME("T of a sum", " full evaluations", sink += model_total(p, &at, &sum));
    loom_ctx_done(&ctx);
  }
  return 0;
}
