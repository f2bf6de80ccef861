/* loom providers: which kernel libraries there are, whether one does what it must, how fast they are. */
#include "base/clock.h"
#include "base/process.h"
#include "base/rng.h"
#include "cli/cli_forms.h"
#include "run/provider_check.h"
#include "run/provider_set.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_string(arena *m, data_value *o, const char *key, const char *s) {
  if (s)
    data_set_string(m, o, key, s);
}

static const char *style_name(provider_style s) {
  static const char *const names[] = {
#define X(id, name) name,
      PROVIDER_STYLE_LIST(X)
#undef X
  };
  return names[s];
}

/* ---- list ---- */

/* A provider that cannot be loaded is listed with the reason. */
static data_value *describe(loom_ctx *ctx, const char *name, const loom_host_v1 *host) {
  arena *m = &ctx->mem;
  data_value *o = data_object(m);
  const char *path;
  provider *p = NULL;
  diag_mark before = diag_save(ctx);
  loom_status st = provider_find(ctx, name, &path);
  if (st == LOOM_OK)
    st = provider_load(ctx, path, host, &p);
  data_set_string(m, o, "name", name);
  data_set_bool(m, o, "ok", st == LOOM_OK);
  if (st == LOOM_OK) {
    data_set_string(m, o, "style", style_name(p->style));
    add_string(m, o, "revision", p->revision);
    add_string(m, o, "description", p->description);
    add_string(m, o, "licence", p->licence);
    data_set_string(m, o, "path", path);
    data_set_string(m, o, "sha256", p->sha256);
    data_set_int(m, o, "constructors", p->elf.constructors);
  } else {
    data_set_string(m, o, "why", (*before.last)->text);
  }
  provider_unload(p);
  diag_drop(ctx, before);
  return o;
}

static loom_status list(loom_ctx *ctx, const cli_options *o, const loom_host_v1 *host, unsigned seconds) {
  (void)seconds;
  arena *m = &ctx->mem;
  const char *const *names;
  size_t n;
  data_value *v = data_object(m), *rows = data_array(m);
  LOOM_TRY(provider_list(ctx, &names, &n));
  data_set_string(m, v, "schema", "loom.providers.v1");
  for (size_t i = 0; i < n; i++)
    data_push(m, rows, describe(ctx, names[i], host));
  data_set(m, v, "providers", rows);
  if (o->json) {
    printf("%s\n", data_write_json(m, v, 1));
    return LOOM_OK;
  }
  for (size_t i = 0; i < rows->n; i++) {
    const data_value *r = rows->items[i];
    printf("%-10s %s%s%s\n", data_get_string(r, "name", ""), data_get(r, "ok")->boolean ? data_get_string(r, "description", "") : data_get_string(r, "why", ""), *data_get_string(r, "revision", "") ? "; " : "", data_get_string(r, "revision", ""));
  }
  if (!n)
    puts("none: this build found no libopenblas, libblis or libdnnl (apt-get install libopenblas-pthread-dev libblis-pthread-dev libdnnl-dev, then build again)");
  return LOOM_OK;
}

/* ---- check ---- */

enum { CASES_MAX = 128, HUNG_MAX = 3 };
typedef struct progress { size_t done; check_result results[CASES_MAX]; } progress;   /* shared with the process that runs the cases */

/* "FILE.so:SYMBOL", "NAME" */
static loom_status open_target(loom_ctx *ctx, const char *what, const loom_host_v1 *host, provider_target *out) {
  const char *colon = strrchr(what, ':'), *path;
  *out = (provider_target){0};
  if (colon && colon[1]) {
    out->symbol = colon + 1;
    what = arena_strndup(&ctx->mem, what, (size_t)(colon - what));
  }
  LOOM_TRY(provider_find(ctx, what, &path));
  LOOM_TRY(provider_load(ctx, path, host, &out->provider));
  provider_function f;
  loom_status st = LOOM_OK;
  if (out->provider->style != PROVIDER_LOOM && !out->symbol) {
    st = diag_error(ctx, diag_file_span(ctx, path), LOOM_EUSAGE, "this library knows functions by their names; say which one: '%s:SYMBOL'", what);
    diag_help(ctx, "for example %s:my_matmul_kernel", what);
  } else if (out->symbol && !provider_resolve(out->provider, out->symbol, &f)) {
    st = diag_error(ctx, diag_file_span(ctx, path), LOOM_EPROVIDER, "the provider '%s' has no function '%s'", out->provider->name, out->symbol);
    diag_help(ctx, "nm -D shows what a library exports");
  }
  if (st != LOOM_OK)
    provider_unload(out->provider);
  return st;
}

/* In a process of its own: a provider that touches what is not its own is killed, and that is an answer. */
static loom_status run_cases(loom_ctx *ctx, const provider_target *t, const loom_host_v1 *host, unsigned seconds, progress *p) {
  size_t n = provider_check_count() < CASES_MAX ? provider_check_count() : CASES_MAX;
  int hung = 0;
  alarm(0);
  while (p->done < n) {
    if (hung == HUNG_MAX) {
      snprintf(p->results[p->done].said, sizeof p->results->said, "not run: %d before it did not end", HUNG_MAX);
      p->results[p->done++].verdict = CHECK_FAILED;
      continue;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no process can be started for the check");
    if (child == 0) {
      for (; p->done < n; p->done++) {
        alarm(seconds);
        provider_check_run(t, host, p->done, &p->results[p->done]);
      }
      _exit(0);
    }
    int st = 0;
    (void)process_wait(child, &st);
    if (p->done < n) {
      check_result *r = &p->results[p->done++];
      r->verdict = CHECK_FAILED;
      if (WIFSIGNALED(st) && WTERMSIG(st) == SIGALRM) {
        snprintf(r->said, sizeof r->said, "it did not end within %u seconds (--timeout)", seconds);
        hung++;
      } else if (WIFSIGNALED(st))
        snprintf(r->said, sizeof r->said, "the process was killed by signal %d (%s): memory outside of an operand was touched?", WTERMSIG(st), strsignal(WTERMSIG(st)));
      else
        snprintf(r->said, sizeof r->said, "the process was ended by the provider (exit code %d)", WEXITSTATUS(st));
    }
  }
  return LOOM_OK;
}

static loom_status report_cases(loom_ctx *ctx, const cli_options *o, const provider_target *t, const progress *p) {
  static const char *const words[] = {"ok", "skipped", "FAILED"}, *const keys[] = {"passed", "skipped", "failed"};
  arena *m = &ctx->mem;
  data_value *v = data_object(m), *rows = data_array(m);
  int64_t counts[3] = {0};
  data_set_string(m, v, "schema", "loom.providers.check.v1");
  data_set_string(m, v, "provider", t->provider->name);
  add_string(m, v, "revision", t->provider->revision);
  for (size_t i = 0; i < p->done; i++) {
    const check_result *r = &p->results[i];
    data_value *row = data_object(m);
    counts[r->verdict]++;
    data_set_string(m, row, "name", provider_check_name(i));
    data_set_string(m, row, "verdict", r->verdict == CHECK_FAILED ? "failed" : words[r->verdict]);
    if (r->said[0])
      data_set_string(m, row, "why", r->said);
    data_push(m, rows, row);
    if (!o->json)
      printf("%-7s  %s%s%s\n", words[r->verdict], provider_check_name(i), r->said[0] ? ": " : "", r->said);
  }
  for (int i = 0; i < 3; i++)
    data_set_int(m, v, keys[i], counts[i]);
  data_set(m, v, "cases", rows);
  if (o->json)
    printf("%s\n", data_write_json(m, v, 1));
  else
    printf("%s: %" PRId64 " passed, %" PRId64 " skipped, %" PRId64 " failed\n", t->provider->name, counts[0], counts[1], counts[2]);
  if (counts[CHECK_FAILED])
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "the provider '%s' fails %" PRId64 " of %zu cases", t->provider->name, counts[CHECK_FAILED], p->done);
  return LOOM_OK;
}

static loom_status check(loom_ctx *ctx, const cli_options *o, const loom_host_v1 *host, unsigned seconds) {
  provider_target t;
  if (o->files.n != 2)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom providers check' takes one provider: NAME, FILE.so or FILE.so:SYMBOL");
  LOOM_TRY(open_target(ctx, o->files.at[1], host, &t));
  progress *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  loom_status st = p == MAP_FAILED ? LOOM_EMEM : run_cases(ctx, &t, host, seconds, p);
  if (st == LOOM_OK)
    st = report_cases(ctx, o, &t, p);
  if (p != MAP_FAILED)
    munmap(p, sizeof *p);
  provider_unload(t.provider);
  return st;
}

/* ---- bench ---- */

typedef struct bench_shape { int64_t m, n, k; } bench_shape;
typedef struct bench_row { double best_ms, median_ms; int runs; } bench_row;
enum { RUNS_MAX = 200, BENCH_MS = 300 };

static int by_value(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

/* f32, overwriting, dense. */
static bool measure(loom_ctx *ctx, const provider_target *t, const loom_host_v1 *host, bench_shape s, bench_row *out, char *why) {
  arena_mark mark = arena_save(&ctx->mem);
  const int64_t sizes[3][2] = {{s.m, s.k}, {s.k, s.n}, {s.m, s.n}};
  int64_t strides[3][2];
  loom_kernel_tensor_v1 tensor[3];
  const loom_kernel_tensor_v1 *tensors[3];
  rng r = rng_new(1);
  for (int i = 0; i < 3; i++) {
    int64_t n = sizes[i][0] * sizes[i][1];
    float *at = arena_alloc(&ctx->mem, (size_t)n * sizeof *at + 64);
    at = (float *)(((uintptr_t)at + 63) & ~(uintptr_t)63);
    for (int64_t e = 0; e < n; e++)
      at[e] = (float)rng_uniform(&r) - 0.5f;
    strides[i][0] = sizes[i][1];
    strides[i][1] = 1;
    tensor[i] = (loom_kernel_tensor_v1){.size = sizeof *tensor, .version = LOOM_KERNEL_ABI, .allocated = at, .aligned = at, .rank = 2, .dtype = {LOOM_KERNEL_FLOAT, 32, 1},
                                        .sizes = sizes[i], .strides = strides[i], .align = 64};
    tensors[i] = &tensor[i];
  }
  loom_kernel_call_v1 call = {.size = sizeof call, .version = LOOM_KERNEL_ABI, .key = "linalg.matmul(f32,f32)->f32", .mode = LOOM_KERNEL_OVERWRITE, .n_tensors = 3, .tensors = tensors, .host = host};
  double ms[RUNS_MAX], spent = 0;
  bool ok = provider_supports(t, &call, why);
  call.workspace_bytes = ok ? provider_workspace(t, &call) : 0;
  char *room = arena_alloc(&ctx->mem, call.workspace_bytes + 64);
  call.workspace = (void *)(((uintptr_t)room + 63) & ~(uintptr_t)63);
  ok = ok && provider_call(t, &call, why) == LOOM_KERNEL_OK;        /* warm */
  *out = (bench_row){0};
  while (ok && out->runs < RUNS_MAX && (out->runs < 3 || spent < (double)BENCH_MS)) {
    double t0 = clock_ms();
    ok = provider_call(t, &call, why) == LOOM_KERNEL_OK;
    spent += ms[out->runs++] = clock_ms() - t0;
  }
  if (ok) {
    qsort(ms, (size_t)out->runs, sizeof *ms, by_value);
    out->best_ms = ms[0];
    out->median_ms = ms[out->runs / 2];
  }
  arena_release(&ctx->mem, mark);
  return ok;
}

static loom_status read_shape(loom_ctx *ctx, const cli_options *o, bench_shape *out) {
  cli_pairs p = {0};
  LOOM_TRY(cli_pairs_of(ctx, "--shape", o->shape.all.at, o->shape.all.n, true, &p));
  for (size_t i = 0; i < p.n; i++) {
    int64_t *to = text_eq(p.at[i].key, "M") ? &out->m : text_eq(p.at[i].key, "N") ? &out->n : text_eq(p.at[i].key, "K") ? &out->k : NULL;
    if (!to || p.at[i].integer > 1 << 15)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape %s=%" PRId64 ": expected M, N and K of a matrix product, at most 32768", p.at[i].key, p.at[i].integer);
    *to = p.at[i].integer;
  }
  return LOOM_OK;
}

static loom_status bench_one(loom_ctx *ctx, const cli_options *o, const char *name, const loom_host_v1 *host, const bench_shape *shapes, size_t n, data_value *rows) {
  arena *m = &ctx->mem;
  provider_target t;
  LOOM_TRY(open_target(ctx, name, host, &t));
  for (size_t i = 0; i < n; i++) {
    bench_row r;
    char why[PROVIDER_WHY_BYTES] = "";
    double flops = 2.0 * (double)shapes[i].m * (double)shapes[i].n * (double)shapes[i].k;
    data_value *row = data_object(m);
    bool ok = measure(ctx, &t, host, shapes[i], &r, why);
    data_set_string(m, row, "provider", t.provider->name);
    data_set_int(m, row, "m", shapes[i].m);
    data_set_int(m, row, "n", shapes[i].n);
    data_set_int(m, row, "k", shapes[i].k);
    if (ok) {
      data_set_int(m, row, "runs", r.runs);
      data_set_real(m, row, "min_ms", r.best_ms);
      data_set_real(m, row, "median_ms", r.median_ms);
      data_set_real(m, row, "gflops", flops / r.median_ms / 1e6);
    } else {
      data_set_string(m, row, "why", arena_strdup(m, why));
    }
    data_push(m, rows, row);
    if (!o->json && ok)
      printf("%-10s %5" PRId64 "x%-5" PRId64 "x%-5" PRId64 "  median %9.3f ms  min %9.3f ms  %7.1f GFLOP/s  (%d runs)\n", t.provider->name, shapes[i].m, shapes[i].n, shapes[i].k, r.median_ms,
             r.best_ms, flops / r.median_ms / 1e6, r.runs);
    else if (!o->json)
      printf("%-10s %5" PRId64 "x%-5" PRId64 "x%-5" PRId64 "  %s\n", t.provider->name, shapes[i].m, shapes[i].n, shapes[i].k, why);
  }
  provider_unload(t.provider);
  return LOOM_OK;
}

static loom_status bench(loom_ctx *ctx, const cli_options *o, const loom_host_v1 *host, unsigned seconds) {
  static const bench_shape usual[] = {{256, 256, 256}, {512, 512, 512}, {1, 2048, 2048}, {777, 777, 777}};
  arena *m = &ctx->mem;
  bench_shape given = {256, 256, 256};
  data_value *v = data_object(m), *rows = data_array(m);
  const char *const *names = o->files.at + 1;
  size_t n = o->files.n - 1;
  LOOM_TRY(read_shape(ctx, o, &given));
  if (!n)
    LOOM_TRY(provider_list(ctx, &names, &n));
  for (size_t i = 0; i < n; i++) {
    alarm(seconds);
    LOOM_TRY(bench_one(ctx, o, names[i], host, o->shape.all.n ? &given : usual, o->shape.all.n ? 1 : sizeof usual / sizeof *usual, rows));
  }
  if (!o->json)
    return LOOM_OK;
  data_set_string(m, v, "schema", "loom.providers.bench.v1");
  data_set_int(m, v, "threads", host->max_threads);
  data_set(m, v, "rows", rows);
  printf("%s\n", data_write_json(m, v, 1));
  return LOOM_OK;
}

/* ---- the command ---- */

typedef loom_status verb_fn(loom_ctx *ctx, const cli_options *o, const loom_host_v1 *host, unsigned seconds);
typedef struct request { const cli_options *o; verb_fn *run; cli_form form; loom_host_v1 host; int threads; unsigned seconds; } request;

static loom_status carry_out(loom_ctx *ctx, void *data) {
  request *r = data;
  alarm(r->seconds);      /* loading a library runs its code */
  cli_tell_form(ctx, r->o, r->form);
  provider_host_init(&r->host, r->threads);
  return r->run(ctx, r->o, &r->host, r->seconds);
}

loom_status cmd_providers(loom_ctx *ctx, const cli_options *o) {
  static const struct { const char *name; verb_fn *run; cli_form form; } verbs[] = {
      {"list", list, CLI_PROVIDERS_LIST}, {"check", check, CLI_PROVIDERS_CHECK}, {"bench", bench, CLI_PROVIDERS_BENCH}};
  static const char *const names[] = {"list", "check", "bench"};
  static const double usual_seconds = 60;
  const char *verb = o->files.n ? o->files.at[0] : "list";
  request r = {.o = o, .threads = 1};       /* so that figures are of one core */
  double seconds;
  LOOM_TRY(cli_timeout(ctx, o, &seconds));
  if (o->njobs.last)
    LOOM_TRY(cli_threads(ctx, o, &r.threads));
  r.seconds = (unsigned)ceil(seconds > 0 ? seconds : usual_seconds);
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (text_eq(verbs[i].name, verb)) {
      r.run = verbs[i].run;
      r.form = verbs[i].form;
      return cli_run_contained(ctx, o->files.n > 1 ? arena_printf(&ctx->mem, "the provider '%s'", o->files.at[o->files.n - 1]) : "a provider", carry_out, &r);
    }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom providers %s': there is list, check and bench", verb);
  const char *near = diag_nearest(verb, names, sizeof names / sizeof *names);
  diag_help(ctx, near ? "did you mean '%s'?" : "%s", near ? near : "loom providers --help");
  return LOOM_EUSAGE;
}
