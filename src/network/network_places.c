/* Forward from an argument, along what is it, times a number or over one, to the indices of elements. */
#include "network/network_places.h"
#include "base/vec.h"

/* v is the argument * times / over, and less than `times` more. */
typedef struct followed { MlirValue v; int64_t times, over; } followed;
typedef struct walk { arena *mem; VEC_OF(followed) all; int64_t most; } walk;
enum { FACTOR_MAX = 1 << 30, VALUES_MAX = 1 << 16 };

static void follow(walk *w, MlirValue v, int64_t times, int64_t over) {
  if (mlirValueIsNull(v) || times > FACTOR_MAX || over > FACTOR_MAX || w->all.n >= VALUES_MAX)
    return;
  for (size_t i = 0; i < w->all.n; i++)
    if (mlirValueEqual(w->all.at[i].v, v))
      return;
  vec_push(w->mem, &w->all, ((followed){v, times, over}));
}

static void bound(walk *w, const followed *f, MlirValue tensor, intptr_t dim) {
  MlirType t = mlirValueGetType(tensor);
  if (!mlirTypeIsARankedTensor(t) || mlirShapedTypeIsDynamicDim(t, dim))
    return;
  int64_t size = mlirShapedTypeGetDimSize(t, dim), most = (int64_t)((__int128)size * f->over / f->times) - 1;
  most = most < 0 ? 0 : most;
  w->most = w->most == NETWORK_NO_PLACE || most < w->most ? most : w->most;
}

/* The number that a value is, of one or of all elements. */
static bool number_of(MlirValue v, int64_t *out) {
  MlirOperation def = ir_def(v);
  MlirAttribute a = ir_op_is(def, "arith.constant") ? ir_attr_of(def, "value") : (MlirAttribute){NULL};
  if (!mlirAttributeIsNull(a) && mlirAttributeIsADenseElements(a) && mlirDenseElementsAttrIsSplat(a))
    a = mlirDenseElementsAttrGetSplatValue(a);
  return !mlirAttributeIsNull(a) && ir_attr_int(a, out);
}

static void follow_arith(walk *w, const followed *f, MlirOperation op, intptr_t i) {
  static const char *const same[] = {"arith.index_cast", "arith.index_castui", "arith.extsi", "arith.extui", "arith.trunci", "arith.addi", "arith.subi", "arith.maxsi", "arith.minsi",
                                     "arith.maxui", "arith.minui", "arith.select"};
  static const char *const over[] = {"arith.divsi", "arith.divui", "arith.floordivsi", "arith.ceildivsi", "arith.ceildivui"};
  int64_t number;
  MlirValue result = ir_result(op, 0);
  for (size_t k = 0; k < sizeof same / sizeof *same; k++)
    if (ir_op_is(op, same[k]) && !(ir_op_is(op, "arith.select") && i == 0))
      follow(w, result, f->times, f->over);
  if (ir_op_is(op, "arith.muli") && number_of(ir_operand(op, 1 - i), &number) && number > 0 && number <= FACTOR_MAX)
    follow(w, result, f->times * number, f->over);
  for (size_t k = 0; k < sizeof over / sizeof *over && i == 0; k++)
    if (ir_op_is(op, over[k]) && number_of(ir_operand(op, 1), &number) && number > 0 && number <= FACTOR_MAX)
      follow(w, result, f->times, f->over * number);
}

static void follow_yield(walk *w, const followed *f, MlirOperation yield, intptr_t i) {
  MlirOperation parent = mlirBlockGetParentOperation(mlirOperationGetBlock(yield));
  follow(w, ir_result(parent, i), f->times, f->over);
  if (ir_op_is(parent, "scf.for"))
    follow(w, mlirBlockGetArgument(ir_body(parent), i + 1), f->times, f->over);
}

static void follow_use(walk *w, const followed *f, MlirOperation op, intptr_t i) {
  const char *name = ir_op_name(op);
  if (ir_op_is(op, "tensor.extract") && i > 0)
    bound(w, f, ir_operand(op, 0), i - 1);
  else if (ir_op_is(op, "tensor.insert") && i > 1)
    bound(w, f, ir_operand(op, 1), i - 2);
  else if (ir_op_is(op, "scf.for") && i >= 3) {
    follow(w, mlirBlockGetArgument(ir_body(op), i - 2), f->times, f->over);
    follow(w, ir_result(op, i - 3), f->times, f->over);
  } else if (text_starts(name, "linalg.") && mlirOperationGetNumRegions(op) && !mlirBlockIsNull(ir_body(op)) && i < mlirBlockGetNumArguments(ir_body(op)))
    follow(w, mlirBlockGetArgument(ir_body(op), i), f->times, f->over);
  else if (ir_op_is(op, "linalg.yield") || ir_op_is(op, "scf.yield") || ir_op_is(op, "tensor.yield"))
    follow_yield(w, f, op, i);
  else if (text_starts(name, "tensor.") && i == 0)      /* views, elements, parts that are put into others */
    follow(w, ir_result(op, 0), f->times, f->over);
  else if (text_starts(name, "arith.") && mlirOperationGetNumResults(op) == 1)
    follow_arith(w, f, op, i);
}

static int64_t most_of(ir_ctx *ir, MlirValue argument) {
  walk w = {.mem = &ir->ctx->mem, .most = NETWORK_NO_PLACE};
  follow(&w, argument, 1, 1);
  for (size_t k = 0; k < w.all.n; k++) {
    const followed f = w.all.at[k];
    for (MlirOpOperand use = mlirValueGetFirstUse(f.v); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use))
      follow_use(&w, &f, mlirOpOperandGetOwner(use), (intptr_t)mlirOpOperandGetOperandNumber(use));
  }
  return w.most;
}

void network_find_places(ir_ctx *ir, MlirModule m, const char *function, int64_t *out_most) {
  MlirBlock body = ir_body(ir_find_func(m, function));
  for (intptr_t i = 0; !mlirBlockIsNull(body) && i < mlirBlockGetNumArguments(body); i++) {
    MlirValue v = mlirBlockGetArgument(body, i);
    MlirType t = mlirValueGetType(v), element = mlirTypeIsAShaped(t) ? mlirShapedTypeGetElementType(t) : t;
    out_most[i] = mlirTypeIsAInteger(element) || mlirTypeIsAIndex(element) ? most_of(ir, v) : NETWORK_NO_PLACE;
  }
}
