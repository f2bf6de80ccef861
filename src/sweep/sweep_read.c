/* loom.sweep.v1 -> points. */
#include "sweep/sweep.h"
#include "base/file.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 10000 };      /* of one list */

typedef VEC_OF(const char *) words;
typedef struct option_set { const char *text; VEC_OF(sweep_option) option; } option_set;
typedef VEC_OF(option_set) option_sets;
/* What a kernel is combined with: its own lists, or those of the whole file. */
typedef struct lists { words shapes, machines, dtypes; option_sets options; } lists;
typedef struct reader { loom_ctx *ctx; const char *dir; sweep *out; lists all; } reader;

/* ---- words ---- */

/* A scalar as the command line would have it. */
static loom_status scalar(reader *r, const data_value *v, const char *what, const char **out) {
  arena *m = &r->ctx->mem;
  *out = "";
  switch (v->kind) {
  case DATA_STRING: *out = v->string; return LOOM_OK;
  case DATA_INT: *out = arena_printf(m, "%" PRId64, v->integer); return LOOM_OK;
  case DATA_REAL: *out = data_write_json(m, v, 0); return LOOM_OK;
  case DATA_BOOL: *out = v->boolean ? "True" : "False"; return LOOM_OK;
  case DATA_NULL:
  case DATA_ARRAY:
  case DATA_OBJECT: break;
  }
  LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "%s is %s; expected a word or a number", what, data_kind_name(v->kind));
}

/* One word, or a list of words. */
static loom_status word_list(reader *r, const data_value *v, const char *what, words *out) {
  const char *word;
  if (v->kind == DATA_ARRAY && (v->n == 0 || v->n > VALUES_MAX))
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' has %zu values; expected 1..%d", what, v->n, VALUES_MAX);
  for (size_t i = 0; i < (v->kind == DATA_ARRAY ? v->n : 1); i++) {
    LOOM_TRY(scalar(r, v->kind == DATA_ARRAY ? v->items[i] : v, what, &word));
    vec_push(&r->ctx->mem, out, word);
  }
  return LOOM_OK;
}

/* ---- shapes: "M=64,N=32", or a mapping of each size to a value or several, all combinations, the last size fastest ---- */

static loom_status add_shapes(reader *r, const data_value *v, size_t at, const char *before, words *out) {
  arena *m = &r->ctx->mem;
  words values = {0};
  if (at == v->n) {
    if (out->n == SWEEP_POINTS_MAX)
      LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "more than %d shapes", SWEEP_POINTS_MAX);
    vec_push(m, out, before);
    return LOOM_OK;
  }
  LOOM_TRY(word_list(r, v->members[at].value, v->members[at].key, &values));
  for (size_t i = 0; i < values.n; i++)
    LOOM_TRY(add_shapes(r, v, at + 1, arena_printf(m, "%s%s%s=%s", before, *before ? "," : "", v->members[at].key, values.at[i]), out));
  return LOOM_OK;
}

static loom_status shapes(reader *r, const data_value *v, words *out) {
  const char *word;
  for (size_t i = 0; i < (v->kind == DATA_ARRAY ? v->n : 1); i++) {
    const data_value *one = v->kind == DATA_ARRAY ? v->items[i] : v;
    if (one->kind == DATA_OBJECT) {
      LOOM_TRY(add_shapes(r, one, 0, "", out));
      continue;
    }
    LOOM_TRY(scalar(r, one, "a shape", &word));
    vec_push(&r->ctx->mem, out, word);
  }
  return LOOM_OK;
}

/* ---- options: a mapping of long options to values; true: one without a value, a list: one that is given several times ---- */

static int by_name(const void *a, const void *b) {
  const sweep_option *x = a, *y = b;
  const int c = strcmp(x->name, y->name);
  return c ? c : strcmp(x->value, y->value);      /* those of one name are of one list */
}

static loom_status one_option(reader *r, const data_member *of, option_set *out) {
  arena *m = &r->ctx->mem;
  words values = {0};
  if (of->value->kind == DATA_BOOL) {
    if (of->value->boolean)
      vec_push(m, &out->option, ((sweep_option){of->key, NULL, of->key_span}));
    return LOOM_OK;
  }
  LOOM_TRY(word_list(r, of->value, of->key, &values));
  for (size_t i = 0; i < values.n; i++)
    vec_push(m, &out->option, ((sweep_option){of->key, values.at[i], of->key_span}));
  return LOOM_OK;
}

static loom_status one_set(reader *r, const data_value *v, option_sets *out) {
  arena *m = &r->ctx->mem;
  option_set set = {0};
  text t = text_new(m);
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a set of options is %s; expected a mapping of long options to values, {accumulate: f16}", data_kind_name(v->kind));
  for (size_t i = 0; i < v->n; i++)
    LOOM_TRY(one_option(r, &v->members[i], &set));
  if (set.option.n)
    qsort(set.option.at, set.option.n, sizeof *set.option.at, by_name);
  for (size_t i = 0; i < set.option.n; i++)
    text_addf(&t, "%s%s%s%s", i ? " " : "", set.option.at[i].name, set.option.at[i].value ? "=" : "", set.option.at[i].value ? set.option.at[i].value : "");
  set.text = text_str(&t);
  vec_push(m, out, set);
  return LOOM_OK;
}

static loom_status options(reader *r, const data_value *v, option_sets *out) {
  for (size_t i = 0; i < (v->kind == DATA_ARRAY ? v->n : 1); i++)
    LOOM_TRY(one_set(r, v->kind == DATA_ARRAY ? v->items[i] : v, out));
  return LOOM_OK;
}

/* ---- kernels ---- */

static loom_status read_lists(reader *r, const data_value *v, lists *out) {
  const data_value *x;
  if ((x = data_get(v, "shapes")))
    LOOM_TRY(shapes(r, x, &out->shapes));
  if ((x = data_get(v, "machines")))
    LOOM_TRY(word_list(r, x, "machines", &out->machines));
  if ((x = data_get(v, "dtypes")))
    LOOM_TRY(word_list(r, x, "dtypes", &out->dtypes));
  if ((x = data_get(v, "options")))
    LOOM_TRY(options(r, x, &out->options));
  return LOOM_OK;
}

static const words *or_else(const words *own, const words *all) {
  static const char *const none[] = {""};
  static const words nothing = {.at = (const char **)none, .n = 1, .room = 1};
  return own->n ? own : all->n ? all : &nothing;
}

static loom_status add_point(reader *r, const sweep_point *p) {
  if (r->out->points.n == SWEEP_POINTS_MAX)
    LOOM_FAIL(r->ctx, p->span, LOOM_ELIMIT, "the sweep has more than %d points", SWEEP_POINTS_MAX);
  vec_push(&r->ctx->mem, &r->out->points, *p);
  return LOOM_OK;
}

static loom_status combine(reader *r, const lists *own, const sweep_point *kernel) {
  static const option_set no_options = {.text = ""};
  const words *shape = or_else(&own->shapes, &r->all.shapes), *machine = or_else(&own->machines, &r->all.machines), *dtype = or_else(&own->dtypes, &r->all.dtypes);
  const option_sets *set = own->options.n ? &own->options : &r->all.options;
  for (size_t a = 0; a < shape->n; a++)
    for (size_t b = 0; b < dtype->n; b++)
      for (size_t c = 0; c < machine->n; c++)
        for (size_t d = 0; d < (set->n ? set->n : 1); d++) {
          const option_set *with = set->n ? &set->at[d] : &no_options;
          sweep_point p = *kernel;
          p.shape = shape->at[a], p.dtype = dtype->at[b], p.machine = machine->at[c], p.options = with->text;
          p.option.at = with->option.at, p.option.n = p.option.room = with->option.n;
          LOOM_TRY(add_point(r, &p));
        }
  return LOOM_OK;
}

static loom_status one_kernel(reader *r, const data_value *v) {
  static const char *const keys[] = {"file", "function", "shapes", "machines", "dtypes", "options"};
  sweep_point p = {.function = "", .span = v->span};
  lists own = {0};
  if (v->kind == DATA_STRING) {
    p.kernel = v->string;
  } else {
    LOOM_TRY(data_only_keys(r->ctx, v, keys, sizeof keys / sizeof *keys));
    LOOM_TRY(data_need_string(r->ctx, v, "file", &p.kernel));
    if (data_get(v, "function"))
      LOOM_TRY(data_need_string(r->ctx, v, "function", &p.function));
    LOOM_TRY(read_lists(r, v, &own));
  }
  p.path = file_join(&r->ctx->mem, r->dir, p.kernel);
  return combine(r, &own, &p);
}

/* ---- the file ---- */

static loom_status read_header(reader *r, const char *path, const data_value *v) {
  static const char *const keys[] = {"schema", "name", "command", "kernels", "shapes", "machines", "dtypes", "options"}, *const commands[] = {"run", "compile", "explore"};
  const data_value *command = data_get(v, "command");
  LOOM_TRY(data_only_keys(r->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_schema(r->ctx, v, "loom.sweep.v1"));
  r->out->name = file_stem(&r->ctx->mem, path);
  r->out->command = "run";
  if (data_get(v, "name"))
    LOOM_TRY(data_need_string(r->ctx, v, "name", &r->out->name));
  if (!command)
    return LOOM_OK;
  LOOM_TRY(data_need_string(r->ctx, v, "command", &r->out->command));
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i], r->out->command) == 0)
      return LOOM_OK;
  LOOM_FAIL(r->ctx, command->span, LOOM_EINPUT, "the command is '%s'; expected run, compile or explore", r->out->command);
}

loom_status sweep_read(loom_ctx *ctx, const char *path, const char *bytes, size_t size, sweep *out) {
  reader r = {.ctx = ctx, .dir = strcmp(path, "-") == 0 ? "." : file_dirname(&ctx->mem, path), .out = out};
  data_value *v, *kernels;
  *out = (sweep){0};
  LOOM_TRY(data_read_yaml(ctx, path, bytes, size, &v));
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "a sweep is a mapping with the keys schema, kernels, shapes, machines; this is %s", data_kind_name(v->kind));
  LOOM_TRY(read_header(&r, path, v));
  LOOM_TRY(read_lists(&r, v, &r.all));
  LOOM_TRY(data_need(ctx, v, "kernels", DATA_ARRAY, &kernels));
  for (size_t i = 0; i < kernels->n; i++)
    LOOM_TRY(one_kernel(&r, kernels->items[i]));
  if (out->points.n == 0)
    LOOM_FAIL(ctx, kernels->span, LOOM_EINPUT, "the sweep has no points: 'kernels' is empty");
  return LOOM_OK;
}
