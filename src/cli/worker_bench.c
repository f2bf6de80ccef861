/* loom bench: a kernel or MLIR function of the host, measured against what the CPU can do and against an earlier run. */
#include "cli/cli_forms.h"
#include "cli/worker.h"
#include "compile_bench.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EARLIER_BYTES_MAX = 1 << 20 };

static loom_status check_machine(loom_ctx *ctx, const cli_options *o) {
  if (o->dram.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--dram: it chooses a model of a chip's DRAM ('loom bench tpuv3'); a kernel is measured on this CPU");
  if (!o->machine.last || strcmp(o->machine.last, "host") == 0)
    return LOOM_OK;
  if (o->machine_span.line > 0) {      /* one file for all commands: sizes and types are of the kernel, the chip is of others */
    diag_warn(ctx, o->machine_span, "'loom bench' measures this CPU; '%s' is for the commands that compile for it", o->machine.last);
    return LOOM_OK;
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom bench' measures this CPU, not machine '%s'", o->machine.last);
  diag_help(ctx, "leave --machine away; 'loom run' counts the cycles of a chip");
  return LOOM_EUSAGE;
}

/* ---- comparing ---- */

static loom_status read_earlier(loom_ctx *ctx, const char *path, const char *kernel, const data_value **out) {
  data_value *v;
  const char *was;
  LOOM_TRY(data_read_json_file(ctx, path, EARLIER_BYTES_MAX, &v));
  if (data_need_schema(ctx, v, "loom.bench.v1") != LOOM_OK) {
    diag_help(ctx, "--compare takes what 'loom bench --json' printed");
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_need_string(ctx, v, "kernel", &was));
  if (strcmp(was, kernel) != 0)
    LOOM_FAIL(ctx, data_get(v, "kernel")->span, LOOM_EINPUT, "these times are of kernel '%s', not of '%s'", was, kernel);
  *out = v;
  return LOOM_OK;
}

static loom_status number(loom_ctx *ctx, const data_value *v, const char *key, double *out) {
  const data_value *n = data_get(v, key);
  if (!n || (n->kind != DATA_REAL && n->kind != DATA_INT) || !(n->real >= 0))
    LOOM_FAIL(ctx, n ? n->span : v->span, LOOM_EINPUT, "'%s' is missing or no number", key);
  *out = n->real;
  return LOOM_OK;
}

/* A difference counts that is beyond three of the two runs' deviations, and two percent. */
static loom_status compare(loom_ctx *ctx, const char *path, data_value *now) {
  arena *m = &ctx->mem;
  const data_value *earlier = NULL;
  data_value *v = data_object(m);
  double was = 0, was_mad = 0, is = 0, is_mad = 0;
  LOOM_TRY(read_earlier(ctx, path, data_get(now, "kernel")->string, &earlier));
  LOOM_TRY(number(ctx, earlier, "median_ms", &was));
  LOOM_TRY(number(ctx, earlier, "mad_ms", &was_mad));
  LOOM_TRY(number(ctx, now, "median_ms", &is));
  LOOM_TRY(number(ctx, now, "mad_ms", &is_mad));
  const data_value *a = data_get(earlier, "arguments"), *b = data_get(now, "arguments");
  if (a && strcmp(data_write_json(m, a, 0), data_write_json(m, b, 0)) != 0)
    diag_warn(ctx, a->span, "the earlier times are of other arguments: %s; these are of %s", data_write_json(m, a, 0), data_write_json(m, b, 0));
  const double noise = fmax(3 * (was_mad + is_mad), 0.02 * was);
  data_set_string(m, v, "file", path);
  data_set_real(m, v, "median_ms", was);
  data_set_real(m, v, "speedup", is > 0 ? was / is : 0);
  data_set_string(m, v, "verdict", is > was + noise ? "slower" : is < was - noise ? "faster" : "same");
  data_set(m, now, "compare", v);
  return LOOM_OK;
}

/* ---- printing ---- */

static void print_result(loom_ctx *ctx, const data_value *v) {
  const data_value *arguments = data_get(v, "arguments"), *limit = data_get(v, "limit"), *old = data_get(v, "compare");
  printf("%-12s %s on host:", data_get(v, "memory") ? "network" : "kernel", data_get(v, "kernel")->string);
  for (size_t i = 0; i < arguments->n; i++)
    printf(" %s %s%s", arguments->members[i].key, arguments->members[i].value->string, i + 1 < arguments->n ? "," : "");
  putchar('\n');
  printf("time         median %.4g ms, min %.4g, MAD %.2g (%" PRId64 " runs of %" PRId64 ", %s time)\n", data_get_real(v, "median_ms"), data_get_real(v, "min_ms"), data_get_real(v, "mad_ms"),
         data_get(v, "runs")->integer, data_get(v, "batch")->integer, data_get(v, "clock")->string);
  if (data_get(v, "matmul_flops"))
    printf("rate         %.1f GFLOP/s in matmuls (%s of %s operations), %.1f GB/s\n", data_get_real(v, "matmul_gflops"), text_thousands(&ctx->mem, data_get(v, "matmul_flops")->integer),
           text_thousands(&ctx->mem, data_get(v, "flops")->integer), data_get_real(v, "gb_per_s"));
  else if (data_get(v, "flops"))
    printf("rate         %.1f GB/s, %.2f GFLOP/s (%s operations)\n", data_get_real(v, "gb_per_s"), data_get_real(v, "gflops"), text_thousands(&ctx->mem, data_get(v, "flops")->integer));
  else
    printf("rate         %.1f GB/s\n", data_get_real(v, "gb_per_s"));
  const char *by = data_get(limit, "by")->string;
  printf("limit        %.4g ms by %s (%s%s): %.1f %% of the roofline\n", data_get_real(limit, arena_printf(&ctx->mem, "%s_ms", by)), by, data_get(limit, by)->string,
         data_get(limit, "measured")->boolean ? "" : ", guessed: 'loom machine calibrate' measures it", data_get_real(v, "percent_of_roofline"));
  printf("compile      %.1f ms", data_get_real(v, "compile_ms"));
  if (data_get(v, "compile_cpu_ms"))
    printf(" (%.1f ms of the processor)", data_get_real(v, "compile_cpu_ms"));
  if (data_get(v, "cached_ms"))
    printf("; from the cache %.1f ms", data_get_real(v, "cached_ms"));
  putchar('\n');
  if (old)
    printf("compare      %.2fx as fast as %s (%.4g ms): %s\n", data_get_real(old, "speedup"), data_get(old, "file")->string, data_get_real(old, "median_ms"), data_get(old, "verdict")->string);
}

loom_status worker_bench_options(loom_ctx *ctx, const cli_options *o, bench_options *out) {
  *out = (bench_options){.seconds = 1, .warm_up = 0.1, .runs_least = 7, .runs_most = 1000};
  if (!o->seconds.last)
    return LOOM_OK;
  char *end;
  out->seconds = strtod(o->seconds.last, &end);
  if (end == o->seconds.last || *end || !(out->seconds > 0 && out->seconds <= 3600))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--seconds: '%s' is not a number above 0, at most 3600", o->seconds.last);
  out->warm_up = fmin(out->warm_up, out->seconds);
  return LOOM_OK;
}

static void print_steps(const data_value *kernels) {
  for (size_t i = 0; i < kernels->n; i++) {
    const data_value *k = kernels->items[i], *same = data_get(k, "same_as");
    printf("kernel       %s%s%s: %.4g ms, %.1f GFLOP/s, %.1f %% of the roofline by %s\n", data_get(k, "name")->string, same ? " as " : "", same ? same->string : "", data_get_real(k, "ms"), data_get_real(k, "gflops"),
           data_get_real(k, "percent_of_roofline"), data_get(k, "by")->string);
  }
}

loom_status worker_bench_network(loom_ctx *ctx, const cli_options *o, data_value *v) {
  if (o->compare.last)
    LOOM_TRY(compare(ctx, o->compare.last, v));
  if (o->json) {
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
    return LOOM_OK;
  }
  print_result(ctx, v);
  print_steps(data_get(v, "kernels"));
  cli_print_kernels(data_get(v, "providers"));
  return LOOM_OK;
}

loom_status worker_bench(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  run_options r = {0};
  compile_state s = {0};
  bench_result result;
  bench_options b;
  bool is_program;
  LOOM_TRY(check_machine(ctx, o));
  LOOM_TRY(worker_bench_options(ctx, o, &b));
  LOOM_TRY(worker_read_options(ctx, o, &c));
  worker_open_cache(ctx, o, &c);
  loom_status as_program = worker_run_program(ctx, o, &c, &is_program);
  if (is_program || as_program != LOOM_OK)
    return as_program;
  cli_tell_form(ctx, o, CLI_BENCH_KERNEL);
  LOOM_TRY(worker_read_host(ctx, o, &c, &r));
  b.seed = r.seed;
  b.inputs = r.inputs;
  b.n_inputs = r.n_inputs;
  loom_status st = compile_bench(ctx, &c, &b, &s, &result);
  if (st == LOOM_OK) {
    data_value *v = compile_bench_data(&s, &result);
    if (o->compare.last)
      st = compare(ctx, o->compare.last, v);
    if (st == LOOM_OK && o->json)
      printf("%s\n", data_write_json(&ctx->mem, v, 1));
    else if (st == LOOM_OK) {
      print_result(ctx, v);
      cli_print_kernels(s.kernels);
    }
  }
  compile_done(&s);
  return st;
}
