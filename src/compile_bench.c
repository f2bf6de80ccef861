#include "compile_bench.h"
#include "base/clock.h"
#include "base/stats.h"
#include "base/progress.h"
#include "compile_exec.h"
#include "compile_provider.h"
#include "run/run_shared_memory.h"
#include "target/cpu/cpu.h"
#include <math.h>
#include <string.h>

enum { RUNS_LIMIT = 10000 };
static const double batch_seconds = 20e-6;      /* shorter calls are timed several at once */

/* ---- statistics ---- */

/* Of seconds, in milliseconds. */
static bench_times times_of(double *x, int n) {
  bench_times t = {.median = stats_median(x, (size_t)n) * 1e3};
  t.min = x[0] * 1e3;      /* sorted now */
  for (int i = 0; i < n; i++)
    x[i] = fabs(x[i] * 1e3 - t.median);
  t.mad = stats_median(x, (size_t)n);
  return t;
}

/* ---- the runs ---- */

static double call(const bench_callee *c, int times) {
  double before = clock_seconds();
  for (int i = 0; i < times; i++)
    compile_make_call(&c->call);
  return clock_seconds() - before;
}

/* Until the caches, the clock and the branch predictors have seen it: seconds of one call at the end. */
static double warm_up(const bench_callee *c, const bench_options *b) {
  double last = call(c, 1), end = clock_seconds() + b->warm_up;
  for (int n = 0; n < 3 || clock_seconds() < end; n++)
    last = fmin(last, call(c, 1));
  return last;
}

static void measure(loom_ctx *ctx, const bench_callee *c, const bench_options *b, bench_result *out) {
  const double one = warm_up(c, b), end = clock_seconds() + b->seconds;
  const int most = b->runs_most < RUNS_LIMIT ? b->runs_most : RUNS_LIMIT;
  double *wall = ARENA_NEW_N(&ctx->mem, double, most), *all = ARENA_NEW_N(&ctx->mem, double, most), *own = ARENA_NEW_N(&ctx->mem, double, most);
  double total_own = clock_thread_seconds(), total = clock_process_seconds();
  out->batch = one < batch_seconds ? (int)(batch_seconds / fmax(one, 1e-9)) + 1 : 1;
  for (out->runs = 0; out->runs < most && (out->runs < b->runs_least || clock_seconds() < end); out->runs++) {
    progress_tell("measured", (int64_t)(1e3 * (clock_seconds() - end + b->seconds)), (int64_t)(1e3 * b->seconds));
    const double before_all = clock_process_seconds(), before_own = clock_thread_seconds();
    wall[out->runs] = call(c, out->batch) / out->batch;
    own[out->runs] = (clock_thread_seconds() - before_own) / out->batch;
    all[out->runs] = (clock_process_seconds() - before_all) / out->batch;
  }
  progress_over("measured");
  total_own = clock_thread_seconds() - total_own;
  total = clock_process_seconds() - total;
  out->by_cpu = total_own > 0.9 * total - BENCH_TICK_SECONDS;      /* no second thread did much */
  out->wall = times_of(wall, out->runs);
  out->cpu = times_of(out->by_cpu ? own : all, out->runs);
}

/* ---- how fast it could be ---- */

static void count_bytes(compile_state *s, const compile_results *results, bench_result *out) {
  const kernel_graph *k = s->kernel;
  for (size_t i = 0; i < k->tensors.n; i++) {
    bool is_result = false, is_arg = k->tensors.at[i].role == KERNEL_ARG;
    for (size_t r = 0; r < results->n; r++)
      is_result |= results->at[r].tensor >= 0 && kernel_root(k, results->at[r].tensor) == (kernel_tensor)i;
    int64_t bytes = (int64_t)dtype_bytes(k->tensors.at[i].shape.type), n;
    if (kernel_elements(s->ctx, k, &k->tensors.at[i].shape, NULL, 0, &n) != LOOM_OK)
      n = 0;
    bool is_only_written = is_arg && is_result && (k->tensors.at[i].init == KERNEL_INIT_ZEROS || k->tensors.at[i].init == KERNEL_INIT_EMPTY);
    out->bytes_read += is_arg && !is_only_written ? n * bytes : 0;
    out->bytes_written += is_result ? n * bytes : 0;
  }
}

/* Of products of that type; NULL: there is none. */
static const char *rate_of_type(const machine *m, dtype t) {
  switch (t) {
  case DTYPE_F64: return "mac_f64";
  case DTYPE_BF16: return machine_host_fact(m, "mac_amx_bf16") > machine_host_fact(m, "mac_bf16") ? "mac_amx_bf16" : machine_host_fact(m, "mac_bf16") > machine_host_fact(m, "mac_f32") ? "mac_bf16" : "mac_f32";
  case DTYPE_I8: return machine_host_fact(m, "mac_amx_i8") > machine_host_fact(m, "mac_i8") ? "mac_amx_i8" : "mac_i8";
  case DTYPE_F32:
  case DTYPE_F16: return "mac_f32";
  default: return NULL;
  }
}

/* The type that products are of: that of the first floating argument. */
static dtype product_type(const kernel_graph *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (dtype_is_float(k->tensors.at[i].shape.type) || k->tensors.at[i].shape.type == DTYPE_I8)
      return k->tensors.at[i].shape.type;
  return DTYPE_F32;
}

/* Where the arrays lie between two calls, and the best rate for that mix of reads and writes. */
static const char *memory_rate(const machine *m, const bench_result *r, bool all_cores) {
  const double bytes = (double)(r->bytes_read + r->bytes_written);
  const bool reads = (double)r->bytes_written < 0.1 * bytes;
  if (bytes <= machine_host_fact(m, "l1_bytes"))
    return "l1_read";
  if (bytes <= machine_host_fact(m, "l2_bytes"))
    return reads ? "l2_read" : "l2_copy";
  if (bytes <= machine_host_fact(m, "l3_bytes"))
    return all_cores ? "l3_read_all" : reads ? "l3_read" : "l3_copy";
  if (reads)
    return all_cores ? "dram_read_all" : "dram_read";
  if (all_cores)
    return machine_host_fact(m, "dram_stream_all") > machine_host_fact(m, "dram_copy_all") ? "dram_stream_all" : "dram_copy_all";
  return machine_host_fact(m, "dram_stream") > machine_host_fact(m, "dram_copy") ? "dram_stream" : "dram_copy";
}

void compile_bench_limit(const machine *host, dtype type, double cores, bench_result *r) {
  const double hz = host->clock_hz.value;
  const char *rate = rate_of_type(host, type);
  bench_limit *l = &r->limit;
  l->is_measured = !host->units.at[0].rate.is_assumed;
  if (r->products > 0) {
    l->compute = rate ? rate : "mac_f32";
    l->compute_ms = (double)r->products / 2 / (machine_host_fact(host, l->compute) * hz * cores) * 1e3;
  }
  l->memory = memory_rate(host, r, cores > 1);
  l->memory_ms = (double)(r->bytes_read + r->bytes_written) / (machine_host_fact(host, l->memory) * hz) * 1e3;
}

static loom_status find_limit(compile_state *s, bench_result *r) {
  machine *m;
  LOOM_TRY(machine_load(s->ctx, "host", NULL, &m));
  const double threads = s->o->run_threads > 0 ? s->o->run_threads : (double)machine_cores(m);
  compile_bench_limit(m, product_type(s->kernel), r->by_cpu ? 1 : threads, r);
  return LOOM_OK;
}

/* Its code, and the contents of its arguments by kernel tensor. */
static loom_status open_code(loom_ctx *ctx, const compile_options *o, const bench_options *b, compile_state *s, bench_callee *c, interp_tensor **inputs, bench_result *out) {
  const double before = clock_ms();
  const double cpu_before = clock_process_seconds();
  *out = (bench_result){.flops = -1, .by_cpu = true, .cached_ms = -1};
  *c = (bench_callee){0};
  LOOM_TRY(compile_kernel(ctx, o, s));
  LOOM_TRY(compile_open_image(s, &c->image));
  out->compile_ms = clock_ms() - before;
  out->compile_cpu_ms = 1e3 * (clock_process_seconds() - cpu_before);
  out->flops = compile_flops(s, &out->products);
  const run_options r = {.seed = b->seed, .inputs = b->inputs, .n_inputs = b->n_inputs};
  const compile_results results = compile_list_results(&ctx->mem, s->kernel);
  *inputs = ARENA_NEW_N(&ctx->mem, interp_tensor, s->kernel->tensors.n);
  count_bytes(s, &results, out);
  LOOM_TRY(find_limit(s, out));
  return compile_make_inputs(s, &r, false, *inputs);
}

static loom_status open_call(compile_state *s, const interp_tensor *inputs, bench_callee *c) {
  return compile_open_call(s, &c->image, inputs, ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n), &c->call);
}

loom_status compile_bench_open(loom_ctx *ctx, const compile_options *o, const bench_options *b, compile_state *s, bench_callee *c, bench_result *out) {
  interp_tensor *inputs;
  LOOM_TRY(open_code(ctx, o, b, s, c, &inputs, out));
  return open_call(s, inputs, c);
}

void compile_bench_close(bench_callee *c) {
  compile_close_call(&c->call);
  compile_close_image(&c->image);
  *c = (bench_callee){0};
}

/* The same kernel once more, from the cache that the first compile has filled. */
static loom_status start_cached(loom_ctx *ctx, const compile_options *o, bench_result *out) {
  const double before = clock_ms();
  compile_state s;
  compile_image code = {0};
  loom_status st = compile_kernel(ctx, o, &s);
  const bool is_cached = st == LOOM_OK && s.object;
  if (is_cached)
    st = compile_open_image(&s, &code);
  if (is_cached && st == LOOM_OK)
    out->cached_ms = clock_ms() - before;
  compile_close_image(&code);
  compile_done(&s);
  return st;
}

/* ---- in a process of its own ---- */

/* Memory and threads are the copy's own, as they would be here; only what was measured is shared. */
typedef struct measuring { compile_state *s; bench_callee *c; const bench_options *b; const interp_tensor *inputs; bench_result *shared; } measuring;

static loom_status measure_there(void *data) {
  const measuring *m = data;
  LOOM_TRY(open_call(m->s, m->inputs, m->c));
  measure(m->s->ctx, m->c, m->b, m->shared);
  return LOOM_OK;
}

static loom_status measure_confined(compile_state *s, bench_callee *c, const bench_options *b, const interp_tensor *inputs, bench_result *out) {
  run_pieces pieces = {0};
  void *shared;
  LOOM_TRY(run_pieces_add(s->ctx, &pieces, sizeof *out, &shared));
  measuring m = {s, c, b, inputs, shared};
  *m.shared = *out;
  loom_status st = compile_confine(s, measure_there, &m);
  if (st == LOOM_OK)
    *out = *m.shared;
  run_pieces_close(&pieces);
  return st;
}

/* Providers are trusted, and keep counts and states here. */
static loom_status measure_here(compile_state *s, bench_callee *c, const bench_options *b, const interp_tensor *inputs, bench_result *out) {
  LOOM_TRY(open_call(s, inputs, c));
  measure(s->ctx, c, b, out);
  return compile_judge_providers(s, c->image.providers, LOOM_OK);
}

loom_status compile_bench(loom_ctx *ctx, const compile_options *o, const bench_options *b, compile_state *s, bench_result *out) {
  bench_callee c;
  if (o->cache)
    o->cache->is_replaced = true;
  interp_tensor *inputs;
  loom_status st = open_code(ctx, o, b, s, &c, &inputs, out);
  if (st == LOOM_OK)
    st = (o->providers ? measure_here : measure_confined)(s, &c, b, inputs, out);
  if (st == LOOM_OK)
    st = find_limit(s, out);      /* now that it is known how many threads ran */
  compile_bench_close(&c);
  if (o->cache)
    o->cache->is_replaced = false;
  return st == LOOM_OK && s->cache_key ? start_cached(ctx, o, out) : st;
}

/* ---- JSON ---- */

data_value *compile_bench_times(arena *m, const bench_times *t) {
  data_value *v = data_object(m);
  data_set_real(m, v, "min", t->min);
  data_set_real(m, v, "median", t->median);
  data_set_real(m, v, "mad", t->mad);
  return v;
}

static data_value *shape_data(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m);
  for (size_t i = 0; i < s->kernel->tensors.n; i++) {
    const kernel_tensor_info *t = &s->kernel->tensors.at[i];
    text shape = text_new(m);
    int64_t n;
    for (int d = 0; t->role == KERNEL_ARG && d < t->shape.rank; d++)
      if (kernel_size(s->ctx, s->kernel, t->shape.dim[d], NULL, 0, &n) == LOOM_OK)
        text_addf(&shape, "%" PRId64 "x", n);
    if (t->role == KERNEL_ARG)
      data_set_string(m, v, t->name, arena_printf(m, "%s%s", text_str(&shape), dtype_mlir(t->shape.type)));
  }
  return v;
}

data_value *compile_bench_data(compile_state *s, const bench_result *r) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *limit = data_object(m);
  const double median = r->by_cpu ? r->cpu.median : r->wall.median, bound = fmax(r->limit.compute_ms, r->limit.memory_ms);
  data_set_string(m, v, "schema", "loom.bench.v1");
  data_set_string(m, v, "kernel", s->kernel->name);
  data_set_string(m, v, "machine", "host");
  data_set(m, v, "arguments", shape_data(s));
  if (s->kernels)
    data_set(m, v, "kernels", s->kernels);
  data_set_string(m, v, "clock", r->by_cpu ? "cpu" : "wall");
  data_set_real(m, v, "min_ms", r->by_cpu ? r->cpu.min : r->wall.min);
  data_set_real(m, v, "median_ms", median);
  data_set_real(m, v, "mad_ms", r->by_cpu ? r->cpu.mad : r->wall.mad);
  data_set(m, v, "wall_ms", compile_bench_times(m, &r->wall));
  data_set(m, v, "cpu_ms", compile_bench_times(m, &r->cpu));
  data_set_int(m, v, "runs", r->runs);
  data_set_int(m, v, "batch", r->batch);
  data_set_int(m, v, "bytes_read", r->bytes_read);
  data_set_int(m, v, "bytes_written", r->bytes_written);
  data_set_real(m, v, "gb_per_s", (double)(r->bytes_read + r->bytes_written) / median * 1e-6);
  if (r->flops >= 0) {
    data_set_int(m, v, "flops", r->flops);
    data_set_real(m, v, "gflops", (double)r->flops / median * 1e-6);
  }
  if (r->products > 0) {
    data_set_int(m, v, "matmul_flops", r->products);
    data_set_real(m, v, "matmul_gflops", (double)r->products / median * 1e-6);
  }
  if (r->limit.compute)
    data_set_string(m, limit, "compute", r->limit.compute);
  data_set_real(m, limit, "compute_ms", r->limit.compute_ms);
  data_set_string(m, limit, "memory", r->limit.memory);
  data_set_real(m, limit, "memory_ms", r->limit.memory_ms);
  data_set_string(m, limit, "by", r->limit.compute_ms > r->limit.memory_ms ? "compute" : "memory");
  data_set_bool(m, limit, "measured", r->limit.is_measured);
  data_set(m, v, "limit", limit);
  data_set_real(m, v, "percent_of_roofline", 100 * bound / median);
  data_set_real(m, v, "compile_ms", r->compile_ms);
  data_set_real(m, v, "compile_cpu_ms", r->compile_cpu_ms);
  if (r->cached_ms >= 0)
    data_set_real(m, v, "cached_ms", r->cached_ms);
  return v;
}
