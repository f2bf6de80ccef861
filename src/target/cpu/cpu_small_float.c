/* Floats of a byte and less: no CPU has them, so arithmetic is that of f32 and what is between the two is integer arithmetic on their bits, one
 * private function per format and direction, made from the format's row (base/small_float.h). */
#include "base/small_float.h"
#include "base/vec.h"
#include "target/cpu/cpu_private.h"

typedef struct finder { ir_ctx *ir; bool found[32]; VEC_OF(MlirOperation) casts; } finder;

static const small_float *format_of(arena *mem, MlirType t) {
  if (mlirTypeIsAShaped(t))
    t = mlirShapedTypeGetElementType(t);
  return mlirTypeIsAFloat(t) && mlirFloatTypeGetWidth(t) <= 8 ? small_float_find(ir_print_type(mem, t)) : NULL;
}

static void note(finder *f, MlirType t) {
  int n;
  const small_float *row = format_of(&f->ir->ctx->mem, t);
  if (row)
    f->found[row - small_float_rows(&n)] = true;
}

static bool find_formats(MlirOperation op, void *data) {
  finder *f = data;
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    note(f, mlirValueGetType(ir_operand(op, i)));
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    note(f, mlirValueGetType(ir_result(op, i)));
  return true;
}

static bool find_casts(MlirOperation op, void *data) {
  finder *f = data;
  arena *mem = &f->ir->ctx->mem;
  bool extends = ir_op_is(op, "arith.extf") && format_of(mem, mlirValueGetType(ir_operand(op, 0)));
  if (extends || (ir_op_is(op, "arith.truncf") && format_of(mem, mlirValueGetType(ir_result(op, 0)))))
    vec_push(mem, &f->casts, op);
  return true;
}

static const char *function_name(arena *mem, const small_float *f, bool extends) { return arena_printf(mem, "loom_%s_%s", extends ? "extend" : "truncate", f->name); }

/* f32 has room for every number of the format and, as normal numbers, for its subnormals; so a number is its bits moved to f32's places times a
 * power of two, which is exact and counts the subnormals' missing hidden bit right. */
static const char *extend_text(arena *mem, const small_float *f) {
  int bits = small_float_bits(f), m = f->mantissa_bits, magnitude = f->exponent_bits + m;
  bool any;
  uint32_t nan = small_float_nan(f, &any), infinity = small_float_overflow(f);
  text t = text_new(mem);
  text_addf(&t, "func.func private @\"%s\"(%%b: i%d) -> f32 attributes {llvm.linkage = #llvm.linkage<internal>} {\n", function_name(mem, f, true), bits);
  text_addf(&t, "  %%w = arith.extui %%b : i%d to i32\n  %%mask = arith.constant %d : i32\n  %%mag = arith.andi %%w, %%mask : i32\n", bits, (1 << magnitude) - 1);
  text_addf(&t, "  %%up = arith.constant %d : i32\n  %%moved = arith.shli %%mag, %%up : i32\n  %%raw = arith.bitcast %%moved : i32 to f32\n", 23 - m);
  if (f->kind == SMALL_FLOAT_SCALE)   /* exponent 0 is 2^-127, a subnormal of f32, and no zero */
    text_add(&t, "  %zero = arith.constant 0 : i32\n  %least = arith.constant 0x00400000 : i32\n  %is0 = arith.cmpi eq, %mag, %zero : i32\n"
                 "  %bits0 = arith.select %is0, %least, %moved : i32\n  %num = arith.bitcast %bits0 : i32 to f32\n");
  else
    text_addf(&t, "  %%scale = arith.constant 0x%08X : f32\n  %%num = arith.mulf %%raw, %%scale : f32\n", (unsigned)(127 + 127 - f->bias) << 23);
  const char *value = "%num";
  if (f->kind == SMALL_FLOAT_IEEE) {
    text_addf(&t, "  %%ci = arith.constant %u : i32\n  %%finf = arith.constant 0x7F800000 : f32\n  %%isinf = arith.cmpi eq, %%mag, %%ci : i32\n"
                  "  %%vi = arith.select %%isinf, %%finf, %s : f32\n", infinity, value);
    value = "%vi";
  }
  if (f->kind != SMALL_FLOAT_SCALE)
    text_addf(&t, "  %%neg = arith.negf %s : f32\n  %%cs = arith.constant %d : i32\n  %%s = arith.cmpi ugt, %%w, %%cs : i32\n  %%signed = arith.select %%s, %%neg, %s : f32\n", value,
              (1 << magnitude) - 1, value);
  value = f->kind == SMALL_FLOAT_SCALE ? value : "%signed";
  if (any) {
    bool by_magnitude = f->kind != SMALL_FLOAT_FNUZ;
    text_addf(&t, "  %%cn = arith.constant %u : i32\n  %%fnan = arith.constant 0x7FC00000 : f32\n  %%isnan = arith.cmpi %s, %s, %%cn : i32\n  %%v = arith.select %%isnan, %%fnan, %s : f32\n",
              f->kind == SMALL_FLOAT_IEEE ? infinity : nan, f->kind == SMALL_FLOAT_IEEE ? "ugt" : "eq", by_magnitude ? "%mag" : "%w", value);
    value = "%v";
  }
  text_addf(&t, "  return %s : f32\n}\n", value);
  return text_str(&t);
}

/* Rounds |x| to nearest even in two ranges.  Where the result is a normal number: add half of the last kept place less one, and one more where it
 * is odd, and cut; a carry goes into the exponent.  Below: adding 2^k, whose last place is the format's least number, lets the FPU round, and the
 * difference of the bits counts those numbers.  Then the ends: what the format has no number for. */
static const char *truncate_text(arena *mem, const small_float *f) {
  int bits = small_float_bits(f), m = f->mantissa_bits, drop = 23 - m, magnitude = f->exponent_bits + m;
  int least_normal = 1 - f->bias;                     /* exponent of the least normal number */
  int magic = least_normal - m + 23;                  /* 2^magic has its last place at the least number */
  bool any;
  uint32_t nan = small_float_nan(f, &any);
  text t = text_new(mem);
  text_addf(&t, "func.func private @\"%s\"(%%x: f32) -> i%d attributes {llvm.linkage = #llvm.linkage<internal>} {\n", function_name(mem, f, false), bits);
  text_add(&t, "  %w = arith.bitcast %x : f32 to i32\n  %absmask = arith.constant 0x7FFFFFFF : i32\n  %a = arith.andi %w, %absmask : i32\n  %absx = arith.bitcast %a : i32 to f32\n");
  text_addf(&t, "  %%drop = arith.constant %d : i32\n  %%one = arith.constant 1 : i32\n  %%down = arith.shrui %%a, %%drop : i32\n  %%odd = arith.andi %%down, %%one : i32\n", drop);
  text_addf(&t, "  %%half = arith.constant %d : i32\n  %%h = arith.addi %%half, %%odd : i32\n  %%rounded = arith.addi %%a, %%h : i32\n  %%kept = arith.shrui %%rounded, %%drop : i32\n", (1 << (drop - 1)) - 1);
  text_addf(&t, "  %%rebias = arith.constant %d : i32\n  %%normal = arith.subi %%kept, %%rebias : i32\n", (127 - f->bias) << m);
  text_addf(&t, "  %%magic = arith.constant 0x%08X : i32\n  %%fmagic = arith.bitcast %%magic : i32 to f32\n  %%sum = arith.addf %%absx, %%fmagic : f32\n", (unsigned)(magic + 127) << 23);
  text_add(&t, "  %sumbits = arith.bitcast %sum : f32 to i32\n  %small = arith.subi %sumbits, %magic : i32\n");
  text_addf(&t, "  %%first = arith.constant 0x%08X : i32\n  %%issmall = arith.cmpi ult, %%a, %%first : i32\n  %%mag0 = arith.select %%issmall, %%small, %%normal : i32\n",
            (unsigned)(least_normal + 127) << 23);
  text_addf(&t, "  %%max = arith.constant %u : i32\n  %%over = arith.constant %u : i32\n  %%isover = arith.cmpi sgt, %%mag0, %%max : i32\n  %%mag = arith.select %%isover, %%over, %%mag0 : i32\n",
            small_float_max(f), small_float_overflow(f));
  text_addf(&t, "  %%c31 = arith.constant 31 : i32\n  %%sign = arith.shrui %%w, %%c31 : i32\n  %%cs = arith.constant %d : i32\n  %%s = arith.shli %%sign, %%cs : i32\n", magnitude);
  text_add(&t, "  %signed = arith.ori %mag, %s : i32\n");
  const char *value = "%signed";
  if (f->kind == SMALL_FLOAT_FNUZ) {                  /* no -0, and NaN has no sign */
    text_add(&t, "  %zero = arith.constant 0 : i32\n  %is0 = arith.cmpi eq, %mag, %zero : i32\n  %plain = arith.ori %is0, %isover : i1\n  %u = arith.select %plain, %mag, %signed : i32\n");
    value = "%u";
  }
  text_addf(&t, "  %%nan = arith.constant %u : i32\n  %%inf = arith.constant 0x7F800000 : i32\n  %%isnan = arith.cmpi ugt, %%a, %%inf : i32\n  %%v = arith.select %%isnan, %%nan, %s : i32\n", nan, value);
  text_addf(&t, "  %%r = arith.trunci %%v : i32 to i%d\n  return %%r : i%d\n}\n", bits, bits);
  return text_str(&t);
}

/* Scales round through their exponent: half of f32's last place of the exponent up, ties to even; f32's subnormals have no hidden bit to count. */
static const char *scale_text(arena *mem, const small_float *f) {
  return arena_printf(mem,
                      "func.func private @\"%s\"(%%x: f32) -> i8 attributes {llvm.linkage = #llvm.linkage<internal>} {\n"
                      "  %%w = arith.bitcast %%x : f32 to i32\n  %%c23 = arith.constant 23 : i32\n  %%one = arith.constant 1 : i32\n  %%half = arith.constant 0x003FFFFF : i32\n"
                      "  %%e = arith.shrui %%w, %%c23 : i32\n  %%odd = arith.andi %%e, %%one : i32\n  %%h = arith.addi %%half, %%odd : i32\n  %%r = arith.addi %%w, %%h : i32\n"
                      "  %%s0 = arith.shrui %%r, %%c23 : i32\n"
                      "  %%first = arith.constant 0x00800000 : i32\n  %%tie = arith.constant 0x00600000 : i32\n  %%sub = arith.cmpi ult, %%w, %%first : i32\n  %%up = arith.cmpi ugt, %%w, %%tie : i32\n"
                      "  %%s1 = arith.extui %%up : i1 to i32\n  %%s = arith.select %%sub, %%s1, %%s0 : i32\n  %%nan = arith.constant 255 : i32\n  %%inf = arith.constant 0x7F800000 : i32\n  %%bad = arith.cmpi uge, %%w, %%inf : i32\n  %%v = arith.select %%bad, %%nan, %%s : i32\n"
                      "  %%b = arith.trunci %%v : i32 to i8\n  return %%b : i8\n}\n",
                      function_name(mem, f, false));
}

/* Through f32; what is wider is rounded to it first. */
static MlirValue to_type(ir_builder *at, MlirValue v, MlirType want) {
  MlirType have = mlirValueGetType(v);
  if (mlirTypeEqual(have, want))
    return v;
  bool widens = mlirFloatTypeGetWidth(have) < mlirFloatTypeGetWidth(want);
  return ir_build1(at, widens ? "arith.extf" : "arith.truncf", want, 1, &v, 0, NULL);
}

static loom_status replace_cast(ir_ctx *ir, MlirOperation op) {
  arena *mem = &ir->ctx->mem;
  bool extends = ir_op_is(op, "arith.extf");
  MlirValue v = ir_operand(op, 0);
  MlirType from = mlirValueGetType(v), to = mlirValueGetType(ir_result(op, 0)), f32 = ir_dtype(ir, DTYPE_F32);
  if (mlirTypeIsAShaped(from))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s of %s is not supported; expected scalars", ir_op_name(op), ir_print_type(mem, from));
  const small_float *f = format_of(mem, extends ? from : to), *inner = format_of(mem, extends ? to : from);
  if (inner)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "from %s to %s at once is not supported; go through f32", ir_print_type(mem, from), ir_print_type(mem, to));
  MlirType raw = ir_type(ir, arena_printf(mem, "i%d", small_float_bits(f)));
  ir_builder at = ir_before(ir, op);
  ir_named callee = {"callee", ir_symbol_attr(ir, function_name(mem, f, extends))};
  v = extends ? ir_build1(&at, "arith.bitcast", raw, 1, &v, 0, NULL) : to_type(&at, v, f32);
  v = ir_build1(&at, "func.call", extends ? f32 : raw, 1, &v, 1, &callee);
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  v = extends ? to_type(&at, v, to) : ir_build1(&at, "arith.bitcast", to, 1, &v, 0, NULL);
  ir_replace_uses(ir_result(op, 0), v);
  ir_erase(op);
  return LOOM_OK;
}

loom_status cpu_lower_small_floats(ir_ctx *ir, MlirModule m) {
  arena *mem = &ir->ctx->mem;
  finder f = {.ir = ir};
  int n;
  const small_float *rows = small_float_rows(&n);
  text types = text_new(mem), functions = text_new(mem);
  ir_walk(mlirModuleGetOperation(m), find_formats, &f);
  for (int i = 0; i < n; i++)
    if (f.found[i]) {
      if (!text_eq(rows[i].name, "f8E4M3B11FNUZ"))   /* upstream's emulation does not know it: conversions only */
        text_addf(&types, "%s%s", types.size ? "," : "", rows[i].name);
      text_add(&functions, extend_text(mem, &rows[i]));
      text_add(&functions, rows[i].kind == SMALL_FLOAT_SCALE ? scale_text(mem, &rows[i]) : truncate_text(mem, &rows[i]));
    }
  if (!functions.size)
    return LOOM_OK;
  const char *emulation = types.size ? arena_printf(mem, ",arith-emulate-unsupported-floats{source-types=%s target-type=f32}", text_str(&types)) : "";
  LOOM_TRY(ir_run_pipeline(ir, m, arena_printf(mem, "builtin.module(func.func(convert-linalg-to-loops,arith-expand%s))", emulation)));
  ir_walk(mlirModuleGetOperation(m), find_casts, &f);
  for (size_t i = 0; i < f.casts.n; i++)
    LOOM_TRY(replace_cast(ir, f.casts.at[i]));
  return ir_add_functions(ir, m, "small floats", text_str(&functions));
}
