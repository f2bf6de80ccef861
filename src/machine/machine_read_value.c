/* Single values of a machine file: names, numbers with or without an origin. */
#include "base/text.h"
#include "machine/machine_private.h"
#include <ctype.h>

loom_status machine_read_name(loom_ctx *ctx, const data_value *v, const char *what, const char **out) {
  if (v->kind != DATA_STRING)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "%s is %s; expected a name", what, data_kind_name(v->kind));
  const char *s = v->string;
  bool ok = *s;
  for (const char *p = s; *p; p++)
    ok = ok && (isalnum((unsigned char)*p) || *p == '_' || *p == '-');
  if (!ok || strlen(s) > 64) {
    diag_error(ctx, v->span, LOOM_EINPUT, "'%s' cannot be %s", s, what);
    diag_help(ctx, "use letters, digits, '_' and '-', at most 64 of them");
    return LOOM_EINPUT;
  }
  *out = s;
  return LOOM_OK;
}

loom_status machine_read_optional_string(loom_ctx *ctx, const data_value *v, const char *key, const char **out) {
  return data_get(v, key) ? data_need_string(ctx, v, key, out) : LOOM_OK;
}

loom_status machine_read_optional_bool(loom_ctx *ctx, const data_value *v, const char *key, bool *out) {
  data_value *found = data_get(v, key);
  if (!found)
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, v, key, DATA_BOOL, &found));
  *out = found->boolean;
  return LOOM_OK;
}

loom_status machine_read_origin(loom_ctx *ctx, const data_value *v, const data_value **out_value, machine_number *out) {
  static const char *const keys[] = {"value", "source", "assumed", "note"};
  *out = (machine_number){.span = v->span};
  *out_value = v;
  if (v->kind != DATA_OBJECT)
    return LOOM_OK;
  LOOM_TRY(data_only_keys(ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(machine_read_optional_string(ctx, v, "source", &out->source));
  LOOM_TRY(machine_read_optional_string(ctx, v, "note", &out->note));
  LOOM_TRY(machine_read_optional_bool(ctx, v, "assumed", &out->is_assumed));
  if (out->source && out->is_assumed) {
    diag_error(ctx, v->span, LOOM_EINPUT, "a value cannot have a source and be assumed");
    diag_help(ctx, "drop 'assumed', or say in 'note' what the assumption rests on");
    return LOOM_EINPUT;
  }
  *out_value = data_get(v, "value");
  if (!*out_value) {
    diag_error(ctx, v->span, LOOM_EINPUT, "the key 'value' is missing");
    diag_help(ctx, "write {value: 28, source: \"...\"} or {value: 28, assumed: true}");
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

loom_status machine_read_number(loom_ctx *ctx, const data_value *v, const char *what, double least, double greatest, machine_number *out) {
  const data_value *n;
  LOOM_TRY(machine_read_origin(ctx, v, &n, out));
  if (n->kind != DATA_INT && n->kind != DATA_REAL)
    LOOM_FAIL(ctx, n->span, LOOM_EINPUT, "'%s' is %s; expected a number", what, data_kind_name(n->kind));
  if (!(n->real >= least && n->real <= greatest))
    LOOM_FAIL(ctx, n->span, LOOM_EINPUT, "'%s' is %.15g; must be %.15g..%.15g", what, n->real, least, greatest);
  out->value = n->real;
  return LOOM_OK;
}

loom_status machine_read_whole(loom_ctx *ctx, const data_value *v, const char *key, const char *path, double least, double greatest, machine *m,
                              int64_t *out) {
  const data_value *n;
  machine_number origin;
  LOOM_TRY(machine_read_origin(ctx, v, &n, &origin));
  if (n->kind == DATA_REAL)
    LOOM_FAIL(ctx, n->span, LOOM_EINPUT, "'%s' is %.15g; expected a whole number", key, n->real);
  if (n->kind != DATA_INT)
    LOOM_FAIL(ctx, n->span, LOOM_EINPUT, "'%s' is %s; expected a whole number", key, data_kind_name(n->kind));
  LOOM_TRY(machine_read_number(ctx, v, key, least, greatest, &origin));
  *out = n->integer;
  if (origin.source || origin.note || origin.is_assumed)
    machine_origin_add(&ctx->mem, m, path, origin);
  return LOOM_OK;
}

loom_status machine_read_need(loom_ctx *ctx, const data_value *v, const char *key, const char *what, const data_value **out) {
  *out = data_get(v, key);
  if (*out)
    return LOOM_OK;
  diag_error(ctx, v->span, LOOM_EINPUT, "the key '%s' is missing", key);
  diag_help(ctx, "add '%s': %s", key, what);
  return LOOM_EINPUT;
}
