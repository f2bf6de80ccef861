/* The destination of a product: where its sums start from 0 and where they go when they are done.  A fill in front of the loop over k becomes a
 * start from 0 in its first turn; a store behind it that is all the slot is for becomes the destination of its last turn. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_region.h"


/* All users of a slot and its parts but the parts themselves. */
static void add_users(arena *mem, MlirValue v, cpu_ops *out) {
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    MlirOperation op = mlirOpOperandGetOwner(u);
    if (ir_op_is(op, "memref.subview"))
      add_users(mem, ir_result(op, 0), out);
    else
      vec_push(mem, out, op);
  }
}

static bool is_zero(MlirValue v) {
  MlirAttribute a = ir_attr_of(ir_def(v), "value");
  int64_t i;
  return !mlirAttributeIsNull(a) && (mlirAttributeIsAFloat(a) ? mlirFloatAttrGetValueDouble(a) == 0.0 : ir_attr_int(a, &i) && i == 0);
}

/* The loop over k: what stands beside the fill and holds the product, either itself or one scf.for that runs at least once. */
static bool find_turns(MlirOperation product, MlirOperation fill, MlirOperation *out) {
  int64_t from, to;
  *out = product;
  if (mlirBlockEqual(mlirOperationGetBlock(product), mlirOperationGetBlock(fill)))
    return true;
  *out = mlirOperationGetParentOperation(product);
  return ir_op_is(*out, "scf.for") && mlirBlockEqual(mlirOperationGetBlock(*out), mlirOperationGetBlock(fill)) && ir_const_int(ir_operand(*out, 0), &from) &&
         ir_const_int(ir_operand(*out, 1), &to) && from < to;
}

static bool is_pure(MlirOperation op) {
  return text_starts(ir_op_name(op), "arith.") || text_starts(ir_op_name(op), "affine.") || cpu_is_view(op);
}

/* Can `v` be had in front of `op`?  `move`: it is moved there. */
static bool lift(MlirValue v, MlirOperation op, bool move) {
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def) || !mlirBlockEqual(mlirOperationGetBlock(def), mlirOperationGetBlock(op)) || mlirOperationIsBeforeInBlock(def, op))
    return true;
  bool can = is_pure(def);
  for (intptr_t i = 0; can && i < ir_num_operands(def); i++)
    can = lift(ir_operand(def, i), op, move);
  if (can && move)
    mlirOperationMoveBefore(def, op);
  return can;
}

static bool has_rows_of(MlirValue v, MlirValue c) {
  return mlirTypeEqual(mlirShapedTypeGetElementType(mlirValueGetType(v)), mlirShapedTypeGetElementType(mlirValueGetType(c))) && cpu_has_unit_columns(v);
}

static bool tensor_is_loaded(MlirValue tensor) {
  for (MlirOpOperand u = mlirValueGetFirstUse(tensor); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    MlirOperation op = mlirOpOperandGetOwner(u);
    if (cpu_is_view(op) ? tensor_is_loaded(ir_result(op, 0)) : !(ir_op_is(op, "memref.copy") && mlirOpOperandGetOperandNumber(u) == 1))
      return true;
  }
  return false;
}

static cpu_sums find_sums(ir_ctx *ir, MlirOperation product) {
  cpu_sums out = {.turns = product};
  cpu_region r;
  cpu_ops users = {0};
  MlirValue c = ir_operand(product, 2);
  if (!cpu_read_region(c, &r))
    return out;
  add_users(&ir->ctx->mem, r.slot, &users);
  int stores = 0, others = 0;
  for (size_t i = 0; i < users.n; i++) {
    MlirOperation op = users.at[i], turns;
    if (mlirOperationEqual(op, product))
      continue;
    if (ir_op_is(op, "linalg.fill") && mlirOperationIsNull(out.fill) && mlirValueEqual(ir_operand(op, 1), c) && is_zero(ir_operand(op, 0)) && find_turns(product, op, &turns)) {
      out.fill = op;
      out.turns = turns;
    } else if (ir_op_is(op, "memref.copy") && mlirValueEqual(ir_operand(op, 0), c)) {
      out.store = op;
      stores++;
    } else {
      others++;
    }
  }
  bool is_last = stores == 1 && !others && !mlirOperationIsNull(out.fill) && mlirBlockEqual(mlirOperationGetBlock(out.store), mlirOperationGetBlock(out.turns)) &&
                 mlirOperationIsBeforeInBlock(out.turns, out.store) && has_rows_of(ir_operand(out.store, 1), c) && !mlirValueIsNull(cpu_tensor_of(ir_operand(out.store, 1))) &&
                 !tensor_is_loaded(cpu_tensor_of(ir_operand(out.store, 1))) && lift(ir_operand(out.store, 1), out.turns, false);
  if (!is_last)
    out.store = (MlirOperation){NULL};
  for (size_t i = 0; i < users.n && !mlirOperationIsNull(out.fill); i++)   /* nobody looks between the fill and the first turn, or writes before it */
    if (!mlirOperationEqual(users.at[i], product) && !mlirOperationEqual(users.at[i], out.fill) && !cpu_is_after(users.at[i], out.turns))
      out.fill = out.store = (MlirOperation){NULL};
  return out;
}

/* Values for the product: true in the first turn; the destination. */
static MlirValue sums_start(ir_builder *b, const cpu_sums *s, MlirOperation product) {
  bool is_once = mlirOperationEqual(s->turns, product);
  ir_named value = {"value", ir_bool_attr(b->ir, is_once && !mlirOperationIsNull(s->fill))};
  if (is_once || mlirOperationIsNull(s->fill))
    return ir_build1(b, "arith.constant", ir_type(b->ir, "i1"), 0, NULL, 1, &value);
  ir_named eq = {"predicate", ir_int_attr(b->ir, 0)};
  return ir_build1(b, "arith.cmpi", ir_type(b->ir, "i1"), 2, (MlirValue[]){mlirBlockGetArgument(ir_body(s->turns), 0), ir_operand(s->turns, 0)}, 1, &eq);
}

static MlirValue sums_end(ir_builder *b, const cpu_sums *s, MlirOperation product, const char *type) {
  MlirValue slot = cpu_cast(b, ir_operand(product, 2), type);
  if (mlirOperationIsNull(s->store))
    return slot;
  lift(ir_operand(s->store, 1), s->turns, true);
  MlirValue out = cpu_cast(b, ir_operand(s->store, 1), type), index = mlirBlockGetArgument(ir_body(s->turns), 0);
  if (mlirOperationEqual(s->turns, product))
    return out;
  MlirType index_type = ir_index_type(b->ir);
  ir_named sge = {"predicate", ir_int_attr(b->ir, 5)};
  MlirValue next = ir_build1(b, "arith.addi", index_type, 2, (MlirValue[]){index, ir_operand(s->turns, 2)}, 0, NULL);
  MlirValue is_last = ir_build1(b, "arith.cmpi", ir_type(b->ir, "i1"), 2, (MlirValue[]){next, ir_operand(s->turns, 1)}, 1, &sge);
  return ir_build1(b, "arith.select", mlirValueGetType(out), 3, (MlirValue[]){is_last, out, slot}, 0, NULL);
}

/* ---- a product becomes a call ---- */
void cpu_open_site(ir_ctx *ir, MlirOperation product, const char *type, cpu_site *out) {
  *out = (cpu_site){.b = ir_before(ir, product), .sums = find_sums(ir, product)};
  MlirValue c = ir_operand(product, 2), to = c;
  int batches = (int)mlirShapedTypeGetRank(mlirValueGetType(c)) - 2;
  out->init = sums_start(&out->b, &out->sums, product);
  if (batches)
    out->sums.store = (MlirOperation){NULL};
  else
    to = sums_end(&out->b, &out->sums, product, type);
  cpu_open_loops(&out->b, c, batches, out->index);
  out->from = cpu_cast(&out->b, cpu_matrix_at(&out->b, c, out->index), type);
  out->to = batches ? out->from : cpu_cast(&out->b, to, type);
}

void cpu_close_site(ir_ctx *ir, MlirOperation product, const cpu_site *s, cpu_ops *dead) {
  const MlirOperation done[] = {product, s->sums.fill, s->sums.store};
  for (int i = 0; i < 3; i++)
    if (!mlirOperationIsNull(done[i]))
      vec_push(&ir->ctx->mem, dead, done[i]);
}
