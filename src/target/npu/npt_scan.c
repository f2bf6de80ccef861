/* Running sums, products and extremes: lower_reduce.c writes element i as the reduction of elements 0..i (or i.. from the end), of all with a neutral element for the others, which takes
 * time with the square of the axis.  Here they are found again, to be done element after element. */
#include "target/npu/npt_lower.h"
#include "base/text.h"

/* The dim of linalg.index behind casts; -1: another value. */
static int index_dim(MlirValue v) {
  int64_t dim = -1;
  MlirOperation op = ir_def(v);
  while (ir_op_is(op, "arith.index_cast"))
    op = ir_def(ir_operand(op, 0));
  return ir_op_is(op, "linalg.index") && ir_attr_int(ir_attr_of(op, "dim"), &dim) ? (int)dim : -1;
}

static bool has_dim(const tfn_operand *o, int iter) {
  for (int d = 0; d < o->rank; d++)
    if (o->iter[d] == iter)
      return true;
  return false;
}

/* The dim that only the output has, and the one that is reduced, which only the input has. */
static bool read_dims(const tfn_function *f, npt_scan *out) {
  int reduced = 0, own = 0;
  for (int d = 0; d < f->n_iter; d++) {
    const bool in_input = has_dim(&f->operand[0], d), in_output = has_dim(&f->operand[1], d);
    if (f->is_reduction[d]) {
      out->along = d;
      reduced += 1 + (in_output || !in_input);
    } else if (in_output && !in_input) {
      out->axis = d;
      own++;
    }
  }
  return reduced == 1 && own == 1;
}

/* i <= j of the two dims, either way round; *from_end: i >= j. */
static bool read_order(MlirOperation compare, npt_scan *out) {
  enum { SLE = 3, SGE = 5 };
  int64_t predicate;
  if (!ir_op_is(compare, "arith.cmpi") || !ir_attr_int(ir_attr_of(compare, "predicate"), &predicate) || (predicate != SLE && predicate != SGE))
    return false;
  const int left = index_dim(ir_operand(compare, 0)), right = index_dim(ir_operand(compare, 1));
  const bool is_turned = left == out->axis && right == out->along;
  out->from_end = (predicate == SGE) != is_turned;
  return is_turned || (left == out->along && right == out->axis);
}

/* The input's element, in whatever type. */
static bool is_input(MlirValue v, MlirValue x) {
  MlirOperation op = ir_def(v);
  while (!mlirOperationIsNull(op) && ir_num_operands(op) == 1 && text_starts(ir_op_name(op), "arith.")) {
    v = ir_operand(op, 0);
    op = ir_def(v);
  }
  return mlirValueEqual(v, x);
}

bool npt_read_scan(const tfn_function *f, npt_scan *out) {
  *out = (npt_scan){.axis = NPT_NONE, .along = NPT_NONE};
  if (f->kind != TFN_GENERIC || mlirOperationIsNull(f->op) || !ir_op_is(f->op, "linalg.generic") || f->n_operands != 2 || !read_dims(f, out))
    return false;
  MlirBlock body = ir_body(f->op);
  const MlirValue x = mlirBlockGetArgument(body, 0), old = mlirBlockGetArgument(body, 1);
  out->combine = ir_def(tfn_yielded(f));
  if (mlirOperationIsNull(out->combine) || ir_num_operands(out->combine) != 2)
    return false;
  for (int i = 0; i < 2; i++) {
    MlirOperation chosen = ir_def(ir_operand(out->combine, 1 - i));
    if (!mlirValueEqual(ir_operand(out->combine, i), old) || !ir_op_is(chosen, "arith.select") || !is_input(ir_operand(chosen, 1), x))
      continue;
    MlirOperation neutral = ir_def(ir_operand(chosen, 2));
    if (!ir_op_is(neutral, "arith.constant") || !read_order(ir_def(ir_operand(chosen, 0)), out))
      continue;
    out->value = ir_operand(chosen, 1);
    out->neutral = ir_attr_of(neutral, "value");
    return true;
  }
  return false;
}
