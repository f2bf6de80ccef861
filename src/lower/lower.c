/* The module around the kernel: symbols, the function and its arguments. */
#include "lower/lower_private.h"

/* ---- symbols ---- */

static loom_status upper_bound(lowering *l, const kernel_symbol *s, int64_t *out) {
  bool known;
  l->span = s->span;
  if (!s->extent)
    LOOM_FAIL(l->ctx, s->span, LOOM_EUNSUP, "the range of block %s is known only to the running kernel; --machine host runs it", s->name);
  LOOM_TRY(lower_static_size(l, s->extent, &known, out));
  if (!known)
    LOOM_FAIL(l->ctx, s->span, LOOM_EUNSUP, "the range of block %s depends on another block size", s->name);
  return LOOM_OK;
}

/* Attributes of a block symbol, in the module's dictionary and on the op that reads it.  `value`: a block size the kernel fixes. */
static loom_status symbol_attributes(lowering *l, const kernel_symbol *s, const char *reference, const char **out) {
  int64_t bound;
  LOOM_TRY(upper_bound(l, s, &bound));
  const char *fixed = s->value >= 0 ? arena_printf(l->mem, ", value = %" PRId64 " : index", s->value) : "";
  *out = arena_printf(l->mem, "{%sis_reduction = %s%s, upper_bound = %" PRId64 " : index%s}", s->divides ? "asure_divisible = true, " : "",
                      s->is_reduction ? "true" : "false", reference, bound, fixed);
  return LOOM_OK;
}

static loom_status module_attributes(lowering *l, const char **out) {
  text t = text_new(l->mem);
  for (size_t i = 0; i < l->k->symbols.n; i++) {
    const kernel_symbol *s = &l->k->symbols.at[i];
    const char *attributes;
    if (s->kind != KERNEL_SYM_BLOCK)
      continue;
    LOOM_TRY(symbol_attributes(l, s, "", &attributes));
    text_addf(&t, "%s%s = %s", t.size ? ", " : "", lower_symbol(l->mem, "loom.", s->name), attributes);
  }
  *out = t.size ? arena_printf(l->mem, " attributes {%s}", text_str(&t)) : "";
  return LOOM_OK;
}

static loom_status symbol_ops(lowering *l, text *into) {
  for (size_t i = 0; i < l->k->symbols.n; i++) {
    const kernel_symbol *s = &l->k->symbols.at[i];
    const char *attributes, *reference = arena_printf(l->mem, ", symbol_ref = %s", lower_symbol(l->mem, "@", s->name));
    if (s->kind != KERNEL_SYM_BLOCK)
      continue;
    LOOM_TRY(symbol_attributes(l, s, reference, &attributes));
    text_addf(into, "    %%sym%zu = \"loom.sym\"() %s : () -> index%s\n", i, attributes, lower_location(l));
  }
  return LOOM_OK;
}

/* ---- host tensors ---- */

static void find_stores(lowering *l, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_STORE)
      l->is_stored[lower_root(l->k, op->tensor)] = true;
    for (int j = 0; j < op->n_regions; j++)
      find_stores(l, &op->regions[j]);
  }
}

/* Arguments in signature order, then what is returned, each memory once. */
static loom_status function_arguments(lowering *l, const char **out) {
  text t = text_new(l->mem);
  VEC_OF(kernel_tensor) order = {0};
  for (size_t i = 0; i < l->k->tensors.n; i++)
    if (l->k->tensors.at[i].role == KERNEL_ARG)
      vec_push(l->mem, &order, (kernel_tensor)i);
  for (size_t i = 0; i < l->k->returns.n; i++)
    if (l->k->returns.at[i] >= 0)
      vec_push(l->mem, &order, lower_root(l->k, l->k->returns.at[i]));
  for (size_t i = 0; i < order.n; i++) {
    const kernel_tensor_info *info = &l->k->tensors.at[order.at[i]];
    const char *type;
    if (l->tensor[order.at[i]])
      continue;
    LOOM_TRY(lower_memref_type(l, order.at[i], &type));
    l->tensor[order.at[i]] = arena_printf(l->mem, "%%arg%zu", i);
    text_addf(&t, "%s%s: %s {loom.name = %s}", t.size ? ", " : "", l->tensor[order.at[i]], type, lower_quoted(l->mem, info->name));
  }
  *out = text_str(&t);
  return LOOM_OK;
}

static loom_status fill_tensor(lowering *l, kernel_tensor index) {
  const kernel_tensor_info *t = &l->k->tensors.at[index];
  const char *type;
  if (t->role != KERNEL_ALLOC || t->fill == KERNEL_FILL_EMPTY)
    return LOOM_OK;
  const char *c = lower_constant(l, lower_number(l->mem, t->shape.type, t->fill == KERNEL_FILL_VALUE ? t->fill_value : 0));
  LOOM_TRY(lower_memref_type(l, index, &type));
  lower_line(l, "linalg.fill ins(%s : %s) outs(%s : %s)", c, lower_element(t->shape.type), l->tensor[index], type);
  return LOOM_OK;
}

/* Memory that is not an argument, and views, at the head of the function. */
static loom_status local_tensor(lowering *l, kernel_tensor index) {
  const kernel_tensor_info *t = &l->k->tensors.at[index];
  const char *type, *base_type;
  l->span = t->span;
  if (l->tensor[index])
    return fill_tensor(l, index);
  LOOM_TRY(lower_memref_type(l, index, &type));
  if (t->role == KERNEL_ALLOC) {
    l->tensor[index] = lower_emit(l, "memref.alloc() : %s", type);
    return fill_tensor(l, index);
  }
  kernel_tensor root = lower_root(l->k, index);
  text sizes = text_new(l->mem), strides = text_new(l->mem);
  int64_t offset;
  bool known;
  LOOM_TRY(lower_static_size(l, t->offset, &known, &offset));
  for (int d = 0; d < t->shape.rank; d++) {
    int64_t size, stride;
    LOOM_TRY(lower_static_size(l, t->shape.dim[d], &known, &size));
    LOOM_TRY(lower_static_size(l, t->stride[d], &known, &stride));
    text_addf(&sizes, "%s%" PRId64, d ? ", " : "", size);
    text_addf(&strides, "%s%" PRId64, d ? ", " : "", stride);
  }
  LOOM_TRY(lower_memref_type(l, root, &base_type));
  l->tensor[index] = lower_emit(l, "memref.reinterpret_cast %s to offset: [%" PRId64 "], sizes: [%s], strides: [%s] : %s to %s", l->tensor[root], offset,
                                text_str(&sizes), text_str(&strides), base_type, type);
  return LOOM_OK;
}

/* ---- the module ---- */

static loom_status print_module(lowering *l, const char **out) {
  const char *attributes, *arguments, *end;
  text symbols = text_new(l->mem);
  if (kernel_f8_name(l->k)) {   /* its elements are bytes here, which only the host's code converts */
    diag_error(l->ctx, l->k->body.ops.n ? l->k->body.ops.at[0]->span : LOOM_NOSPAN, LOOM_EUNSUP, "a kernel with %s on a chip", kernel_f8_name(l->k));
    diag_help(l->ctx, "run it with --machine host, or store float16 or bfloat16");
    return LOOM_EUNSUP;
  }
  LOOM_TRY(module_attributes(l, &attributes));
  LOOM_TRY(symbol_ops(l, &symbols));
  LOOM_TRY(function_arguments(l, &arguments));
  find_stores(l, &l->k->body);
  for (size_t i = 0; i < l->k->tensors.n; i++)
    LOOM_TRY(local_tensor(l, (kernel_tensor)i));
  LOOM_TRY(lower_region(l, &l->k->body));
  l->span = l->k->body.ops.n ? l->k->body.ops.at[0]->span : LOOM_NOSPAN;
  end = lower_location(l);
  *out = arena_printf(l->mem, "module%s {\n  func.func %s(%s) {\n%s%s%s    return%s\n  }%s\n}\n", attributes, lower_symbol(l->mem, "@", l->k->name), arguments,
                      text_str(&l->constants), text_str(&symbols), text_str(&l->out), end, end);
  return LOOM_OK;
}

loom_status lower_kernel(ir_ctx *ir, const kernel_graph *k, MlirModule *out) {
  arena *m = &ir->ctx->mem;
  lowering l = {.ctx = ir->ctx, .mem = m, .k = k, .constants = text_new(m), .out = text_new(m)};
  const char *src;
  *out = (MlirModule){NULL};
  l.value = ARENA_NEW_N(m, const char *, k->values.n);
  l.element = ARENA_NEW_N(m, const char *, k->values.n);
  l.is_index = ARENA_NEW_N(m, bool, k->values.n);
  l.range = ARENA_NEW_N(m, const kernel_range *, k->values.n);
  l.tensor = ARENA_NEW_N(m, const char *, k->tensors.n);
  l.is_stored = ARENA_NEW_N(m, bool, k->tensors.n);
  LOOM_TRY(print_module(&l, &src));
  LOOM_TRY(dialect_load(ir));
  if (ir_parse_own(ir, "<stage-0>", src, strlen(src), out) == LOOM_OK)
    return LOOM_OK;
  return diag_error(ir->ctx, LOOM_NOSPAN, LOOM_EBUG, "the IR made for kernel %s is not valid (above); this is a fault of Loom", k->name);
}
