/* How fast block sizes are found: full evaluations per second with nothing pruned, and what a search looks at of the spaces of loom.md 8.2 A3.
 * Timeloop's mapper evaluates 564 mappings a second (published); it walks loop nests one by one, this walks block sizes of given nests. */
#include "nest/nest_samples.h"
#include "solve/solve.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static double clock_ms(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* One row of the GEMM 4096 x 4096 x 4096, every multiple of 32 of every block: 4,194,304 points, each with its full cost. */
static loom_status evaluate_everything(loom_ctx *ctx, const machine *m, model_kind kind) {
  static const char *const slots[] = {"tile_m", "tile_n", "tile_k", MODEL_DOUBLE_BUFFER};
  nest *n = nest_make_matmul(&ctx->mem, 4096, 4096, 4096, DTYPE_F16, DTYPE_F16);
  explore_table t;
  model_cost *cost;
  sym_code *code;
  LOOM_TRY(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true}, &t));
  LOOM_TRY(model_build(ctx, n, m, t.rows.at[0], kind, true, &cost));
  LOOM_TRY(sym_compile(ctx, cost->cycles, slots, 4, &code));
  int64_t at[4], values[64], out[64], points = 0, best = INT64_MAX;
  double start = clock_ms(CLOCK_THREAD_CPUTIME_ID);
  for (at[3] = 0; at[3] < 2; at[3]++)
    for (at[0] = 32; at[0] <= 4096; at[0] += 32)
      for (at[1] = 32; at[1] <= 4096; at[1] += 32)
        for (int64_t k = 0; k < 128; k += 64) {
          for (int64_t i = 0; i < 64; i++)
            values[i] = 32 * (k + i + 1);
          uint64_t valid = sym_run_many(code, at, 2, values, 64, out);
          for (int i = 0; i < 64; i++)
            best = (valid >> i & 1) && out[i] < best ? out[i] : best;
          points += 64;
        }
  double ms = clock_ms(CLOCK_THREAD_CPUTIME_ID) - start;
  printf("full evaluations, model %-15s %9" PRId64 " points  %8.1f ms  %6.1f M/s  (least %" PRId64 " cycles; nothing pruned)\n", model_kind_text(kind), points,
         ms, (double)points / ms * 1e-3, best);
  return LOOM_OK;
}

typedef struct space { const char *name, *machine; int64_t batch, m, n, k; bool ragged; size_t rows; /* 0: all */ bool only_best; } space;

static loom_status search(loom_ctx *ctx, const space *x, int threads) {
  machine *m;
  explore_table t;
  solve_result r;
  LOOM_TRY(machine_load(ctx, x->machine, NULL, &m));
  nest *n = x->batch ? nest_make_batch_matmul(&ctx->mem, x->batch, x->m, x->n, x->k, DTYPE_F16, DTYPE_F16)
                     : nest_make_matmul(&ctx->mem, x->m, x->n, x->k, DTYPE_F16, DTYPE_F16);
  LOOM_TRY(explore_run(ctx, n, m, NULL, &t));
  if (x->rows && x->rows < t.rows.n)
    t.rows.n = x->rows;
  solve_options o = {.model = MODEL_UPSTREAM, .accumulate_f32 = true, .assigned_double_buffer = -1, .ragged = x->ragged, .threads = threads, .only_best = x->only_best};
  double start = clock_ms(CLOCK_MONOTONIC), cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
  LOOM_TRY(solve_run(ctx, n, m, &t, &o, &r));
  double ms = clock_ms(CLOCK_MONOTONIC) - start;
  cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  const solve_row *best = &r.rows.at[r.best];
  printf("%-34s %3zu rows x %9" PRId64 " points, %d thread%s  %7.1f ms (%6.1f of CPU)  evaluated %8" PRId64 "  pruned %11" PRId64 "  best %" PRId64 "\n", x->name, t.rows.n,
         best->points, threads, threads > 1 ? "s" : " ", ms, cpu, r.evaluated, r.pruned, best->cycles);
  return LOOM_OK;
}

static loom_status run(loom_ctx *ctx, void *data) {
  static const space spaces[] = {
      {"GEMM 4096,4096,512, divisors", "wormhole", 0, 4096, 4096, 512, false, 0, false},
      {"GEMM 4096,4096,512, any tile", "wormhole", 0, 4096, 4096, 512, true, 1, false},
      {"GEMM 4096,4096,512, any tile", "wormhole", 0, 4096, 4096, 512, true, 0, false},
      {"  the same, one incumbent", "wormhole", 0, 4096, 4096, 512, true, 0, true},
      {"GEMM 2048^3, any tile", "blackhole", 0, 2048, 2048, 2048, true, 0, false},
      {"  the same, one incumbent", "blackhole", 0, 2048, 2048, 2048, true, 0, true},
      {"batched 32 x 4096^3, any tile", "wormhole", 32, 4096, 4096, 4096, true, 1, false},
  };
  (void)data;
  machine *m;
  LOOM_TRY(machine_load(ctx, "wormhole", NULL, &m));
  LOOM_TRY(evaluate_everything(ctx, m, MODEL_UPSTREAM));
  LOOM_TRY(evaluate_everything(ctx, m, MODEL_LOOM));
  printf("Timeloop, published: 0.000564 M/s\n");
  for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
    for (int threads = 1; threads <= 2; threads++)
      LOOM_TRY(search(ctx, &spaces[i], threads));
  return LOOM_OK;
}

int main(void) {
  static const char *const machines[] = {LOOM_SOURCE_DIR "/machines"};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine_set_path(machines, 1);
  loom_status st = loom_ctx_run(&ctx, run, NULL);
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      fprintf(stderr, "%s\n", d->text);
  loom_ctx_done(&ctx);
  return loom_status_exit(st);
}
