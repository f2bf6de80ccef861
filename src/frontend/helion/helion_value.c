#include "frontend/helion/helion_value.h"
#include <stdarg.h>

enum { HELION_ERRORS_MAX = 100 };

helion_value helion_int(helion_reader *r, int64_t v) { return helion_size(sym_const(r->mem, v)); }

helion_value helion_sequence(helion_reader *r, size_t n, bool is_list) {
  return (helion_value){.kind = HELION_SEQ, .seq = {ARENA_NEW_N(r->mem, helion_value, n), n, is_list}};
}

const char *helion_kind_name(helion_kind k) {
  static const char *const names[] = {
#define X(n, text) text,
      HELION_KIND_LIST(X)
#undef X
  };
  return (unsigned)k < HELION_KIND_COUNT ? names[k] : "?";
}

const char *helion_describe(helion_reader *r, const helion_value *v) {
  kernel_type t;
  switch (v->kind) {
  case HELION_INT: return arena_printf(r->mem, "the int %s", helion_show_size(r, v->size));
  case HELION_BOOL: return v->flag ? "True" : "False";
  case HELION_FLOAT: return arena_printf(r->mem, "the float %g", v->real);
  case HELION_STR: return arena_printf(r->mem, "the string \"%.40s\"", v->string);
  case HELION_CLASS: return arena_printf(r->mem, "the class %s", syn_ident(v->class_node, "name"));
  case HELION_FUNC: return v->func.node->kind == SYN_Lambda ? "a lambda" : arena_printf(r->mem, "the function %s", syn_ident(v->func.node, "name"));
  case HELION_METHOD: return arena_printf(r->mem, "the method %s", v->method.name);
  case HELION_DICT: return arena_printf(r->mem, "a dict of %zu", v->dict->n);
  case HELION_DTYPE: return arena_printf(r->mem, "torch.%s", dtype_torch(v->type));
  case HELION_PATH: return v->string;
  case HELION_SEQ: return arena_printf(r->mem, "a %s of %zu", v->seq.is_list ? "list" : "tuple", v->seq.n);
  case HELION_TENSOR:
    return r->graph->tensors.at[v->tensor].name[0] ? arena_printf(r->mem, "the host tensor %s", r->graph->tensors.at[v->tensor].name) : "a host tensor";
  case HELION_DEVICE:
    helion_type_of(r, v, &t);
    return arena_printf(r->mem, "a device value of shape %s and type %s", helion_show_shape(r, &t), dtype_torch(t.type));
  default: return helion_kind_name(v->kind);
  }
}

bool helion_type_of(const helion_reader *r, const helion_value *v, kernel_type *out) {
  if (v->kind == HELION_DEVICE) {
    *out = r->graph->values.at[v->device].type;
  } else if (v->kind == HELION_TENSOR) {
    *out = r->graph->tensors.at[v->tensor].shape;
  } else if (v->kind == HELION_SPEC) {
    *out = (kernel_type){.type = v->spec->type, .rank = v->spec->rank};
    memcpy(out->dim, v->spec->dim, sizeof out->dim);
  } else {
    return false;
  }
  return true;
}

bool helion_truth(helion_reader *r, const helion_value *v, bool *out) {
  switch (v->kind) {
  case HELION_NONE: *out = false; return true;
  case HELION_BOOL: *out = v->flag; return true;
  case HELION_INT:
    return helion_decide_number(r, SYM_NE, v->size, 0, out);
  case HELION_FLOAT: *out = v->real != 0; return true;
  case HELION_STR: *out = v->string[0] != 0; return true;
  case HELION_SEQ: *out = v->seq.n != 0; return true;
  case HELION_DICT: *out = v->dict->n != 0; return true;
  case HELION_DTYPE: case HELION_FUNC: case HELION_CLASS: case HELION_METHOD: *out = true; return true;
  default: return false;
  }
}

/* The same but for the numbers in it: a loop that is unrolled meets a mistake once in each round. */
static bool is_same_message(const char *a, const char *b) {
  static const char digits[] = "0123456789-.";
  for (;; a++, b++) {
    a += strspn(a, digits);
    b += strspn(b, digits);
    if (*a != *b || !*a)
      return *a == *b;
  }
}

static bool is_known_message(const helion_reader *r, loom_span at, const char *message) {
  for (const diag_item *d = r->ctx->diag.first; d; d = d->next)
    if (d->span.source == at.source && d->span.line == at.line && d->span.col == at.col && is_same_message(d->text, message))
      return true;
  return false;
}

/* Names as kernels write them: hl.load for helion.language.load, list for builtins.list. */
static const char *as_written(helion_reader *r, const char *message) {
  static const struct { const char *path, *written; } prefixes[] = {{"helion.language.", "hl."}, {"builtins.", ""}};
  text t = text_new(r->mem);
  while (*message) {
    size_t i = 0;
    while (i < 2 && strncmp(message, prefixes[i].path, strlen(prefixes[i].path)) != 0)
      i++;
    text_addf(&t, i < 2 ? "%s" : "%.1s", i < 2 ? prefixes[i].written : message);
    message += i < 2 ? strlen(prefixes[i].path) : 1;
  }
  return text_str(&t);
}

static void fail(helion_reader *r, loom_span at, loom_status status, const char *help, const char *fmt, va_list ap) {
  if (r->stopped || (r->quiet && status == LOOM_EUNSUP) || (r->is_guessing && status != LOOM_EUNSUP))
    return;
  text formatted = text_new(r->mem);
  text_vaddf(&formatted, fmt, ap);
  const char *message = as_written(r, text_str(&formatted));
  if (!is_known_message(r, at, message)) {
    diag_error(r->ctx, at, status, "%s", message);
    if (help)
      diag_help(r->ctx, "%s", as_written(r, help));
  }
  if (r->worst == LOOM_OK || (r->worst == LOOM_EUNSUP && status != LOOM_EUNSUP))
    r->worst = status;
  if (status == LOOM_ELIMIT)
    r->worst = status;
  r->stopped = status == LOOM_ELIMIT || r->ctx->diag.errors >= HELION_ERRORS_MAX;
}

helion_value helion_fail(helion_reader *r, const syn_node *n, loom_status status, const char *help, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fail(r, n ? n->span : r->module->span, status, help, fmt, ap);
  va_end(ap);
  return helion_unknown();
}

helion_value helion_fail_at(helion_reader *r, loom_span at, loom_status status, const char *help, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fail(r, at, status, help, fmt, ap);
  va_end(ap);
  return helion_unknown();
}

bool helion_is_diagnosed(const helion_reader *r, const syn_node *n) {
  for (const diag_item *d = r->ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR && d->span.line == n->span.line && d->span.col == n->span.col && d->span.source == n->span.source)
      return true;
  return false;
}

bool helion_step(helion_reader *r, const syn_node *n) {
  if (r->stopped)
    return false;
  if (budget_spend(&r->steps, 1))
    return true;
  helion_fail(r, n, LOOM_ELIMIT, "shorten the loops that are unrolled", "reading the kernel takes too many steps");
  return false;
}
