/* Do the model and the virtual chip agree on which plans are better?  For each shape the best plans of the search are written and simulated (timing
 * only); printed are Spearman's rank correlation of predicted and simulated cycles, the geometric mean of the ratio's distance from 1, and its worst.
 *   model_rank [-n PLANS] [-u] [-k KERNEL] [-s SHAPE] [-m MACHINE] [-v]
 *     -u: upstream's list of variants, each at its best block sizes; default: the best candidates of the whole space
 *     -s: one shape, as 2048x256x2048
 *     -v: a line a plan */
#include "compile.h"
#include "rank.h"
#include "sim/sim.h"
#include "tog/build/tog_build.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS_MAX = 200 };
typedef struct shape { const char *kernel; int64_t dim[3]; } shape;      /* matmul: M, N, K; attention: batch with heads, rows, depth */
static const shape shapes[] = {
    {"matmul", {256, 256, 256}},        {"matmul", {256, 256, 2048}},       {"matmul", {256, 256, 16384}},   {"matmul", {2048, 256, 256}},    {"matmul", {2048, 256, 2048}},
    {"matmul", {2048, 256, 16384}},     {"matmul", {2048, 2048, 256}},      {"matmul", {2048, 2048, 2048}},  {"matmul", {2048, 2048, 16384}}, {"matmul", {16384, 256, 256}},
    {"matmul", {16384, 256, 2048}},     {"matmul", {16384, 256, 16384}},    {"matmul", {16384, 2048, 256}},  {"matmul", {16384, 2048, 2048}}, {"matmul", {16384, 2048, 16384}},
    {"matmul", {16384, 16384, 256}},    {"matmul", {16384, 16384, 2048}},   {"matmul", {16384, 16384, 16384}},
    {"attention", {1, 16384, 64}},      {"attention", {1, 16384, 128}},     {"attention", {2, 8192, 64}},    {"attention", {2, 8192, 128}},   {"attention", {4, 4096, 64}},
    {"attention", {4, 4096, 128}},      {"attention", {8, 2048, 64}},       {"attention", {8, 2048, 128}},   {"attention", {16, 1024, 64}},   {"attention", {16, 1024, 128}},
};

typedef struct options { int plans; bool upstream, verbose; const char *kernel, *shape, *machine; } options;
typedef rank_sample sample;

static void set_shape(const shape *s, helion_shape *out) {
  static const char *const args[2][3] = {{"x", "y", NULL}, {"q", "k", "v"}};
  bool is_matmul = strcmp(s->kernel, "matmul") == 0;
  int64_t d0 = s->dim[0], d1 = s->dim[1], d2 = s->dim[2];
  int64_t dims[2][3][3] = {{{d0, d2}, {d2, d1}}, {{d0, d1, d2}, {d0, d1, d2}, {d0, d1, d2}}};
  static char names[9][16];
  size_t n = 0;
  for (int a = 0; a < 3; a++)
    for (int d = 0; args[!is_matmul][a] && d < (is_matmul ? 2 : 3); d++, n++) {
      snprintf(names[n], sizeof names[n], "%s.%d", args[!is_matmul][a], d);
      out[n] = (helion_shape){names[n], dims[!is_matmul][a][d]};
    }
}

static loom_status run_plans(loom_ctx *ctx, const shape *s, const options *o, sample *out, int *n, loom_status *first) {
  helion_shape sizes[9];
  compile_state state;
  bool is_matmul = strcmp(s->kernel, "matmul") == 0;
  set_shape(s, sizes);
  compile_options c = {.input = LOOM_SOURCE_DIR "/tests/data/kernels/six.py", .machine = o->machine, .helion = {.shapes = sizes, .n_shapes = is_matmul ? 4 : 9, .function = s->kernel},
                       .model = MODEL_LOOM, .accumulate_f32 = true, .topk = o->plans, .etg_gen = 3, .stop_after = COMPILE_TOG};
  c.explore.upstream_compatible = o->upstream;
  loom_status st = compile_kernel(ctx, &c, &state);
  for (size_t i = 0; st == LOOM_OK && i < state.plans.n && *n < PLANS_MAX; i++) {
    const plan *p = state.plans.at[i];
    tog *t;
    sim_report r;
    st = tog_build(&state.ir, state.bufferized, plan_function_name(&ctx->mem, p), state.machine, &t);
    if (st != LOOM_OK)
      break;
    st = sim_run(ctx, t, state.machine, &(sim_options){0}, &r);
    if (st == LOOM_OK && r.n_faults) {
      fprintf(stderr, "  %s: %s\n", p->candidate.name, r.faults.at[0].text);
      continue;
    }
    out[(*n)++] = (sample){(double)p->predicted_cycles, (double)r.cycles};
    if (o->verbose)
      printf("    %-90s predicted %10" PRId64 "  simulated %10" PRId64 "  %+6.1f %%\n", p->candidate.name, p->predicted_cycles, r.cycles,
             100 * ((double)p->predicted_cycles / (double)r.cycles - 1));
  }
  *first = st;
  compile_done(&state);
  return st;
}

static void print_diagnostics(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    fprintf(stderr, "  %s\n", d->text);
}

int main(int argc, char **argv) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  options o = {.plans = 50, .machine = "wormhole"};
  for (int i = 1; i < argc; i++) {
    bool more = i + 1 < argc;
    if (strcmp(argv[i], "-u") == 0)
      o.upstream = true;
    else if (strcmp(argv[i], "-v") == 0)
      o.verbose = true;
    else if (more && strcmp(argv[i], "-n") == 0)
      o.plans = (int)strtol(argv[++i], NULL, 10);
    else if (more && strcmp(argv[i], "-k") == 0)
      o.kernel = argv[++i];
    else if (more && strcmp(argv[i], "-s") == 0)
      o.shape = argv[++i];
    else if (more && strcmp(argv[i], "-m") == 0)
      o.machine = argv[++i];
    else
      return fprintf(stderr, "usage: model_rank [-n PLANS] [-u] [-k KERNEL] [-s SHAPE] [-m MACHINE] [-v]\n"), 2;
  }
  static sample together[PLANS_MAX * sizeof shapes / sizeof *shapes];
  double all = 0, ranks = 0;
  int count = 0, failed = 0, ranked = 0;
  printf("| kernel | shape | plans | spread of predicted | rank correlation | geo-mean error | worst |\n|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    static sample s[PLANS_MAX];
    const shape *x = &shapes[i];
    int n = 0;
    loom_ctx ctx;
    loom_status st;
    char name[80];
    snprintf(name, sizeof name, "%" PRId64 "x%" PRId64 "x%" PRId64, x->dim[0], x->dim[1], x->dim[2]);
    if ((o.kernel && strcmp(o.kernel, x->kernel) != 0) || (o.shape && strcmp(o.shape, name) != 0))
      continue;
    loom_ctx_init(&ctx);
    if (run_plans(&ctx, x, &o, s, &n, &st) != LOOM_OK) {
      print_diagnostics(&ctx);
      failed++;
    }
    double sum = 0, worst = 0, least = INFINITY, most = 0;
    for (int k = 0; k < n; k++) {
      double e = fabs(log(s[k].predicted / s[k].measured));
      sum += e;
      worst = e > worst ? e : worst;
      least = fmin(least, s[k].predicted);
      most = fmax(most, s[k].predicted);
    }
    all += sum;
    memcpy(together + count, s, (size_t)n * sizeof *s);
    count += n;
    ranked += n > 1;
    ranks += n > 1 ? rank_correlation(s, n) : 0;
    if (n)
      printf("| %s | %" PRId64 " x %" PRId64 " x %" PRId64 " | %d | %.2f | %.3f | %.1f %% | %.1f %% |\n", x->kernel, x->dim[0], x->dim[1], x->dim[2], n, most / least, rank_correlation(s, n),
             100 * expm1(sum / n), 100 * expm1(worst));
    fflush(stdout);
    loom_ctx_done(&ctx);
  }
  if (count)
    printf("%d plans: geometric mean of the errors %.1f %%; rank correlation %.3f in the mean of the shapes, %.4f of all plans together\n", count, 100 * expm1(all / count),
           ranks / (ranked ? ranked : 1), rank_correlation(together, count));
  return failed != 0;
}
