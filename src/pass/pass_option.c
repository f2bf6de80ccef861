#include "pass/pass_option.h"
#include <stdlib.h>
#include <string.h>

static const char SPACES[] = " ,\t";

const char *pass_option(arena *m, const pass_options *o, const char *key) {
  size_t n = strlen(key);
  for (const char *s = o->text; *s; s += strcspn(s, SPACES)) {
    s += strspn(s, SPACES);
    size_t width = strcspn(s, SPACES);
    if (width >= n && strncmp(s, key, n) == 0 && (width == n || s[n] == '='))
      return width == n ? "" : arena_strndup(m, s + n + 1, width - n - 1);
  }
  return NULL;
}

loom_status pass_check_options(loom_ctx *ctx, const char *pass, const pass_options *o, const char *const *keys, size_t n) {
  for (const char *s = o->text; *s; s += strcspn(s, SPACES)) {
    s += strspn(s, SPACES);
    const char *key = arena_strndup(&ctx->mem, s, strcspn(s, " ,\t="));
    size_t i = 0;
    while (i < n && !text_eq(keys[i], key))
      i++;
    if (i < n || !*key)
      continue;
    diag_error(ctx, o->span, LOOM_EUSAGE, "%s has no option '%s'", pass, key);
    const char *near = diag_nearest(key, keys, n);
    text all = text_new(&ctx->mem);
    for (i = 0; i < n; i++)
      text_addf(&all, i ? ", %s" : "%s", keys[i]);
    diag_help(ctx, "%s%s", near ? "did you mean " : "its options are ", near ? near : text_str(&all));
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

loom_status pass_option_int(loom_ctx *ctx, const pass_options *o, const char *key, int64_t least, int64_t most, int64_t *out) {
  const char *s = pass_option(&ctx->mem, o, key);
  char *end;
  if (!s)
    return LOOM_OK;
  long long v = strtoll(s, &end, 10);
  if (!*s || *end || v < least || v > most)
    LOOM_FAIL(ctx, o->span, LOOM_EUSAGE, "%s is '%s'; must be an integer in %" PRId64 "..%" PRId64, key, s, least, most);
  *out = v;
  return LOOM_OK;
}
