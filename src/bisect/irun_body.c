/* The body of a linalg op as a list of steps on registers. */
#include "bisect/irun.h"

static int register_of(irun *r, irun_body *b, MlirBlock block, MlirValue v, MlirValue *defined, int *n_defined) {
  if (mlirValueIsABlockArgument(v) && mlirBlockEqual(mlirBlockArgumentGetOwner(v), block)) {
    int i = (int)mlirBlockArgumentGetArgNumber(v);
    b->is_read[i] = true;
    return i;
  }
  for (int i = 0; i < *n_defined; i++)
    if (defined[i].ptr && mlirValueEqual(defined[i], v))
      return b->n_args + i;
  for (size_t i = 0; i < b->outer.n; i++)
    if (mlirValueEqual(b->outer_values.at[i], v))
      return b->outer.at[i];
  defined[*n_defined] = (MlirValue){NULL};   /* from outside: a register of its own */
  int at = b->n_args + (*n_defined)++;
  vec_push(r->mem, &b->outer, at);
  vec_push(r->mem, &b->outer_values, v);
  return at;
}

static bool add_step(irun *r, irun_body *b, MlirBlock block, MlirOperation op, MlirValue *defined, int *n_defined) {
  const char *name = ir_op_name(op);
  MlirValue result = ir_result(op, 0);
  int64_t n;
  if (text_eq(name, "linalg.index")) {
    if (!ir_attr_int(ir_attr_of(op, "dim"), &n))
      return false;
    vec_push(r->mem, &b->indices, b->n_args + *n_defined);
    vec_push(r->mem, &b->indices, (int)n);
  } else if (text_eq(name, "arith.constant")) {
    MlirAttribute a = ir_attr_of(op, "value");
    bool is_float = !mlirAttributeIsNull(a) && mlirAttributeIsAFloat(a);
    if (!is_float && (mlirAttributeIsNull(a) || !ir_attr_int(a, &n)))
      return false;
    vec_push(r->mem, &b->constants, b->n_args + *n_defined);
    vec_push(r->mem, &b->constant_values, is_float ? mlirFloatAttrGetValueDouble(a) : (double)n);
  } else {
    irun_step s = {.fn = irun_scalar_find(name), .predicate = irun_predicate(op)};
    if (s.fn < 0 || ir_num_operands(op) != irun_scalar_arity(s.fn) || !irun_type(mlirValueGetType(ir_operand(op, ir_num_operands(op) > 2 ? 1 : 0)), &s.from) ||
        !irun_type(mlirValueGetType(result), &s.to))
      return false;
    for (int k = 0; k < ir_num_operands(op); k++)
      s.in[k] = register_of(r, b, block, ir_operand(op, k), defined, n_defined);
    s.out = b->n_args + *n_defined;
    vec_push(r->mem, &b->steps, s);
  }
  defined[(*n_defined)++] = result;
  return true;
}

/* The block argument that register `reg` holds, as it is or as a wider float; -1: none. */
static int argument_in(const irun_body *b, int reg) {
  static const char widening[] = "arith.extf";
  for (size_t i = 0; i < b->steps.n; i++)
    if (b->steps.at[i].out == reg)
      return b->steps.at[i].fn == irun_scalar_find(widening) ? argument_in(b, b->steps.at[i].in[0]) : -1;
  return reg < b->n_args ? reg : -1;
}

static const irun_step *step_of(const irun_body *b, int reg, const char *name) {
  for (size_t i = 0; i < b->steps.n; i++)
    if (b->steps.at[i].out == reg && b->steps.at[i].fn == irun_scalar_find(name))
      return &b->steps.at[i];
  return NULL;
}

/* yield(out + a * b), operands in any order. */
static bool is_product(const irun_body *b) {
  if (b->n_args != 3 || b->n_yields != 1)
    return false;
  const irun_step *sum = step_of(b, b->yields[0], "arith.addf");
  for (int k = 0; sum && k < 2; k++) {
    const irun_step *product = step_of(b, sum->in[k], "arith.mulf");
    if (!product || sum->in[1 - k] != 2 || sum->to != product->to)
      continue;
    int x = argument_in(b, product->in[0]), y = argument_in(b, product->in[1]);
    return (x == 0 && y == 1) || (x == 1 && y == 0);
  }
  return false;
}

irun_body *irun_body_compile(irun *r, MlirOperation op) {
  irun_body *b = ARENA_NEW(r->mem, irun_body);
  MlirBlock block = ir_body(op);
  int n_ops = 0, n_defined = 0;
  b->is_bad = true;
  if (mlirBlockIsNull(block))
    return b;
  for (MlirOperation o = mlirBlockGetFirstOperation(block); o.ptr; o = mlirOperationGetNextInBlock(o))
    n_ops += 1 + (int)ir_num_operands(o);
  b->n_args = (int)mlirBlockGetNumArguments(block);
  b->is_read = ARENA_NEW_N(r->mem, bool, b->n_args);
  MlirValue *defined = ARENA_NEW_N(r->mem, MlirValue, n_ops);
  for (MlirOperation o = mlirBlockGetFirstOperation(block); o.ptr; o = mlirOperationGetNextInBlock(o)) {
    if (!ir_op_is(o, "linalg.yield")) {
      if (!add_step(r, b, block, o, defined, &n_defined))
        return b;
      continue;
    }
    b->n_yields = (int)ir_num_operands(o);
    for (int k = 0; k < b->n_yields && k < 8; k++)
      b->yields[k] = register_of(r, b, block, ir_operand(o, k), defined, &n_defined);
  }
  b->n_registers = b->n_args + n_defined;
  b->is_bad = b->n_yields > 8;
  b->is_product = !b->is_bad && is_product(b);
  return b;
}

bool irun_body_run(irun *r, MlirOperation op, const irun_body *b, double *reg, bool widens) {
  for (size_t i = 0; i < b->steps.n; i++) {
    const irun_step *s = &b->steps.at[i];
    double in[3] = {reg[s->in[0]], reg[s->in[1]], reg[s->in[2]]};
    if (!irun_scalar(s->fn, s->from, widens && irun_is_half(s->to) ? DTYPE_F32 : s->to, s->predicate, in, &reg[s->out]))
      return irun_scalar_stop(r, op, s->fn, in);
  }
  return true;
}
