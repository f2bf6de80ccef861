/* What surrounds the nodes: the function's arguments and the scf.parallel that spreads it over the mesh. */
#include "tog/build/tog_build_private.h"
#include <string.h>

#define TENSOR_ELEMS_MAX ((int64_t)1 << 42)

/* ---- arguments ---- */

/* Row-major, with at least one element in each dim and strides that fit. */
static bool read_shape(MlirType t, tog_tensor *out) {
  if (!mlirTypeIsAMemRef(t) || !ir_type_dtype(t, &out->type) || !mlirShapedTypeHasStaticShape(t) || mlirShapedTypeGetRank(t) > TOG_RANK_MAX ||
      !mlirAffineMapIsIdentity(mlirMemRefTypeGetAffineMap(t)))
    return false;
  int64_t elems = 1;
  out->rank = (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < out->rank; d++) {
    out->shape[d] = mlirShapedTypeGetDimSize(t, d);
    if (out->shape[d] < 1 || __builtin_mul_overflow(elems, out->shape[d], &elems) || elems > TENSOR_ELEMS_MAX)
      return false;
  }
  return true;
}

/* loom.name of argument i, else "arg0". */
static const char *argument_name(build *b, intptr_t i) {
  MlirAttribute all = ir_attr_of(b->func, "arg_attrs");
  const char *name = NULL;
  if (!mlirAttributeIsNull(all) && mlirAttributeIsAArray(all) && i < mlirArrayAttrGetNumElements(all)) {
    MlirAttribute own = mlirArrayAttrGetElement(all, i);
    if (mlirAttributeIsADictionary(own))
      name = ir_attr_string(b->mem, mlirDictionaryAttrGetElementByName(own, mlirStringRefCreateFromCString("loom.name")));
  }
  return name ? name : arena_printf(b->mem, "arg%d", (int)i);
}

loom_status build_tensors(build *b) {
  MlirBlock body = ir_body(b->func);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    tog_tensor tensor = {.name = argument_name(b, i), .arg = (int)i};
    if (!read_shape(mlirValueGetType(mlirBlockGetArgument(body, i)), &tensor))
      LOOM_FAIL(b->ctx, ir_span(b->ir, b->func), LOOM_EUNSUP, "argument %d of '%s' is no memref of static shape and row-major layout, with 1 to 2^42 elements",
                (int)i, ir_func_name(b->mem, b->func));
    ir_l1_place place;
    if (!ir_argument_l1(b->ir, b->func, i, &place))
      LOOM_FAIL(b->ctx, ir_span(b->ir, b->func), LOOM_EINPUT, "loom.space of argument %d of '%s' is \"dram\", or \"l1\" with loom.page and loom.offset in bytes", (int)i, ir_func_name(b->mem, b->func));
    tensor.l1_page = place.page;
    tensor.l1_offset = place.offset;
    vec_push(b->mem, &b->tog->tensors, tensor);
  }
  return LOOM_OK;
}

/* ---- the mesh loop ---- */

static bool may_stand_beside(MlirOperation op) {
  return text_starts(ir_op_name(op), "arith.") || ir_op_is(op, "affine.apply") || ir_op_is(op, "func.return");
}

loom_status build_find_grid(build *b, MlirOperation *out) {
  *out = (MlirOperation){NULL};
  for (MlirOperation op = mlirBlockGetFirstOperation(ir_body(b->func)); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (mlirOperationIsNull(*out) && ir_op_is(op, "scf.parallel"))
      *out = op;
    else if (!may_stand_beside(op))
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' stands outside of the one scf.parallel that spreads '%s' over the mesh; move it inside",
                ir_op_name(op), ir_func_name(b->mem, b->func));
  }
  if (mlirOperationIsNull(*out))
    LOOM_FAIL(b->ctx, ir_span(b->ir, b->func), LOOM_EINPUT, "'%s' has no scf.parallel over the mesh", ir_func_name(b->mem, b->func));
  if (mlirOperationGetNumResults(*out) > 0)
    LOOM_FAIL(b->ctx, ir_span(b->ir, *out), LOOM_EUNSUP, "an scf.parallel that reduces values has no form in a TOG");
  return LOOM_OK;
}

/* Level and extent of one dim of the scf.parallel. */
typedef struct grid_dim { int mesh_dim; int64_t level, size; } grid_dim;

static MlirAttribute entry(MlirOperation op, const char *name, intptr_t i) {
  MlirAttribute a = ir_attr_of(op, name);
  return mlirAttributeIsNull(a) || !mlirAttributeIsAArray(a) || i >= mlirArrayAttrGetNumElements(a) ? (MlirAttribute){NULL} : mlirArrayAttrGetElement(a, i);
}

static loom_status read_grid_dim(build *b, MlirOperation grid, intptr_t i, intptr_t n, grid_dim *out) {
  loom_span span = ir_span(b->ir, grid);
  const char *name = ir_attr_string(b->mem, entry(grid, "loom.physical_dims", i));
  int64_t lb, step;
  if (!name || !ir_attr_int(entry(grid, "loom.logical_levels", i), &out->level))
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "scf.parallel lacks loom.physical_dims or loom.logical_levels for dim %d", (int)i);
  if (text_starts(name, "dim_"))
    name += 4;
  out->mesh_dim = -1;
  for (int d = 0; d < b->tog->n_mesh; d++)
    if (text_eq(b->tog->mesh_name[d], name))
      out->mesh_dim = d;
  if (out->mesh_dim < 0)
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "scf.parallel names mesh dim '%s', which machine '%s' does not have", name, b->machine->name);
  if (!ir_const_int(ir_operand(grid, i), &lb) || !ir_const_int(ir_operand(grid, n + i), &out->size) || !ir_const_int(ir_operand(grid, 2 * n + i), &step) ||
      lb != 0 || step != 1 || out->size < 1)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "scf.parallel must run from 0 to a constant in steps of 1");
  return LOOM_OK;
}

/* Cores used along each mesh dim. */
static loom_status count_cores(build *b, MlirOperation grid, const grid_dim *dims, intptr_t n, int64_t *used) {
  loom_span span = ir_span(b->ir, grid);
  for (intptr_t i = 0; i < n; i++) {
    int d = dims[i].mesh_dim;
    int64_t have = b->tog->mesh_size[d];
    for (intptr_t k = 0; k < i; k++)
      if (dims[k].mesh_dim == d && dims[k].level == dims[i].level)
        LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "dims %d and %d of scf.parallel are both level %" PRId64 " of mesh dim '%s'", (int)k, (int)i, dims[i].level,
                  b->tog->mesh_name[d]);
    if (__builtin_mul_overflow(used[d], dims[i].size, &used[d]) || used[d] > have)
      LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "scf.parallel uses more cores along '%s' than the %" PRId64 " that machine '%s' has", b->tog->mesh_name[d], have,
                b->machine->name);
  }
  return LOOM_OK;
}

/* Level l of a mesh dim is (coordinate floordiv product of the lower sizes) mod size. */
static const sym_expr *part_of_coordinate(build *b, const grid_dim *dims, intptr_t n, intptr_t i, const int64_t *used) {
  const grid_dim *own = &dims[i];
  int64_t stride = 1;
  for (intptr_t k = 0; k < n; k++)
    if (dims[k].mesh_dim == own->mesh_dim && dims[k].level < own->level)
      stride *= dims[k].size;
  if (own->size == 1)
    return sym_const(b->mem, 0);
  const sym_expr *e = sym_floordiv(b->mem, sym_name(b->mem, b->tog->mesh_name[own->mesh_dim]), sym_const(b->mem, stride));
  return stride * own->size < used[own->mesh_dim] ? sym_mod(b->mem, e, sym_const(b->mem, own->size)) : e;
}

loom_status build_bind_grid(build *b, MlirOperation grid) {
  intptr_t n = mlirBlockGetNumArguments(ir_body(grid));
  grid_dim *dims = ARENA_NEW_N(b->mem, grid_dim, n);
  int64_t used[TOG_MESH_MAX] = {1, 1, 1};
  for (intptr_t i = 0; i < n; i++)
    LOOM_TRY(read_grid_dim(b, grid, i, n, &dims[i]));
  LOOM_TRY(count_cores(b, grid, dims, n, used));
  for (int d = 0; d < b->tog->n_mesh; d++)
    b->tog->mesh_size[d] = used[d];
  for (intptr_t i = 0; i < n; i++)
    build_bind(b, mlirBlockGetArgument(ir_body(grid), i), part_of_coordinate(b, dims, n, i, used));
  return LOOM_OK;
}
