/* How long the search of whole spaces takes (docs/search.md), on one thread: kernels of the shapes of upstream's examples and harder ones, both chips.
 *   space_bench [wormhole|blackhole] */
#include "nest/nest_samples.h"
#include "solve/solve.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);      /* busy neighbours do not count */
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static loom_status search(loom_ctx *ctx, const char *chip, const char *what, nest *n) {
  machine *m;
  explore_space s;
  solve_result r;
  explore_options e = {.accumulate_f32 = true};
  solve_options o = {.model = MODEL_LOOM, .accumulate_f32 = true, .sharing = MODEL_IN_PLACE, .assigned_double_buffer = -1, .top_k = 1};
  solve_limits l = {.threads = 1};
  LOOM_TRY(machine_load(ctx, chip, NULL, &m));
  nest_set_alignment(n, m->tile_align);
  double start = now_ms();
  LOOM_TRY(explore_open(ctx, n, m, &e, &s));
  LOOM_TRY(solve_space(ctx, &s, &o, &l, &r));
  double ms = now_ms() - start;
  const solve_row *best = &r.rows.at[0];
  printf("%-9s  %-28s  %7lld mappings x %3d orders x %9lld sizes  %8.1f ms  %7lld evaluated  %14lld pruned  T %11lld  %s\n", chip, what, (long long)s.n_mappings, s.n_orders,
         (long long)best->points, ms, (long long)r.evaluated, (long long)r.pruned, (long long)best->cycles, solve_status_text(best->status));
  fflush(stdout);
  return LOOM_OK;
}

static loom_status all(loom_ctx *ctx, void *data) {
  static const char *const chips[] = {"wormhole", "blackhole"}, *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  static const int64_t sizes[][3] = {{256, 256, 256},     {256, 256, 2048},   {256, 256, 16384},   {2048, 256, 256},     {2048, 256, 2048}, {2048, 256, 16384},
                                     {2048, 2048, 2048},  {2048, 2048, 16384}, {4096, 4096, 512},   {16384, 256, 16384}, {16384, 16384, 16384}};
  static const nest_mamba_shape mamba = {2, 8, 32, 4, 192, 160, 128, 192};
  arena *a = &ctx->mem;
  machine_set_path(dirs, 1);
  for (int c = 0; c < 2; c++) {
    if (data && strcmp(data, chips[c]) != 0)
      continue;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
      LOOM_TRY(search(ctx, chips[c], arena_printf(a, "matmul %dx%dx%d", (int)sizes[i][0], (int)sizes[i][1], (int)sizes[i][2]),
                      nest_make_matmul(a, sizes[i][0], sizes[i][1], sizes[i][2], DTYPE_F16, DTYPE_F16)));
    LOOM_TRY(search(ctx, chips[c], "bmm 8x4096x512x4096", nest_make_batch_matmul(a, 8, 4096, 4096, 512, DTYPE_F16, DTYPE_F16)));
    LOOM_TRY(search(ctx, chips[c], "attention 32x4096x128", nest_make_attention(a, 32, 4096, 4096, 128, DTYPE_F16)));
    LOOM_TRY(search(ctx, chips[c], "split-K 512x512x4096", nest_make_split_k(a, 512, 512, 4096, DTYPE_F16)));
    LOOM_TRY(search(ctx, chips[c], "decode 16x32x8192x128", nest_make_decode(a, 16, 32, 8192, 128, DTYPE_F16)));
    LOOM_TRY(search(ctx, chips[c], "chunk scan, 5 parallel loops", nest_make_mamba(a, &mamba, DTYPE_F16, true)));
  }
  return LOOM_OK;
}

int main(int argc, char **argv) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  loom_status s = loom_ctx_run(&ctx, all, argc > 1 ? argv[1] : NULL);
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    fprintf(stderr, "%s\n", d->text);
  loom_ctx_done(&ctx);
  return s;
}
