/* Mutation operators on the materialized IR: operations left out, doubled, moved; operands and sizes. */
#ifndef LOOM_COMPILE_MUTATE_OPS_H
#define LOOM_COMPILE_MUTATE_OPS_H
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

/* At one of its uses: at all of them it may be another block size, and another right program. */
static bool mutate_ir_constant(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_index_constant);
  VEC_OF(MlirOpOperand) uses = {0};
  for (MlirOpOperand use = mlirValueGetFirstUse(ir_result(op, 0)); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use))
    vec_push(m->mem, &uses, use);
  if (!uses.n)
    return false;
  MlirOpOperand use = uses.at[mutate_pick(m, uses.n)];
  return ir_shift_operand(m, mlirOpOperandGetOwner(use), (intptr_t)mlirOpOperandGetOperandNumber(use), mutate_pick(m, 2) ? 1 : -1);
}

/* One side of a minimum, maximum or sum of indices stands for it. */
static inline bool ir_one_side(mutation *m, MlirOperation op) {
  if (mlirOperationIsNull(op))
    return false;
  int64_t a, b;
  intptr_t i = (intptr_t)mutate_pick(m, 2);
  if (ir_const_int(ir_operand(op, 0), &a) && ir_const_int(ir_operand(op, 1), &b))   /* the one that is not the result */
    i = ir_is_min(op) ? a < b : a > b;
  mutate_say(m, "operand %d instead of all: %s", (int)i, ir_short(m, op));
  ir_replace_uses(ir_result(op, 0), ir_operand(op, i));
  return true;
}
static bool mutate_ir_clamp(mutation *m) { return ir_one_side(m, mutate_op(m, mutate_pick(m, 3) ? ir_is_min : ir_is_max)); }
static bool mutate_ir_sum(mutation *m) { return ir_one_side(m, mutate_op(m, ir_is_sum)); }
#endif
