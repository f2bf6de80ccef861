/* Index arithmetic: MLIR values of index, integer and !torch.int type as expressions over the kernel's symbols and the induction variables. */
#include "frontend/helion_mlir/hm_read.h"
#include <string.h>

/* ---- expressions ---- */
loom_status hm_size_of(hm_reader *r, MlirValue v, const sym_expr **out) {
  const hm_item *x = hm_get(r, v);
  if (x->kind != HM_SIZE)
    return hm_bad(r, "an operand is %s; expected a size made of constants, block sizes and loop indices",
                  x->kind == HM_INDEX ? "an element of a tensor (helion.item gives it as a size)" : ir_print_type(r->mem, mlirValueGetType(v)));
  *out = x->size;
  return LOOM_OK;
}

hm_tile *hm_tile_of(hm_reader *r, const sym_expr *e) {
  for (size_t i = r->tiles.n; e->op == SYM_SYM && i-- > 0;)
    if (text_eq(r->tiles.at[i].iv, e->name))
      return &r->tiles.at[i];
  return NULL;
}

loom_status hm_tile_operand(hm_reader *r, MlirValue v, kernel_value *out) {
  const sym_expr *e = NULL;
  LOOM_TRY(hm_size_of(r, v, &e));
  const hm_tile *t = hm_tile_of(r, e);
  if (!t)
    return hm_bad(r, "an operand is not the induction variable of a loop around");
  *out = t->param;
  return LOOM_OK;
}

/* Moves the last op of the region to its front (behind what is there from an earlier call it does not matter: they are independent). */
static void to_front(hm_reader *r, kernel_region *region) {
  (void)r;
  kernel_op *last = region->ops.at[region->ops.n - 1];
  for (size_t i = region->ops.n - 1; i > 0; i--)
    region->ops.at[i] = region->ops.at[i - 1];
  region->ops.at[0] = last;
}

/* The RUNTIME symbol of a loop's index; of a tiled loop, of its tile's number. */
static const char *bind_index(hm_reader *r, hm_tile *t) {
  if (t->bound)
    return t->bound;
  kernel_region *here = r->region;
  kernel_type index = {.type = DTYPE_I64};
  kernel_value number = t->param;
  r->region = t->region;
  t->bound = arena_printf(r->mem, "%%%d", r->n_runtime++);
  kernel_add_symbol(r->mem, r->k, t->bound, KERNEL_SYM_RUNTIME);
  if (t->range.block)
    number = hm_add(r, KERNEL_TILE_ID, 1, &t->param, 1, &index)->results[0];
  hm_add(r, KERNEL_BIND, 1, &number, 0, NULL)->expr = sym_name(r->mem, t->bound);
  to_front(r, r->region);
  if (t->range.block) {   /* the tile's number, then the bind */
    to_front(r, r->region);
  }
  r->region = here;
  return t->bound;
}

static const sym_expr *resolve_name(void *data, const char *name) {
  hm_reader *r = data;
  hm_tile *t = hm_tile_of(r, &(sym_expr){.op = SYM_SYM, .name = name});
  return t ? sym_name(r->mem, bind_index(r, t)) : NULL;
}

loom_status hm_resolve(hm_reader *r, const sym_expr *e, const sym_expr **out) {
  int64_t begin;
  for (size_t i = 0; i < r->tiles.n; i++) {
    const hm_tile *t = &r->tiles.at[i];
    if (t->range.block && sym_depends(e, t->iv) && (!sym_is_const(t->range.begin, &begin) || begin != 0))
      LOOM_FAIL(r->ctx, r->span, LOOM_EUNSUP, "a size is made of the number of a tile whose range does not begin at 0; use helion.tile_begin");
  }
  *out = sym_subst(r->mem, e, resolve_name, r);
  return LOOM_OK;
}

/* An older helion-mlir has one word for the block size and for the extent of the tile. */
static const sym_expr *tile_extent(void *data, const char *name) {
  hm_reader *r = data;
  const kernel_symbol *s = kernel_find_symbol(r->k, name);
  for (size_t i = 0; s && s->kind == KERNEL_SYM_NOMINAL && i < r->tiles.n; i++)
    if (text_eq(r->tiles.at[i].range.block, s->block))
      return sym_name(r->mem, s->block);
  return NULL;
}

loom_status hm_dim(hm_reader *r, MlirValue v, const sym_expr **out) {
  LOOM_TRY(hm_size_of(r, v, out));
  LOOM_TRY(hm_resolve(r, *out, out));
  if (r->is_old)
    *out = sym_subst(r->mem, *out, tile_extent, r);
  return LOOM_OK;
}

loom_status hm_const(hm_reader *r, MlirValue v, int64_t *out) {
  const hm_item *x = hm_get(r, v);
  if (x->kind == HM_SIZE && sym_is_const(x->size, out))
    return LOOM_OK;
  return hm_bad(r, "an operand is no constant integer");
}

loom_status hm_list(hm_reader *r, MlirValue v, intptr_t *n, MlirOperation *out) {
  const hm_item *x = hm_get(r, v);
  if (x->kind != HM_LIST)
    return hm_bad(r, "an operand is %s; expected a torch.prim.ListConstruct", ir_print_type(r->mem, mlirValueGetType(v)));
  *out = x->op;
  *n = ir_num_operands(x->op);
  return LOOM_OK;
}

/* ---- affine maps ---- */
static loom_status affine_expr(hm_reader *r, MlirOperation op, MlirAffineMap m, intptr_t first, MlirAffineExpr e, const sym_expr **out) {
  const sym_expr *a = NULL, *b = NULL;
  sym_op kind;
  if (mlirAffineExprIsAConstant(e)) {
    *out = sym_const(r->mem, mlirAffineConstantExprGetValue(e));
    return LOOM_OK;
  }
  if (mlirAffineExprIsADim(e))
    return hm_size_of(r, ir_operand(op, first + mlirAffineDimExprGetPosition(e)), out);
  if (mlirAffineExprIsASymbol(e))
    return hm_size_of(r, ir_operand(op, first + mlirAffineMapGetNumDims(m) + mlirAffineSymbolExprGetPosition(e)), out);
  if (mlirAffineExprIsAAdd(e))
    kind = SYM_ADD;
  else if (mlirAffineExprIsAMul(e))
    kind = SYM_MUL;
  else if (mlirAffineExprIsAMod(e))
    kind = SYM_MOD;
  else if (mlirAffineExprIsAFloorDiv(e))
    kind = SYM_FLOORDIV;
  else
    kind = SYM_CEILDIV;
  LOOM_TRY(affine_expr(r, op, m, first, mlirAffineBinaryOpExprGetLHS(e), &a));
  LOOM_TRY(affine_expr(r, op, m, first, mlirAffineBinaryOpExprGetRHS(e), &b));
  *out = sym_make(r->mem, kind, a, b, NULL);
  return LOOM_OK;
}

loom_status hm_affine(hm_reader *r, MlirOperation op, MlirAffineMap m, intptr_t first, intptr_t result, const sym_expr **out) {
  return affine_expr(r, op, m, first, mlirAffineMapGetResult(m, result), out);
}

/* min(block size, end - begin of the tile) is the extent of that tile. */
static const sym_expr *recognise(hm_reader *r, const sym_expr *e) {
  for (size_t i = 0; e->op == SYM_MIN && i < r->tiles.n; i++) {
    const hm_tile *t = &r->tiles.at[i];
    if (t->clamped && (sym_equal(e, t->clamped) || sym_equal(sym_min(r->mem, e->arg[1], e->arg[0]), t->clamped)))
      return sym_name(r->mem, t->range.block);
  }
  return e;
}

static loom_status affine_op(hm_reader *r, MlirOperation op, sym_op join) {
  MlirAffineMap m = mlirAffineMapAttrGetValue(ir_attr_of(op, "map"));
  const sym_expr *all = NULL, *e;
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(m); i++) {
    LOOM_TRY(hm_affine(r, op, m, 0, i, &e));
    all = all ? sym_make(r->mem, join, all, e, NULL) : e;
  }
  hm_set_size(r, ir_result(op, 0), recognise(r, all));
  return LOOM_OK;
}

/* ---- operations ---- */
static loom_status binary(hm_reader *r, MlirOperation op, sym_op kind) {
  const sym_expr *a = NULL, *b = NULL;
  LOOM_TRY(hm_size_of(r, ir_operand(op, 0), &a));
  LOOM_TRY(hm_size_of(r, ir_operand(op, 1), &b));
  hm_set_size(r, ir_result(op, 0), recognise(r, sym_make(r->mem, kind, a, b, NULL)));
  return LOOM_OK;
}

/* "loom.get_symbol"() {name = "tile_m", ..}: attributes as in symbol_attributes of the printer. */
static loom_status get_symbol(hm_reader *r, MlirOperation op) {
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "name")), *kind = ir_attr_string(r->mem, ir_attr_of(op, "kind")), *extent;
  int64_t n;
  LOOM_TRY(hm_need(r, op, 0, 1));
  if (!name || !*name)
    return hm_bad(r, "loom.get_symbol has no name");
  bool is_size = text_eq(kind, "size"), is_split = text_eq(kind, "tunable");
  if (kind && !is_size && !is_split && !text_eq(kind, "block"))
    return hm_bad(r, "loom.get_symbol has the kind '%s'; expected block, tunable or size", kind);
  kernel_symbol *s = kernel_find_symbol(r->k, name);
  if (!s) {
    s = kernel_add_symbol(r->mem, r->k, name, is_size ? KERNEL_SYM_SIZE : is_split ? KERNEL_SYM_TUNABLE : KERNEL_SYM_BLOCK);
    s->span = r->span;
    if (ir_attr_int(ir_attr_of(op, "upper_bound"), &n))
      s->extent = sym_const(r->mem, n);
    else if ((extent = ir_attr_string(r->mem, ir_attr_of(op, "extent"))))
      LOOM_TRY(sym_parse(r->ctx, r->span, extent, &s->extent));
    if (ir_attr_int(ir_attr_of(op, "value"), &n))
      s->value = n;
    if (ir_attr_int(ir_attr_of(op, "preferred"), &n))
      s->preferred = n;
    s->is_reduction = hm_is_flag(op, "is_reduction");
    s->divides = hm_is_flag(op, "asure_divisible");
    s->is_padded = hm_is_flag(op, "is_padded");
    s->is_open = is_size;
  }
  hm_set_size(r, ir_result(op, 0), sym_name(r->mem, s->kind == KERNEL_SYM_BLOCK ? kernel_nominal(r->mem, r->k, name) : s->name));
  return LOOM_OK;
}

/* "helion.tile_size"(%iv), or of a padded block outside of its loop {block = ".."}. */
static loom_status tile_size(hm_reader *r, MlirOperation op) {
  const char *block = ir_attr_string(r->mem, ir_attr_of(op, "block"));
  const sym_expr *e = NULL;
  if (ir_num_operands(op)) {
    LOOM_TRY(hm_size_of(r, ir_operand(op, 0), &e));
    const hm_tile *t = hm_tile_of(r, e);
    block = t ? t->range.block : NULL;
  }
  const kernel_symbol *s = block ? kernel_find_symbol(r->k, block) : NULL;
  if (!s || s->kind != KERNEL_SYM_BLOCK)
    return hm_bad(r, "helion.tile_size names no block: give it the induction variable of a tiled loop");
  hm_set_size(r, ir_result(op, 0), sym_name(r->mem, s->name));
  return LOOM_OK;
}

/* A size that data decides. */
static loom_status item(hm_reader *r, MlirOperation op) {
  kernel_value v;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  const char *name = arena_printf(r->mem, "%%%d", r->n_runtime++);
  kernel_add_symbol(r->mem, r->k, name, KERNEL_SYM_RUNTIME);
  hm_add(r, KERNEL_BIND, 1, &v, 0, NULL)->expr = sym_name(r->mem, name);
  hm_set_size(r, ir_result(op, 0), sym_name(r->mem, name));
  return LOOM_OK;
}

static loom_status constant(hm_reader *r, MlirOperation op) {
  MlirAttribute a = ir_attr_of(op, "value");
  MlirType t = mlirValueGetType(ir_result(op, 0));
  hm_item x = {.kind = HM_NUMBER};
  if (mlirTypeIsAIndex(t) || (mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) > 1)) {
    int64_t n;
    if (!ir_attr_int(a, &n))
      return hm_bad(r, "the constant is no integer of 64 bits");
    hm_set_size(r, ir_result(op, 0), sym_const(r->mem, n));
    return LOOM_OK;
  }
  if (!hm_mlir_element(t, &x.type.type) || !hm_number_of(a, &x.number))
    return hm_unsupported(r, op, "a constant is a number or a tensor of one number");
  if (mlirTypeIsAShaped(t) && mlirShapedTypeGetRank(t) > 0)
    return hm_unsupported(r, op, "tensors are filled by linalg.fill");
  hm_set(r, ir_result(op, 0), x);
  return LOOM_OK;
}

/* torch.constant.int, .bool, .float, .none */
static loom_status torch_constant(hm_reader *r, MlirOperation op, const char *kind) {
  hm_item x = {.kind = HM_NUMBER, .type.type = DTYPE_F64};
  if (text_eq(kind, "none"))
    x.kind = HM_NONE;
  else if (!hm_number_of(ir_attr_of(op, "value"), &x.number))
    return hm_bad(r, "'%s' has no value", ir_op_name(op));
  if (text_eq(kind, "int") || text_eq(kind, "bool"))
    x = (hm_item){.kind = HM_SIZE, .size = sym_const(r->mem, (int64_t)x.number)};
  hm_set(r, ir_result(op, 0), x);
  return LOOM_OK;
}

/* arith.index_cast, torch_c.from_i64 and the like: the integer stays what it is. */
static loom_status convert(hm_reader *r, MlirOperation op) {
  hm_item x = *hm_get(r, ir_operand(op, 0));
  bool to_index = mlirTypeIsAIndex(mlirValueGetType(ir_result(op, 0)));
  if (x.kind == HM_SCALAR && to_index)
    x.kind = HM_INDEX;
  else if (x.kind == HM_INDEX && !to_index)
    x.kind = HM_SCALAR;
  else if (x.kind != HM_SIZE)
    return hm_bad(r, "'%s' of something else than an integer", ir_op_name(op));
  hm_set(r, ir_result(op, 0), x);
  return LOOM_OK;
}

static loom_status dim_of(hm_reader *r, MlirOperation op) {
  const hm_item *x = hm_get(r, ir_operand(op, 0));
  const kernel_type *t = x->kind == HM_MEMORY ? &r->k->tensors.at[x->memory].shape : x->kind == HM_VALUE ? hm_type(r, x->value) : NULL;
  int64_t d;
  LOOM_TRY(hm_const(r, ir_operand(op, 1), &d));
  if (!t || d < 0 || d >= t->rank)
    return hm_bad(r, "tensor.dim %" PRId64 " of a value that has no such dim", d);
  hm_set_size(r, ir_result(op, 0), t->dim[d]);
  return LOOM_OK;
}

bool hm_read_index_op(hm_reader *r, MlirOperation op, loom_status *st) {
  static const struct { const char *name; sym_op op; } ariths[] = {
      {"arith.addi", SYM_ADD},       {"arith.subi", SYM_SUB},           {"arith.muli", SYM_MUL},       {"arith.ceildivsi", SYM_CEILDIV}, {"arith.ceildivui", SYM_CEILDIV},
      {"arith.floordivsi", SYM_FLOORDIV}, {"arith.divui", SYM_FLOORDIV}, {"arith.divsi", SYM_FLOORDIV}, {"arith.remsi", SYM_MOD},         {"arith.remui", SYM_MOD},
      {"arith.minsi", SYM_MIN},      {"arith.minui", SYM_MIN},          {"arith.maxsi", SYM_MAX},      {"arith.maxui", SYM_MAX}};
  static const struct { const char *name; loom_status (*read)(hm_reader *, MlirOperation); } rows[] = {
      {"loom.get_symbol", get_symbol}, {"helion.tile_size", tile_size}, {"helion.item", item},        {"arith.constant", constant}, {"arith.index_cast", convert},
      {"torch_c.from_i64", convert},   {"torch_c.to_i64", convert},     {"tensor.dim", dim_of}};
  const char *name = ir_op_name(op);
  for (size_t i = 0; i < sizeof ariths / sizeof *ariths; i++)
    if (text_eq(ariths[i].name, name))
      return *st = binary(r, op, ariths[i].op), true;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].name, name))
      return *st = rows[i].read(r, op), true;
  if (text_eq(name, "affine.apply") || text_eq(name, "affine.min") || text_eq(name, "affine.max"))
    return *st = affine_op(r, op, text_eq(name, "affine.max") ? SYM_MAX : SYM_MIN), true;
  if (text_starts(name, "torch.constant."))
    return *st = torch_constant(r, op, name + strlen("torch.constant.")), true;
  if (text_eq(name, "helion.tile_count"))   /* the loop looks at its operands */
    return *st = LOOM_OK, true;
  return false;
}
