/* The functions of include/loom/loom.h. */
#include "api/api_private.h"
#include "base/alloc.h"
#include "base/dtype.h"
#include "base/file.h"
#include "base/temporary.h"
#include "base/text.h"
#include "base/vec.h"
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

/* Is field `f` of `o`, whose caller may know fewer, there? */
#define HAS(o, f) ((o) && (o)->size >= offsetof(__typeof__(*(o)), f) + sizeof (o)->f)

uint32_t loom_api_version(void) { return LOOM_API; }
const char *loom_version(void) { return LOOM_VERSION; }

/* ---- contexts ---- */

loom_context *loom_context_new(const loom_context_options *o) {
  loom_context *c = alloc_zeroed(sizeof *c);
  if (!c)
    return NULL;
  loom_ctx_init(&c->ctx);
  c->loom = api_find_loom(HAS(o, loom) ? o->loom : NULL);
  return c;
}

static void forget(loom_context *c) {
  loom_ctx_done(&c->ctx);
  loom_ctx_init(&c->ctx);
  alloc_free(c->error);
  alloc_free(c->error_json);
  alloc_free(c->output);
  c->error = c->error_json = c->output = NULL;
}

void loom_context_free(loom_context *c) {
  if (!c)
    return;
  while (c->kernels)
    loom_kernel_free(c->kernels);
  forget(c);
  loom_ctx_done(&c->ctx);
  alloc_free(c->loom);
  alloc_free(c);
}

const char *loom_error(const loom_context *c) { return c->error ? c->error : ""; }
const char *loom_error_json(const loom_context *c) { return c->error_json ? c->error_json : ""; }

/* ---- messages ---- */

/* A line of loom.diagnostic.v1 as the command line prints it. */
static void add_message(text *t, const data_value *v) {
  const char *file = data_get_string(v, "file", NULL), *severity = data_get_string(v, "severity", NULL), *message = data_get_string(v, "message", NULL), *help = data_get_string(v, "help", NULL);
  text_add(t, file ? file : "loom");
  if (data_get_int(v, "line", 0))
    text_addf(t, ":%" PRId64 ":%" PRId64, data_get_int(v, "line", 0), data_get_int(v, "column", 0));
  text_addf(t, ": %s: %s\n", severity ? severity : "error", message ? message : "");
  if (help)
    text_addf(t, "  help: %s\n", help);
}

static void keep_messages(loom_context *c, const char *lines) {
  arena *m = &c->ctx.mem;
  text words = text_new(m), json = text_new(m);
  for (const char *at = lines; *at;) {
    const size_t n = strcspn(at, "\n");
    data_value *v;
    diag_mark before = diag_save(&c->ctx);
    if (*at == '{' && data_read_json(&c->ctx, "loom", at, n, &v) == LOOM_OK) {
      add_message(&words, v);
      text_add_bytes(&json, at, n);
      text_add(&json, "\n");
    } else {
      text_add_bytes(&words, at, n);
      text_add(&words, "\n");
    }
    diag_drop(&c->ctx, before);
    at += n + (at[n] == '\n');
  }
  c->error = api_copy(text_str(&words));
  c->error_json = api_copy(text_str(&json));
}

/* Of this process's own calls. */
static loom_code fail(loom_context *c) {
  text words = text_new(&c->ctx.mem);
  loom_status st = LOOM_EMEM;
  for (const diag_item *d = c->ctx.diag.first; d; d = d->next) {
    text_addf(&words, "loom: %s: %s\n", d->severity == DIAG_ERROR ? "error" : "warning", d->text);
    if (d->help)
      text_addf(&words, "  help: %s\n", d->help);
    st = d->severity == DIAG_ERROR ? d->status : st;
  }
  alloc_free(c->error);
  c->error = api_copy(text_str(&words));
  return loom_status_exit(st);
}

/* ---- commands ---- */

static loom_status run(loom_context *c, const char *const *words, int *exit_code) {
  char *err = NULL;
  if (!c->loom) {
    diag_error(&c->ctx, LOOM_NOSPAN, LOOM_EIO, "the program 'loom' is not found");
    diag_help(&c->ctx, "name it in loom_context_options.loom or in $LOOM, or install it");
    return LOOM_EIO;
  }
  const loom_status st = api_run_loom(&c->ctx, c->loom, words, &c->output, &err, exit_code);
  if (st == LOOM_OK)
    keep_messages(c, err);
  alloc_free(err);
  return st;
}

typedef struct command { loom_context *c; const char *const *words; int exit_code; } command;

static loom_status command_body(loom_ctx *ctx, void *data) {
  command *x = data;
  VEC_OF(const char *) all = {0};
  for (size_t i = 0; x->words[i]; i++)
    vec_push(&ctx->mem, &all, x->words[i]);
  vec_push(&ctx->mem, &all, "--error-format=json");
  vec_push(&ctx->mem, &all, NULL);
  return run(x->c, all.at, &x->exit_code);
}

loom_code loom_command(loom_context *c, const char *const *words, const char **out) {
  command x = {.c = c, .words = words};
  forget(c);
  *out = "";
  if (loom_ctx_run(&c->ctx, command_body, &x) != LOOM_OK)
    return fail(c);
  *out = c->output;
  return x.exit_code;
}

/* ---- kernels ---- */

static loom_status read_argument(loom_ctx *ctx, loom_kernel *k, const data_value *v, loom_argument *out) {
  data_value *shape, *written, *result;
  const char *name, *type;
  dtype t;
  LOOM_TRY(data_need_string(ctx, v, "name", &name));
  LOOM_TRY(data_need_string(ctx, v, "dtype", &type));
  LOOM_TRY(data_need(ctx, v, "shape", DATA_ARRAY, &shape));
  LOOM_TRY(data_need(ctx, v, "written", DATA_BOOL, &written));
  LOOM_TRY(data_need(ctx, v, "result", DATA_BOOL, &result));
  if (!dtype_parse(type, &t) || shape->n > LOOM_RANK_MAX)
    LOOM_FAIL(ctx, v->span, LOOM_EUNSUP, "argument '%s' of type %s and rank %zu", name, type, shape->n);
  *out = (loom_argument){.size = sizeof *out, .name = arena_strdup(&k->mem, name), .dtype = arena_strdup(&k->mem, type), .elem_bytes = (uint32_t)dtype_bytes(t), .rank = (int32_t)shape->n,
                         .is_written = written->boolean, .is_result = result->boolean};
  for (size_t d = 0; d < shape->n; d++)
    out->shape[d] = shape->items[d]->kind == DATA_INT ? shape->items[d]->integer : -1;
  return LOOM_OK;
}

/* loom.code.v1: names, arguments, the object's file. */
static loom_status read_code(loom_ctx *ctx, loom_kernel *k, const char *json, const char **out_file, const char **out_symbol) {
  data_value *v, *arguments, *sizes;
  const char *name;
  LOOM_TRY(data_read_json(ctx, "loom", json, strlen(json), &v));
  LOOM_TRY(data_need_string(ctx, v, "kernel", &name));
  LOOM_TRY(data_need_string(ctx, v, "file", out_file));
  LOOM_TRY(data_need_string(ctx, v, "symbol", out_symbol));
  LOOM_TRY(data_need(ctx, v, "arguments", DATA_ARRAY, &arguments));
  LOOM_TRY(data_need(ctx, v, "sizes", DATA_ARRAY, &sizes));
  k->name = arena_strdup(&k->mem, name);
  k->n_arguments = arguments->n;
  k->arguments = ARENA_NEW_N(&k->mem, loom_argument, arguments->n);
  for (size_t i = 0; i < arguments->n; i++)
    LOOM_TRY(read_argument(ctx, k, arguments->items[i], &k->arguments[i]));
  k->n_sizes = sizes->n;
  k->sizes = ARENA_NEW_N(&k->mem, const char *, sizes->n);
  for (size_t i = 0; i < sizes->n; i++)
    k->sizes[i] = arena_strdup(&k->mem, sizes->items[i]->kind == DATA_STRING ? sizes->items[i]->string : "");
  return LOOM_OK;
}

static loom_status load(loom_ctx *ctx, loom_kernel *k, const char *file, const char *symbol) {
  k->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!k->handle)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "%s", dlerror());
  k->entry = (api_entry)(uintptr_t)dlsym(k->handle, symbol);
  if (!k->entry)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "%s", dlerror());
  return LOOM_OK;
}

typedef struct compile { loom_context *c; const char *input; const loom_compile_options *o; const char *dir; loom_kernel *k; int exit_code; } compile;

static loom_status compile_body(loom_ctx *ctx, void *data) {
  compile *x = data;
  arena *m = &ctx->mem;
  const char *input = x->input, *file, *symbol;
  VEC_OF(const char *) words = {0};
  x->k->mem.guard = m->guard;
  if (HAS(x->o, source) && x->o->source) {
    const char *slash = strrchr(input, '/');
    input = file_join(m, x->dir, slash ? slash + 1 : input);
    LOOM_TRY(file_write(ctx, input, x->o->source, strlen(x->o->source)));
  }
  vec_push(m, &words, "compile");
  vec_push(m, &words, input);
  for (size_t i = 0; HAS(x->o, options) && x->o->options && x->o->options[i]; i++)
    vec_push(m, &words, x->o->options[i]);
  vec_push(m, &words, "--emit=so");
  vec_push(m, &words, "--json");
  vec_push(m, &words, "--error-format=json");
  vec_push(m, &words, arena_printf(m, "--output-path=%s", file_join(m, x->dir, "code")));
  vec_push(m, &words, NULL);
  LOOM_TRY(run(x->c, words.at, &x->exit_code));
  if (x->exit_code)
    return LOOM_OK;
  LOOM_TRY(read_code(ctx, x->k, x->c->output, &file, &symbol));
  return load(ctx, x->k, file, symbol);
}

static void link_kernel(loom_context *c, loom_kernel *k) {
  k->context = c;
  k->next = c->kernels;
  k->link = &c->kernels;
  if (k->next)
    k->next->link = &k->next;
  c->kernels = k;
}

loom_code loom_compile(loom_context *c, const char *input, const loom_compile_options *o, loom_kernel **out) {
  const char *dir;
  forget(c);
  *out = NULL;
  loom_kernel *k = alloc_zeroed(sizeof *k);
  if (!k)
    diag_error(&c->ctx, LOOM_NOSPAN, LOOM_EMEM, "there is no memory for a kernel");
  if (!k || temporary_make(&c->ctx, &dir) != LOOM_OK) {
    alloc_free(k);
    return fail(c);
  }
  pthread_mutex_init(&k->lock, NULL);
  link_kernel(c, k);
  compile x = {.c = c, .input = input, .o = o, .dir = dir, .k = k};
  loom_code code = loom_ctx_run(&c->ctx, compile_body, &x) == LOOM_OK ? x.exit_code : fail(c);
  k->mem.guard = NULL;
  temporary_remove(dir);      /* what is loaded stays */
  if (code == LOOM_CODE_OK)
    *out = k;
  else
    loom_kernel_free(k);
  return code;
}

void loom_kernel_free(loom_kernel *k) {
  if (!k)
    return;
  *k->link = k->next;
  if (k->next)
    k->next->link = k->link;
  if (k->handle)
    dlclose(k->handle);
  pthread_mutex_destroy(&k->lock);
  arena_done(&k->mem);
  alloc_free(k);
}

const char *loom_kernel_name(const loom_kernel *k) { return k->name; }
size_t loom_kernel_arguments(const loom_kernel *k) { return k->n_arguments; }
size_t loom_kernel_sizes(const loom_kernel *k) { return k->n_sizes; }
const char *loom_kernel_size_name(const loom_kernel *k, size_t i) { return i < k->n_sizes ? k->sizes[i] : NULL; }

loom_code loom_kernel_argument(const loom_kernel *k, size_t i, loom_argument *out) {
  const size_t size = out->size;
  if (i >= k->n_arguments || size < sizeof size)
    return LOOM_CODE_USAGE;
  memcpy(out, &k->arguments[i], size < sizeof *out ? size : sizeof *out);
  out->size = size;
  return LOOM_CODE_OK;
}

loom_code loom_run(loom_kernel *k, void *const *buffers, const int64_t *sizes) {
  if (!buffers || (k->n_sizes && !sizes))
    return LOOM_CODE_USAGE;
  pthread_mutex_lock(&k->lock);
  k->entry(buffers, sizes);
  pthread_mutex_unlock(&k->lock);
  return LOOM_CODE_OK;
}
