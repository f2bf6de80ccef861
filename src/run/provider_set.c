#include "run/provider_set.h"
#include "base/text.h"
#include "base/threads.h"
#include <stdio.h>
#include <string.h>

bool provider_options_any(const provider_options *o) { return o->n_names || o->n_maps || o->n_requires; }

static loom_status add(loom_ctx *ctx, provider_set *s, const char *what, provider **out) {
  const char *path;
  LOOM_TRY(provider_find(ctx, what, &path));
  LOOM_TRY(provider_load(ctx, path, &s->host, out));
  (*out)->given = what;
  vec_push(&ctx->mem, &s->all, *out);
  return LOOM_OK;
}

/* A provider that is loaded already, by what the options call it or by its own name. */
static provider *find_loaded(const provider_set *s, const char *what) {
  for (size_t i = s->all.n; i-- > 0;)
    if (text_eq(s->all.at[i]->given, what) || text_eq(s->all.at[i]->name, what))
      return s->all.at[i];
  return NULL;
}

/* "KEY=PROVIDER", "KEY=FILE.so:SYMBOL" */
static loom_status add_rule(loom_ctx *ctx, provider_set *s, const char *given) {
  const char *eq = strrchr(given, '=');
  if (!eq || eq == given || !eq[1])
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--kernel-map: '%s' is not KEY=PROVIDER, for example linalg.matmul=openblas", given);
  provider_rule rule = {.key = arena_strndup(&ctx->mem, given, (size_t)(eq - given))};
  const char *what = eq + 1, *colon = strrchr(what, ':');
  if (colon && colon[1] && colon > what) {
    rule.target.symbol = colon + 1;
    what = arena_strndup(&ctx->mem, what, (size_t)(colon - what));
  }
  rule.target.provider = find_loaded(s, what);
  if (!rule.target.provider)
    LOOM_TRY(add(ctx, s, what, &rule.target.provider));
  provider_function f;
  if (rule.target.symbol && !provider_resolve(rule.target.provider, rule.target.symbol, &f)) {
    diag_error(ctx, diag_file_span(ctx, what), LOOM_EPROVIDER, "--kernel-map %s: the provider '%s' has no function '%s'", given, rule.target.provider->name, rule.target.symbol);
    const provider_elf *e = &rule.target.provider->elf;
    const char *near = diag_nearest(rule.target.symbol, e->exports.at, e->exports.n);
    diag_help(ctx, near ? "did you mean '%s'?" : "%s", near ? near : "name a function that it exports");
    return LOOM_EPROVIDER;
  }
  vec_push(&ctx->mem, &s->rules, rule);
  return LOOM_OK;
}

loom_status provider_set_open(loom_ctx *ctx, const provider_options *o, provider_set *s) {
  *s = (provider_set){.o = o};
  provider_host_init(&s->host, o->threads > 0 ? o->threads : threads_available());
  for (size_t i = 0; i < o->n_names; i++) {
    provider *p;
    LOOM_TRY(add(ctx, s, o->names[i], &p));
    vec_push(&ctx->mem, &s->offered, ((provider_target){p, NULL}));
  }
  for (size_t i = 0; i < o->n_maps; i++)
    LOOM_TRY(add_rule(ctx, s, o->maps[i]));
  return LOOM_OK;
}

void provider_set_close(provider_set *s) {
  for (size_t i = s->all.n; i-- > 0;)
    provider_unload(s->all.at[i]);
  s->all.n = s->offered.n = s->rules.n = 0;
}

bool provider_key_matches(const char *pattern, const char *key, uint32_t mode) {
  size_t n = strlen(pattern);
  const char *plus = strrchr(pattern, '+');
  if (plus && (text_eq(plus, "+accumulate") || text_eq(plus, "+overwrite"))) {
    if (mode != (plus[1] == 'a' ? LOOM_KERNEL_ACCUMULATE : LOOM_KERNEL_OVERWRITE))
      return false;
    n = (size_t)(plus - pattern);
  }
  return strncmp(pattern, key, n) == 0 && (key[n] == 0 || key[n] == '(');
}

bool provider_set_requires(const provider_set *s, const char *key, uint32_t mode) {
  for (size_t i = 0; i < s->o->n_requires; i++)
    if (provider_key_matches(s->o->requires[i], key, mode))
      return true;
  return false;
}

/* Adds "openblas: it does not ..; " to what is said already. */
static bool take_or_say(const provider_target *t, const loom_kernel_call_v1 *call, char *why) {
  char reason[PROVIDER_WHY_BYTES] = "";
  if (provider_supports(t, call, reason))
    return true;
  size_t n = strlen(why);
  snprintf(why + n, PROVIDER_WHY_BYTES - n, "%s%s: %s", n ? "; " : "", t->provider->name, reason);
  return false;
}

bool provider_choose(const provider_set *s, const loom_kernel_call_v1 *call, provider_target *out, char *why) {
  int32_t best = 0;
  bool found = false;
  why[0] = 0;
  for (size_t i = s->rules.n; i-- > 0;)
    if (provider_key_matches(s->rules.at[i].key, call->key, call->mode)) {
      *out = s->rules.at[i].target;
      return take_or_say(out, call, why);
    }
  for (size_t i = 0; i < s->offered.n; i++) {
    if (!take_or_say(&s->offered.at[i], call, why))
      continue;
    int32_t score = provider_score(&s->offered.at[i], call);
    if (!found || score >= best) {
      *out = s->offered.at[i];
      best = score;
      found = true;
    }
  }
  if (!found && !why[0])
    snprintf(why, PROVIDER_WHY_BYTES, "no provider is given for it");
  return found;
}

bool provider_set_resolve(const provider_set *s, const char *symbol, provider_function *out, provider **by) {
  for (size_t i = s->rules.n; i-- > 0;)
    if (text_eq(s->rules.at[i].key, symbol)) {
      *by = s->rules.at[i].target.provider;
      return provider_resolve(*by, s->rules.at[i].target.symbol ? s->rules.at[i].target.symbol : symbol, out);
    }
  for (size_t i = s->offered.n; i-- > 0;)
    if (provider_resolve(s->offered.at[i].provider, symbol, out)) {
      *by = s->offered.at[i].provider;
      return true;
    }
  return false;
}
