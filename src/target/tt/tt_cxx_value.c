#include "target/tt/tt_cxx.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the map from values to expressions ---- */
static size_t place(const cxx *c, const void *key) {
  size_t i = ((uintptr_t)key >> 4) * 0x9E3779B97F4A7C15u;
  for (i &= c->values.room - 1; c->values.at[i].key && c->values.at[i].key != key; i = (i + 1) & (c->values.room - 1))
    ;
  return i;
}

void cxx_bind(cxx *c, MlirValue v, cxx_expr e) {
  if (2 * c->values.n >= c->values.room) {
    cxx_slot *old = c->values.at;
    size_t n = c->values.room;
    c->values.room = n ? 2 * n : 256;
    c->values.at = ARENA_NEW_N(c->mem, cxx_slot, c->values.room);
    for (size_t i = 0; i < n; i++)
      if (old[i].key)
        c->values.at[place(c, old[i].key)] = old[i];
  }
  size_t i = place(c, v.ptr);
  c->values.n += !c->values.at[i].key;
  c->values.at[i] = (cxx_slot){v.ptr, e};
}

cxx_expr cxx_value(cxx *c, MlirValue v) {
  static const cxx_expr none = {"0", CXX_PRIMARY, false};
  size_t i = c->values.room ? place(c, v.ptr) : 0;
  return c->values.room && c->values.at[i].key ? c->values.at[i].expr : none;   /* every operand was visited: dominance is verified */
}

const char *cxx_wrap(cxx *c, cxx_expr e, int binding) { return e.binding < binding ? arena_printf(c->mem, "(%s)", e.text) : e.text; }

const char *cxx_operand(cxx *c, MlirValue v, int binding) { return cxx_wrap(c, cxx_value(c, v), binding); }

/* ---- types ---- */
static bool only_ttkernel_uses(MlirValue v) {
  for (MlirOpOperand use = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use))
    if (!ttkernel_find(mlirOpOperandGetOwner(use)))
      return false;
  return true;
}

/* Integers are int32_t; addresses and ids that only functions of the API use are uint32_t, as they are there. */
const char *cxx_type(cxx *c, MlirValue v) {
  MlirType t = mlirValueGetType(v);
  if (ttkernel_is_type(t, "cb"))
    return c->object_api ? "CircularBuffer" : "uint32_t";
  if (ttkernel_is_type(t, "noc_addr"))
    return "uint64_t";
  if (ttkernel_is_type(t, "l1_ptr") || ttkernel_is_type(t, "accessor") || ttkernel_is_type(t, "accessor_args"))
    return "auto";
  if (mlirTypeIsAF32(t))
    return "float";
  if (mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) <= 16)
    return mlirIntegerTypeGetWidth(t) == 1 ? "bool" : mlirIntegerTypeGetWidth(t) == 8 ? "uint8_t" : "uint16_t";
  MlirOperation def = ir_def(v);
  return ttkernel_is_type(t, "semaphore") || (!mlirOperationIsNull(def) && ttkernel_find(def) && only_ttkernel_uses(v)) ? "uint32_t" : "int32_t";
}

/* ---- arith ---- */
static int64_t width(MlirValue v) {
  MlirType t = mlirValueGetType(v);
  return mlirTypeIsAInteger(t) ? mlirIntegerTypeGetWidth(t) : mlirTypeIsAIndex(t) ? 32 : 0;
}

static cxx_expr constant(cxx *c, MlirOperation op) {
  MlirValue v = ir_result(op, 0);
  int64_t n;
  if (ir_const_int(v, &n)) {
    if (width(v) == 1)
      return (cxx_expr){n ? "true" : "false", CXX_PRIMARY, false};
    n = (int32_t)n;
    return n == INT32_MIN ? (cxx_expr){"(-2147483647 - 1)", CXX_PRIMARY, false} : (cxx_expr){arena_printf(c->mem, "%" PRId64, n), n < 0 ? CXX_UNARY : CXX_PRIMARY, false};
  }
  double f = mlirFloatAttrGetValueDouble(ir_attr_of(op, "value"));
  if (isnan(f) || isinf(f)) {
    c->helpers |= CXX_LIMITS;
    return isnan(f) ? (cxx_expr){"std::numeric_limits<float>::quiet_NaN()", CXX_PRIMARY, false}
                    : (cxx_expr){f < 0 ? "-std::numeric_limits<float>::infinity()" : "std::numeric_limits<float>::infinity()", f < 0 ? CXX_UNARY : CXX_PRIMARY, false};
  }
  const char *digits = NULL;                             /* the fewest that give this float */
  for (int precision = 1; precision <= 9 && (!digits || strtof(digits, NULL) != (float)f); precision++)
    digits = arena_printf(c->mem, "%.*g", precision, f);
  return (cxx_expr){arena_printf(c->mem, "%s%sf", digits, strpbrk(digits, ".e") ? "" : ".0"), f < 0 || signbit(f) ? CXX_UNARY : CXX_PRIMARY, false};
}

static cxx_expr binary(cxx *c, MlirOperation op, const char *sign, int binding) {
  /* Operators of bits with operands of sums, and || of &&, are legal without parentheses, but compilers warn of them. */
  int left = binding == CXX_OR ? CXX_EQUAL : binding <= CXX_BIT_AND && binding > CXX_AND ? CXX_UNARY : binding == CXX_SHIFT ? CXX_UNARY : binding;
  bool is_associative = text_eq(sign, "+") || binding == CXX_AND || binding == CXX_OR;
  int right = left > binding ? left : binding + !is_associative;
  return (cxx_expr){arena_printf(c->mem, "%s %s %s", cxx_operand(c, ir_operand(op, 0), left), sign, cxx_operand(c, ir_operand(op, 1), right)), binding, false};
}

static cxx_expr function(cxx *c, MlirOperation op, const char *name) {
  return (cxx_expr){arena_printf(c->mem, "%s(%s, %s)", name, cxx_operand(c, ir_operand(op, 0), 0), cxx_operand(c, ir_operand(op, 1), 0)), CXX_PRIMARY, false};
}

static const char *as_unsigned(cxx *c, MlirValue v) { return arena_printf(c->mem, "static_cast<uint32_t>(%s)", cxx_operand(c, v, 0)); }

static cxx_expr compare(cxx *c, MlirOperation op) {
  static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">="};
  int64_t p;
  if (!ir_attr_int(ir_attr_of(op, "predicate"), &p) || p < 0 || p > 9)
    p = 0;
  if (p < 6)
    return binary(c, op, signs[p], p < 2 ? CXX_EQUAL : CXX_RELATION);
  return (cxx_expr){arena_printf(c->mem, "%s %s %s", as_unsigned(c, ir_operand(op, 0)), signs[p], as_unsigned(c, ir_operand(op, 1))), CXX_RELATION, false};
}

/* Between integers: all of 32 bits are the same in C++. */
static cxx_expr cast(cxx *c, MlirOperation op, bool is_signed) {
  MlirValue v = ir_operand(op, 0);
  int64_t from = width(v), to = width(ir_result(op, 0));
  if (from == to)
    return cxx_value(c, v);
  if (to == 1)
    return (cxx_expr){arena_printf(c->mem, "(%s & 1) != 0", cxx_operand(c, v, CXX_UNARY)), CXX_EQUAL, false};
  if (from == 1 && is_signed)
    return (cxx_expr){arena_printf(c->mem, "%s ? -1 : 0", cxx_operand(c, v, CXX_OR)), CXX_TERNARY, false};
  const char *type = to == 8 ? "uint8_t" : to == 16 ? "uint16_t" : "int32_t";
  const char *inner = from > 1 && from < 32 && is_signed ? arena_printf(c->mem, "static_cast<int%d_t>(%s)", (int)from, cxx_operand(c, v, 0)) : cxx_operand(c, v, 0);
  return (cxx_expr){arena_printf(c->mem, "static_cast<%s>(%s)", type, inner), CXX_PRIMARY, false};
}

loom_status cxx_arith(cxx *c, MlirOperation op, cxx_expr *out) {
  static const struct { const char *op, *sign; int binding; } binaries[] = {
      {"arith.addi", "+", CXX_SUM}, {"arith.subi", "-", CXX_SUM}, {"arith.muli", "*", CXX_PRODUCT}, {"arith.divsi", "/", CXX_PRODUCT}, {"arith.remsi", "%", CXX_PRODUCT},
      {"arith.andi", "&", CXX_BIT_AND}, {"arith.ori", "|", CXX_BIT_OR}, {"arith.xori", "^", CXX_BIT_XOR}, {"arith.shli", "<<", CXX_SHIFT}, {"arith.shrsi", ">>", CXX_SHIFT}};
  static const struct { const char *op, *sign; int binding; } truths[] = {
      {"arith.andi", "&&", CXX_AND}, {"arith.ori", "||", CXX_OR}, {"arith.xori", "!=", CXX_EQUAL}};
  static const struct { const char *op, *name; unsigned helper; } functions[] = {
      {"arith.floordivsi", "floor_div", CXX_FLOOR_DIV}, {"arith.ceildivsi", "ceil_div", CXX_CEIL_DIV},
      {"arith.minsi", "std::min<int32_t>", CXX_MIN_MAX}, {"arith.maxsi", "std::max<int32_t>", CXX_MIN_MAX}};
  static const struct { const char *op, *sign; } naturals[] = {{"arith.divui", "/"}, {"arith.remui", "%"}, {"arith.shrui", ">>"}};
  const char *name = ir_op_name(op);
  if (mlirOperationGetNumResults(op) != 1 || (!width(ir_result(op, 0)) && !mlirTypeIsAF32(mlirValueGetType(ir_result(op, 0)))) || width(ir_result(op, 0)) > 32)
    LOOM_FAIL(c->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "a value of '%s' is no integer of at most 32 bits and no float: it has no C++ here", name);
  bool is_truth = ir_num_operands(op) && width(ir_operand(op, 0)) == 1;
  if (text_eq(name, "arith.constant"))
    *out = constant(c, op);
  else if (text_eq(name, "arith.cmpi"))
    *out = compare(c, op);
  else if (text_eq(name, "arith.select"))
    *out = (cxx_expr){arena_printf(c->mem, "%s ? %s : %s", cxx_operand(c, ir_operand(op, 0), CXX_OR), cxx_operand(c, ir_operand(op, 1), CXX_OR),
                                   cxx_operand(c, ir_operand(op, 2), CXX_OR)), CXX_TERNARY, false};
  else if (text_eq(name, "arith.index_cast") || text_eq(name, "arith.extsi"))
    *out = cast(c, op, true);
  else if (text_eq(name, "arith.index_castui") || text_eq(name, "arith.extui") || text_eq(name, "arith.trunci"))
    *out = cast(c, op, false);
  else {
    for (size_t i = 0; is_truth && i < sizeof truths / sizeof *truths; i++)
      if (text_eq(name, truths[i].op)) {
        *out = binary(c, op, truths[i].sign, truths[i].binding);
        return LOOM_OK;
      }
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
      if (text_eq(name, binaries[i].op)) {
        *out = binary(c, op, binaries[i].sign, binaries[i].binding);
        return LOOM_OK;
      }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
      if (text_eq(name, functions[i].op)) {
        c->helpers |= functions[i].helper;
        *out = function(c, op, functions[i].name);
        return LOOM_OK;
      }
    for (size_t i = 0; i < sizeof naturals / sizeof *naturals; i++)
      if (text_eq(name, naturals[i].op)) {
        *out = (cxx_expr){arena_printf(c->mem, "static_cast<int32_t>(%s %s %s)", as_unsigned(c, ir_operand(op, 0)), naturals[i].sign, as_unsigned(c, ir_operand(op, 1))),
                          CXX_PRIMARY, false};
        return LOOM_OK;
      }
    LOOM_FAIL(c->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "'%s' has no C++ in a device kernel", name);
  }
  return LOOM_OK;
}

void cxx_print_helpers(cxx *c) {
  static const struct { unsigned helper; const char *text; } texts[] = {
      {CXX_FLOOR_DIV, "static inline int32_t floor_div(int32_t a, int32_t b) {\n  return a % b != 0 && (a < 0) != (b < 0) ? a / b - 1 : a / b;\n}\n"},
      {CXX_CEIL_DIV, "static inline int32_t ceil_div(int32_t a, int32_t b) {\n  return a % b != 0 && (a < 0) == (b < 0) ? a / b + 1 : a / b;\n}\n"},
      {CXX_FLOAT_BITS, "// The bits of `value` as a float.\nstatic inline uint32_t float_bits(int32_t value) {\n  return __builtin_bit_cast(uint32_t, static_cast<float>(value));\n}\n"},
      {CXX_WAIT_REMOTE, "// Until the word at `from` is at least `value`; it is read through the 16 bytes at `scratch`.\nstatic inline void wait_remote_min(uint64_t from, uint32_t scratch, uint32_t value) {\n"
       "  const volatile tt_l1_ptr uint32_t *word = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(scratch);\n  do {\n    noc_async_read(from, scratch, sizeof *word);\n"
       "    noc_async_read_barrier();\n    invalidate_l1_cache();\n  } while (*word < value);\n}\n"}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (c->helpers & texts[i].helper)
      text_addf(&c->out, "\n%s", texts[i].text);
}
