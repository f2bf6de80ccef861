#include "compile_network_bench.h"
#include "base/clock.h"
#include "base/stats.h"
#include "base/progress.h"
#include <math.h>

enum { RUNS_LIMIT = 10000 };

/* Milliseconds of runs; of kernel k in run i: step[k * runs_limit + i]. */
typedef struct samples { int runs, most; double *wall, *cpu, *step; bool by_cpu; } samples;

static bench_times times_of(arena *m, const double *ms, int n) {
  double *x = ARENA_NEW_N(m, double, n);
  for (int i = 0; i < n; i++)
    x[i] = ms[i];
  bench_times t = {.median = stats_median(x, (size_t)n)};
  t.min = x[0];      /* sorted now */
  for (int i = 0; i < n; i++)
    x[i] = fabs(x[i] - t.median);
  t.mad = stats_median(x, (size_t)n);
  return t;
}

/* ---- the runs ---- */

static void warm_up(compile_network *n, const bench_options *b, double *ms) {
  const double end = clock_seconds() + b->warm_up;
  for (int i = 0; i < 2 || clock_seconds() < end; i++)
    compile_network_again(n, ms);
}

static samples measure(arena *m, compile_network *n, const bench_options *b) {
  const int most = b->runs_most < RUNS_LIMIT ? b->runs_most : RUNS_LIMIT;
  samples s = {.most = most, .wall = ARENA_NEW_N(m, double, most), .cpu = ARENA_NEW_N(m, double, most), .step = ARENA_NEW_N(m, double, (size_t)most * (n->steps.n + 1))};
  double *ms = ARENA_NEW_N(m, double, n->steps.n + 1), *own = ARENA_NEW_N(m, double, most);
  warm_up(n, b, ms);
  const double end = clock_seconds() + b->seconds;
  double total_own = clock_thread_seconds(), total = clock_process_seconds();
  for (; s.runs < most && (s.runs < b->runs_least || clock_seconds() < end); s.runs++) {
    progress_tell("measured", (int64_t)(1e3 * (clock_seconds() - end + b->seconds)), (int64_t)(1e3 * b->seconds));
    const double wall = clock_ms(), cpu = clock_process_seconds(), thread = clock_thread_seconds();
    compile_network_again(n, ms);
    s.wall[s.runs] = clock_ms() - wall;
    s.cpu[s.runs] = 1e3 * (clock_process_seconds() - cpu);
    own[s.runs] = 1e3 * (clock_thread_seconds() - thread);
    for (size_t k = 0; k < n->steps.n; k++)
      s.step[k * (size_t)most + (size_t)s.runs] = ms[k];
  }
  progress_over("measured");
  total_own = clock_thread_seconds() - total_own;
  total = clock_process_seconds() - total;
  s.by_cpu = total_own > 0.9 * total - BENCH_TICK_SECONDS;      /* no second thread did much */
  if (s.by_cpu)
    s.cpu = own;
  return s;
}

/* ---- limits ---- */

static dtype type_of(const network_kernel *k) {
  for (size_t i = 0; i < k->graph->tensors.n; i++)
    if (dtype_is_float(k->graph->tensors.at[i].shape.type) || k->graph->tensors.at[i].shape.type == DTYPE_I8)
      return k->graph->tensors.at[i].shape.type;
  return DTYPE_F32;
}

static double limit_ms(const bench_limit *l) { return fmax(l->compute_ms, l->memory_ms); }

static bench_limit limit_of(const machine *host, const network_kernel *k, double cores) {
  bench_result r = {.flops = k->flops, .products = k->product_flops, .bytes_read = k->bytes};
  compile_bench_limit(host, type_of(k), cores, &r);
  return r.limit;
}

/* ---- JSON ---- */

static data_value *kernel_data(arena *m, const compile_network_step *s, const bench_times *t, const bench_limit *l) {
  data_value *v = data_object(m);
  data_set_string(m, v, "name", s->kernel->graph->name);
  data_set_string(m, v, "op", s->kernel->op);
  data_set_int(m, v, "line", s->kernel->span.line);
  if (s->same_as)
    data_set_string(m, v, "same_as", s->same_as->graph->name);
  data_set_real(m, v, "ms", t->median);
  data_set_real(m, v, "min_ms", t->min);
  data_set_real(m, v, "mad_ms", t->mad);
  data_set_int(m, v, "flops", s->kernel->flops);
  data_set_real(m, v, "gflops", (double)s->kernel->flops / t->median * 1e-6);
  data_set_string(m, v, "by", l->compute_ms > l->memory_ms ? "compute" : "memory");
  data_set_real(m, v, "percent_of_roofline", 100 * limit_ms(l) / t->median);
  return v;
}

static data_value *arguments_data(arena *m, const network *net) {
  data_value *v = data_object(m);
  for (int i = 0; i < net->n_args; i++) {
    const network_tensor *t = &net->tensors.at[i];
    text shape = text_new(m);
    for (int d = 0; d < t->rank; d++)
      text_addf(&shape, "%" PRId64 "x", t->shape[d]);
    data_set_string(m, v, t->name, arena_printf(m, "%s%s", text_str(&shape), dtype_mlir(t->type)));
  }
  return v;
}

/* Bytes of arguments and constants, and of results, each once. */
static void count_bytes(const network *net, int64_t *read, int64_t *written) {
  for (size_t i = 0; i < net->tensors.n; i++)
    if (net->tensors.at[i].role != NETWORK_TEMPORARY)
      *read += net->tensors.at[i].elems * (int64_t)dtype_bytes(net->tensors.at[i].type);
  for (size_t i = 0; i < net->results.n; i++)
    *written += net->tensors.at[net->results.at[i].tensor].elems * (int64_t)dtype_bytes(net->results.at[i].type);
}

/* Of the kernels one after the other: each its own limit. */
static data_value *limit_data(arena *m, const bench_limit *sum) {
  data_value *v = data_object(m);
  data_set_string(m, v, "compute", "all kernels");
  data_set_real(m, v, "compute_ms", sum->compute_ms);
  data_set_string(m, v, "memory", "all kernels");
  data_set_real(m, v, "memory_ms", sum->memory_ms);
  data_set_string(m, v, "by", sum->compute_ms > sum->memory_ms ? "compute" : "memory");
  data_set_bool(m, v, "measured", sum->is_measured);
  return v;
}

static data_value *bench_data(arena *m, const network *net, const compile_network *n, const samples *s) {
  const bench_times wall = times_of(m, s->wall, s->runs), cpu = times_of(m, s->cpu, s->runs), *t = s->by_cpu ? &cpu : &wall;
  int64_t read = 0, written = 0;
  data_value *v = data_object(m);
  count_bytes(net, &read, &written);
  data_set_string(m, v, "schema", "loom.bench.v1");
  data_set_string(m, v, "kernel", net->name);
  data_set_string(m, v, "machine", "host");
  data_set(m, v, "arguments", arguments_data(m, net));
  data_set_int(m, v, "threads", n->threads);
  data_set_string(m, v, "clock", s->by_cpu ? "cpu" : "wall");
  data_set_real(m, v, "min_ms", t->min);
  data_set_real(m, v, "median_ms", t->median);
  data_set_real(m, v, "mad_ms", t->mad);
  data_set(m, v, "wall_ms", compile_bench_times(m, &wall));
  data_set(m, v, "cpu_ms", compile_bench_times(m, &cpu));
  data_set_int(m, v, "runs", s->runs);
  data_set_int(m, v, "batch", 1);
  data_set_int(m, v, "bytes_read", read);
  data_set_int(m, v, "bytes_written", written);
  data_set_real(m, v, "gb_per_s", (double)(read + written) / t->median * 1e-6);
  return v;
}

loom_status compile_network_bench(loom_ctx *ctx, const network *net, compile_network *n, const bench_options *b, data_value **out) {
  arena *m = &ctx->mem;
  machine *host;
  LOOM_TRY(machine_load(ctx, "host", NULL, &host));
  const samples s = measure(m, n, b);
  data_value *v = *out = bench_data(m, net, n, &s), *kernels = data_array(m);
  bench_limit sum = {.is_measured = !host->units.at[0].rate.is_assumed};
  int64_t flops = 0, products = 0;
  double limit = 0;
  for (size_t i = 0; i < n->steps.n; i++) {
    compile_network_step *step = &n->steps.at[i];
    const bench_times t = times_of(m, s.step + i * (size_t)s.most, s.runs);
    const bench_limit l = limit_of(host, step->kernel, s.by_cpu ? 1 : n->threads);
    step->ms = t.median;
    flops += step->kernel->flops;
    products += step->kernel->product_flops;
    sum.compute_ms += l.compute_ms;
    sum.memory_ms += l.memory_ms;
    limit += limit_ms(&l);
    data_push(m, kernels, kernel_data(m, step, &t, &l));
  }
  const double median = data_get(v, "median_ms")->real;
  data_set_int(m, v, "flops", flops);
  data_set_real(m, v, "gflops", (double)flops / median * 1e-6);
  if (products > 0) {
    data_set_int(m, v, "matmul_flops", products);
    data_set_real(m, v, "matmul_gflops", (double)products / median * 1e-6);
  }
  data_set(m, v, "limit", limit_data(m, &sum));
  data_set_real(m, v, "percent_of_roofline", 100 * limit / median);
  data_set(m, v, "kernels", kernels);
  data_set(m, v, "memory", compile_network_memory(m, net, n));
  data_set_int(m, v, "workspace_bytes", compile_network_workspace(n));
  data_set_int(m, v, "packed_bytes", compile_network_kept(n));
  if (compile_network_providers(m, n))
    data_set(m, v, "providers", compile_network_providers(m, n));
  return compile_network_judge(ctx, n);
}
