/* Values as text, and as arrays for files. */
#include "base/text.h"
#include "run/run_value.h"
#include <string.h>

const char *run_value_type_text(arena *mem, const run_value_type *t) {
  text s = text_new(mem);
  for (int d = 0; d < t->rank; d++)
    if (t->shape[d] == RUN_ANY_SIZE)
      text_add(&s, "?x");
    else
      text_addf(&s, "%" PRId64 "x", t->shape[d]);
  text_add(&s, t->type.name);
  return text_str(&s);
}

const char *run_element_text(arena *mem, const run_element *e, const void *p, bool exact) {
  if (e->is_float && exact)
    return arena_printf(mem, e->bits == 64 ? "%.17G" : "%.9G", run_element_load(e, p));
  if (e->is_float)
    return arena_printf(mem, "%G", run_element_load(e, p));
  int64_t v = run_element_integer(e, p);
  return e->is_unsigned ? arena_printf(mem, "%" PRIu64, (uint64_t)v) : arena_printf(mem, "%" PRId64, v);
}

typedef struct printer { arena *mem; text out; const run_value *v; int64_t left; bool exact; } printer;

static void add_elements(printer *p, int dim, const char *at, int64_t elems) {
  const run_value *v = p->v;
  size_t width = run_element_bytes(&v->type);
  if (dim + 1 < v->rank) {
    int64_t n = v->shape[dim], inner = n ? elems / n : 0, i = 0;
    for (; i < n && p->left > 0; i++) {
      text_add(&p->out, "[");
      add_elements(p, dim + 1, at + (size_t)(i * inner) * width, inner);
      text_add(&p->out, "]");
    }
    if (i < n)
      text_add(&p->out, "...");
    return;
  }
  int64_t shown = elems < p->left ? elems : p->left;
  p->left -= shown;
  for (int64_t i = 0; i < shown; i++)
    text_addf(&p->out, i ? " %s" : "%s", run_element_text(p->mem, &v->type, at + (size_t)i * width, p->exact));
  if (shown < elems)
    text_add(&p->out, "...");
}

const char *run_value_text(arena *mem, const run_value *v, int64_t elems_max, bool exact) {
  printer p = {mem, text_new(mem), v, elems_max, exact};
  text_addf(&p.out, "%s=", run_value_type_text(mem, v));
  add_elements(&p, 0, v->bytes, v->elems);
  return text_str(&p.out);
}

static dtype array_type(const run_element *e) {
  static const dtype integers[2][4] = {{DTYPE_I8, DTYPE_I16, DTYPE_I32, DTYPE_I64}, {DTYPE_U8, DTYPE_I16, DTYPE_I32, DTYPE_I64}};
  size_t bytes = run_element_bytes(e);
  if (e->is_float)
    return e->bits == 64 ? DTYPE_F64 : strcmp(e->name, "f16") == 0 ? DTYPE_F16 : DTYPE_F32;
  if (e->bits == 1)
    return DTYPE_BOOL;
  return integers[e->is_unsigned][bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3];
}

loom_status run_value_to_array(loom_ctx *ctx, const run_value *v, npy_array *out) {
  *out = (npy_array){.type = array_type(&v->type), .rank = v->rank, .elems = v->elems};
  memcpy(out->shape, v->shape, sizeof out->shape);
  size_t width = run_element_bytes(&v->type), to = dtype_bytes(out->type);
  char *bytes = arena_array(&ctx->mem, (size_t)v->elems + 1, to);
  for (int64_t i = 0; i < v->elems; i++) {
    const char *p = (const char *)v->bytes + (size_t)i * width;
    int64_t whole = v->type.is_float ? 0 : run_element_integer(&v->type, p);
    if (v->type.is_float)
      dtype_store(out->type, bytes + (size_t)i * to, run_element_load(&v->type, p));
    else
      memcpy(bytes + (size_t)i * to, &whole, to);
  }
  out->data = bytes;
  return LOOM_OK;
}
