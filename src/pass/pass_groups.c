/* Groups of passes that look at the text before anything is parsed: upstream's driver of module passes. */
#include "pass/pass_option.h"
#include <string.h>

typedef struct member { const char *group, *pass, *words, *options; } member;
static const member members[] = {
#define X(g, p, w, o) {g, p, w, o},
#include "pass/pass_groups.def"
#undef X
};
enum { N_MEMBERS = sizeof members / sizeof *members };

static bool is_group(const char *name) {
  for (size_t i = 0; i < N_MEMBERS; i++)
    if (text_eq(members[i].group, name))
      return true;
  return false;
}

/* Calls for each word of a list; true where one says so. */
static bool any_word(const char *list, bool (*fn)(const char *word, size_t n, void *data), void *data) {
  for (const char *s = list; *s; s += strspn(s, " ,")) {
    size_t n = strcspn(s, " ,");
    if (fn(s, n, data))
      return true;
    s += n;
  }
  return false;
}

typedef struct haystack { const char *text; size_t size; } haystack;
static bool is_mentioned(const char *word, size_t n, void *data) {
  const haystack *h = data;
  return memmem(h->text, h->size, word, n) != NULL;
}

typedef struct key { const char *at; size_t n; } key;
static bool is_key(const char *word, size_t n, void *data) {
  const key *k = data;
  return k->n == n && memcmp(k->at, word, n) == 0;
}

typedef struct filter { const char *takes; text kept; } filter;
static bool keep_option(const char *word, size_t n, void *data) {
  filter *f = data;
  const char *eq = memchr(word, '=', n);
  key k = {word, eq ? (size_t)(eq - word) : n};
  if (any_word(f->takes, is_key, &k))
    text_addf(&f->kept, "%s%.*s", f->kept.size ? " " : "", (int)n, word);
  return false;
}

typedef struct takers { const char *group; const char *unknown; size_t n; } takers;
static bool is_unknown_option(const char *word, size_t n, void *data) {
  takers *t = data;
  const char *eq = memchr(word, '=', n);
  key k = {word, eq ? (size_t)(eq - word) : n};
  for (size_t i = 0; i < N_MEMBERS; i++)
    if (text_eq(members[i].group, t->group) && any_word(members[i].options, is_key, &k))
      return false;
  t->unknown = word;
  t->n = k.n;
  return true;
}

static const char *options_of(loom_ctx *ctx, const char *flag) {
  const char *open = strchr(flag, '{');
  return open ? arena_strndup(&ctx->mem, open + 1, strlen(open) - 2) : "";
}

static loom_status expand(loom_ctx *ctx, const char *group, const char *options, const haystack *h, pass_flags *out, bool *any) {
  takers t = {.group = group};
  if (any_word(options, is_unknown_option, &t))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "no pass of %s has an option '%.*s'", group, (int)t.n, t.unknown);
  for (size_t i = 0; i < N_MEMBERS; i++) {
    if (!text_eq(members[i].group, group) || !any_word(members[i].words, is_mentioned, (void *)h))
      continue;
    filter f = {.takes = members[i].options, .kept = text_new(&ctx->mem)};
    any_word(options, keep_option, &f);
    vec_push(&ctx->mem, out, f.kept.size ? arena_printf(&ctx->mem, "%s{%s}", members[i].pass, text_str(&f.kept)) : members[i].pass);
    *any = true;
  }
  return LOOM_OK;
}

loom_status pass_expand_groups(loom_ctx *ctx, const char *const *flags, size_t n, const char *source, size_t size, pass_flags *out, bool *is_idle) {
  haystack h = {source, size};
  bool any = false;
  *out = (pass_flags){0};
  for (size_t i = 0; i < n; i++) {
    const char *name = arena_strndup(&ctx->mem, flags[i], strcspn(flags[i], "{"));
    if (is_group(name)) {
      LOOM_TRY(expand(ctx, name, options_of(ctx, flags[i]), &h, out, &any));
      continue;
    }
    vec_push(&ctx->mem, out, flags[i]);
    any = true;
  }
  *is_idle = n > 0 && !any;
  return LOOM_OK;
}
