#include "target/tt/tt_cxx.h"
#include <string.h>

enum { INLINE_MAX = 90 };   /* characters of an expression that is still read at a glance */

static const char *hint(cxx *c, MlirOperation op) { return ir_attr_string(c->mem, ir_attr_of(op, "loom.name")); }
static const char *comment(cxx *c, MlirOperation op) { return ir_attr_string(c->mem, ir_attr_of(op, "loom.comment")); }

static const char *default_name(MlirValue v) {
  static const struct { const char *type, *name; } names[] = {{"cb", "cb"}, {"noc_addr", "noc_addr"}, {"l1_ptr", "ptr"}, {"accessor", "tensor"},
                                                              {"accessor_args", "tensor_args"}, {"semaphore", "semaphore"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ttkernel_is_type(mlirValueGetType(v), names[i].type))
      return names[i].name;
  MlirOperation def = ir_def(v);
  return ir_op_is(def, "ttkernel.get_write_ptr") || ir_op_is(def, "ttkernel.get_read_ptr") ? "l1" : ir_op_is(def, "ttkernel.get_arg_val") ? "arg" : "v";
}

static bool is_used_once_here(MlirOperation op) {
  MlirOpOperand use = mlirValueGetFirstUse(ir_result(op, 0));
  return !mlirOpOperandIsNull(use) && mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)) &&
         mlirBlockEqual(mlirOperationGetBlock(mlirOpOperandGetOwner(use)), mlirOperationGetBlock(op));
}

static bool is_unused(MlirOperation op) { return mlirOpOperandIsNull(mlirValueGetFirstUse(ir_result(op, 0))); }

/* Objects of classes and what must be constexpr have a line of their own. */
static bool needs_line(cxx *c, MlirOperation op) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  return hint(c, op) || comment(c, op) || ttkernel_is_type(t, "cb") || ttkernel_is_type(t, "accessor") || ttkernel_is_type(t, "accessor_args");
}

static void define(cxx *c, MlirOperation op, cxx_expr e) {
  MlirValue v = ir_result(op, 0);
  bool is_known = ir_op_is(op, "ttkernel.get_compile_time_arg_val") || ir_op_is(op, "ttkernel.tensor_accessor_args") || ir_op_is(op, "arith.constant");
  const char *name = cxx_declare(c, hint(c, op) ? hint(c, op) : default_name(v)), *type = cxx_type(c, v);
  if (text_eq(type, "CircularBuffer"))
    cxx_line(c, "CircularBuffer %s(%s);", name, e.text);
  else
    cxx_line(c, "%s %s %s = %s;", is_known ? "constexpr" : "const", type, name, e.text);
  cxx_bind(c, v, (cxx_expr){name, CXX_PRIMARY, text_eq(type, "CircularBuffer")});
}

/* A pure op: part of what uses it, or a variable. */
static void keep(cxx *c, MlirOperation op, cxx_expr e) {
  bool is_literal = ir_op_is(op, "arith.constant");
  if (is_unused(op))
    return;
  if (!needs_line(c, op) && (is_literal || (is_used_once_here(op) && strlen(e.text) <= INLINE_MAX))) {
    cxx_bind(c, ir_result(op, 0), e);
    return;
  }
  if (comment(c, op))
    cxx_comment(c, comment(c, op));
  define(c, op, e);
}

/* Values of a loop or an if go into variables; several at once through temporaries, as one may be made of another. */
static void yield(cxx *c, MlirBlock block, const char *const *names) {
  MlirOperation end = mlirBlockGetTerminator(block);
  intptr_t n = mlirOperationIsNull(end) ? 0 : ir_num_operands(end);
  const char **values = ARENA_NEW_N(c->mem, const char *, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    values[i] = cxx_operand(c, ir_operand(end, i), 0);
    if (n > 1 && !text_eq(values[i], names[i])) {
      const char *next = cxx_declare(c, arena_printf(c->mem, "next_%s", names[i]));
      cxx_line(c, "const %s %s = %s;", cxx_type(c, ir_operand(end, i)), next, values[i]);
      values[i] = next;
    }
  }
  for (intptr_t i = 0; i < n; i++)
    if (!text_eq(values[i], names[i]))
      cxx_line(c, "%s = %s;", names[i], values[i]);
}

/* The inside of braces: names declared in it end with it. */
static loom_status inside(cxx *c, MlirBlock block, const char *const *results) {
  size_t scope = c->names.n;
  c->indent++;
  loom_status st = cxx_block(c, block);
  if (st == LOOM_OK && results)
    yield(c, block, results);
  c->indent--;
  c->names.n = scope;
  return st;
}

/* Mutable variables for the results of a loop or an if, which have their names from loom.name or the op's results. */
static const char **declare_results(cxx *c, MlirOperation op, intptr_t first_init) {
  intptr_t n = mlirOperationGetNumResults(op);
  const char **names = ARENA_NEW_N(c->mem, const char *, n + 1);
  MlirAttribute hints = ir_attr_of(op, "loom.result_names");
  for (intptr_t i = 0; i < n; i++) {
    bool is_named = !mlirAttributeIsNull(hints) && mlirAttributeIsAArray(hints) && i < mlirArrayAttrGetNumElements(hints);
    const char *given = is_named ? ir_attr_string(c->mem, mlirArrayAttrGetElement(hints, i)) : NULL;
    names[i] = cxx_declare(c, given ? given : "v");
    if (first_init >= 0)
      cxx_line(c, "%s %s = %s;", cxx_type(c, ir_result(op, i)), names[i], cxx_operand(c, ir_operand(op, first_init + i), 0));
    else
      cxx_line(c, "%s %s;", cxx_type(c, ir_result(op, i)), names[i]);
    cxx_bind(c, ir_result(op, i), (cxx_expr){names[i], CXX_PRIMARY, false});
  }
  return names;
}

static loom_status print_for(cxx *c, MlirOperation op) {
  MlirBlock body = ir_body(op);
  int64_t step;
  const char **results = declare_results(c, op, 3);
  size_t scope = c->names.n;
  const char *i = cxx_declare(c, hint(c, op) ? hint(c, op) : "i");
  cxx_bind(c, mlirBlockGetArgument(body, 0), (cxx_expr){i, CXX_PRIMARY, false});
  for (intptr_t k = 0; k < mlirOperationGetNumResults(op); k++)
    cxx_bind(c, mlirBlockGetArgument(body, k + 1), (cxx_expr){results[k], CXX_PRIMARY, false});
  bool is_one = ir_const_int(ir_operand(op, 2), &step) && step == 1;
  cxx_line(c, "for (int32_t %s = %s; %s < %s; %s) {", i, cxx_operand(c, ir_operand(op, 0), 0), i, cxx_operand(c, ir_operand(op, 1), CXX_SHIFT),
           is_one ? arena_printf(c->mem, "%s++", i) : arena_printf(c->mem, "%s += %s", i, cxx_operand(c, ir_operand(op, 2), 0)));
  LOOM_TRY(inside(c, body, results));
  cxx_line(c, "}");
  c->names.n = scope;
  return LOOM_OK;
}

static bool is_empty(MlirBlock b) { return mlirBlockIsNull(b) || ir_num_operands(mlirBlockGetTerminator(b)) + !mlirOperationEqual(mlirBlockGetFirstOperation(b), mlirBlockGetTerminator(b)) == 0; }

static loom_status print_if(cxx *c, MlirOperation op) {
  MlirBlock yes = mlirRegionGetFirstBlock(ir_region(op, 0)), no = mlirRegionGetFirstBlock(ir_region(op, 1));
  const char *condition = cxx_operand(c, ir_operand(op, 0), 0);
  const char **results = declare_results(c, op, -1);
  cxx_line(c, "if (%s) {", condition);
  LOOM_TRY(inside(c, yes, results));
  if (!is_empty(no)) {
    cxx_line(c, "} else {");
    LOOM_TRY(inside(c, no, results));
  }
  cxx_line(c, "}");
  return LOOM_OK;
}

static void print_call(cxx *c, MlirOperation op) {
  const char *symbol = ir_attr_string(c->mem, ir_attr_of(op, "callee")), *name = symbol;
  for (size_t i = 0; i < c->functions.n; i++)
    if (text_eq(c->functions.at[i].symbol, symbol))
      name = c->functions.at[i].name;
  text t = text_new(c->mem);
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    text_addf(&t, "%s%s", i ? ", " : "", cxx_operand(c, ir_operand(op, i), 0));
  const char *call = arena_printf(c->mem, "%s(%s)", name, text_str(&t));
  if (mlirOperationGetNumResults(op) == 1 && !is_unused(op))
    define(c, op, (cxx_expr){call, CXX_PRIMARY, false});
  else
    cxx_line(c, "%s;", call);
}

/* An op of the dialect that must stay where it is. */
static void print_act(cxx *c, MlirOperation op, const ttkernel_op *row) {
  cxx_expr e = cxx_call(c, op, row);
  if (mlirOperationGetNumResults(op) == 1 && !is_unused(op)) {
    define(c, op, e);
    return;
  }
  for (const char *p = e.text, *end; p; p = end ? end + 2 : NULL) {   /* several statements of an object form */
    end = strstr(p, "; ");
    cxx_line(c, "%.*s;", end ? (int)(end - p) : (int)strlen(p), p);
  }
}

static loom_status print_op(cxx *c, MlirOperation op) {
  const ttkernel_op *row = ttkernel_find(op);
  if (row && row->is_pure) {
    keep(c, op, cxx_call(c, op, row));
    return LOOM_OK;
  }
  if (text_starts(ir_op_name(op), "arith.")) {
    cxx_expr e;
    LOOM_TRY(cxx_arith(c, op, &e));
    keep(c, op, e);
    return LOOM_OK;
  }
  bool is_loop = ir_op_is(op, "scf.for");
  if (comment(c, op)) {
    if (is_loop && !mlirOperationEqual(op, mlirBlockGetFirstOperation(mlirOperationGetBlock(op))))
      text_add(&c->out, "\n");
    cxx_comment(c, comment(c, op));
  }
  if (row)
    print_act(c, op, row);
  else if (is_loop)
    return print_for(c, op);
  else if (ir_op_is(op, "scf.if"))
    return print_if(c, op);
  else if (ir_op_is(op, "func.call"))
    print_call(c, op);
  else
    LOOM_FAIL(c->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "'%s' has no C++ in a device kernel", ir_op_name(op));
  return LOOM_OK;
}

loom_status cxx_block(cxx *c, MlirBlock block) {
  MlirOperation end = mlirBlockGetTerminator(block);
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op) && !mlirOperationEqual(op, end); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(print_op(c, op));
  return LOOM_OK;
}
