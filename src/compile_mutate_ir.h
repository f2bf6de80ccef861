/* Mutation operators on the materialized IR. */
#ifndef LOOM_COMPILE_MUTATE_IR_H
#define LOOM_COMPILE_MUTATE_IR_H
#include "compile_mutate.h"

/* ---- places ---- */

typedef VEC_OF(MlirOperation) mutate_ops;
typedef bool mutate_op_filter(MlirOperation op);
typedef struct mutate_search { mutation *m; mutate_op_filter *f; mutate_ops found; } mutate_search;

static inline bool mutate_see(MlirOperation op, void *data) {
  mutate_search *x = data;
  if (x->f(op))
    vec_push(x->m->mem, &x->found, op);
  return true;
}

static inline mutate_ops mutate_find_ops(mutation *m, mutate_op_filter *f) {
  mutate_search x = {.m = m, .f = f};
  ir_walk(mlirModuleGetOperation(m->s->bufferized), mutate_see, &x);
  return x.found;
}

/* One of the operations that pass; null: none does. */
static inline MlirOperation mutate_op(mutation *m, mutate_op_filter *f) {
  mutate_ops all = mutate_find_ops(m, f);
  return all.n ? all.at[mutate_pick(m, all.n)] : (MlirOperation){NULL};
}

static inline bool ir_is_give(MlirOperation op) { return ir_op_is(op, "loom.semaphore_give"); }
static inline bool ir_is_take(MlirOperation op) { return ir_op_is(op, "loom.semaphore_take"); }
static inline bool ir_is_alloc(MlirOperation op) { return ir_op_is(op, "loom.alloc"); }
static inline bool ir_is_copy(MlirOperation op) { return ir_op_is(op, "loom.copy"); }
static inline bool ir_is_gather(MlirOperation op) { return ir_op_is(op, "loom.gather"); }
static inline bool ir_moves(MlirOperation op) { return ir_is_copy(op) || ir_is_gather(op); }
static inline bool ir_is_fill(MlirOperation op) { return ir_op_is(op, "linalg.fill"); }
static inline bool ir_is_generic(MlirOperation op) { return ir_op_is(op, "linalg.generic"); }
static inline bool ir_is_product(MlirOperation op) { return ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul"); }
static inline bool ir_computes(MlirOperation op) { return ir_is_generic(op) || ir_is_product(op); }
static inline bool ir_is_for(MlirOperation op) { return ir_op_is(op, "scf.for"); }
static inline bool ir_is_parallel(MlirOperation op) { return ir_op_is(op, "scf.parallel"); }
static inline bool ir_is_index_constant(MlirOperation op) {
  return ir_op_is(op, "arith.constant") && mlirTypeIsAIndex(mlirValueGetType(ir_result(op, 0)));
}
static inline bool ir_is_min(MlirOperation op) { return ir_op_is(op, "arith.minsi"); }
static inline bool ir_is_max(MlirOperation op) { return ir_op_is(op, "arith.maxsi"); }
static inline bool ir_is_sum(MlirOperation op) { return ir_op_is(op, "arith.addi"); }
static inline bool ir_is_linear(MlirOperation op) { return ir_op_is(op, "affine.linearize_index"); }
static inline bool ir_is_subview(MlirOperation op) { return ir_op_is(op, "memref.subview"); }
static inline bool ir_has_dynamic_sizes(MlirOperation op) { return (ir_is_subview(op) || ir_op_is(op, "memref.reinterpret_cast")) && ir_num_operands(op) > 2; }
static inline bool ir_has_strides(MlirOperation op) { return ir_op_is(op, "memref.reinterpret_cast"); }
/* Named operations print no body: an edit of it is none. */
static inline bool ir_is_in_generic(MlirOperation op) { return ir_is_generic(mlirOperationGetParentOperation(op)); }
static inline bool ir_is_step(MlirOperation op) {       /* of a tile's arithmetic */
  static const char *const names[] = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "math.exp", "math.log", "arith.maximumf"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return ir_is_in_generic(op);
  return false;
}
static inline bool ir_has_two_sides(MlirOperation op) { return (ir_op_is(op, "arith.subf") || ir_op_is(op, "arith.divf")) && ir_is_in_generic(op); }
static inline bool ir_is_accumulation(MlirOperation op) {
  return (ir_op_is(op, "arith.addf") || ir_op_is(op, "arith.maximumf")) && ir_is_in_generic(op) && (mlirValueIsABlockArgument(ir_operand(op, 0)) || mlirValueIsABlockArgument(ir_operand(op, 1)));
}

static inline const char *ir_short(mutation *m, MlirOperation op) {
  const char *printed = ir_print(m->mem, op, false);
  size_t n = strcspn(printed, "\n");
  return arena_strndup(m->mem, printed, n < 160 ? n : 160);
}

static inline bool ir_erase_at(mutation *m, MlirOperation op) {
  if (mlirOperationIsNull(op))
    return false;
  mutate_say(m, "left out: %s", ir_short(m, op));
  return ir_erase(op);
}
static bool mutate_ir_drop_give(mutation *m) { return ir_erase_at(m, mutate_op(m, ir_is_give)); }
static bool mutate_ir_drop_copy(mutation *m) { return ir_erase_at(m, mutate_op(m, ir_is_copy)); }
static bool mutate_ir_drop_gather(mutation *m) { return ir_erase_at(m, mutate_op(m, ir_is_gather)); }
static bool mutate_ir_drop_fill(mutation *m) { return ir_erase_at(m, mutate_op(m, ir_is_fill)); }
static bool mutate_ir_drop_compute(mutation *m) { return ir_erase_at(m, mutate_op(m, ir_computes)); }

static bool mutate_ir_drop_take(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_take);
  if (mlirOperationIsNull(op))
    return false;
  mutate_say(m, "left out: %s", ir_short(m, op));
  ir_replace_uses(ir_result(op, 0), ir_operand(op, 0));
  return ir_erase(op);
}

static inline bool ir_double(mutation *m, MlirOperation op) {
  if (mlirOperationIsNull(op))
    return false;
  mlirBlockInsertOwnedOperationAfter(mlirOperationGetBlock(op), op, mlirOperationClone(op));
  return mutate_say(m, "twice: %s", ir_short(m, op));
}
static bool mutate_ir_double_give(mutation *m) { return ir_double(m, mutate_op(m, ir_is_give)); }
static bool mutate_ir_double_copy(mutation *m) { return ir_double(m, mutate_op(m, ir_is_copy)); }
static bool mutate_ir_double_compute(mutation *m) { return ir_double(m, mutate_op(m, ir_computes)); }

/* The last operation before `op` in its block that is not index arithmetic. */
static inline MlirOperation ir_before_it(MlirOperation op) {
  MlirBlock block = mlirOperationGetBlock(op);
  MlirOperation last = {NULL};
  for (MlirOperation o = mlirBlockGetFirstOperation(block); !mlirOperationEqual(o, op); o = mlirOperationGetNextInBlock(o))
    if (ir_moves(o) || ir_computes(o) || ir_is_fill(o))
      last = o;
  return last;
}

static bool mutate_ir_early_give(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_give), before = {NULL};
  if (!mlirOperationIsNull(op))
    before = ir_before_it(op);
  MlirOperation take = ir_def(ir_operand(op, 0));
  if (mlirOperationIsNull(before) || mlirOperationIsNull(take) || !mlirBlockEqual(mlirOperationGetBlock(take), mlirOperationGetBlock(op)))
    return false;
  for (MlirOperation o = before; !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o))
    if (mlirOperationEqual(o, take))
      return false;
  mutate_say(m, "earlier: %s", ir_short(m, op));
  mlirOperationMoveBefore(op, before);
  return true;
}

/* ---- operands ---- */

static inline bool ir_swap_operands(mutation *m, MlirOperation op, intptr_t a, intptr_t b) {
  MlirValue x = ir_operand(op, a), y = ir_operand(op, b);
  mutate_say(m, "operands %d and %d swapped: %s", (int)a, (int)b, ir_short(m, op));
  mlirOperationSetOperand(op, a, y);
  mlirOperationSetOperand(op, b, x);
  return true;
}

static bool mutate_ir_swap_factors(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_product);
  return !mlirOperationIsNull(op) && ir_swap_operands(m, op, 0, 1);
}
static bool mutate_ir_swap_sides(mutation *m) {
  MlirOperation op = mutate_op(m, ir_has_two_sides);
  return !mlirOperationIsNull(op) && ir_swap_operands(m, op, 0, 1);
}
static bool mutate_ir_swap_inputs(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_generic);
  if (mlirOperationIsNull(op) || ir_num_operands(op) < 3 || !mlirTypeEqual(mlirValueGetType(ir_operand(op, 0)), mlirValueGetType(ir_operand(op, 1))))
    return false;
  return ir_swap_operands(m, op, 0, 1);
}
static bool mutate_ir_swap_offsets(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_linear);
  if (mlirOperationIsNull(op) || ir_num_operands(op) < 2)
    return false;
  size_t a = mutate_pick(m, (size_t)ir_num_operands(op) - 1);
  return ir_swap_operands(m, op, (intptr_t)a, (intptr_t)a + 1);
}
static bool mutate_ir_swap_sizes(mutation *m) {
  MlirOperation op = mutate_op(m, ir_has_dynamic_sizes);
  if (mlirOperationIsNull(op))
    return false;
  size_t n = (size_t)ir_num_operands(op) - 1, a = 1 + mutate_pick(m, n), b = 1 + a % n;
  return a != b && ir_swap_operands(m, op, (intptr_t)a, (intptr_t)b);
}

static inline MlirValue ir_near(mutation *m, MlirOperation op, MlirValue v, int64_t by) {
  ir_builder b = ir_before(&m->s->ir, op);
  const MlirValue two[] = {v, ir_index_const(&b, by)};
  return ir_build1(&b, "arith.addi", ir_index_type(&m->s->ir), 2, two, 0, NULL);
}

static inline bool ir_shift_operand(mutation *m, MlirOperation op, intptr_t i, int64_t by) {
  mutate_say(m, "operand %d is %+d: %s", (int)i, (int)by, ir_short(m, op));
  mlirOperationSetOperand(op, i, ir_near(m, op, ir_operand(op, i), by));
  return true;
}

static bool mutate_ir_offset(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_linear);
  if (mlirOperationIsNull(op) || !ir_num_operands(op))
    return false;
  intptr_t i = (intptr_t)mutate_pick(m, (size_t)ir_num_operands(op));
  if (mutate_pick(m, 2))
    return ir_shift_operand(m, op, i, mutate_pick(m, 2) ? 1 : -1);
  mutate_say(m, "operand %d is 0: %s", (int)i, ir_short(m, op));
  ir_builder b = ir_before(&m->s->ir, op);
  mlirOperationSetOperand(op, i, ir_index_const(&b, 0));
  return true;
}

static bool mutate_ir_size(mutation *m) {
  MlirOperation op = mutate_op(m, ir_has_dynamic_sizes);
  if (mlirOperationIsNull(op))
    return false;
  int64_t by = mutate_pick(m, 2) ? 1 : -1;
  m->only_grows = by > 0 && ir_is_subview(op) && ir_is_take(ir_def(ir_operand(op, 0)));
  return ir_shift_operand(m, op, 1 + (intptr_t)mutate_pick(m, (size_t)ir_num_operands(op) - 1), by);
}

static bool mutate_ir_trip(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_for);
  m->only_grows = mutate_pick(m, 3) == 0;
  return !mlirOperationIsNull(op) && ir_shift_operand(m, op, 1, m->only_grows ? 1 : -1);
}

static bool mutate_ir_lost_core(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_parallel);
  intptr_t n = ir_num_operands(op) / 3, i = (intptr_t)mutate_pick(m, (size_t)(n > 0 ? n : 1));
  int64_t v;
  if (n < 1 || !ir_const_int(ir_operand(op, n + i), &v))
    return false;
  v -= mutate_pick(m, 3) ? 1 : -1;
  ir_builder b = ir_before(&m->s->ir, op);
  mlirOperationSetOperand(op, n + i, ir_index_const(&b, v));
  return mutate_say(m, "the grid has %d places along dim %d", (int)v, (int)i);
}

static bool mutate_ir_constant(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_index_constant);
  int64_t v;
  if (mlirOperationIsNull(op) || !ir_attr_int(ir_attr_of(op, "value"), &v))
    return false;
  int64_t by = mutate_pick(m, 2) ? 1 : -1;
  mutate_say(m, "%d instead of %d: %s", (int)(v + by), (int)v, ir_short(m, op));
  ir_set_attr(op, "value", ir_index_attr(&m->s->ir, v + by));
  return true;
}

/* One side of a minimum, maximum or sum of indices stands for it. */
static inline bool ir_one_side(mutation *m, MlirOperation op) {
  if (mlirOperationIsNull(op))
    return false;
  intptr_t i = (intptr_t)mutate_pick(m, 2);
  mutate_say(m, "operand %d instead of all: %s", (int)i, ir_short(m, op));
  ir_replace_uses(ir_result(op, 0), ir_operand(op, i));
  return true;
}
static bool mutate_ir_clamp(mutation *m) { return ir_one_side(m, mutate_op(m, mutate_pick(m, 3) ? ir_is_min : ir_is_max)); }
static bool mutate_ir_sum(mutation *m) { return ir_one_side(m, mutate_op(m, ir_is_sum)); }

/* ---- movement ---- */

static bool mutate_ir_area(mutation *m) {
  MlirOperation op = mutate_op(m, ir_moves);
  MlirAttribute area = ir_attr_of(op, "static_area");
  int64_t at[DIALECT_MESH_MAX];
  if (mlirAttributeIsNull(area))
    return false;
  intptr_t n = mlirDenseArrayGetNumElements(area);
  for (intptr_t i = 0; i < n && i < DIALECT_MESH_MAX; i++)
    at[i] = mlirDenseI64ArrayGetElement(area, i);
  at[mutate_pick(m, (size_t)n)] += mutate_pick(m, 2) ? 1 : -1;
  mutate_say(m, "area %d, ..: %s", (int)at[0], ir_short(m, op));
  ir_set_attr(op, "static_area", mlirDenseI64ArrayGet(m->s->ir.mlir, n, at));
  return true;
}

static bool mutate_ir_corner(mutation *m) {
  MlirOperation op = mutate_op(m, ir_moves);
  intptr_t n = ir_num_operands(op);
  if (n < 4)
    return false;
  return ir_shift_operand(m, op, n - 1 - (intptr_t)mutate_pick(m, n < 6 ? 2 : 4), mutate_pick(m, 2) ? 1 : -1);
}

/* Both corners of the region one core further. */
static bool mutate_ir_region(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_copy);
  intptr_t n = ir_num_operands(op), mesh = (n - 2) / 2;
  if (mesh < 1)
    return false;
  intptr_t d = (intptr_t)mutate_pick(m, (size_t)mesh);
  return ir_shift_operand(m, op, 2 + d, 1) && ir_shift_operand(m, op, 2 + mesh + d, 1);
}

static bool mutate_ir_place(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_gather);
  return !mlirOperationIsNull(op) && ir_shift_operand(m, op, 2, mutate_pick(m, 2) ? 1 : -1);
}

/* Where another copy reads. */
static bool mutate_ir_source(mutation *m) {
  mutate_ops all = mutate_find_ops(m, ir_is_copy);
  for (size_t k = 0; k + 1 < all.n; k++)
    for (size_t i = k + 1; i < all.n; i++)
      if (mlirTypeEqual(mlirValueGetType(ir_operand(all.at[k], 0)), mlirValueGetType(ir_operand(all.at[i], 0))) &&
          mlirBlockEqual(mlirOperationGetBlock(all.at[k]), mlirOperationGetBlock(all.at[i])) && mutate_pick(m, 2)) {
        mutate_say(m, "the source of another copy: %s", ir_short(m, all.at[i]));
        mlirOperationSetOperand(all.at[i], 0, ir_operand(all.at[k], 0));
        return true;
      }
  return false;
}

static bool mutate_ir_dims(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_parallel);
  MlirAttribute dims = ir_attr_of(op, "loom.physical_dims"), at[8];
  if (mlirAttributeIsNull(dims) || !mlirAttributeIsAArray(dims))
    return false;
  intptr_t n = mlirArrayAttrGetNumElements(dims);
  if (n < 2 || n > 8)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirArrayAttrGetElement(dims, (i + 1) % n);
  ir_set_attr(op, "loom.physical_dims", mlirArrayAttrGet(m->s->ir.mlir, n, at));
  return mutate_say(m, "the grid's dims on each other's dims of the mesh");
}

/* ---- memory ---- */

static bool mutate_ir_overlap(mutation *m) {
  MlirOperation a = mutate_op(m, ir_is_alloc), b = mutate_op(m, ir_is_alloc);
  if (mlirOperationIsNull(a) || mlirOperationEqual(a, b))
    return false;
  mutate_say(m, "at the offset of another one: %s", ir_short(m, a));
  ir_set_attr(a, "offset", ir_attr_of(b, "offset"));
  return true;
}

static bool mutate_ir_l1_offset(mutation *m) {
  static const int64_t by[] = {-32, 8, 32, 1 << 24};
  MlirOperation a = mutate_op(m, ir_is_alloc);
  int64_t v;
  if (mlirOperationIsNull(a) || !ir_attr_int(ir_attr_of(a, "offset"), &v))
    return false;
  v += by[mutate_pick(m, 4)];
  mutate_say(m, "at %d: %s", (int)v, ir_short(m, a));
  ir_set_attr(a, "offset", ir_int_attr(&m->s->ir, v));
  return true;
}

static bool mutate_ir_depth(mutation *m) {
  MlirOperation a = mutate_op(m, ir_is_alloc);
  int64_t v;
  if (mlirOperationIsNull(a) || !ir_attr_int(ir_attr_of(a, "buffer_count"), &v))
    return false;
  v += mutate_pick(m, 2) ? 1 : -1;
  mutate_say(m, "%d slots: %s", (int)v, ir_short(m, a));
  ir_set_attr(a, "buffer_count", ir_int_attr(&m->s->ir, v));
  return true;
}

static bool mutate_ir_strides(mutation *m) {
  MlirOperation op = mutate_op(m, ir_has_strides);
  MlirAttribute strides = ir_attr_of(op, "static_strides");
  int64_t at[DIALECT_RANK_MAX];
  intptr_t n = mlirAttributeIsNull(strides) ? 0 : mlirDenseArrayGetNumElements(strides);
  if (n < 2 || n > DIALECT_RANK_MAX)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirDenseI64ArrayGetElement(strides, i);
  size_t a = mutate_pick(m, (size_t)n - 1);
  int64_t was = at[a];
  at[a] = at[a + 1];
  at[a + 1] = was;
  mutate_say(m, "strides %zu and %zu swapped: %s", a, a + 1, ir_short(m, op));
  ir_set_attr(op, "static_strides", mlirDenseI64ArrayGet(m->s->ir.mlir, n, at));
  return true;
}

/* ---- arithmetic ---- */

/* A finite constant infinite, an infinite one with the other sign. */
static bool mutate_ir_fill(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_fill), def = ir_def(ir_operand(op, 0));
  MlirAttribute value = ir_attr_of(def, "value");
  if (mlirAttributeIsNull(value) || !mlirAttributeIsAFloat(value))
    return false;
  double v = mlirFloatAttrGetValueDouble(value), other = isfinite(v) ? (double)INFINITY : -v;   /* a softmax takes back what is added, and multiplies what it starts with by 0 */
  mutate_say(m, "%g instead of %g: %s", other, v, ir_short(m, op));
  MlirOperation copy = mlirOperationClone(def);
  mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(op), op, copy);
  ir_set_attr(copy, "value", mlirFloatAttrDoubleGet(m->s->ir.mlir, mlirValueGetType(ir_result(def, 0)), other));
  mlirOperationSetOperand(op, 0, ir_result(copy, 0));
  return true;
}

static bool mutate_ir_step(mutation *m) {
  static const char *const swaps[][2] = {{"arith.addf", "arith.subf"}, {"arith.subf", "arith.addf"}, {"arith.mulf", "arith.addf"}, {"arith.divf", "arith.mulf"},
                                         {"math.exp", "math.log"}, {"math.log", "math.exp"}, {"arith.maximumf", "arith.minimumf"}};
  MlirOperation op = mutate_op(m, ir_is_step);
  for (size_t i = 0; !mlirOperationIsNull(op) && i < sizeof swaps / sizeof *swaps; i++) {
    if (!ir_op_is(op, swaps[i][0]))
      continue;
    const MlirValue two[] = {ir_operand(op, 0), ir_operand(op, 1)};
    ir_builder b = ir_before(&m->s->ir, op);
    mutate_say(m, "%s instead of %s", swaps[i][1], ir_short(m, op));
    ir_replace_uses(ir_result(op, 0), ir_build1(&b, swaps[i][1], mlirValueGetType(ir_result(op, 0)), ir_num_operands(op), two, 0, NULL));
    return true;
  }
  return false;
}

/* What was there before is forgotten: one operand instead of the sum. */
static bool mutate_ir_forget(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_accumulation);
  if (mlirOperationIsNull(op))
    return false;
  intptr_t i = (intptr_t)mutate_pick(m, 2);
  mutate_say(m, "operand %d alone: %s", (int)i, ir_short(m, op));
  ir_replace_uses(ir_result(op, 0), ir_operand(op, i));
  return true;
}

/* Adds to what an earlier turn of a loop has left: not to zeros of a fill before it. */
static inline bool ir_adds_up(MlirOperation op) {
  int64_t from, to, step;
  MlirOperation loop = mlirOperationGetParentOperation(op);
  if (!ir_is_product(op) || !ir_is_for(loop) || !mlirAttributeEqual(ir_attr_of(loop, "loom.iter_type"), mlirAttributeParseGet(mlirOperationGetContext(op), mlirStringRefCreateFromCString("#loom.iter_type<\"sequential\">"))) || (ir_const_int(ir_operand(loop, 0), &from) && ir_const_int(ir_operand(loop, 1), &to) && ir_const_int(ir_operand(loop, 2), &step) && to - from <= step))
    return false;
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(op)); !mlirOperationEqual(o, op); o = mlirOperationGetNextInBlock(o))
    if (ir_is_fill(o) && mlirValueEqual(ir_operand(o, 1), ir_operand(op, 2)))
      return false;
  return true;
}

/* loom.matmul writes where linalg.matmul adds. */
static bool mutate_ir_overwrite(mutation *m) {
  MlirOperation op = mutate_op(m, ir_adds_up);
  if (mlirOperationIsNull(op) || !m->has_turns)
    return false;
  const MlirValue three[] = {ir_operand(op, 0), ir_operand(op, 1), ir_operand(op, 2)};
  ir_builder b = ir_before(&m->s->ir, op);
  mutate_say(m, "overwrites: %s", ir_short(m, op));
  MlirOperation made = ir_build(&b, ir_op_is(op, "linalg.matmul") ? "loom.matmul" : "loom.batch_matmul", 0, NULL, 3, three, 0, NULL, 0, NULL);
  return !mlirOperationIsNull(made) && ir_erase(op);
}

static bool mutate_ir_maps(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_generic);
  MlirAttribute maps = ir_attr_of(op, "indexing_maps"), at[8];
  intptr_t n = mlirAttributeIsNull(maps) ? 0 : mlirArrayAttrGetNumElements(maps);
  if (n < 2 || n > 8)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirArrayAttrGetElement(maps, i);
  size_t a = mutate_pick(m, (size_t)n - 1);
  MlirAttribute was = at[a];
  at[a] = at[a + 1];
  at[a + 1] = was;
  mutate_say(m, "maps %zu and %zu swapped: %s", a, a + 1, ir_short(m, op));
  ir_set_attr(op, "indexing_maps", mlirArrayAttrGet(m->s->ir.mlir, n, at));
  return true;
}

static const mutate_operator mutate_ir_operators[] = {
    {"semaphore_give left out", true, mutate_ir_drop_give}, {"semaphore_take left out", true, mutate_ir_drop_take}, {"copy left out", true, mutate_ir_drop_copy},
    {"gather left out", true, mutate_ir_drop_gather}, {"fill left out", true, mutate_ir_drop_fill}, {"computation left out", true, mutate_ir_drop_compute},
    {"semaphore_give twice", true, mutate_ir_double_give}, {"copy twice", true, mutate_ir_double_copy}, {"computation twice", true, mutate_ir_double_compute},
    {"semaphore_give too early", true, mutate_ir_early_give}, {"factors swapped", true, mutate_ir_swap_factors}, {"sides swapped", true, mutate_ir_swap_sides},
    {"inputs swapped", true, mutate_ir_swap_inputs}, {"offsets swapped", true, mutate_ir_swap_offsets}, {"sizes swapped", true, mutate_ir_swap_sizes},
    {"wrong offset", true, mutate_ir_offset}, {"wrong size", true, mutate_ir_size}, {"bound of a loop off by one", true, mutate_ir_trip},
    {"wrong grid", true, mutate_ir_lost_core}, {"constant off by one", true, mutate_ir_constant}, {"clamp left out", true, mutate_ir_clamp},
    {"term left out", true, mutate_ir_sum}, {"wrong area", true, mutate_ir_area}, {"wrong corner", true, mutate_ir_corner}, {"moved region", true, mutate_ir_region},
    {"wrong place of a gather", true, mutate_ir_place}, {"wrong source", true, mutate_ir_source}, {"dims of the mesh swapped", true, mutate_ir_dims},
    {"overlapping allocs", true, mutate_ir_overlap}, {"moved alloc", true, mutate_ir_l1_offset}, {"wrong buffer_count", true, mutate_ir_depth},
    {"strides swapped", true, mutate_ir_strides}, {"wrong constant of a fill", true, mutate_ir_fill}, {"wrong arithmetic", true, mutate_ir_step},
    {"accumulation forgotten", true, mutate_ir_forget}, {"overwriting product", true, mutate_ir_overwrite}, {"indexing maps swapped", true, mutate_ir_maps},
};
#endif
