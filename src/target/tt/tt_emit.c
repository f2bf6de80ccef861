/* Building the kernels: ops, loops, arguments, functions of their own. */
#include "target/tt/tt_private.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>

MlirType tt_i32(tt_emit *e) { return ir_dtype(e->ir, DTYPE_I32); }
MlirType tt_cb_type(tt_emit *e) { return ir_type(e->ir, "!ttkernel.cb"); }

void tt_comment(tt_emit *e, const char *fmt, ...) {
  char line[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  e->comment = arena_printf(e->mem, "%s", line);
}

static void note(tt_emit *e, MlirOperation op, const char *hint) {
  if (mlirOperationIsNull(op))
    return;
  if (hint)
    ir_set_attr(op, "loom.name", ir_str_attr(e->ir, hint));
  if (e->comment && !ir_op_is(op, "arith.constant"))
    ir_set_attr(op, "loom.comment", ir_str_attr(e->ir, e->comment));
  if (!ir_op_is(op, "arith.constant"))
    e->comment = NULL;
}

MlirValue tt_int(tt_emit *e, int64_t v) {
  ir_named value = {"value", mlirIntegerAttrGet(tt_i32(e), v)};
  return ir_build1(&e->b, "arith.constant", tt_i32(e), 0, NULL, 1, &value);
}

MlirValue tt_float(tt_emit *e, double v) {
  MlirType f32 = ir_dtype(e->ir, DTYPE_F32);
  ir_named value = {"value", mlirFloatAttrDoubleGet(e->ir->mlir, f32, v)};
  return ir_build1(&e->b, "arith.constant", f32, 0, NULL, 1, &value);
}

bool tt_is_int(MlirValue v, int64_t *out) { return ir_const_int(v, out); }

MlirOperation tt_op(tt_emit *e, const char *name, const MlirValue *operands, size_t n) {
  MlirOperation op = ir_build(&e->b, name, 0, NULL, (intptr_t)n, operands, 0, NULL, 0, NULL);
  note(e, op, NULL);
  return op;
}

MlirValue tt_value(tt_emit *e, MlirType type, const char *name, const char *hint, const MlirValue *operands, size_t n) {
  MlirOperation op = ir_build(&e->b, name, 1, &type, (intptr_t)n, operands, 0, NULL, 0, NULL);
  note(e, op, hint);
  return ir_result(op, 0);
}

void tt_set_templates(tt_emit *e, MlirOperation op, const char *const *names, int n) {
  MlirAttribute *at = ARENA_NEW_N(e->mem, MlirAttribute, n);
  for (int i = 0; i < n; i++)
    at[i] = ir_str_attr(e->ir, names[i]);
  ir_set_attr(op, "template_args", mlirArrayAttrGet(e->ir->mlir, n, at));
}

/* ---- arithmetic ---- */

static MlirValue binary(tt_emit *e, const char *name, MlirValue a, MlirValue b) {
  return ir_build1(&e->b, name, tt_i32(e), 2, (MlirValue[]){a, b}, 0, NULL);
}

MlirValue tt_add(tt_emit *e, MlirValue a, MlirValue b) {
  int64_t x, y;
  bool ka = tt_is_int(a, &x), kb = tt_is_int(b, &y);
  if (ka && kb)
    return tt_int(e, x + y);
  return ka && x == 0 ? b : kb && y == 0 ? a : binary(e, "arith.addi", a, b);
}

MlirValue tt_sub(tt_emit *e, MlirValue a, MlirValue b) {
  int64_t x, y;
  bool ka = tt_is_int(a, &x), kb = tt_is_int(b, &y);
  if (ka && kb)
    return tt_int(e, x - y);
  return kb && y == 0 ? a : binary(e, "arith.subi", a, b);
}

MlirValue tt_mul(tt_emit *e, MlirValue a, MlirValue b) {
  int64_t x, y;
  bool ka = tt_is_int(a, &x), kb = tt_is_int(b, &y);
  if (ka && kb)
    return tt_int(e, x * y);
  if ((ka && x == 0) || (kb && y == 1))
    return a;
  return (kb && y == 0) || (ka && x == 1) ? b : binary(e, "arith.muli", a, b);
}

MlirValue tt_min(tt_emit *e, MlirValue a, MlirValue b) {
  int64_t x, y;
  if (tt_is_int(a, &x) && tt_is_int(b, &y))
    return x < y ? a : b;
  return binary(e, "arith.minsi", a, b);
}

MlirValue tt_ceildiv(tt_emit *e, MlirValue a, int64_t b) {
  int64_t x;
  if (tt_is_int(a, &x))
    return tt_int(e, x <= 0 ? 0 : (x + b - 1) / b);
  return b == 1 ? a : binary(e, "arith.ceildivsi", a, tt_int(e, b));
}

/* a / b where a is written as a multiple of b; null where it is not. */
static MlirValue quotient(tt_emit *e, MlirValue a, int64_t b) {
  const MlirValue none = {NULL};
  MlirOperation op = ir_def(a);
  int64_t x;
  if (tt_is_int(a, &x))
    return x % b == 0 ? tt_int(e, x / b) : none;
  if (ir_op_is(op, "arith.muli")) {
    for (int i = 0; i < 2; i++)
      if (tt_is_int(ir_operand(op, i), &x) && x % b == 0)
        return tt_mul(e, ir_operand(op, 1 - i), tt_int(e, x / b));
    return none;
  }
  bool subtracts = ir_op_is(op, "arith.subi");
  if (!subtracts && !ir_op_is(op, "arith.addi"))
    return none;
  MlirValue l = quotient(e, ir_operand(op, 0), b), r = mlirValueIsNull(l) ? none : quotient(e, ir_operand(op, 1), b);
  return mlirValueIsNull(r) ? none : subtracts ? tt_sub(e, l, r) : tt_add(e, l, r);
}

MlirValue tt_floordiv(tt_emit *e, MlirValue a, int64_t b) {
  int64_t x;
  if (tt_is_int(a, &x))
    return tt_int(e, x / b);
  MlirValue q = quotient(e, a, b);
  if (!mlirValueIsNull(q))
    return q;
  return b == 1 ? a : binary(e, "arith.divsi", a, tt_int(e, b));
}

MlirValue tt_mod(tt_emit *e, MlirValue a, int64_t b) {
  int64_t x;
  if (tt_is_int(a, &x))
    return tt_int(e, x % b);
  return b == 1 ? tt_int(e, 0) : binary(e, "arith.remsi", a, tt_int(e, b));
}

MlirValue tt_compare(tt_emit *e, const char *predicate, MlirValue a, MlirValue b) {
  static const char *const names[] = {"eq", "ne", "slt", "sle", "sgt", "sge"};
  int64_t p = 0;
  for (int i = 0; i < 6; i++)
    if (text_eq(names[i], predicate))
      p = i;
  ir_named at = {"predicate", ir_int_attr(e->ir, p)};
  return ir_build1(&e->b, "arith.cmpi", ir_type(e->ir, "i1"), 2, (MlirValue[]){a, b}, 1, &at);
}

MlirValue tt_both(tt_emit *e, MlirValue a, MlirValue b) {
  if (mlirValueIsNull(a) || mlirValueIsNull(b))
    return mlirValueIsNull(a) ? b : a;
  return ir_build1(&e->b, "arith.andi", ir_type(e->ir, "i1"), 2, (MlirValue[]){a, b}, 0, NULL);
}

MlirValue tt_pointer(tt_emit *e, MlirValue address, const char *element) {
  ir_named at = {"element", ir_str_attr(e->ir, element)};
  return ir_build1(&e->b, "ttkernel.reinterpret_cast", ir_type(e->ir, "!ttkernel.l1_ptr"), 1, &address, 1, &at);
}

/* ---- loops and branches ---- */

static void push(tt_emit *e, bool is_op) { e->scope[e->n_scopes++] = (tt_scope){e->b, is_op}; }

MlirValue tt_for(tt_emit *e, MlirValue count, const char *name) {
  int64_t n;
  if (tt_is_int(count, &n) && n == 1) {
    push(e, false);
    return tt_int(e, 0);
  }
  MlirType i32 = tt_i32(e);
  MlirValue operands[] = {tt_int(e, 0), count, tt_int(e, 1)};
  MlirBlock body;
  MlirRegion region = ir_new_region(e->ir, 1, &i32, &body);
  MlirOperation op = ir_build(&e->b, "scf.for", 0, NULL, 3, operands, 0, NULL, 1, &region);
  note(e, op, name);
  push(e, true);
  e->b = ir_at_end(e->ir, body);
  return mlirBlockGetArgument(body, 0);
}

void tt_if(tt_emit *e, MlirValue condition) {
  if (mlirValueIsNull(condition)) {
    push(e, false);
    return;
  }
  MlirBlock body;
  MlirRegion regions[] = {ir_new_region(e->ir, 0, NULL, &body), mlirRegionCreate()};
  MlirOperation op = ir_build(&e->b, "scf.if", 0, NULL, 1, &condition, 0, NULL, 2, regions);
  note(e, op, NULL);
  push(e, true);
  e->b = ir_at_end(e->ir, body);
}

static void yield(tt_emit *e) { ir_build(&e->b, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL); }

void tt_else(tt_emit *e) {
  MlirOperation op = mlirBlockGetParentOperation(e->b.block);
  yield(e);
  MlirBlock body = mlirBlockCreate(0, NULL, NULL);
  mlirRegionAppendOwnedBlock(ir_region(op, 1), body);
  e->b = ir_at_end(e->ir, body);
}

void tt_end(tt_emit *e) {
  tt_scope s = e->scope[--e->n_scopes];
  if (!s.is_op)
    return;
  yield(e);
  e->b = s.outer;
}

/* ---- functions of a kernel ---- */

tt_helper *tt_open_helper(tt_emit *e, const char *key, const char *name, size_t n, const MlirType *types, const char *const *names, bool *is_new) {
  for (size_t i = 0; i < e->helpers.n; i++)
    if (text_eq(e->helpers.at[i]->key, key)) {
      *is_new = false;
      return e->helpers.at[i];
    }
  *is_new = true;
  int again = 0;
  for (size_t i = 0; i < e->helpers.n; i++)
    again += text_starts(e->helpers.at[i]->name, name);
  tt_helper *h = ARENA_NEW(e->mem, tt_helper);
  h->key = key;
  const char *prefix = e->role == TT_COMPUTE ? "" : e->role == TT_READER ? "reader_" : "writer_";
  h->name = arena_printf(e->mem, again ? "%s%s_%d" : "%s%s", prefix, name, again);
  MlirRegion region = ir_new_region(e->ir, (intptr_t)n, types, &h->block);
  MlirAttribute *labels = ARENA_NEW_N(e->mem, MlirAttribute, n);
  for (size_t i = 0; i < n; i++)
    labels[i] = ir_str_attr(e->ir, names[i]);
  ir_named at[] = {{"sym_name", ir_str_attr(e->ir, h->name)},
                   {"function_type", ir_type_attr(mlirFunctionTypeGet(e->ir->mlir, (intptr_t)n, types, 0, NULL))},
                   {"sym_visibility", ir_str_attr(e->ir, "private")},
                   {"ttkernel.thread", ir_str_attr(e->ir, e->role == TT_COMPUTE ? "compute" : "noc")},
                   {"loom.name", ir_str_attr(e->ir, again ? arena_printf(e->mem, "%s_%d", name, again) : name)},
                   {"loom.arg_names", mlirArrayAttrGet(e->ir->mlir, (intptr_t)n, labels)}};
  ir_builder top = ir_before(e->ir, e->main);
  h->func = ir_build(&top, "func.func", 0, NULL, 0, NULL, 6, at, 1, &region);
  if (e->role != TT_COMPUTE)              /* called from many places, with little memory for code */
    ir_set_attr(h->func, "loom.noinline", ir_unit_attr(e->ir));
  h->outer = e->b;
  h->n_scopes = e->n_scopes;
  h->head = e->head;
  e->b = ir_at_end(e->ir, h->block);
  e->head = ir_def(tt_int(e, 0));         /* nobody uses it: arguments are read before it */
  if (e->comment) {
    ir_set_attr(h->func, "loom.comment", ir_str_attr(e->ir, e->comment));
    e->comment = NULL;
  }
  vec_push(e->mem, &e->helpers, h);
  return h;
}

MlirValue tt_helper_arg(const tt_helper *h, intptr_t i) { return mlirBlockGetArgument(h->block, i); }

void tt_close_helper(tt_emit *e, tt_helper *h) {
  ir_build(&e->b, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  ir_erase(e->head);
  e->head = h->head;
  e->b = h->outer;
  e->n_scopes = h->n_scopes;
}

void tt_call(tt_emit *e, const tt_helper *h, size_t n, const MlirValue *args) {
  ir_named callee = {"callee", ir_symbol_attr(e->ir, h->name)};
  note(e, ir_build(&e->b, "func.call", 0, NULL, (intptr_t)n, args, 1, &callee, 0, NULL), NULL);
}
