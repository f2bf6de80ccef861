/* The rules of dialect `vcix` that IRDL cannot state. */
#include "dialect/dialect.h"

typedef struct checker { ir_ctx *ir; int vlen_bits, violations; } checker;

#define REPORT(c, op, ...) ((c)->violations++, (void)diag_error((c)->ir->ctx, ir_span((c)->ir, op), LOOM_EINPUT, __VA_ARGS__))

static const char *show(checker *c, MlirType t) { return ir_print_type(&c->ir->ctx->scratch, t); }

/* The fields of an instruction word, where they are given. */
static void check_fields(checker *c, MlirOperation op) {
  static const struct { const char *name; int64_t least, most; } fields[] = {{"opcode", 0, 3}, {"imm", -16, 15}, {"rd", 0, 31}, {"rs2", 0, 31}, {"lmul", -3, 3}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    int64_t v;
    MlirAttribute a = ir_attr_of(op, fields[i].name);
    if (!mlirAttributeIsNull(a) && (!ir_attr_int(a, &v) || v < fields[i].least || v > fields[i].most))
      REPORT(c, op, "%s of %s is %s; must be an integer in %" PRId64 "..%" PRId64, fields[i].name, ir_op_name(op), ir_print_attr(&c->ir->ctx->scratch, a), fields[i].least, fields[i].most);
  }
  int64_t sew;
  MlirAttribute a = ir_attr_of(op, "sew");
  if (!mlirAttributeIsNull(a) && (!ir_attr_int(a, &sew) || (sew != 8 && sew != 16 && sew != 32 && sew != 64)))
    REPORT(c, op, "sew of %s is %s; elements have 8, 16, 32 or 64 bits", ir_op_name(op), ir_print_attr(&c->ir->ctx->scratch, a));
}

static int element_bits(MlirType t) {
  if (mlirTypeIsAInteger(t) || mlirTypeIsAF16(t) || mlirTypeIsABF16(t) || mlirTypeIsAF32(t) || mlirTypeIsAF64(t)) {
    int bits = mlirTypeIsAInteger(t) ? (int)mlirIntegerTypeGetWidth(t) : (int)mlirFloatTypeGetWidth(t);
    return bits == 8 || bits == 16 || bits == 32 || bits == 64 ? bits : 0;
  }
  return 0;
}

/* A group of vector registers: at most eight, of vlen bits each; a scalable vector counts 64 bits of each register (RVV's vscale is vlen / 64). */
static void check_vector(checker *c, MlirOperation op, const char *what, MlirType t) {
  if (!mlirTypeIsAVector(t) || mlirShapedTypeGetRank(t) != 1) {
    REPORT(c, op, "%s of %s is %s; must be a vector of one dimension", what, ir_op_name(op), show(c, t));
    return;
  }
  int64_t bits = element_bits(mlirShapedTypeGetElementType(t)) * mlirShapedTypeGetDimSize(t, 0);
  if (bits == 0) {
    REPORT(c, op, "%s of %s is %s; elements must be integers or floats of 8, 16, 32 or 64 bits", what, ir_op_name(op), show(c, t));
    return;
  }
  bool is_scalable = mlirVectorTypeIsScalable(t);
  int64_t most = is_scalable ? 8 * 64 : 8 * (int64_t)c->vlen_bits;
  if (is_scalable && (mlirShapedTypeGetDimSize(t, 0) & (mlirShapedTypeGetDimSize(t, 0) - 1)))
    REPORT(c, op, "%s of %s is %s; the number of a scalable vector must be a power of two", what, ir_op_name(op), show(c, t));
  if ((is_scalable || c->vlen_bits) && bits > most)
    REPORT(c, op, "%s of %s is %s: %" PRId64 " bits; eight registers hold %" PRId64, what, ir_op_name(op), show(c, t), bits, most);
}

static void check_rvl(checker *c, MlirOperation op, intptr_t at) {
  MlirValue rvl = ir_operand(op, at);
  int64_t n;
  if (mlirValueIsNull(rvl))
    return;
  MlirType t = mlirValueGetType(rvl);
  if (!mlirTypeIsAInteger(t) || mlirIntegerTypeGetWidth(t) != 64)
    REPORT(c, op, "the number of elements of %s is %s; must be i64", ir_op_name(op), show(c, t));
  else if (ir_const_int(rvl, &n) && (n < 1 || n > 8192))
    REPORT(c, op, "the number of elements of %s is %" PRId64 "; must be 1..8192", ir_op_name(op), n);
}

static bool is_scalable(MlirType t) { return mlirTypeIsAVector(t) && mlirVectorTypeIsScalable(t); }

static void check_function(checker *c, MlirOperation op, intptr_t rvl) {
  MlirType in = mlirValueGetType(ir_operand(op, 0)), out = mlirValueGetType(ir_result(op, 0));
  check_vector(c, op, "the operand", in);
  if (!mlirTypeEqual(in, out))
    REPORT(c, op, "%s makes %s from %s; both must be the same", ir_op_name(op), show(c, out), show(c, in));
  if (is_scalable(in) && mlirValueIsNull(ir_operand(op, rvl)))
    REPORT(c, op, "%s of a scalable vector needs the number of elements", ir_op_name(op));
  check_rvl(c, op, rvl);
}

static void check_second(checker *c, MlirOperation op) {
  MlirType in = mlirValueGetType(ir_operand(op, 0)), t = mlirValueGetType(ir_operand(op, 1));
  bool is_element = mlirTypeIsAVector(in) && mlirTypeEqual(t, mlirShapedTypeGetElementType(in));
  if (!mlirTypeEqual(t, in) && !is_element && !(mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) == 64))
    REPORT(c, op, "the second operand of vcix.v.sv is %s; must be %s, one of its elements or i64", show(c, t), show(c, in));
}

static bool check_op(MlirOperation op, void *data) {
  checker *c = data;
  bool is_iv = ir_op_is(op, "vcix.iv"), is_i = ir_op_is(op, "vcix.i"), is_v_i = ir_op_is(op, "vcix.v.i"), is_v_iv = ir_op_is(op, "vcix.v.iv"), is_v_sv = ir_op_is(op, "vcix.v.sv");
  if (!is_iv && !is_i && !is_v_i && !is_v_iv && !is_v_sv)
    return true;
  check_fields(c, op);
  if (is_iv)
    check_vector(c, op, "the operand", mlirValueGetType(ir_operand(op, 0)));
  if (is_v_i)
    check_vector(c, op, "the result", mlirValueGetType(ir_result(op, 0)));
  if (is_v_iv || is_v_sv)
    check_function(c, op, is_v_sv ? 2 : 1);
  else
    check_rvl(c, op, is_iv ? 1 : 0);
  if (is_v_sv)
    check_second(c, op);
  return true;
}

loom_status dialect_verify_vcix(ir_ctx *ir, MlirOperation op, int vlen_bits) {
  checker c = {.ir = ir, .vlen_bits = vlen_bits};
  arena_mark mark = arena_save(&ir->ctx->scratch);
  ir_walk(op, check_op, &c);
  arena_release(&ir->ctx->scratch, mark);
  return c.violations ? LOOM_EINPUT : LOOM_OK;
}
