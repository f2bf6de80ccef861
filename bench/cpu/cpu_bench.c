/* bench/cpu: Loom's kernels beside the libraries that are installed, paired: every round runs each of them once, in turns, so that what else the machine does meets
 * all.  Ratios are medians over the rounds of peer time / Loom's time: above 1, Loom is faster; percent: of the fastest limit.  Results are compared.
 *
 *   cpu_bench [--row TEXT] [--seconds S] [--threads N] [--json]      (by bench/cpu/run, from the repository's directory) */
#include "base/clock.h"
#include "base/rng.h"
#include "base/stats.h"
#include "compile_bench.h"
#include "limits.h"
#include "peers.h"
#include "row_options.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEERS_MAX = 10, ROUNDS_MAX = 400 };
static const double round_seconds = 2e-3;      /* a shorter call is repeated */

static const peer_row rows[] = {
#define ROW(name, op, file, function, type, shapes, argument, b, m, n, k) {name, PEER_##op, file, function, type, shapes, argument, b, m, n, k},
#include "rows.def"
#undef ROW
};

void *peer_memory(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes + 64) != 0) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  memset(p, 0, bytes + 64);
  return p;
}

typedef struct contestant { const char *name; peer_call call; int times; double seconds[ROUNDS_MAX], error; } contestant;
typedef struct run_flags { const char *row; double seconds; int threads; bool json; } run_flags;

/* ---- Loom as one of them ---- */

static void run_callee(void *data) {
  const bench_callee *c = data;
  compile_make_call(&c->call);
}

/* ---- results ---- */

static int64_t result_elems(const peer_row *r) {
  switch (r->op) {
  case PEER_ROWSUM: return r->m;
  case PEER_ATTENTION:
  case PEER_CAUSAL: return r->b * r->m * r->k;
  default: return r->b * r->m * r->n;
  }
}

static double element(const void *p, const char *type, int64_t i) {
  if (strcmp(type, "f32") == 0)
    return ((const float *)p)[i];
  if (strcmp(type, "i8") == 0)      /* sums of products */
    return ((const int32_t *)p)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)p)[i] << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/* |a - b| / |b| over all elements. */
static double distance(const void *a, const void *b, const char *type, int64_t n) {
  double d = 0, all = 0;
  for (int64_t i = 0; i < n; i++) {
    const double x = element(a, type, i), y = element(b, type, i);
    d += (x - y) * (x - y);
    all += y * y;
  }
  return sqrt(d / (all > 0 ? all : 1));
}

/* ---- timing ---- */

/* One thread: its own time, so that neighbours do not count. */
static double now(const run_flags *f) { return f->threads == 1 ? clock_process_seconds() : clock_seconds(); }

static double sample(const run_flags *f, const contestant *c) {
  const double before = now(f);
  for (int i = 0; i < c->times; i++)
    c->call.run(c->call.data);
  return (now(f) - before) / c->times;
}

static double median(const double *x, int n) {
  double sorted[ROUNDS_MAX];
  memcpy(sorted, x, (size_t)n * sizeof *x);
  return stats_median(sorted, (size_t)n);
}

static double median_ratio(const contestant *a, const contestant *b, int n) {
  double x[ROUNDS_MAX];
  for (int i = 0; i < n; i++)
    x[i] = a->seconds[i] / b->seconds[i];
  return median(x, n);
}

/* Another order every round: who reads B behind another one that did finds it in a cache, and so must everybody as often. */
static void shuffle(rng *g, int *order, int n) {
  for (int i = n - 1; i > 0; i--) {
    const int64_t j = rng_range(g, 0, i);
    const int x = order[i];
    order[i] = order[j];
    order[j] = x;
  }
}

static int measure(const run_flags *f, contestant *all, int n) {
  int rounds = 0, order[PEERS_MAX];
  rng g = rng_new(1);
  for (int i = 0; i < n; i++) {
    all[i].times = 1;
    sample(f, &all[i]);
    const double one = sample(f, &all[i]);
    order[i] = i;
    all[i].times = one < round_seconds ? (int)(round_seconds / (one > 1e-9 ? one : 1e-9)) + 1 : 1;
  }
  for (const double end = clock_seconds() + f->seconds; rounds < ROUNDS_MAX && (rounds < 5 || clock_seconds() < end); rounds++) {
    shuffle(&g, order, n);
    for (int i = 0; i < n; i++)
      all[order[i]].seconds[rounds] = sample(f, &all[order[i]]);
  }
  return rounds;
}

/* ---- one row ---- */

static int add_peers(const run_flags *f, const peer_row *r, const bench_callee *loom, contestant *all, void **outs) {
  size_t (*const libraries[])(const peer **) = {
#if defined(OPENBLAS_FILE) || defined(BLIS_FILE)
      peers_blas,
#endif
#ifdef HAS_ONEDNN
      peers_onednn,
#endif
#ifdef HAS_XSMM
      peers_xsmm,
#endif
      NULL};
  int n = 1;
  for (size_t l = 0; libraries[l]; l++) {
    const peer *p;
    const size_t count = libraries[l](&p);
    for (size_t i = 0; i < count && n < PEERS_MAX - LIMITS_MAX; i++) {
      outs[n] = peer_memory((size_t)result_elems(r) * 4);
      if (p[i].open(&p[i], r, loom->call.buffers, outs[n], f->threads, &all[n].call))
        all[n++].name = p[i].name;
      else
        free(outs[n]);
    }
  }
  return n;
}

/* Of the limits, the one whose time is least: the last `n_limits` of all. */
static const contestant *nearest_limit(const contestant *all, int n, int n_limits, int rounds) {
  const contestant *best = NULL;
  for (int i = n - n_limits; i < n; i++)
    if (!best || median(all[i].seconds, rounds) < median(best->seconds, rounds))
      best = &all[i];
  return best;
}

static data_value *row_data(arena *m, const run_flags *f, const peer_row *r, const bench_result *b, const contestant *all, int n, int n_limits, int rounds) {
  const contestant *least = nearest_limit(all, n, n_limits, rounds);
  data_value *v = data_object(m), *list = data_array(m);
  data_set_string(m, v, "schema", "loom.cpu-bench.v1");
  data_set_string(m, v, "row", r->name);
  data_set_int(m, v, "rounds", rounds);
  data_set_int(m, v, "threads", f->threads);
  for (int i = 0; i < n; i++) {
    data_value *c = data_object(m);
    const double ms = median(all[i].seconds, rounds) * 1e3;
    data_set_string(m, c, "name", all[i].name);
    data_set_real(m, c, "median_ms", ms);
    if (b->products > 0)
      data_set_real(m, c, "gflops", (double)b->products / ms * 1e-6);
    else
      data_set_real(m, c, "gb_per_s", (double)(b->bytes_read + b->bytes_written) / ms * 1e-6);
    if (least)      /* of one thread; threads share the work */
      data_set_real(m, c, "percent_of_limit", 100 * median_ratio(least, &all[i], rounds) / (i < n - n_limits ? f->threads : 1));
    if (i > 0)
      data_set_real(m, c, "loom_speedup", median_ratio(&all[i], &all[0], rounds));
    if (i > 0 && i < n - n_limits)
      data_set_real(m, c, "difference", all[i].error);
    data_push(m, list, c);
  }
  data_set(m, v, "contestants", list);
  return v;
}

static void print_row(const data_value *v) {
  const data_value *list = data_get(v, "contestants");
  printf("%s, %" PRId64 " rounds\n", data_get(v, "row")->string, data_get(v, "rounds")->integer);
  for (size_t i = 0; i < list->n; i++) {
    const data_value *c = list->items[i], *ratio = data_get(c, "loom_speedup"), *flops = data_get(c, "gflops"), *percent = data_get(c, "percent_of_limit"), *far = data_get(c, "difference");
    printf("  %-16s %10.4g ms %8.1f %s", data_get(c, "name")->string, data_get(c, "median_ms")->real, flops ? flops->real : data_get(c, "gb_per_s")->real, flops ? "GFLOP/s" : "GB/s   ");
    if (percent)
      printf(" %6.1f %%", percent->real);
    if (ratio)
      printf("  Loom %6.3fx", ratio->real);
    if (far)
      printf("  differs by %.0e", far->real);
    putchar('\n');
  }
}

static loom_status run_row(loom_ctx *ctx, const run_flags *f, const peer_row *r) {
  static contestant all[PEERS_MAX];
  void *outs[PEERS_MAX] = {0};
  compile_options c;
  compile_state s = {0};
  bench_callee loom = {0};
  bench_result b;
  const bench_options bo = {.seconds = f->seconds};
  memset(all, 0, sizeof all);
  LOOM_TRY(row_options(ctx, r, &c));
  c.run_threads = f->threads;
  loom_status st = compile_bench_open(ctx, &c, &bo, &s, &loom, &b);
  if (st == LOOM_OK) {
    size_t args = 0;
    for (size_t i = 0; i < s.kernel->tensors.n; i++)
      args += s.kernel->tensors.at[i].role == KERNEL_ARG;
    all[0] = (contestant){.name = "Loom", .call = {run_callee, &loom, NULL}};
    outs[0] = loom.call.buffers[args];
    limit limits[LIMITS_MAX];
    const int n_peers = add_peers(f, r, &loom, all, outs), n_limits = limits_open(&ctx->mem, &b, limits), n = n_peers + n_limits;
    for (int i = 0; i < n_limits; i++)
      all[n_peers + i] = (contestant){.name = limits[i].name, .call = limits[i].call};
    const int rounds = measure(f, all, n);
    for (int i = 1; i < n; i++)
      all[i].call.close(all[i].call.data);
    for (int i = 1; i < n_peers; i++) {
      all[i].error = distance(outs[i], outs[0], r->type, result_elems(r));
      free(outs[i]);
    }
    const data_value *v = row_data(&ctx->mem, f, r, &b, all, n, n_limits, rounds);
    if (f->json)
      printf("%s\n", data_write_json(&ctx->mem, v, 0));
    else
      print_row(v);
    fflush(stdout);
  }
  compile_bench_close(&loom);
  compile_done(&s);
  return st;
}

static bool read_flags(int argc, char **argv, run_flags *f) {
  for (int i = 1; i < argc; i++) {
    const bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--json") == 0)
      f->json = true;
    else if (strcmp(argv[i], "--row") == 0 && has_value)
      f->row = argv[++i];
    else if (strcmp(argv[i], "--seconds") == 0 && has_value)
      f->seconds = strtod(argv[++i], NULL);
    else if (strcmp(argv[i], "--threads") == 0 && has_value)
      f->threads = (int)strtol(argv[++i], NULL, 10);
    else
      return false;
  }
  return f->seconds > 0 && f->threads > 0;
}

int main(int argc, char **argv) {
  run_flags f = {.seconds = 1, .threads = 1};
  if (!read_flags(argc, argv, &f)) {
    fprintf(stderr, "usage: cpu_bench [--row TEXT] [--seconds S] [--threads N] [--json]\n");
    return 2;
  }
  static const char *const dirs[] = {"machines"};
  loom_status worst = LOOM_OK;
  machine_set_path(dirs, 1);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (f.row && !strstr(rows[i].name, f.row))
      continue;
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    loom_status st = run_row(&ctx, &f, &rows[i]);
    if (st != LOOM_OK) {
      fprintf(stderr, "%s: %s\n", rows[i].name, ctx.diag.first ? ctx.diag.first->text : "failed");
      worst = st;
    }
    loom_ctx_done(&ctx);
  }
  return loom_status_exit(worst);
}
