/* `loom reduce`: a kernel for which `loom run` fails, made smaller while it fails the same way: with the same exit code, and a first message that differs in numbers only. */
#include "base/diag_lines.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/temporary.h"
#include "cli/cli.h"
#include "kernel/kernel_reduce.h"
#include "run/run_process.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES_MAX = 2000, LOG_BYTES_MAX = 4 << 20, KERNEL_BYTES_MAX = 64 << 20 };

/* How a run ends; message: the first error's, with '#' for numbers, up to a ';'. */
typedef struct failure { int code; const char *message; } failure;
typedef struct reducer { loom_ctx *ctx; const char *loom, *dir; const char *const *words; size_t n_words; failure wanted;} reducer;

/* ---- runs ---- */

static const char *skeleton(arena *m, const char *message) {
  text t = text_new(m);
  for (const char *c = message; *c && *c != ';'; c++)
    if (!isdigit((unsigned char)*c))
      text_add_bytes(&t, c, 1);
    else if (c == message || !isdigit((unsigned char)c[-1]))
      text_add(&t, "#");
  return text_str(&t);
}

/* The first error among lines of loom.diagnostic.v1; "" where there is none. */
static const char *first_error(loom_ctx *ctx, const char *log) {
  char *bytes;
  size_t size;
  const diag_mark before = diag_save(ctx);
  const char *found = file_read(ctx, log, LOG_BYTES_MAX, &bytes, &size) == LOOM_OK ? diag_first_error(ctx, bytes, size) : "";
  diag_drop(ctx, before);
  return found;
}

static loom_status run_loom(const reducer *r, const char *command, const char *kernel, const char *const *more, failure *out) {
  static const char *const env[] = {"LOOM_CRASH_DIR=", NULL};
  arena *m = &r->ctx->mem;
  const char *log = file_join(m, r->dir, "log");
  VEC_OF(const char *) argv = {0};
  vec_push(m, &argv, r->loom);
  vec_push(m, &argv, command);
  vec_push(m, &argv, kernel);
  vec_push(m, &argv, "--error-format=json");
  for (size_t i = 0; more[i]; i++)
    vec_push(m, &argv, more[i]);
  vec_push(m, &argv, NULL);
  LOOM_TRY(run_process(r->ctx, argv.at, env, log, &out->code));
  out->message = skeleton(m, first_error(r->ctx, log));
  return LOOM_OK;
}

static loom_status run_graph(const reducer *r, const kernel_graph *k, failure *out) {
  const char *path = file_join(&r->ctx->mem, r->dir, "k.json");
  LOOM_TRY(data_write_json_file(r->ctx, path, kernel_to_data(&r->ctx->mem, k)));
  return run_loom(r, "run", path, r->words, out);
}

static bool still_fails(void *data, kernel_graph *k) {
  reducer *r = data;
  failure f;
  if (run_graph(r, k, &f) != LOOM_OK || f.code != r->wanted.code || strcmp(f.message, r->wanted.message) != 0)
    return false;
  progress_tell("operations left", kernel_count_ops(k), 0);
  return true;
}

/* ---- the kernel ---- */

/* Options as they were given, without those in `but`. */
static const char *const *words_without(arena *m, const cli_options *o, const char *const *but) {
  VEC_OF(const char *) out = {0};
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++) {
    bool is_left_out = strcmp(all[i].name, "out") == 0 || strcmp(all[i].name, "json") == 0 || strcmp(all[i].name, "error-format") == 0 || strcmp(all[i].name, "progress") == 0;
    for (size_t k = 0; but[k]; k++)
      is_left_out = is_left_out || strcmp(all[i].name, but[k]) == 0;
    const char *const *values = is_left_out ? NULL : cli_option_values(m, o, &all[i]);
    for (size_t k = 0; values && values[k]; k++)
      vec_push(m, &out, all[i].argument ? arena_printf(m, "--%s=%s", all[i].name, values[k]) : arena_printf(m, "--%s", all[i].name));
  }
  vec_push(m, &out, NULL);
  return out.at;
}

/* The graph that `loom compile --emit kernel` prints. */
static loom_status read_kernel(const reducer *r, const cli_options *o, kernel_graph **out) {
  static const char *const of_compile[] = {"check", "interp", "engine", "input", "output", "expect", "trace", "trace-limit", "dram", "tt-seed", "tt-seeds", "seed", "ordered-sums", NULL};
  arena *m = &r->ctx->mem;
  const char *const *words = words_without(m, o, of_compile);
  VEC_OF(const char *) all = {0};
  failure f;
  char *bytes;
  size_t size;
  data_value *v;
  for (size_t i = 0; words[i]; i++)
    vec_push(m, &all, words[i]);
  vec_push(m, &all, "--emit=kernel");
  vec_push(m, &all, NULL);
  LOOM_TRY(run_loom(r, "compile", o->files.at[0], all.at, &f));
  const char *log = file_join(m, r->dir, "log");
  LOOM_TRY(file_read(r->ctx, log, KERNEL_BYTES_MAX, &bytes, &size));
  if (f.code) {
    diag_error(r->ctx, diag_file_span(r->ctx, o->files.at[0]), LOOM_EINPUT, "this is not read as a kernel (exit code %d): %s", f.code, first_error(r->ctx, log));
    diag_help(r->ctx, "'loom reduce' makes kernels smaller that can be read; of source that cannot, leave lines out");
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_read_json(r->ctx, log, bytes, size, &v));
  return kernel_from_data(r->ctx, v, out);
}

/* ---- what is said ---- */

static const char *again(arena *m, const char *file, const char *const *words) {
  text t = text_new(m);
  text_addf(&t, "loom run %s", file);
  for (size_t i = 0; words[i]; i++)
    text_addf(&t, " %s", words[i]);
  return text_str(&t);
}

static void say(loom_ctx *ctx, const cli_options *o, const reducer *r, int before, int after, int tries, const char *file) {
  arena *m = &ctx->mem;
  if (o->json) {
    data_value *x = data_object(m);
    data_set_string(m, x, "schema", "loom.reduce.v1");
    data_set_int(m, x, "operations_before", before);
    data_set_int(m, x, "operations", after);
    data_set_int(m, x, "runs", tries);
    data_set_int(m, x, "exit_code", r->wanted.code);
    data_set_string(m, x, "message", r->wanted.message);
    data_set_string(m, x, "file", file);
    data_set_string(m, x, "command", again(m, file, r->words));
    printf("%s\n", data_write_json(m, x, 2));
    return;
  }
  printf("reduced      %d operations to %d, in %d runs\n", before, after, tries);
  printf("fails with   exit code %d%s%s\n", r->wanted.code, *r->wanted.message ? ": " : "", r->wanted.message);
  printf("written      %s\nagain        %s\n", file, again(m, file, r->words));
}

static loom_status reduce(loom_ctx *ctx, const cli_options *o, reducer *r) {
  static const char *const of_source[] = {"shape", "dtype", "arg", "function", "config", NULL};
  kernel_graph *k;
  kernel_reduction how = {.still = still_fails, .data = r, .tries_max = TRIES_MAX};
  const char *file = o->out.last ? o->out.last : "reduced.json";
  LOOM_TRY(read_kernel(r, o, &k));
  r->words = words_without(&ctx->mem, o, of_source);
  LOOM_TRY(run_graph(r, k, &r->wanted));
  if (r->wanted.code == 0) {
    diag_error(ctx, diag_file_span(ctx, o->files.at[0]), LOOM_EUSAGE, "'loom run' of this kernel with these options does not fail");
    diag_help(ctx, "give the options with which it does (--check, --machine, --block-sizes, ..)");
    return LOOM_EUSAGE;
  }
  kernel_graph *small = kernel_reduce(ctx, k, &how);
  progress_over("operations left");
  LOOM_TRY(data_write_json_file(ctx, file, kernel_to_data(&ctx->mem, small)));
  say(ctx, o, r, kernel_count_ops(k), kernel_count_ops(small), how.tries, file);
  return LOOM_OK;
}

loom_status cmd_reduce(loom_ctx *ctx, const cli_options *o) {
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom reduce' takes one kernel");
  const char *dir;
  LOOM_TRY(temporary_make(ctx, &dir));
  reducer r = {.ctx = ctx, .loom = cli_find_loom(&ctx->mem), .dir = dir};
  const loom_status st = reduce(ctx, o, &r);
  temporary_remove(dir);
  return st;
}
