#include "target/tt/tt_cxx.h"
#include <ctype.h>
#include <string.h>

static const char *template_args(cxx *c, MlirOperation op) {
  MlirAttribute args = ir_attr_of(op, "template_args");
  if (mlirAttributeIsNull(args))
    return "";
  text t = text_new(c->mem);
  for (intptr_t i = 0; i < mlirArrayAttrGetNumElements(args); i++)
    text_addf(&t, "%s%s", i ? ", " : "<", ir_attr_string(c->mem, mlirArrayAttrGetElement(args, i)));
  return arena_printf(c->mem, "%s>", text_str(&t));
}

/* The letter of operand i in the op's row; what stands behind '?' has one letter for all. */
static char letter(const ttkernel_op *row, intptr_t i) {
  const char *optional = strchr(row->operands, '?');
  return row->operands[optional && i >= optional - row->operands ? i + 1 : i];
}

/* Bits of a float are easier to read beside the float. */
static const char *bits(cxx *c, int64_t v) {
  uint32_t u = (uint32_t)v;
  float f;
  memcpy(&f, &u, sizeof f);
  return arena_printf(c->mem, "0x%08xu /* %.9g */", u, (double)f);
}

/* Operand i before `next`, the rest of the text it stands in. */
static const char *operand(cxx *c, MlirOperation op, const ttkernel_op *row, intptr_t i, const char *next) {
  MlirValue v = ir_operand(op, i);
  int64_t n;
  if (letter(row, i) == 'b' && ir_const_int(v, &n))
    return bits(c, n);
  cxx_expr e = cxx_value(c, v);
  bool is_member = *next == '.' || (*next == '[' && next[1] != ',');
  if (e.is_object && !is_member)
    return arena_printf(c->mem, "%s.get_cb_id()", e.text);
  return cxx_wrap(c, e, is_member ? CXX_PRIMARY : 0);
}

static const char *attribute(cxx *c, MlirOperation op, const char *name) {
  MlirAttribute a = ir_attr_of(op, name);
  int64_t n;
  if (ir_attr_int(a, &n))
    return arena_printf(c->mem, "%" PRId64, n);
  const char *s = ir_attr_string(c->mem, a);
  return s ? s : "uint32_t";                             /* element of reinterpret_cast */
}

/* "[, $2]": there when operand 2 is. */
static bool is_absent(MlirOperation op, const char *bracket) {
  const char *dollar = strchr(bracket, '$');
  return dollar && isdigit((unsigned char)dollar[1]) && dollar[1] - '0' >= ir_num_operands(op);
}

static void fill(cxx *c, MlirOperation op, const ttkernel_op *row, const char *form, text *out) {
  for (const char *p = form; *p;) {
    if (*p == '$' && isdigit((unsigned char)p[1])) {
      text_add(out, operand(c, op, row, p[1] - '0', p + 2));
      p += 2;
    } else if (*p == '@') {
      size_t n = 1;
      while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
      text_add(out, attribute(c, op, arena_strndup(c->mem, p + 1, n - 1)));
      p += n;
    } else if (*p == '[' && p[1] == ',') {
      const char *end = strchr(p, ']');
      if (!is_absent(op, p))
        fill(c, op, row, arena_strndup(c->mem, p + 1, (size_t)(end - p - 1)), out);
      p = end + 1;
    } else {
      text_add_bytes(out, p++, 1);
    }
  }
}

/* How many arguments an accessor takes is tt-metal's affair: one that stands behind another asks it where it begins. */
static const char *accessor_before(cxx *c, MlirOperation op) {
  int64_t base, other;
  if (!ir_attr_int(ir_attr_of(op, "cta_base"), &base))
    return NULL;
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(op)); !mlirOperationIsNull(o) && !mlirOperationEqual(o, op); o = mlirOperationGetNextInBlock(o))
    if (ir_op_is(o, "ttkernel.tensor_accessor_args") && ir_attr_int(ir_attr_of(o, "cta_base"), &other) && other + 1 == base &&
        !mlirOpOperandIsNull(mlirValueGetFirstUse(ir_result(o, 0))))
      return cxx_operand(c, ir_result(o, 0), CXX_PRIMARY);
  return NULL;
}

cxx_expr cxx_call(cxx *c, MlirOperation op, const ttkernel_op *row) {
  text out = text_new(c->mem);
  const char *form = c->object_api && row->object[0] ? row->object : row->call;
  if (text_eq(row->name, "float_bits"))
    c->helpers |= CXX_FLOAT_BITS;
  if (text_eq(row->name, "wait_remote_min"))
    c->helpers |= CXX_WAIT_REMOTE;
  const char *before = text_eq(row->name, "tensor_accessor_args") ? accessor_before(c, op) : NULL;
  if (before)
    return (cxx_expr){arena_printf(c->mem, "TensorAccessorArgs<%s.next_compile_time_args_offset()>()", before), CXX_PRIMARY, false};
  if (form[0]) {
    fill(c, op, row, form, &out);
    return (cxx_expr){text_str(&out), CXX_PRIMARY, false};
  }
  text_addf(&out, "%s%s(", row->name, template_args(c, op));
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    text_addf(&out, "%s%s", i ? ", " : "", operand(c, op, row, i, ""));
  text_add(&out, ")");
  return (cxx_expr){text_str(&out), CXX_PRIMARY, false};
}
