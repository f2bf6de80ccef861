/* How far the loom model is from the virtual chip: the same plan priced and simulated.  Matmul, f16, f32 accumulators.
 * Prints one line a point, then the geometric mean of the ratios.
 *   model_accuracy [-v]    -v: the terms of T too */
#include "compile_model_points.h"
#include <math.h>
#include <stdlib.h>

static void print_diagnostics(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    fprintf(stderr, "  %s\n", d->text);
}

static int run_point(const model_plan_point *p, bool verbose, double *out_log) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_options o;
  compile_state s;
  sim_report r;
  int64_t cycles = 0, terms[MODEL_TERMS];
  loom_status st = compare_point(&ctx, p, &o, &s, &r, &cycles, terms);
  if (st != LOOM_OK) {
    print_diagnostics(&ctx);
  } else {
    double error = (double)cycles / (double)r.cycles;
    *out_log = fabs(log(error));
    printf("%-9s %4d x %4d x %4d  %3d %3d %3d  depth %d  shared %-2s  chip %8" PRId64 "  model %8" PRId64 " %+6.1f %%%s\n", p->machine, (int)p->m, (int)p->n, (int)p->k,
           (int)p->tile_m, (int)p->tile_n, (int)p->tile_k, p->depth, *p->shared ? p->shared : "-", r.cycles, cycles, 100 * (error - 1), r.n_faults ? "  FAULTS" : "");
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
  for (size_t i = 0; i < sizeof model_points / sizeof *model_points; i++) {
    double one = 0;
    if (run_point(&model_points[i], verbose, &one)) {
      failed++;
      continue;
    }
    sum += one;
    worst = one > worst ? one : worst;
    n++;
  }
  printf("%d points: geometric mean of the ratios %.1f %%, worst %.1f %%\n", n, n ? 100 * expm1(sum / n) : 0, 100 * expm1(worst));
  return failed != 0;
}
