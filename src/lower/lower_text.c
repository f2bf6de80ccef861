/* Lines, names and types of the printed module. */
#include "lower/lower_private.h"
#include <ctype.h>
#include <math.h>

const char *lower_new_name(lowering *l) { return arena_printf(l->mem, "%%%d", l->next++); }

static void add_line(lowering *l, const char *tail, const char *fmt, __builtin_va_list ap) {
  text_addf(&l->out, "%*s", 4 + 2 * l->depth, "");
  text_vaddf(&l->out, fmt, ap);
  text_addf(&l->out, "%s\n", tail);
}

void lower_line(lowering *l, const char *fmt, ...) {
  __builtin_va_list ap;
  __builtin_va_start(ap, fmt);
  add_line(l, lower_location(l), fmt, ap);
  __builtin_va_end(ap);
}

const char *lower_emit(lowering *l, const char *fmt, ...) {
  const char *name = lower_new_name(l);
  __builtin_va_list ap;
  __builtin_va_start(ap, fmt);
  add_line(l, lower_location(l), arena_printf(l->mem, "%%%s = %s", name, fmt), ap);   /* "%%5 = ..": the name's own sign survives the format */
  __builtin_va_end(ap);
  return name;
}

void lower_open(lowering *l, const char *fmt, ...) {
  __builtin_va_list ap;
  __builtin_va_start(ap, fmt);
  add_line(l, "", fmt, ap);
  __builtin_va_end(ap);
  l->depth++;
}

void lower_close(lowering *l, const char *tail) {
  l->depth--;
  lower_line(l, "}%s", tail);
}

const char *lower_quoted(arena *m, const char *s) {
  text t = text_new(m);
  text_add(&t, "\"");
  for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
    if (*c == '"' || *c == '\\' || *c < 0x20 || *c == 0x7f)
      text_addf(&t, "\\%02X", *c);
    else
      text_add_bytes(&t, (const char *)c, 1);
  }
  text_add(&t, "\"");
  return text_str(&t);
}

const char *lower_location(lowering *l) {
  if (!l->span.line || !l->k->path || !*l->k->path)
    return "";
  return arena_printf(l->mem, " loc(%s:%d:%d)", lower_quoted(l->mem, l->k->path), l->span.line, l->span.col);
}

const char *lower_symbol(arena *m, const char *prefix, const char *s) {
  bool is_identifier = isalpha((unsigned char)*s) || *s == '_';
  for (const char *c = s; *c; c++)
    is_identifier = is_identifier && (isalnum((unsigned char)*c) || *c == '_');
  if (is_identifier)
    return arena_printf(m, "%s%s", prefix, s);
  /* @"a-b" for symbols; an attribute's name is quoted as a whole */
  return *prefix == '@' ? arena_printf(m, "@%s", lower_quoted(m, s)) : lower_quoted(m, arena_printf(m, "%s%s", prefix, s));
}

/* Arithmetic has no types with a sign: the operations know it. */
const char *lower_element(dtype t) { return t == DTYPE_U8 || dtype_is_f8(t) ? "i8" : dtype_mlir(t); }

const char *lower_number(arena *m, dtype t, double x) {
  if (t == DTYPE_BOOL)
    return x != 0 ? "true" : "false";
  if (!dtype_is_float(t))
    return arena_printf(m, "%" PRId64 " : %s", (int64_t)x, lower_element(t));
  if (isfinite(x) && isfinite((float)x) && !dtype_is_f8(t))
    return arena_printf(m, "%.17e : %s", x, lower_element(t));
  unsigned char bytes[8];
  uint64_t bits = 0;
  dtype_store(t, bytes, x);
  for (size_t i = dtype_bytes(t); i-- > 0;)
    bits = bits << 8 | bytes[i];
  return arena_printf(m, "0x%0*" PRIX64 " : %s", (int)(2 * dtype_bytes(t)), bits, lower_element(t));
}

static const sym_expr *nominal_block(void *data, const char *name) {
  const lowering *l = data;
  const kernel_symbol *s = kernel_find_symbol(l->k, name);
  return s && s->kind == KERNEL_SYM_NOMINAL ? sym_name(l->mem, s->block) : NULL;
}

const sym_expr *lower_as_blocks(lowering *l, const sym_expr *e) { return sym_subst(l->mem, e, nominal_block, l); }

bool lower_names_block(const lowering *l, const sym_expr *e, bool only_free) {
  if (e->op == SYM_SYM) {
    const kernel_symbol *s = kernel_find_symbol(l->k, e->name);
    return s && (s->kind == KERNEL_SYM_RUNTIME || (s->kind == KERNEL_SYM_BLOCK && !(only_free && s->value >= 0)));
  }
  for (int i = 0; i < 3; i++)
    if (e->arg[i] && lower_names_block(l, e->arg[i], only_free))
      return true;
  return false;
}

loom_status lower_static_size(lowering *l, const sym_expr *e, bool *out_known, int64_t *out) {
  e = lower_as_blocks(l, e);
  *out_known = !lower_names_block(l, e, true);
  return *out_known ? kernel_size(l->ctx, l->k, e, NULL, 0, out) : LOOM_OK;
}

loom_status lower_dims(lowering *l, const kernel_type *t, const char **out) {
  text dims = text_new(l->mem);
  for (int d = 0; d < t->rank; d++) {
    bool known;
    int64_t n;
    LOOM_TRY(lower_static_size(l, t->dim[d], &known, &n));
    if (known)
      text_addf(&dims, "%" PRId64 "x", n);
    else
      text_add(&dims, "?x");
  }
  *out = text_str(&dims);
  return LOOM_OK;
}

loom_status lower_type(lowering *l, const kernel_type *t, const char **out) {
  const char *dims;
  if (t->type == DTYPE_U8)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "uint8 tiles are not supported; use int8 or int32");
  LOOM_TRY(lower_dims(l, t, &dims));
  *out = t->rank ? arena_printf(l->mem, "tensor<%s%s>", dims, lower_element(t->type)) : lower_element(t->type);
  return LOOM_OK;
}

loom_status lower_value_type(lowering *l, kernel_value v, const char **out) { return lower_type(l, &l->k->values.at[v].type, out); }
