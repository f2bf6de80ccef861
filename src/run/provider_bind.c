/* Binds the entries of an object to providers, and tells afterwards who computed what. */
#include "base/text.h"
#include "base/number.h"
#include "run/provider_link_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_type(const char *s, size_t n, loom_kernel_dtype *out) {
  static const struct { const char *name; loom_kernel_dtype type; } rows[] = {
      {"f16", {LOOM_KERNEL_FLOAT, 16, 1}}, {"bf16", {LOOM_KERNEL_BFLOAT, 16, 1}}, {"f32", {LOOM_KERNEL_FLOAT, 32, 1}}, {"f64", {LOOM_KERNEL_FLOAT, 64, 1}},
      {"i8", {LOOM_KERNEL_INT, 8, 1}}, {"i16", {LOOM_KERNEL_INT, 16, 1}}, {"i32", {LOOM_KERNEL_INT, 32, 1}}, {"i64", {LOOM_KERNEL_INT, 64, 1}}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strlen(rows[i].name) == n && strncmp(s, rows[i].name, n) == 0)
      return *out = rows[i].type, true;
  return false;
}

/* The types of "op(f32,f32)->f32". */
static bool parse_key(const char *key, loom_kernel_dtype out[LINK_TENSORS]) {
  const char *at = strchr(key, '(');
  for (int i = 0; at && i < LINK_TENSORS; i++) {
    at += i == 0 ? 1 : i == 1 ? 1 : strlen(")->");
    size_t n = strcspn(at, ",)");
    if (!parse_type(at, n, &out[i]))
      return false;
    at += n;
    if (i < 2 && *at != (i == 0 ? ',' : ')'))
      return false;
  }
  return at != NULL && *at == 0;
}

static bool parse_sizes(const char *s, link_entry *e) {
  for (int i = 0; i < LINK_TENSORS; i++) {
    for (e->rank = 0; e->rank < PROVIDER_RANK_MAX;) {
      char *end = (char *)(uintptr_t)s + 1;
      e->sizes[i][e->rank++] = *s == '?' ? -1 : (int64_t)strtoll(s, &end, 10);
      s = end;
      if (*s != 'x')
        break;
      s++;
    }
    if (*s != (i < 2 ? ',' : 0))
      return false;
    s++;
  }
  return true;
}

enum { FIELDS_MAX = 5 };
static loom_status add_entry(loom_ctx *ctx, provider_link *l, char *line) {
  char *field[FIELDS_MAX] = {0};
  int n = 0;
  for (char *at = line; at && n < FIELDS_MAX; n++) {
    field[n] = at;
    at = strchr(at, '\t');
    if (at)
      *at++ = 0;
  }
  link_entry e = {.is_import = text_eq(field[0], "import")};
  bool fits = n == (e.is_import ? 4 : 5);
  if (fits && e.is_import) {
    e.key = field[1];
    e.is_required = text_eq(field[2], "required");
    e.place = field[3];
    e.mode = LOOM_KERNEL_OVERWRITE;
  } else if (fits) {
    e.key = field[1];
    e.mode = text_eq(field[2], "overwrite") ? LOOM_KERNEL_OVERWRITE : LOOM_KERNEL_ACCUMULATE;
    e.place = field[4];
    fits = parse_key(e.key, e.types) && parse_sizes(field[3], &e);
  }
  if (!fits)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the object code's table of kernels is damaged at '%s'", line);
  vec_push(&ctx->mem, &l->entries, e);
  return LOOM_OK;
}

/* "file:line:col" as a span of a text that is known. */
static loom_span span_of(loom_ctx *ctx, const char *place) {
  loom_span s = {0};
  const char *col = strrchr(place, ':'), *line = col;
  while (line && line > place && line[-1] != ':')
    line--;
  if (!col || line == place || line == NULL)
    return s;
  const char *path = arena_strndup(&ctx->mem, place, (size_t)(line - 1 - place));
  for (const diag_source *d = ctx->diag.sources; d; d = d->next)
    if (text_eq(d->path, path) && d->text)
      s.source = d;
  if (!s.source)
    s = diag_file_span(ctx, path);
  const int at_line = number_take(&line), at_col = number_of(col + 1);
  s.line = at_line < 0 ? 0 : at_line;
  s.col = at_col < 0 ? 0 : at_col;
  return s;
}

static loom_status bind_imports(loom_ctx *ctx, provider_link *l) {
  text missing = text_new(&ctx->mem);
  const link_entry *first = NULL;
  int n = 0;
  for (size_t i = 0; i < l->entries.n; i++) {
    link_entry *e = &l->entries.at[i];
    provider *by = NULL;
    if (!e->is_import)
      continue;
    if (provider_set_resolve(l->set, e->key, &e->function, &by)) {
      e->by = by;
    } else if (e->is_required || provider_set_requires(l->set, e->key, e->mode)) {
      text_addf(&missing, "%s%s", n++ ? ", " : "", e->key);
      first = first ? first : e;
    } else {
      snprintf(e->note, sizeof e->note, "no provider has it");
    }
  }
  if (!first)
    return LOOM_OK;
  diag_error(ctx, span_of(ctx, first->place), LOOM_EPROVIDER, "%d function%s of the module %s in no kernel provider: %s", n, n == 1 ? "" : "s", n == 1 ? "is" : "are", text_str(&missing));
  diag_help(ctx, "give the library that exports %s: --provider FILE.so (or --executable_plugin=FILE.so)", n == 1 ? "it" : "them");
  return LOOM_EPROVIDER;
}

static bool is_static(const link_entry *e) {
  for (int i = 0; i < LINK_TENSORS; i++)
    for (int d = 0; d < e->rank; d++)
      if (e->sizes[i][d] < 0)
        return false;
  return true;
}

/* What is required must be there, and where its sizes are known somebody must say that he can. */
static loom_status bind_required(loom_ctx *ctx, provider_link *l) {
  for (size_t r = 0; r < l->set->o->n_requires; r++) {
    const char *pattern = l->set->o->requires[r];
    VEC_OF(const char *) keys = {0};
    size_t found = 0;
    for (size_t i = 0; i < l->entries.n; i++) {
      link_entry *e = &l->entries.at[i];
      link_offer o;
      int64_t dense[LINK_TENSORS][PROVIDER_RANK_MAX];
      provider_target t;
      char why[PROVIDER_WHY_BYTES];
      vec_push(&ctx->mem, &keys, e->key);
      if (!provider_key_matches(pattern, e->key, e->mode))
        continue;
      found++;
      e->is_required = true;
      if (e->is_import || !is_static(e))
        continue;
      link_describe(l, e, NULL, dense, &o);
      if (!provider_choose(l->set, &o.call, &t, why)) {
        diag_error(ctx, span_of(ctx, e->place), LOOM_EPROVIDER, "'%s' is required of a kernel provider, and none computes it: %s", e->key, why);
        diag_help(ctx, "give one that does (--provider), or leave --kernel-require away: generated code computes it then");
        return LOOM_EPROVIDER;
      }
    }
    if (found)
      continue;
    diag_error(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "--kernel-require %s: the program has nothing of that key to leave to a provider", pattern);
    const char *near = diag_nearest(pattern, keys.at, keys.n);
    diag_help(ctx, near ? "did you mean '%s'?" : keys.n ? "it has '%s'" : "%s", near ? near : keys.n ? keys.at[0] : "whole matrix products can be");
    return LOOM_EPROVIDER;
  }
  return LOOM_OK;
}

loom_status provider_link_bind(loom_ctx *ctx, provider_link *l, const provider_set *set, const char *sites) {
  l->set = set;
  char *next = arena_strdup(&ctx->mem, sites ? sites : "");
  while (*next) {
    char *line = next;
    next += strcspn(next, "\n");
    if (*next)
      *next++ = 0;
    LOOM_TRY(add_entry(ctx, l, line));
  }
  LOOM_TRY(bind_imports(ctx, l));
  return bind_required(ctx, l);
}

/* ---- after the run ---- */
loom_status provider_link_verdict(loom_ctx *ctx, const provider_link *l) {
  const link_failure *f = &l->failed;
  if (!f->happened)
    return LOOM_OK;
  if (!f->provider)
    diag_error(ctx, span_of(ctx, f->of->place), LOOM_EPROVIDER, "'%s' (%s) is required of a kernel provider, and none computes it: %s", f->of->key, f->shapes, f->why);
  else
    diag_error(ctx, span_of(ctx, f->of->place), LOOM_EPROVIDER, "the kernel provider '%s' failed at '%s'%s%s%s: %s (status %d)%s%s", f->provider, f->of->key, f->shapes[0] ? " (" : "", f->shapes,
               f->shapes[0] ? ")" : "", provider_status_name(f->status), f->status, f->why[0] ? ": " : "", f->why);
  if (f->provider && f->of->is_import && f->of->is_required)
    diag_help(ctx, "the module only declares it: there is no generated code to fall back on");
  else
    diag_help(ctx, f->provider ? "--on-kernel-error=fallback lets generated code compute it" : "without --kernel-require generated code computes it");
  return LOOM_EPROVIDER;
}

data_value *provider_link_report(arena *m, const provider_link *l) {
  if (!l->entries.n)
    return NULL;
  data_value *rows = data_array(m);
  for (size_t i = 0; i < l->entries.n; i++) {
    const link_entry *e = &l->entries.at[i];
    data_value *r = data_object(m);
    data_set_string(m, r, "key", e->key);
    if (*e->place)
      data_set_string(m, r, "place", e->place);
    if (e->calls) {
      data_set_string(m, r, "provider", e->by->name);
      if (e->by->revision)
        data_set_string(m, r, "revision", e->by->revision);
    }
    data_set_int(m, r, "calls", e->calls);
    if (e->ns) {
      data_set_real(m, r, "ms", (double)e->ns / 1e6);
      if (e->flops > 0)
        data_set_real(m, r, "gflops", e->flops / (double)e->ns);
    }
    if (e->note[0])
      data_set_string(m, r, "note", arena_strdup(m, e->note));
    data_push(m, rows, r);
  }
  return rows;
}
