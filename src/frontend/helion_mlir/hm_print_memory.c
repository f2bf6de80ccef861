/* Loads, stores and atomics: slices where the part is a rectangle of plain memory, else helion.load, helion.store, helion.atomic. */
#include "frontend/helion_mlir/hm_print.h"

static bool is_zero(const sym_expr *e) {
  int64_t n;
  return !e || (sym_is_const(e, &n) && n == 0);
}

static kernel_tensor root_of(const kernel_graph *k, kernel_tensor t) {
  while (k->tensors.at[t].role == KERNEL_VIEW)
    t = k->tensors.at[t].base;
  return t;
}

static bool is_padded(const hm_printer *p, const kernel_index *x) {
  const kernel_symbol *s = kernel_find_symbol(p->k, p->k->values.at[x->value].block);
  return s && s->is_padded;
}

/* Size of the slice along index `i`. */
static const sym_expr *part_size(hm_printer *p, const kernel_op *op, const kernel_index *x, int dim) {
  switch (x->kind) {
  case KERNEL_INDEX_TILE: return sym_name(p->mem, p->k->values.at[x->value].block);
  case KERNEL_INDEX_ALL: return p->k->tensors.at[op->tensor].shape.dim[dim];
  case KERNEL_INDEX_SLICE: return sym_sub(p->mem, x->end, x->begin);
  default: return sym_const(p->mem, 1);
  }
}

/* The part is a rectangle whose slice says what the indices are: begin and size of a SLICE are numbers and not the whole dim, a dropped dim is
 * the only one of size 1. */
static bool is_slice(hm_printer *p, const kernel_op *op) {
  int n_scalars = 0, n_ones = 0;
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    int64_t a, b, n;
    if (x->kind == KERNEL_INDEX_NEW || x->kind == KERNEL_INDEX_TENSOR || (x->kind == KERNEL_INDEX_TILE && is_padded(p, x)))
      return false;
    bool is_known = hm_static(p, part_size(p, op, x, i), &n);
    n_scalars += x->kind == KERNEL_INDEX_SCALAR;
    n_ones += x->kind != KERNEL_INDEX_SCALAR && is_known && n == 1;
    if (x->kind == KERNEL_INDEX_SLICE && (!sym_is_const(x->begin, &a) || !sym_is_const(x->end, &b) || !hm_static(p, p->k->tensors.at[op->tensor].shape.dim[i], &n) || b - a == n))
      return false;
  }
  return !n_scalars || !n_ones;
}

/* First element of the tile of parameter `v`, plus `offset`. */
static loom_status tile_offset(hm_printer *p, kernel_value v, const sym_expr *offset, const char **out) {
  const char *more;
  *out = hm_once(p, "arith.muli %s, %s : index", p->builtin[v], hm_block_size(p, p->k->values.at[v].block));
  for (int i = 0; i < 2; i++) {
    const sym_expr *e = i ? offset : p->range[v]->begin;
    if (is_zero(e))
      continue;
    LOOM_TRY(hm_size(p, e, &more));
    *out = hm_once(p, "arith.addi %s, %s : index", *out, more);
  }
  return LOOM_OK;
}

/* "[%5, 0] [%6, 64] [1, 1]", and the slice's type without the dims of scalars. */
static loom_status slice(hm_printer *p, const kernel_op *op, const char **out, const char **type) {
  text offsets = text_new(p->mem), sizes = text_new(p->mem), steps = text_new(p->mem);
  kernel_type t = {.type = p->k->tensors.at[op->tensor].shape.type};
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    const sym_expr *size = part_size(p, op, x, i);
    const char *offset = "0", *n, *comma = i ? ", " : "";
    if (x->kind == KERNEL_INDEX_TILE)
      LOOM_TRY(tile_offset(p, x->value, x->begin, &offset));
    else if (x->kind == KERNEL_INDEX_SCALAR && x->value >= 0)
      LOOM_TRY(hm_index(p, x->value, &offset));
    else if (x->kind != KERNEL_INDEX_ALL)
      LOOM_TRY(hm_size_or_number(p, x->begin, &offset));
    LOOM_TRY(hm_size_or_number(p, size, &n));
    text_addf(&offsets, "%s%s", comma, offset);
    text_addf(&sizes, "%s%s", comma, n);
    text_addf(&steps, "%s1", comma);
    if (x->kind != KERNEL_INDEX_SCALAR)
      t.dim[t.rank++] = size;
  }
  *out = arena_printf(p->mem, "[%s] [%s] [%s]", text_str(&offsets), text_str(&sizes), text_str(&steps));
  *type = hm_builtin_type(p, &t);
  return LOOM_OK;
}

/* A tuple of values (masks, what is expected) and of what the indices name; "indices = [..]". */
static loom_status general_index(hm_printer *p, const kernel_op *op, int first_value, hm_operands *to, const char **out) {
  text names = text_new(p->mem);
  hm_operands parts = hm_operands_new(p), *o = &parts;
  for (int i = first_value; i < op->n_operands; i++)
    if (op->operands[i] >= 0)
      LOOM_TRY(hm_operand_builtin(p, o, op->operands[i]));
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    const char *name = hm_index_name(x->kind), *at;
    if (x->kind == KERNEL_INDEX_TENSOR)
      name = arena_printf(p->mem, "tensor %d %d", x->dim, x->rank);
    text_addf(&names, "%s%s", i ? ", " : "", hm_string(p->mem, name));
    if (x->kind == KERNEL_INDEX_TENSOR)
      LOOM_TRY(hm_operand_builtin(p, o, x->value));
    if (x->kind == KERNEL_INDEX_SCALAR && x->value >= 0) {
      LOOM_TRY(hm_index(p, x->value, &at));
      hm_operand(o, at, "index");
    }
    if (x->kind == KERNEL_INDEX_TILE)
      hm_operand(o, p->builtin[x->value], "index");
    if (x->kind == KERNEL_INDEX_TILE || x->kind == KERNEL_INDEX_SLICE || (x->kind == KERNEL_INDEX_SCALAR && x->value < 0))
      LOOM_TRY(hm_operand_size(p, o, x->begin ? x->begin : sym_const(p->mem, 0)));
    if (x->kind == KERNEL_INDEX_SLICE)
      LOOM_TRY(hm_operand_size(p, o, x->end));
  }
  hm_operand_tuple(p, to, o);
  *out = arena_printf(p->mem, "indices = [%s]", text_str(&names));
  return LOOM_OK;
}

loom_status hm_print_load(hm_printer *p, const kernel_op *op) {
  const kernel_type *t = &p->k->values.at[op->results[0]].type;
  const char *memory = p->tensor[op->tensor], *type = p->tensor_type[op->tensor], *part, *part_type, *indices;
  if (!op->n_operands && !p->is_written[root_of(p->k, op->tensor)] && is_slice(p, op)) {
    LOOM_TRY(slice(p, op, &part, &part_type));
    if (text_eq(part_type, hm_builtin_type(p, t))) {   /* a tile of size 1 may be known as that */
      hm_set_builtin(p, op->results[0], hm_def(p, "tensor.extract_slice %s%s : %s to %s", memory, part, type, part_type));
      return LOOM_OK;
    }
  }
  hm_operands o = hm_operands_new(p);
  hm_operand(&o, memory, type);
  LOOM_TRY(general_index(p, op, 0, &o, &indices));
  hm_set_builtin(p, op->results[0], hm_generic(p, "helion.load", &o, arena_printf(p->mem, "%s%s", indices, op->n_operands ? ", masked" : ""), hm_builtin_type(p, t)));
  return LOOM_OK;
}

loom_status hm_print_store(hm_printer *p, const kernel_op *op) {
  const char *memory = p->tensor[op->tensor], *type = p->tensor_type[op->tensor], *part, *part_type, *indices, *x;
  const char *value_type = hm_builtin_type(p, &p->k->values.at[op->operands[0]].type);
  if (op->n_operands == 1 && is_slice(p, op)) {
    LOOM_TRY(slice(p, op, &part, &part_type));
    if (text_eq(part_type, value_type)) {
      LOOM_TRY(hm_builtin(p, op->operands[0], &x));
      const char *inserted = hm_def(p, "tensor.insert_slice %s into %s%s : %s into %s", x, memory, part, part_type, type);
      hm_put(p, "\"helion.store\"(%s, %s) : (%s, %s) -> ()", memory, inserted, type, type);
      return LOOM_OK;
    }
  }
  hm_operands o = hm_operands_new(p);
  hm_operand(&o, memory, type);
  LOOM_TRY(hm_operand_builtin(p, &o, op->operands[0]));
  LOOM_TRY(general_index(p, op, 1, &o, &indices));
  hm_generic(p, "helion.store", &o, arena_printf(p->mem, "%s%s", indices, op->n_operands > 1 ? ", masked" : ""), NULL);
  return LOOM_OK;
}

loom_status hm_print_atomic(hm_printer *p, const kernel_op *op) {
  hm_operands o = hm_operands_new(p);
  bool is_masked = op->n_operands > 1 && op->operands[1] >= 0;
  const char *indices;
  hm_operand(&o, p->tensor[op->tensor], p->tensor_type[op->tensor]);
  LOOM_TRY(hm_operand_builtin(p, &o, op->operands[0]));
  LOOM_TRY(general_index(p, op, 1, &o, &indices));
  const char *result = op->n_results ? hm_builtin_type(p, &p->k->values.at[op->results[0]].type) : NULL;
  const char *name = hm_generic(p, "helion.atomic", &o, arena_printf(p->mem, "fn = %s, %s%s", hm_string(p->mem, kernel_fn_name(op->fn)), indices, is_masked ? ", masked" : ""), result);
  if (op->n_results)
    hm_set_builtin(p, op->results[0], name);
  return LOOM_OK;
}
