/* Index scalars, creation and compute: torch.aten.* where ATen has the operation, helion.* where it has not. */
#include "frontend/helion_mlir/hm_print.h"

static const kernel_type *type_of(const hm_printer *p, kernel_value v) { return &p->k->values.at[v].type; }
static const kernel_type *result_type(const hm_printer *p, const kernel_op *op) { return type_of(p, op->results[0]); }

/* "torch.aten.<name>" of the operands so far. */
static loom_status aten(hm_printer *p, const kernel_op *op, const char *name, const hm_operands *o, const char *attributes) {
  hm_set_torch(p, op->results[0], hm_generic(p, arena_printf(p->mem, "torch.aten.%s", name), o, attributes, hm_torch_type(p, result_type(p, op))));
  return LOOM_OK;
}

static loom_status helion(hm_printer *p, const kernel_op *op, const char *name, const hm_operands *o, const char *attributes) {
  hm_set_builtin(p, op->results[0], hm_generic(p, arena_printf(p->mem, "helion.%s", name), o, attributes, hm_builtin_type(p, result_type(p, op))));
  return LOOM_OK;
}

static loom_status operands(hm_printer *p, const kernel_op *op, bool is_torch, hm_operands *out) {
  *out = hm_operands_new(p);
  for (int i = 0; i < op->n_operands; i++)
    LOOM_TRY(is_torch ? hm_operand_torch(p, out, op->operands[i]) : hm_operand_builtin(p, out, op->operands[i]));
  return LOOM_OK;
}

/* A torch.prim.ListConstruct of integers. */
static const char *int_list(hm_printer *p, int n, const char *const *ints) {
  hm_operands o = hm_operands_new(p);
  for (int i = 0; i < n; i++)
    hm_operand(&o, ints[i], "!torch.int");
  return hm_once(p, "\"torch.prim.ListConstruct\"(%s) : (%s) -> !torch.list<int>", text_str(&o.names), text_str(&o.types));
}

static const char *constant_list(hm_printer *p, int n, const int *v) {
  const char *ints[KERNEL_RANK_MAX];
  for (int i = 0; i < n; i++)
    ints[i] = hm_torch_constant(p, v[i]);
  return int_list(p, n, ints);
}

static loom_status size_list(hm_printer *p, const kernel_type *t, const char **out) {
  const char *ints[KERNEL_RANK_MAX];
  for (int i = 0; i < t->rank; i++)
    LOOM_TRY(hm_torch_int(p, t->dim[i], &ints[i]));
  *out = int_list(p, t->rank, ints);
  return LOOM_OK;
}

/* ---- index scalars and creation ---- */
static loom_status index_expr(hm_printer *p, const kernel_op *op) {
  const char *x;
  LOOM_TRY(hm_size(p, op->expr, &x));
  hm_set_builtin(p, op->results[0], hm_def(p, "tensor.from_elements %s : tensor<i64>", hm_once(p, "arith.index_cast %s : index to i64", x)));
  return LOOM_OK;
}

static loom_status of_tile(hm_printer *p, const kernel_op *op, const char *name) {
  hm_operands o = hm_operands_new(p);
  hm_operand(&o, p->builtin[op->operands[0]], "index");
  return helion(p, op, name, &o, "");
}

static loom_status dynamic_sizes(hm_printer *p, const kernel_type *t, hm_operands *o) {
  int64_t n;
  for (int d = 0; d < t->rank; d++)
    if (!hm_static(p, t->dim[d], &n))
      LOOM_TRY(hm_operand_size(p, o, t->dim[d]));
  return LOOM_OK;
}

static loom_status empty(hm_printer *p, const kernel_type *t, const char **out) {
  hm_operands o = hm_operands_new(p);
  LOOM_TRY(dynamic_sizes(p, t, &o));
  *out = hm_once(p, "tensor.empty(%s) : %s", text_str(&o.names), hm_builtin_type(p, t));
  return LOOM_OK;
}

/* tensor.empty and linalg.fill; where the number or the value is of another type, helion.full. */
static loom_status full(hm_printer *p, const kernel_op *op) {
  const kernel_type *t = result_type(p, op);
  const char *type = hm_builtin_type(p, t), *element = dtype_mlir(t->type), *init, *x;
  unsigned char bytes[8];
  dtype_store(t->type, bytes, op->fvalue);
  double rounded = dtype_load(t->type, bytes);
  bool is_plain = op->n_operands ? type_of(p, op->operands[0])->type == t->type : !(rounded < op->fvalue || rounded > op->fvalue);
  if (!is_plain || t->type == DTYPE_U8) {
    hm_operands o = hm_operands_new(p);
    if (op->n_operands)
      LOOM_TRY(hm_operand_builtin(p, &o, op->operands[0]));
    LOOM_TRY(dynamic_sizes(p, t, &o));
    return helion(p, op, op->n_operands ? "splat" : "full", &o, op->n_operands ? "" : arena_printf(p->mem, "fill_value = %s : f64", hm_number(p->mem, DTYPE_F64, op->fvalue)));
  }
  LOOM_TRY(empty(p, t, &init));
  if (op->n_operands)
    LOOM_TRY(hm_scalar(p, op->operands[0], &x));
  else if (t->type == DTYPE_BOOL)
    x = hm_constant(p, "arith.constant %s", hm_number(p->mem, t->type, op->fvalue));
  else
    x = hm_constant(p, "arith.constant %s : %s", hm_number(p->mem, t->type, op->fvalue), element);
  hm_set_builtin(p, op->results[0], hm_def(p, "linalg.fill ins(%s : %s) outs(%s : %s) -> %s", x, element, init, type, type));
  return LOOM_OK;
}

static loom_status iota(hm_printer *p, const kernel_op *op) {
  const kernel_type *t = result_type(p, op);
  hm_operands o = hm_operands_new(p);
  LOOM_TRY(hm_operand_size(p, &o, t->dim[0]));
  return helion(p, op, "iota", &o, arena_printf(p->mem, "start = %s : f64, step = %" PRId64 " : i64", hm_number(p->mem, DTYPE_F64, op->fvalue), op->ivalue));
}

/* ---- elementwise ---- */
/* HM_DIMS, when the operands would give the result's sizes in another form. */
static const char *said_dims(hm_printer *p, const kernel_op *op) {
  const kernel_type *t = result_type(p, op);
  kernel_type from = *type_of(p, op->operands[0]);
  text dims = text_new(p->mem);
  bool is_same = true;
  for (int i = 1; i < op->n_operands; i++)
    hm_broadcast(&from, type_of(p, op->operands[i]));
  for (int d = 0; d < t->rank; d++) {
    is_same = is_same && from.rank == t->rank && sym_equal(hm_known(p, from.dim[d]), hm_known(p, t->dim[d]));
    text_addf(&dims, "%s%s", d ? ", " : "", hm_string(p->mem, sym_str(p->mem, hm_known(p, t->dim[d]))));
  }
  return is_same ? "" : arena_printf(p->mem, HM_DIMS " = [%s]", text_str(&dims));
}

static loom_status function(hm_printer *p, const kernel_op *op) {
  const hm_fn_row *row = hm_fn_find(op->fn);
  const char *dims = said_dims(p, op);
  hm_operands o;
  LOOM_TRY(operands(p, op, row != NULL, &o));
  if (!row)
    return helion(p, op, "call", &o, arena_printf(p->mem, "fn = %s%s%s", hm_string(p->mem, kernel_fn_name(op->fn)), *dims ? ", " : "", dims));
  if (row->has_alpha)
    hm_operand(&o, hm_torch_constant(p, 1), "!torch.int");
  return aten(p, op, row->aten, &o, dims);
}

static loom_status cast(hm_printer *p, const kernel_op *op) {
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  hm_operand(&o, hm_torch_constant(p, hm_scalar_type(result_type(p, op)->type)), "!torch.int");
  hm_set_torch(p, op->results[0], hm_generic(p, "torch.prims.convert_element_type", &o, "", hm_torch_type(p, result_type(p, op))));
  return LOOM_OK;
}

static loom_status bitcast(hm_printer *p, const kernel_op *op) {
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  hm_operand(&o, hm_torch_constant(p, hm_scalar_type(result_type(p, op)->type)), "!torch.int");
  return aten(p, op, "view.dtype", &o, "");
}

static loom_status select(hm_printer *p, const kernel_op *op) {
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  return aten(p, op, "where.self", &o, said_dims(p, op));
}

/* ---- contraction and reduction ---- */
/* mm, addmm, bmm, baddbmm where torch would give this type; helion.dot accumulates in more digits and batches as it likes. */
static loom_status matmul(hm_printer *p, const kernel_op *op) {
  static const char *const names[2][2] = {{"mm", "addmm"}, {"bmm", "baddbmm"}};
  const kernel_type *t = result_type(p, op);
  bool is_plain = t->rank == 2 || t->rank == 3, has_acc = op->n_operands > 2;
  hm_operands o = hm_operands_new(p);
  for (int i = 0; i < op->n_operands; i++) {
    const kernel_type *x = type_of(p, op->operands[i]);
    is_plain = is_plain && x->rank == t->rank && x->type == t->type;
    if (i < 2 && t->rank == 3 && is_plain)
      is_plain = sym_equal(x->dim[0], t->dim[0]);
  }
  if (!is_plain) {
    LOOM_TRY(operands(p, op, false, &o));
    return helion(p, op, "dot", &o, "");
  }
  if (has_acc)
    LOOM_TRY(hm_operand_torch(p, &o, op->operands[2]));
  LOOM_TRY(hm_operand_torch(p, &o, op->operands[0]));
  LOOM_TRY(hm_operand_torch(p, &o, op->operands[1]));
  for (int i = 0; has_acc && i < 2; i++)
    hm_operand(&o, hm_torch_constant(p, 1), "!torch.int");
  return aten(p, op, names[t->rank == 3][has_acc], &o, "");
}

static loom_status reduce(hm_printer *p, const kernel_op *op) {
  static const struct { kernel_fn fn; const char *name; bool one, has_dtype; } rows[] = {
      {KERNEL_FN_ADD, "sum.dim_IntList", false, true}, {KERNEL_FN_MAX, "amax", false, false},       {KERNEL_FN_MIN, "amin", false, false},
      {KERNEL_FN_MUL, "prod.dim_int", true, true},     {KERNEL_FN_ARGMAX, "argmax", true, false}, {KERNEL_FN_ARGMIN, "argmin", true, false}};
  int axes[KERNEL_RANK_MAX], n = 0;
  hm_operands o;
  for (int d = 0; d < KERNEL_RANK_MAX; d++)
    if (op->ivalue >> d & 1)
      axes[n++] = d;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].fn != op->fn || (rows[i].one && n != 1))
      continue;
    LOOM_TRY(operands(p, op, true, &o));
    if (rows[i].one)
      hm_operand(&o, hm_torch_constant(p, axes[0]), "!torch.int");
    else
      hm_operand(&o, constant_list(p, n, axes), "!torch.list<int>");
    hm_operand(&o, hm_torch_bool(p, op->flag), "!torch.bool");
    if (rows[i].has_dtype)
      hm_operand(&o, hm_torch_none(p), "!torch.none");
    return aten(p, op, rows[i].name, &o, "");
  }
  LOOM_TRY(operands(p, op, false, &o));
  return helion(p, op, "reduce", &o, arena_printf(p->mem, "fn = %s, axes = %" PRId64 " : i64, keepdim = %s", hm_string(p->mem, kernel_fn_name(op->fn)), op->ivalue,
                                                  op->flag ? "true" : "false"));
}

/* Several values at once, combined by a function of scalars. */
static loom_status scan(hm_printer *p, const kernel_op *op) {
  const char *function, *kind = op->kind == KERNEL_SCAN ? "scan" : "fold";
  hm_operands parts, o = hm_operands_new(p);
  text types = text_new(p->mem);
  LOOM_TRY(hm_print_function(p, op, &function));
  LOOM_TRY(operands(p, op, false, &parts));
  hm_operand_tuple(p, &o, &parts);
  for (int i = 0; i < op->n_results; i++)
    text_addf(&types, "%s%s", i ? ", " : "", hm_builtin_type(p, type_of(p, op->results[i])));
  const char *tuple = hm_def(p, "\"helion.%s\"(%s) {combine = @%s, axis = %" PRId64 " : i64, %s = %s} : (%s) -> tuple<%s>", kind, text_str(&o.names), function, op->ivalue,
                             op->kind == KERNEL_SCAN ? "reverse" : "keepdim", op->flag ? "true" : "false", text_str(&o.types), text_str(&types));
  const char *name = arena_printf(p->mem, "%%%d", p->next++), *count = op->n_results > 1 ? arena_printf(p->mem, ":%d", op->n_results) : "";
  hm_put(p, "%s%s = \"torch.prim.TupleUnpack\"(%s) : (tuple<%s>) -> (%s)", name, count, tuple, text_str(&types), text_str(&types));
  for (int i = 0; i < op->n_results; i++)
    hm_set_builtin(p, op->results[i], op->n_results > 1 ? arena_printf(p->mem, "%s#%d", name, i) : name);
  return LOOM_OK;
}

/* ---- shapes ---- */
static loom_status broadcast(hm_printer *p, const kernel_op *op) {
  const char *sizes;
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  LOOM_TRY(size_list(p, result_type(p, op), &sizes));
  hm_operand(&o, sizes, "!torch.list<int>");
  hm_operand(&o, hm_torch_bool(p, false), "!torch.bool");
  return aten(p, op, "expand", &o, op->flag ? "loom.explicit" : "");
}

static loom_status reshape(hm_printer *p, const kernel_op *op) {
  const char *sizes;
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  LOOM_TRY(size_list(p, result_type(p, op), &sizes));
  hm_operand(&o, sizes, "!torch.list<int>");
  return aten(p, op, "view", &o, "");
}

static loom_status permute(hm_printer *p, const kernel_op *op) {
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  hm_operand(&o, constant_list(p, result_type(p, op)->rank, op->perm), "!torch.list<int>");
  return aten(p, op, "permute", &o, "");
}

static loom_status stack(hm_printer *p, const kernel_op *op) {
  hm_operands parts, o = hm_operands_new(p);
  LOOM_TRY(operands(p, op, true, &parts));
  hm_operand(&o, hm_def(p, "\"torch.prim.ListConstruct\"(%s) : (%s) -> !torch.list<vtensor>", text_str(&parts.names), text_str(&parts.types)), "!torch.list<vtensor>");
  hm_operand(&o, hm_torch_constant(p, op->ivalue), "!torch.int");
  return aten(p, op, "stack", &o, "");
}

static loom_status extract(hm_printer *p, const kernel_op *op) {
  const char *at;
  hm_operands o;
  LOOM_TRY(operands(p, op, true, &o));
  LOOM_TRY(hm_torch_int(p, op->expr, &at));
  hm_operand(&o, hm_torch_constant(p, op->ivalue), "!torch.int");
  hm_operand(&o, at, "!torch.int");
  return aten(p, op, "select.int", &o, "");
}

static loom_status gather(hm_printer *p, const kernel_op *op) {
  hm_operands o = hm_operands_new(p);
  const char *init;
  LOOM_TRY(hm_operand_builtin(p, &o, op->operands[0]));
  LOOM_TRY(empty(p, result_type(p, op), &init));
  hm_operand(&o, init, hm_builtin_type(p, result_type(p, op)));
  hm_operand(&o, p->builtin[op->operands[1]], "index");
  hm_set_builtin(p, op->results[0], hm_generic(p, "loom.gather", &o, "", hm_builtin_type(p, result_type(p, op))));
  return LOOM_OK;
}

loom_status hm_print_compute(hm_printer *p, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_CONSTANT: return LOOM_OK;   /* printed where it is used */
  case KERNEL_INDEX_EXPR: return index_expr(p, op);
  case KERNEL_TILE_BEGIN: return of_tile(p, op, "tile_begin");
  case KERNEL_TILE_END: return of_tile(p, op, "tile_end");
  case KERNEL_TILE_ID: return of_tile(p, op, "tile_id");
  case KERNEL_TILE_INDEX: return of_tile(p, op, "tile_index");
  case KERNEL_TILE_MASK: return of_tile(p, op, "tile_mask");
  case KERNEL_FULL: return full(p, op);
  case KERNEL_IOTA: return iota(p, op);
  case KERNEL_UNARY:
  case KERNEL_BINARY: return function(p, op);
  case KERNEL_SELECT: return select(p, op);
  case KERNEL_CAST: return cast(p, op);
  case KERNEL_BITCAST: return bitcast(p, op);
  case KERNEL_MATMUL: return matmul(p, op);
  case KERNEL_REDUCE: return reduce(p, op);
  case KERNEL_FOLD:
  case KERNEL_SCAN: return scan(p, op);
  case KERNEL_STACK: return stack(p, op);
  case KERNEL_EXTRACT: return extract(p, op);
  case KERNEL_GATHER: return gather(p, op);
  case KERNEL_BROADCAST: return broadcast(p, op);
  case KERNEL_RESHAPE: return reshape(p, op);
  case KERNEL_PERMUTE: return permute(p, op);
  default: return hm_no_form(p, arena_printf(p->mem, "\"%s\"", kernel_op_name(op->kind)));
  }
}
