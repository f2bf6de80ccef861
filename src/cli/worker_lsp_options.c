/* What the kernels of an open file are looked at with: machine, sizes, arguments.  Lines of the file may say it, and so may the editor; neither may name files to write or other programs. */
#include "base/file.h"
#include "cli/worker_lsp.h"
#include <stdlib.h>
#include <string.h>

static const char *const allowed[] = {"machine", "shape", "dtype", "arg", "function", "block-sizes", "variant", "pin", "calibration", "model", "accumulate", "config"};
enum { ALLOWED = sizeof allowed / sizeof *allowed };

/* "--shape=x=64x64"; words of one level come together.  `function`: the kernel it is for; NULL: all. */
typedef struct word { const char *key, *value; } word;
typedef struct level { VEC_OF(word) words; const char *function; } level;
typedef VEC_OF(level) levels;

static const char *key_of(loom_ctx *ctx, loom_span at, const char *said) {
  char *key = arena_strdup(&ctx->mem, said);
  for (char *c = key; *c; c++)
    *c = *c == '_' ? '-' : *c;
  for (int i = 0; i < ALLOWED; i++)
    if (strcmp(key, allowed[i]) == 0)
      return allowed[i];
  const char *near = diag_nearest(key, allowed, ALLOWED);
  diag_warn(ctx, at, "'%s' cannot be said here", key);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "it may be machine, shape, dtype, arg, function, block-sizes, variant, pin, calibration, model, accumulate or config");
  return NULL;
}

static void add_word(loom_ctx *ctx, level *l, const char *key, const char *value) {
  if (key && strcmp(key, "function") == 0)
    l->function = value;
  else if (key)
    vec_push(&ctx->mem, &l->words, ((word){key, value}));
}

/* "--machine wormhole --shape=x=64x64" */
static void read_line(loom_ctx *ctx, loom_span at, const char *said, levels *out) {
  level l = {0};
  char *rest = NULL;
  const char *open = NULL;
  for (char *w = strtok_r(arena_strdup(&ctx->mem, said), " \t\r", &rest); w; w = strtok_r(NULL, " \t\r", &rest)) {
    char *equals = strchr(w, '=');
    if (open || strncmp(w, "--", 2) != 0) {
      if (!open)
        diag_warn(ctx, at, "'%s' is no option: a line of Loom's has options as the command line has, '# loom: --machine wormhole --shape x=64x64'", w);
      add_word(ctx, &l, open, w);
      open = NULL;
      continue;
    }
    if (equals)
      *equals = 0;
    const char *key = key_of(ctx, at, w + 2);
    if (equals)
      add_word(ctx, &l, key, equals + 1);
    else
      open = key;
  }
  if (open)
    diag_warn(ctx, at, "'--%s' needs a value", open);
  vec_push(&ctx->mem, out, l);
}

static void read_lines(loom_ctx *ctx, const lsp_task *t, levels *out, loom_span *where) {
  static const char mark[] = "# loom:";
  enum { LINES_MAX = 100 };
  const diag_source *source = diag_add_source(ctx, t->path, t->source, t->size);
  int32_t line = 1;
  for (const char *at = t->source, *end = t->source + t->size, *next; at < end && out->n < LINES_MAX; at = next, line++) {
    const char *stop = memchr(at, '\n', (size_t)(end - at)), *from = at + strspn(at, " \t");
    stop = stop ? stop : end;
    next = stop + 1;
    if (!text_starts(from, mark))
      continue;
    from += sizeof mark - 1;
    from += strspn(from, " \t");
    if (*from != '-')      /* dumps of Device IR have such lines, too */
      continue;
    *where = (loom_span){source, line, (int32_t)(from - at) + 1, line, (int32_t)(stop - at) + 1};
    read_line(ctx, *where, arena_strndup(&ctx->mem, from, (size_t)(stop - from)), out);
  }
}

static const char *value_text(arena *m, const data_value *v) {
  return v->kind == DATA_STRING ? v->string : v->kind == DATA_INT || v->kind == DATA_BOOL ? data_write_json(m, v, 0) : NULL;
}

/* {"machine": "wormhole", "arg": ["causal=True", ..]}; what is no option of a kernel is the editor's own. */
static void read_settings(loom_ctx *ctx, const data_value *v, levels *out) {
  level l = {0};
  for (size_t i = 0; v && v->kind == DATA_OBJECT && i < v->n; i++) {
    const data_member *m = &v->members[i];
    const char *key = NULL;
    for (int k = 0; k < ALLOWED; k++)
      key = text_eq(m->key, allowed[k]) || (strcmp(allowed[k], "block-sizes") == 0 && text_eq(m->key, "block_sizes")) ? allowed[k] : key;
    if (m->value->kind == DATA_ARRAY)
      for (size_t k = 0; k < m->value->n; k++)
        add_word(ctx, &l, value_text(&ctx->mem, m->value->items[k]) ? key : NULL, value_text(&ctx->mem, m->value->items[k]));
    else if (value_text(&ctx->mem, m->value) && *value_text(&ctx->mem, m->value))
      add_word(ctx, &l, key, value_text(&ctx->mem, m->value));
  }
  l.function = NULL;
  vec_push(&ctx->mem, out, l);
}

static void read_base(loom_ctx *ctx, const cli_options *o, levels *out) {
  level l = {0};
  if (o->machine.last)
    add_word(ctx, &l, "machine", o->machine.last);
  if (o->calibration.last)
    add_word(ctx, &l, "calibration", o->calibration.last);
  for (size_t i = 0; i < o->dtype.all.n; i++)
    add_word(ctx, &l, "dtype", o->dtype.all.at[i]);
  vec_push(&ctx->mem, out, l);
}

/* A file is looked for beside the kernel, then in the editor's directories. */
static const char *find_file(loom_ctx *ctx, const lsp_task *t, const char *name) {
  const char *beside = file_join(&ctx->mem, file_dirname(&ctx->mem, t->path), name);
  if (*name == '/' || !strpbrk(name, "/.") || file_exists(beside))
    return *name == '/' || !strpbrk(name, "/.") ? name : beside;
  for (size_t i = 0; i < t->base->files.n; i++)
    if (file_exists(file_join(&ctx->mem, t->base->files.at[i], name)))
      return file_join(&ctx->mem, t->base->files.at[i], name);
  return name;
}

static bool is_said_later(const levels *all, size_t from, const char *name, const char *key) {
  for (size_t i = from + 1; i < all->n; i++)
    for (size_t k = 0; k < all->at[i].words.n && (!all->at[i].function || text_eq(all->at[i].function, name)); k++)
      if (all->at[i].words.at[k].key == key)
        return true;
  return false;
}

/* Lines for one kernel behind those for all. */
static void add_in_order(loom_ctx *ctx, const levels *lines, const char *name, levels *out) {
  for (size_t i = 0; i < lines->n; i++)
    if (!lines->at[i].function)
      vec_push(&ctx->mem, out, lines->at[i]);
  for (size_t i = 0; i < lines->n; i++)
    if (text_eq(lines->at[i].function, name))
      vec_push(&ctx->mem, out, lines->at[i]);
}

loom_status worker_lsp_options(loom_ctx *ctx, const lsp_task *t, const char *name, cli_options *out, loom_span *where) {
  levels all = {0}, lines = {0};
  VEC_OF(char *) argv = {0};
  arena *m = &ctx->mem;
  static char explore[] = "explore", end[] = "--";
  *where = LOOM_NOSPAN;
  read_base(ctx, t->base, &all);
  read_settings(ctx, t->settings, &all);
  read_settings(ctx, data_get(data_get(t->settings, "kernels"), name), &all);
  read_lines(ctx, t, &lines, where);
  add_in_order(ctx, &lines, name, &all);
  vec_push(m, &argv, explore);
  for (size_t i = 0; i < all.n; i++)
    for (size_t k = 0; k < all.at[i].words.n; k++) {
      const word *w = &all.at[i].words.at[k];
      if (is_said_later(&all, i, name, w->key))
        continue;
      const bool is_file = strcmp(w->key, "machine") == 0 || strcmp(w->key, "config") == 0;
      const char *value = is_file ? find_file(ctx, t, w->value) : w->value;
      vec_push(m, &argv, arena_printf(m, "--%s=%s", w->key, value));
    }
  vec_push(m, &argv, end);
  vec_push(m, &argv, arena_strdup(m, t->path));
  return cli_parse(ctx, (int)argv.n, argv.at, out);
}
