#include "dialect/ttkernel.h"
#include <ctype.h>
#include <string.h>

typedef struct checker { ir_ctx *ir; MlirModule m; const char *function, *thread; int violations; } checker;

#define REPORT(c, op, ...) ((c)->violations++, (void)diag_error((c)->ir->ctx, ir_span((c)->ir, op), LOOM_EINPUT, __VA_ARGS__))

static const char *thread_of(checker *c, MlirOperation func) {
  return ir_attr_string(&c->ir->ctx->scratch, ir_attr_of(func, "ttkernel.thread"));
}

static void check_call(checker *c, MlirOperation op) {
  const char *name = ir_attr_string(&c->ir->ctx->scratch, ir_attr_of(op, "callee"));
  MlirOperation callee = ir_find_func(c->m, name);
  if (mlirOperationIsNull(callee) || mlirBlockIsNull(ir_body(callee)))
    REPORT(c, op, "'%s' calls '%s', which has no body here", c->function, name);
  else if (!text_eq(thread_of(c, callee), c->thread))
    REPORT(c, op, "'%s' is a function of thread \"%s\", but calls '%s' of another", c->function, c->thread, name);
}

/* "PoolType::SUM", "true", "3": nothing else may reach the text of a kernel. */
static bool is_template_argument(const char *s) {
  bool is_ok = s && *s;
  for (; is_ok && *s; s++)
    is_ok = isalnum((unsigned char)*s) || *s == '_' || *s == ':';
  return is_ok;
}

static void check_template_args(checker *c, MlirOperation op) {
  MlirAttribute args = ir_attr_of(op, "template_args");
  if (mlirAttributeIsNull(args))
    return;
  bool is_ok = mlirAttributeIsAArray(args);
  for (intptr_t i = 0; is_ok && i < mlirArrayAttrGetNumElements(args); i++)
    is_ok = is_template_argument(ir_attr_string(&c->ir->ctx->scratch, mlirArrayAttrGetElement(args, i)));
  if (!is_ok)
    REPORT(c, op, "template_args of %s must be an array of names or numbers, as [\"PoolType::SUM\", \"true\"]", ir_op_name(op));
}

static void check_range(checker *c, MlirOperation op, const char *what, int64_t v, int64_t end) {
  if (v < 0 || v >= end)
    REPORT(c, op, "%s of %s is %" PRId64 "; must be 0..%" PRId64, what, ir_op_name(op), v, end - 1);
}

static void check_row(checker *c, MlirOperation op, const ttkernel_op *row) {
  static const char *const names[] = {"", "noc", "compute"};
  int64_t v;
  if (row->thread != TTKERNEL_BOTH && !text_eq(c->thread, names[row->thread]))
    REPORT(c, op, "%s is an op of %s kernels, but '%s' is one of thread \"%s\"", ir_op_name(op), names[row->thread], c->function, c->thread);
  intptr_t most = (intptr_t)strlen(row->operands) - (strchr(row->operands, '?') ? 1 : 0);
  if (ir_num_operands(op) > most)
    REPORT(c, op, "%s has %" PRIdPTR " operands; it takes at most %" PRIdPTR, ir_op_name(op), ir_num_operands(op), most);
  if (row->attribute[0] && ir_attr_int(ir_attr_of(op, row->attribute), &v))
    check_range(c, op, row->attribute, v, TTKERNEL_ARGS);
  if (text_eq(row->name, "get_semaphore") && ir_const_int(ir_operand(op, 0), &v))
    check_range(c, op, "the semaphore", v, TTKERNEL_SEMAPHORES);
  MlirAttribute element = ir_attr_of(op, "element");
  const char *s = ir_attr_string(&c->ir->ctx->scratch, element);
  if (text_eq(row->name, "reinterpret_cast") && !mlirAttributeIsNull(element) && !text_eq(s, "uint8_t") && !text_eq(s, "uint16_t") && !text_eq(s, "uint32_t"))
    REPORT(c, op, "element of %s must be \"uint8_t\", \"uint16_t\" or \"uint32_t\"", ir_op_name(op));
  check_template_args(c, op);
}

/* The module says what reads from DRAM of its board want: ttkernel.dram_align. */
static void check_alignment(checker *c, MlirOperation op) {
  int64_t want = 32, dram, l1, mod;
  ir_attr_int(ir_attr_of(mlirModuleGetOperation(c->m), "ttkernel.dram_align"), &want);
  if (ttkernel_is_misaligned(op, want, &dram, &l1, &mod))
    REPORT(c, op, "%s moves between a DRAM address that is %" PRId64 " mod %" PRId64 " and an L1 address that is %" PRId64 " mod %" PRId64 "; the network moves only between equal ones",
           ir_op_name(op), dram, mod, l1, mod);
}

static bool check_op(MlirOperation op, void *data) {
  checker *c = data;
  const ttkernel_op *row = ttkernel_find(op);
  check_alignment(c, op);
  if (row)
    check_row(c, op, row);
  else if (ir_op_is(op, "func.call"))
    check_call(c, op);
  return true;
}

loom_status ttkernel_verify(ir_ctx *ir, MlirModule m) {
  checker c = {.ir = ir, .m = m};
  arena_mark mark = arena_save(&ir->ctx->scratch);
  for (MlirOperation f = mlirBlockGetFirstOperation(mlirModuleGetBody(m)); !mlirOperationIsNull(f); f = mlirOperationGetNextInBlock(f)) {
    if (!ir_op_is(f, "func.func"))
      continue;
    c.function = ir_func_name(&ir->ctx->scratch, f);
    c.thread = thread_of(&c, f);
    if (!text_eq(c.thread, "noc") && !text_eq(c.thread, "compute"))
      REPORT(&c, f, "'%s' needs the attribute ttkernel.thread = \"noc\" or \"compute\"", c.function);
    else
      ir_walk(f, check_op, &c);
  }
  arena_release(&ir->ctx->scratch, mark);
  return c.violations ? LOOM_EINPUT : LOOM_OK;
}
