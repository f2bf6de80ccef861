/* `extends: NAME`, or `extends: FILE.yaml`: a file that says only what differs from another machine. */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_private.h"
#include <sys/stat.h>

enum { EXTENDS_DEPTH_MAX = 4 };

/* Two spellings of one thing: writing one takes the other away from the file that is extended. */
static const struct { const char *wins, *loses; } spellings[] = {
    {"bytes", "banks"},        {"bytes", "bank_bytes"}, {"banks", "bytes"}, {"bank_bytes", "bytes"},
    {"gb_per_s", "bytes_per_cycle"},   /* of dram; links and core.memory have no gb_per_s */
    {"gb_per_s", "channel_gb_per_s"},         {"channel_gb_per_s", "gb_per_s"}, {"channel_gb_per_s", "bytes_per_cycle"},
    {"bytes_per_cycle", "gb_per_s"},          {"bytes_per_cycle", "channel_gb_per_s"},
};

static bool is_replaced_spelling(const data_value *over, const char *key) {
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
    if (text_eq(spellings[i].loses, key) && data_get(over, spellings[i].wins))
      return true;
  return false;
}

/* Objects are merged member by member, except a value with its origin and a perf function, which are replaced whole. */
static bool is_merged(const data_value *base, const data_value *over, int depth) {
  enum { FUNCTION_DEPTH = 4 };   /* perf, set, functions, NAME */
  return base->kind == DATA_OBJECT && over->kind == DATA_OBJECT && depth < FUNCTION_DEPTH && !data_get(base, "value") && !data_get(over, "value");
}

static const data_member *find_member(const data_value *v, const char *key) {
  for (size_t i = 0; i < v->n; i++)
    if (text_eq(v->members[i].key, key))
      return &v->members[i];
  return NULL;
}

/* Unknown keys are reported at the place of the file that has them. */
static void put(arena *mem, data_value *all, const data_member *m, data_value *v) {
  data_set(mem, all, m->key, v);
  all->members[all->n - 1].key_span = m->key_span;
}

static data_value *merge(arena *mem, data_value *base, data_value *over, int depth) {
  if (!is_merged(base, over, depth))
    return over;
  data_value *all = data_object(mem);
  all->span = over->span;
  for (size_t i = 0; i < base->n; i++) {
    const data_member *m = &base->members[i], *other = find_member(over, m->key);
    if (other)
      put(mem, all, other, merge(mem, m->value, other->value, depth + 1));
    else if (!is_replaced_spelling(over, m->key))
      put(mem, all, m, m->value);
  }
  for (size_t i = 0; i < over->n; i++)
    if (!find_member(base, over->members[i].key))
      put(mem, all, &over->members[i], over->members[i].value);
  return all;
}

static bool is_file_name(const data_value *v) { return v->kind == DATA_STRING && (strchr(v->string, '/') || text_ends(v->string, ".yaml") || text_ends(v->string, ".yml")); }

/* Beside or below the file that names it: what a process that reads the machine may read (docs/isolation.md). */
static bool leads_away(const char *name) {
  bool away = *name == '/' || !*name;
  for (const char *p = name; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
    away = away || (text_starts(p, "..") && (p[2] == '/' || !p[2]));
  return away;
}

static loom_status find_file(loom_ctx *ctx, const char *path, const data_value *v, const char **out) {
  if (leads_away(v->string)) {
    diag_error(ctx, v->span, LOOM_EINPUT, "'%s' is not beside this file or below", v->string);
    diag_help(ctx, "name a file of this directory (kestrel.yaml, chips/kestrel.yaml), or a shipped machine (wormhole)");
    return LOOM_EINPUT;
  }
  *out = file_join(&ctx->mem, file_dirname(&ctx->mem, path), v->string);
  if (!file_exists(*out) || file_is_dir(*out)) {
    diag_error(ctx, v->span, LOOM_EINPUT, "there is no file '%s' to extend", *out);
    diag_help(ctx, "a file name counts from the directory of this file; a shipped machine has no suffix: %s", file_stem(&ctx->mem, v->string));
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

/* Beside the file that names it, else on the search path. */
static const char *find_base(loom_ctx *ctx, const char *path, const char *name) {
  const char *beside = file_join(&ctx->mem, file_dirname(&ctx->mem, path), arena_printf(&ctx->mem, "%s.yaml", name));
  return file_exists(beside) ? beside : machine_find_file(&ctx->mem, name);
}

static loom_status fail_no_base(loom_ctx *ctx, const data_value *v) {
  const char *const *names;
  size_t n;
  LOOM_TRY(machine_list(ctx, &names, &n));
  diag_error(ctx, v->span, LOOM_EINPUT, "there is no machine '%s' to extend", v->string);
  const char *near = diag_nearest(v->string, names, n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "'extends' names a machine beside this file or a shipped one");
  return LOOM_EINPUT;
}

/* The files that led to one, the nearest first. */
typedef struct chain { const char *path; const struct chain *up; } chain;

static bool is_in(const chain *c, const char *path) {
  struct stat of, one;
  for (bool found = stat(path, &of) == 0; found && c; c = c->up)
    if (stat(c->path, &one) == 0 && one.st_dev == of.st_dev && one.st_ino == of.st_ino)
      return true;
  return false;
}

static loom_status find_extended(loom_ctx *ctx, const chain *c, const data_value *v, const char **out) {
  const char *name;
  if (is_file_name(v)) {
    LOOM_TRY(find_file(ctx, c->path, v, out));
  } else {
    LOOM_TRY(machine_read_name(ctx, v, "a machine's name", &name));
    *out = find_base(ctx, c->path, name);
    if (!*out)
      return fail_no_base(ctx, v);
  }
  if (is_in(c, *out))
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "'%s' extends itself%s", v->string, c->up ? ", by way of others" : "");
  return LOOM_OK;
}

static loom_status read_extends(loom_ctx *ctx, const chain *c, data_value *v, int depth, data_value **out) {
  LOOM_TRY(data_need_schema(ctx, v, MACHINE_SCHEMA));
  *out = v;
  const data_value *extends = data_get(v, "extends");
  if (!extends)
    return LOOM_OK;
  const char *base_path;
  if (depth == EXTENDS_DEPTH_MAX)
    LOOM_FAIL(ctx, extends->span, LOOM_ELIMIT, "more than %d machines extend each other here", EXTENDS_DEPTH_MAX);
  LOOM_TRY(find_extended(ctx, c, extends, &base_path));
  char *bytes;
  size_t size;
  data_value *base;
  LOOM_TRY(machine_read_file(ctx, base_path, &bytes, &size));
  LOOM_TRY(data_read_yaml(ctx, base_path, bytes, size, &base));
  LOOM_TRY(read_extends(ctx, &(chain){base_path, c}, base, depth + 1, &base));
  *out = merge(&ctx->mem, base, v, 0);
  return LOOM_OK;
}

loom_status machine_read_extends(loom_ctx *ctx, const char *path, data_value *v, data_value **out) { return read_extends(ctx, &(chain){path, NULL}, v, 0, out); }
