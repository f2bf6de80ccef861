/* loom.kernel.v1, writing.  Members that hold their default are left out; reading puts the default back, so that the round trip is exact. */
#include "kernel/kernel.h"
#include "kernel/kernel_words.h"
#include <math.h>

static data_value *size_text(arena *m, const sym_expr *e) { return data_string(m, e ? sym_str(m, e) : NULL); }

/* JSON has no infinities and no NaN: they are words. */
static data_value *number(arena *m, double x) {
  if (isnan(x))
    return data_string(m, "nan");
  return isinf(x) ? data_string(m, x > 0 ? "inf" : "-inf") : data_real(m, x);
}

static void set_span(arena *m, data_value *o, loom_span s) {
  if (!s.line)
    return;
  data_value *a = data_array(m);
  data_push(m, a, data_int(m, s.line));
  data_push(m, a, data_int(m, s.col));
  data_push(m, a, data_int(m, s.end_line));
  data_push(m, a, data_int(m, s.end_col));
  data_set(m, o, "span", a);
}

static void set_type(arena *m, data_value *o, const kernel_type *t) {
  data_value *shape = data_array(m);
  for (int d = 0; d < t->rank; d++)
    data_push(m, shape, size_text(m, t->dim[d]));
  data_set_string(m, o, "type", dtype_mlir(t->type));
  data_set(m, o, "shape", shape);
}

static data_value *values_array(arena *m, const kernel_value *v, size_t n) {
  data_value *a = data_array(m);
  for (size_t i = 0; i < n; i++)
    data_push(m, a, data_int(m, v[i]));
  return a;
}

static data_value *symbol_data(arena *m, const kernel_symbol *s) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", s->name);
  data_set_string(m, o, "kind", kernel_sym_kind_word[s->kind]);
  if (s->value >= 0)
    data_set_int(m, o, "value", s->value);
  if (s->extent)
    data_set(m, o, "extent", size_text(m, s->extent));
  if (s->preferred)
    data_set_int(m, o, "preferred", s->preferred);
  if (s->block)
    data_set_string(m, o, "block", s->block);
  if (s->is_padded)
    data_set_bool(m, o, "is_padded", true);
  if (s->is_reduction)
    data_set_bool(m, o, "is_reduction", true);
  if (s->divides)
    data_set_bool(m, o, "divides", true);
  if (s->is_open)
    data_set_bool(m, o, "is_open", true);
  set_span(m, o, s->span);
  return o;
}

static data_value *tensor_data(arena *m, const kernel_tensor_info *t) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", t->name);
  data_set_string(m, o, "role", kernel_role_word[t->role]);
  set_type(m, o, &t->shape);
  if (t->role == KERNEL_ARG) {
    data_set_string(m, o, "init", kernel_init_word[t->init]);
    data_set(m, o, "init_lo", number(m, t->init_lo));
    data_set(m, o, "init_hi", number(m, t->init_hi));
  }
  if (t->role == KERNEL_ALLOC) {
    data_set_string(m, o, "fill", kernel_fill_word[t->fill]);
    data_set(m, o, "fill_value", number(m, t->fill_value));
  }
  if (t->role == KERNEL_VIEW) {
    data_value *strides = data_array(m);
    for (int d = 0; d < t->shape.rank; d++)
      data_push(m, strides, size_text(m, t->stride[d]));
    data_set_int(m, o, "base", t->base);
    data_set(m, o, "offset", size_text(m, t->offset));
    data_set(m, o, "strides", strides);
  }
  if (t->is_returned)
    data_set_bool(m, o, "is_returned", true);
  set_span(m, o, t->span);
  return o;
}

static data_value *value_data(arena *m, const kernel_value_info *v) {
  data_value *o = data_object(m);
  set_type(m, o, &v->type);
  if (v->name)
    data_set_string(m, o, "name", v->name);
  if (v->block)
    data_set_string(m, o, "block", v->block);
  return o;
}

static data_value *index_data(arena *m, const kernel_index *x) {
  data_value *o = data_object(m);
  data_set_string(m, o, "kind", kernel_index_word[x->kind]);
  if (x->value >= 0 && (x->kind == KERNEL_INDEX_TILE || x->kind == KERNEL_INDEX_SCALAR || x->kind == KERNEL_INDEX_TENSOR))
    data_set_int(m, o, "value", x->value);
  if (x->begin)
    data_set(m, o, "begin", size_text(m, x->begin));
  if (x->end)
    data_set(m, o, "end", size_text(m, x->end));
  if (x->kind == KERNEL_INDEX_TENSOR) {
    data_set_int(m, o, "dim", x->dim);
    data_set_int(m, o, "rank", x->rank);
  }
  return o;
}

static data_value *range_data(arena *m, const kernel_range *r) {
  data_value *o = data_object(m);
  data_set(m, o, "begin", size_text(m, r->begin));
  data_set(m, o, "end", size_text(m, r->end));
  if (r->step)
    data_set(m, o, "step", size_text(m, r->step));
  if (r->block)
    data_set_string(m, o, "block", r->block);
  return o;
}

static data_value *region_data(arena *m, const kernel_graph *k, const kernel_region *r);

static void set_members(arena *m, data_value *o, const kernel_op *op) {
  if (op->fn != KERNEL_FN_NONE)
    data_set_string(m, o, "fn", kernel_fn_name(op->fn));
  if (op->expr)
    data_set(m, o, "expr", size_text(m, op->expr));
  if (op->fvalue != 0 || signbit(op->fvalue))
    data_set(m, o, "fvalue", number(m, op->fvalue));
  if (op->ivalue != 0)
    data_set_int(m, o, "ivalue", op->ivalue);
  if (op->flag)
    data_set_bool(m, o, "flag", true);
}

static data_value *op_data(arena *m, const kernel_graph *k, const kernel_op *op) {
  data_value *o = data_object(m);
  data_set_string(m, o, "op", kernel_op_name(op->kind));
  if (op->n_results)
    data_set(m, o, "results", values_array(m, op->results, (size_t)op->n_results));
  if (op->n_operands)
    data_set(m, o, "operands", values_array(m, op->operands, (size_t)op->n_operands));
  set_members(m, o, op);
  if (op->n_ranges) {
    data_value *a = data_array(m);
    for (int i = 0; i < op->n_ranges; i++)
      data_push(m, a, range_data(m, &op->ranges[i]));
    data_set(m, o, "ranges", a);
  }
  if (op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC) {
    data_value *a = data_array(m);
    for (int i = 0; i < op->n_index; i++)
      data_push(m, a, index_data(m, &op->index[i]));
    data_set_int(m, o, "tensor", op->tensor);
    data_set(m, o, "index", a);
  }
  if (op->kind == KERNEL_PERMUTE && op->n_results) {
    data_value *a = data_array(m);
    for (int d = 0; d < k->values.at[op->results[0]].type.rank; d++)
      data_push(m, a, data_int(m, op->perm[d]));
    data_set(m, o, "perm", a);
  }
  if (op->n_regions) {
    data_value *a = data_array(m);
    for (int i = 0; i < op->n_regions; i++)
      data_push(m, a, region_data(m, k, &op->regions[i]));
    data_set(m, o, "regions", a);
  }
  set_span(m, o, op->span);
  return o;
}

static data_value *region_data(arena *m, const kernel_graph *k, const kernel_region *r) {
  data_value *o = data_object(m), *ops = data_array(m);
  for (size_t i = 0; i < r->ops.n; i++)
    data_push(m, ops, op_data(m, k, r->ops.at[i]));
  if (r->params.n)
    data_set(m, o, "params", values_array(m, r->params.at, r->params.n));
  data_set(m, o, "ops", ops);
  return o;
}

static data_value *guards_data(arena *m, const kernel_graph *k) {
  data_value *a = data_array(m);
  for (size_t i = 0; i < k->guards.n; i++) {
    data_value *o = data_object(m);
    data_set(m, o, "holds", size_text(m, k->guards.at[i].holds));
    set_span(m, o, k->guards.at[i].span);
    data_push(m, a, o);
  }
  return a;
}

data_value *kernel_to_data(arena *m, const kernel_graph *k) {
  data_value *o = data_object(m), *symbols = data_array(m), *tensors = data_array(m), *values = data_array(m);
  for (size_t i = 0; i < k->symbols.n; i++)
    data_push(m, symbols, symbol_data(m, &k->symbols.at[i]));
  for (size_t i = 0; i < k->tensors.n; i++)
    data_push(m, tensors, tensor_data(m, &k->tensors.at[i]));
  for (size_t i = 0; i < k->values.n; i++)
    data_push(m, values, value_data(m, &k->values.at[i]));
  data_set_string(m, o, "schema", "loom.kernel.v1");
  data_set_string(m, o, "name", k->name);
  data_set_string(m, o, "style", k->style);
  data_set_string(m, o, "path", k->path ? k->path : "");
  data_set_string(m, o, "sha256", k->sha256);
  data_set(m, o, "symbols", symbols);
  data_set(m, o, "tensors", tensors);
  data_set(m, o, "returns", values_array(m, k->returns.at, k->returns.n));
  if (k->guards.n)
    data_set(m, o, "guards", guards_data(m, k));
  data_set(m, o, "values", values);
  data_set(m, o, "body", region_data(m, k, &k->body));
  return o;
}
