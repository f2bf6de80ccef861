#include "base/data.h"
#include "base/text.h"

enum { NEAR_MAX = 64 };      /* keys of an object that are compared with one that is missing */

loom_status data_need(loom_ctx *ctx, const data_value *v, const char *key, data_kind kind, data_value **out) {
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "expected an object with the key '%s'; found %s", key, data_kind_name(v->kind));
  data_value *found = data_get(v, key);
  if (!found) {
    diag_error(ctx, v->span, LOOM_EINPUT, "the key '%s' is missing", key);
    const char **names = ARENA_NEW_N(&ctx->mem, const char *, v->n + 1);
    for (size_t i = 0; i < v->n; i++)
      names[i] = v->members[i].key;
    const char *near = v->n <= NEAR_MAX ? diag_nearest(key, names, v->n) : NULL;
    if (near)
      diag_help(ctx, "did you mean '%s' where it says '%s'?", key, near);
    else
      diag_help(ctx, "add '%s' with %s as its value", key, data_kind_name(kind));
    return LOOM_EINPUT;
  }
  if (found->kind != kind && !(kind == DATA_REAL && found->kind == DATA_INT))
    LOOM_FAIL(ctx, found->span, LOOM_EINPUT, "'%s' is %s; expected %s", key, data_kind_name(found->kind), data_kind_name(kind));
  *out = found;
  return LOOM_OK;
}

loom_status data_need_int(loom_ctx *ctx, const data_value *v, const char *key, int64_t lo, int64_t hi, int64_t *out) {
  data_value *found = NULL;
  LOOM_TRY(data_need(ctx, v, key, DATA_INT, &found));
  if (found->integer < lo || found->integer > hi)
    LOOM_FAIL(ctx, found->span, LOOM_EINPUT, "'%s' is %" PRId64 "; must be %" PRId64 "..%" PRId64, key, found->integer, lo, hi);
  *out = found->integer;
  return LOOM_OK;
}

loom_status data_need_real(loom_ctx *ctx, const data_value *v, const char *key, double lo, double hi, double *out) {
  data_value *found = NULL;
  LOOM_TRY(data_need(ctx, v, key, DATA_REAL, &found));
  if (!(found->real >= lo && found->real <= hi))   /* a NaN is nowhere inside */
    LOOM_FAIL(ctx, found->span, LOOM_EINPUT, "'%s' is %.17g; must be %g..%g", key, found->real, lo, hi);
  *out = found->real;
  return LOOM_OK;
}

loom_status data_need_string(loom_ctx *ctx, const data_value *v, const char *key, const char **out) {
  data_value *found = NULL;
  LOOM_TRY(data_need(ctx, v, key, DATA_STRING, &found));
  *out = found->string;
  return LOOM_OK;
}

loom_status data_need_schema(loom_ctx *ctx, const data_value *v, const char *schema) {
  data_value *found = NULL;
  LOOM_TRY(data_need(ctx, v, "schema", DATA_STRING, &found));
  if (!text_eq(found->string, schema))
    LOOM_FAIL(ctx, found->span, LOOM_EINPUT, "the schema is '%s'; expected '%s'", found->string, schema);
  return LOOM_OK;
}

static bool is_among(const char *name, const char *const *names, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(name, names[i]))
      return true;
  return false;
}

static const char *join_names(arena *m, const char *const *names, size_t n) {
  text t = text_new(m);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, "%s'%s'", i ? ", " : "", names[i]);
  return text_str(&t);
}

loom_status data_only_keys(loom_ctx *ctx, const data_value *v, const char *const *allowed, size_t n) {
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "expected an object; found %s", data_kind_name(v->kind));
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < v->n; i++) {
    const data_member *m = &v->members[i];
    if (is_among(m->key, allowed, n))
      continue;
    st = diag_error(ctx, m->key_span, LOOM_EINPUT, "unknown key '%s'", m->key);
    const char *nearest = diag_nearest(m->key, allowed, n);
    if (nearest)
      diag_help(ctx, "did you mean '%s'?", nearest);
    else if (n)
      diag_help(ctx, "allowed here: %s", join_names(&ctx->mem, allowed, n));
  }
  return st;
}
