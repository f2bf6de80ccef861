/* %p = reduce ins(..) outs(fill(neutral)); %s = generic{combine}(%acc, %p)   ==>   %s = reduce ins(..) outs(%acc)
 * where %acc is a loop-carried tensor that nothing else reads (a rescaled accumulator has other readers and stays) and the
 * reduction combines with the same op.  Saves one tile-sized buffer and one pass over it per iteration. */
#include "pass/pass_private.h"
#include <math.h>

typedef enum neutral { NEUTRAL_ZERO, NEUTRAL_ONE, NEUTRAL_LOWEST, NEUTRAL_HIGHEST } neutral;

/* The combining ops and their neutral elements; integer extremes are not written as fills by any front end. */
static const struct { const char *op; neutral neutral; } combiners[] = {
    {"arith.addf", NEUTRAL_ZERO}, {"arith.addi", NEUTRAL_ZERO}, {"arith.mulf", NEUTRAL_ONE},          {"arith.muli", NEUTRAL_ONE},
    {"arith.maximumf", NEUTRAL_LOWEST}, {"arith.minimumf", NEUTRAL_HIGHEST},
};
enum { N_COMBINERS = sizeof combiners / sizeof *combiners };

static int combiner_of(MlirOperation scalar) {
  for (int i = 0; i < N_COMBINERS; i++)
    if (ir_op_is(scalar, combiners[i].op))
      return i;
  return -1;
}

static bool is_neutral(MlirAttribute value, neutral which) {
  int64_t integer;
  double real;
  if (ir_attr_int(value, &integer))
    real = (double)integer;
  else if (!mlirAttributeIsNull(value) && mlirAttributeIsAFloat(value))
    real = mlirFloatAttrGetValueDouble(value);
  else
    return false;
  switch (which) {
  case NEUTRAL_ZERO: return real == 0;
  case NEUTRAL_ONE: return real == 1;
  case NEUTRAL_LOWEST: return isinf(real) && real < 0;
  case NEUTRAL_HIGHEST: return isinf(real) && real > 0;
  }
  return false;
}

static bool is_neutral_fill(MlirValue v, neutral which) {
  MlirOperation fill = ir_def(v);
  if (!ir_op_is(fill, "linalg.fill"))
    return false;
  MlirOperation constant = ir_def(linalg_input(fill, 0));
  return ir_op_is(constant, "arith.constant") && is_neutral(ir_attr_of(constant, "value"), which);
}

/* All iterators parallel, one init, body {combine; yield}. */
static int element_wise_combiner(MlirOperation op) {
  if (!ir_op_is(op, "linalg.generic") || linalg_has_reduction(op) || linalg_num_inits(op) != 1 || linalg_num_inputs(op) != 2)
    return -1;
  MlirOperation scalar = linalg_single_body_op(op);
  MlirBlock body = ir_body(op);
  if (mlirOperationIsNull(scalar) || ir_num_operands(scalar) != 2)
    return -1;
  for (intptr_t i = 0; i < 2; i++) {   /* it combines the two inputs, once each and unpermuted */
    MlirValue v = ir_operand(scalar, i);
    if (!mlirValueIsABlockArgument(v) || !mlirBlockEqual(mlirBlockArgumentGetOwner(v), body) || mlirBlockArgumentGetArgNumber(v) > 1)
      return -1;
  }
  if (mlirValueEqual(ir_operand(scalar, 0), ir_operand(scalar, 1)))
    return -1;
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  for (intptr_t i = 0; i < 3; i++)
    if (!mlirAffineMapIsIdentity(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i))))
      return -1;
  return combiner_of(scalar);
}

/* The op a reduction combines with its init: the body's op whose operand is the last block argument, or + for matmuls. */
static int reduction_combiner(MlirOperation op) {
  if (ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul")) {
    dtype t;
    bool is_float = ir_type_dtype(mlirValueGetType(ir_result(op, 0)), &t) && dtype_is_float(t);
    return is_float ? 0 : 1;
  }
  MlirBlock body = ir_body(op);
  MlirOperation yield = mlirBlockIsNull(body) ? (MlirOperation){NULL} : mlirBlockGetTerminator(body);
  MlirOperation scalar = ir_def(ir_operand(yield, 0));
  intptr_t n = mlirBlockIsNull(body) ? 0 : mlirBlockGetNumArguments(body);
  if (mlirOperationIsNull(scalar) || n == 0 || ir_num_operands(scalar) != 2)
    return -1;
  MlirValue out = mlirBlockGetArgument(body, n - 1);
  bool uses_out = mlirValueEqual(ir_operand(scalar, 0), out) || mlirValueEqual(ir_operand(scalar, 1), out);
  return uses_out && value_has_one_use(out) ? combiner_of(scalar) : -1;
}

static bool is_carried(MlirValue v) {
  if (!mlirValueIsABlockArgument(v))
    return false;
  MlirOperation loop = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  return (ir_op_is(loop, "scf.for") || ir_op_is(loop, "affine.for")) && mlirBlockArgumentGetArgNumber(v) >= 1;
}

static bool can_reduce_into(MlirOperation combine, int combiner, MlirValue product, MlirValue acc) {
  MlirOperation reduce = ir_def(product);
  return !mlirOperationIsNull(reduce) && linalg_is_op(reduce) && linalg_has_reduction(reduce) && linalg_num_inits(reduce) == 1 &&
         value_has_one_use(product) && is_carried(acc) && value_has_one_use(acc) &&
         mlirTypeEqual(mlirValueGetType(acc), mlirValueGetType(product)) && reduction_combiner(reduce) == combiner &&
         is_neutral_fill(linalg_init(reduce, 0), combiners[combiner].neutral) &&
         mlirBlockEqual(mlirOperationGetBlock(reduce), mlirOperationGetBlock(combine));
}

static bool specialize(MlirOperation op, void *data) {
  (void)data;
  int combiner = element_wise_combiner(op);
  if (combiner < 0)
    return true;
  for (intptr_t i = 0; i < 2; i++) {
    MlirValue product = linalg_input(op, i), acc = linalg_input(op, 1 - i);
    if (!can_reduce_into(op, combiner, product, acc))
      continue;
    MlirOperation reduce = ir_def(product);
    intptr_t init, n;
    if (!ir_segment(reduce, 1, &init, &n))
      continue;
    mlirOperationSetOperand(reduce, init, acc);
    ir_replace_uses(ir_result(op, 0), product);
    ir_erase(op);
    return true;
  }
  return true;
}

loom_status pass_destination_specialization(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)ir;
  (void)o;
  ir_walk_post(func, specialize, NULL);
  return LOOM_OK;
}
