/* The body of an elementwise op on DST registers: each value in a register of its own until its last use.  All arithmetic is f32; widening and rounding between
 * formats happens where tiles are unpacked and packed. */
#include "target/tt/tt_private.h"
#include "base/text.h"
#include <math.h>

enum { VALUES_MAX = 256 };
typedef struct slot { MlirValue value; int uses, reg; } slot;
typedef struct eval {
  tt_emit *e;
  tt_site *s;
  MlirBlock block;
  slot at[VALUES_MAX];
  int n, first;
  bool taken[16];
} eval;

static loom_status refuse(eval *v, const char *what) {
  LOOM_FAIL(v->e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' %s, which has no form on Tenstorrent cores", v->s->f->name, what);
}

/* ---- what an op is ---- */

/* X(op, stem of the tile function) */
#define UNARY_LIST(X)                                                                                                                                         \
  X("math.exp", "exp") X("math.exp2", "exp2") X("math.expm1", "expm1") X("math.log", "log") X("math.log1p", "log1p") X("math.sqrt", "sqrt")                \
  X("math.rsqrt", "rsqrt") X("math.tanh", "tanh") X("math.erf", "erf") X("math.sin", "sin") X("math.cos", "cos") X("math.tan", "tan") X("math.absf", "abs") \
  X("math.absi", "abs") X("math.atan", "atan") X("arith.negf", "negative")
#define BINARY_LIST(X)                                                                                                                                     \
  X("arith.addf", "add_binary") X("arith.subf", "sub_binary") X("arith.mulf", "mul_binary") X("arith.divf", "div_binary") X("arith.maximumf", "binary_max") \
  X("arith.maxnumf", "binary_max") X("arith.minimumf", "binary_min") X("arith.minnumf", "binary_min") X("math.powf", "power_binary")                        \
  X("arith.addi", "add_binary") X("arith.subi", "sub_binary") X("arith.muli", "mul_binary") X("arith.andi", "mul_binary") X("arith.ori", "binary_max")     \
  X("arith.maxsi", "binary_max") X("arith.minsi", "binary_min")

typedef struct row { const char *op, *stem; } row;

static const char *find(const row *rows, size_t n, MlirOperation op) {
  for (size_t i = 0; i < n; i++)
    if (ir_op_is(op, rows[i].op))
      return rows[i].stem;
  return NULL;
}

static const char *unary_of(MlirOperation op) {
#define X(o, s) {o, s},
  static const row rows[] = {UNARY_LIST(X)};
  return find(rows, sizeof rows / sizeof *rows, op);
}

static const char *binary_of(MlirOperation op) {
  static const row rows[] = {BINARY_LIST(X)};
  return find(rows, sizeof rows / sizeof *rows, op);
}

/* cmpf and cmpi by predicate; ordered and unordered are the same where there are no NaNs, and DST has no others to tell. */
static const char *comparison_of(MlirOperation op) {
  static const char *const floats[] = {NULL, "eq", "gt", "ge", "lt", "le", "ne", NULL, "eq", "gt", "ge", "lt", "le", "ne"};
  static const char *const ints[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  int64_t p = -1;
  ir_attr_int(ir_attr_of(op, "predicate"), &p);
  if (ir_op_is(op, "arith.cmpf") && p >= 0 && p < 14)
    return floats[p];
  return ir_op_is(op, "arith.cmpi") && p >= 0 && p < 6 ? ints[p] : NULL;
}

/* Ops that change the type and not the number (which fits in f32 on both sides). */
static bool is_transparent(MlirOperation op) {
  static const char *const names[] = {"arith.extf", "arith.truncf", "arith.index_cast", "arith.sitofp", "arith.uitofp", "arith.extui", "arith.extsi", "arith.trunci"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static MlirValue through(MlirValue v) {
  MlirOperation def = ir_def(v);
  while (is_transparent(def)) {
    v = ir_operand(def, 0);
    def = ir_def(v);
  }
  return v;
}

static bool constant_of(MlirValue v, double *out) {
  MlirOperation def = ir_def(v);
  int64_t n;
  if (!ir_op_is(def, "arith.constant"))
    return false;
  MlirAttribute a = ir_attr_of(def, "value");
  if (mlirAttributeIsAFloat(a)) {
    *out = mlirFloatAttrGetValueDouble(a);
    return true;
  }
  if (mlirAttributeIsABool(a)) {
    *out = mlirBoolAttrGetValue(a);
    return true;
  }
  if (!ir_attr_int(a, &n))
    return false;
  *out = (double)n;
  return true;
}

/* ---- registers ---- */

static slot *slot_of(eval *v, MlirValue x) {
  for (int i = 0; i < v->n; i++)
    if (mlirValueEqual(v->at[i].value, x))
      return &v->at[i];
  return NULL;
}

static loom_status take(eval *v, int *out) {
  for (int i = v->first; i < v->s->capacity; i++)
    if (!v->taken[i]) {
      v->taken[i] = true;
      *out = i;
      return LOOM_OK;
    }
  return refuse(v, arena_printf(v->e->mem, "holds more than %d values at once", v->s->capacity));
}

/* Counts how often every value is used by what `x` needs. */
static loom_status count(eval *v, MlirValue x) {
  x = through(x);
  slot *s = slot_of(v, x);
  if (s) {
    s->uses++;
    return LOOM_OK;
  }
  if (v->n == VALUES_MAX)
    return refuse(v, "has too large a body");
  v->at[v->n++] = (slot){x, 1, -1};
  MlirOperation def = ir_def(x);
  double c;
  if (mlirOperationIsNull(def) || constant_of(x, &c) || ir_op_is(def, "linalg.index") || !mlirBlockEqual(mlirOperationGetBlock(def), v->block))
    return LOOM_OK;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    LOOM_TRY(count(v, ir_operand(def, i)));
  return LOOM_OK;
}

/* One use less; a register without uses is free. */
static void drop(eval *v, MlirValue x) {
  slot *s = slot_of(v, through(x));
  if (--s->uses == 0 && s->reg >= 0)
    v->taken[s->reg] = false;
}

static loom_status make(eval *v, MlirValue x, int *out);

/* A register whose contents may be overwritten: that of `x` when this is its last use, else a copy. */
static loom_status own(eval *v, MlirValue x, int *out) {
  int reg;
  x = through(x);
  LOOM_TRY(make(v, x, &reg));
  slot *s = slot_of(v, x);
  if (s->uses == 1) {
    s->uses = 0;
    *out = reg;
    return LOOM_OK;
  }
  s->uses--;
  LOOM_TRY(take(v, out));
  TT_OP0(v->e, "copy_dest_values_init");
  tt_set_templates(v->e, TT_OP(v->e, "copy_dest_values", tt_int(v->e, reg), tt_int(v->e, *out)), (const char *[]){"DataFormat::Float32"}, 1);
  return LOOM_OK;
}

static MlirValue bits_of(tt_emit *e, double c) {
  union { float f; int32_t i; } u = {.f = (float)c};
  return tt_int(e, u.i);
}

/* x op constant, in place. */
static bool scalar_binary(eval *v, const char *stem, int reg, double c, bool constant_left) {
  static const row right[] = {{"add_binary", "add_unary_tile"}, {"sub_binary", "sub_unary_tile"}, {"mul_binary", "mul_unary_tile"}};
  static const row left[] = {{"add_binary", "add_unary_tile"}, {"sub_binary", "rsub_unary_tile"}, {"mul_binary", "mul_unary_tile"}};
  const char *name = NULL;
  for (int i = 0; i < 3; i++)
    if (text_eq(stem, right[i].op))
      name = constant_left ? left[i].stem : right[i].stem;
  if (!name)
    return false;
  TT_OP0(v->e, "binop_with_scalar_tile_init");
  tt_op(v->e, arena_printf(v->e->mem, "ttkernel.%s", name), (MlirValue[]){tt_int(v->e, reg), bits_of(v->e, c)}, 2);
  return true;
}

/* The heavier side first, so that fewer registers wait. */
static int weight(eval *v, MlirValue x) {
  MlirOperation def = ir_def(through(x));
  double c;
  if (mlirOperationIsNull(def) || constant_of(through(x), &c) || !mlirBlockEqual(mlirOperationGetBlock(def), v->block))
    return 1;
  int most = 1;
  for (intptr_t i = 0; i < ir_num_operands(def); i++) {
    int w = weight(v, ir_operand(def, i)) + (i > 0);
    most = w > most ? w : most;
  }
  return most;
}

static loom_status make_binary(eval *v, const char *stem, MlirOperation op, int *out) {
  MlirValue a = through(ir_operand(op, 0)), b = through(ir_operand(op, 1));
  double c;
  bool left = constant_of(a, &c), right = !left && constant_of(b, &c);
  if ((left || right) && (text_eq(stem, "add_binary") || text_eq(stem, "sub_binary") || text_eq(stem, "mul_binary"))) {
    LOOM_TRY(own(v, left ? b : a, out));
    drop(v, left ? a : b);
    scalar_binary(v, stem, *out, c, left);
    return LOOM_OK;
  }
  int ra, rb;
  if (weight(v, b) > weight(v, a)) {
    LOOM_TRY(make(v, b, &rb));
    LOOM_TRY(make(v, a, &ra));
  } else {
    LOOM_TRY(make(v, a, &ra));
    LOOM_TRY(make(v, b, &rb));
  }
  drop(v, a);
  drop(v, b);
  LOOM_TRY(take(v, out));                 /* often one of theirs: the functions read both before they write */
  tt_binary(v->e, stem, ra, rb, *out);
  return LOOM_OK;
}

static loom_status make_select(eval *v, MlirOperation op, int *out) {
  int r[3];
  for (int i = 0; i < 3; i++)
    LOOM_TRY(make(v, ir_operand(op, i), &r[i]));
  for (int i = 0; i < 3; i++)
    drop(v, ir_operand(op, i));
  LOOM_TRY(take(v, out));
  TT_OP0(v->e, "where_tile_init");
  MlirValue at[] = {tt_int(v->e, r[0]), tt_int(v->e, r[1]), tt_int(v->e, r[2]), tt_int(v->e, *out)};
  tt_set_templates(v->e, tt_op(v->e, "ttkernel.where_tile", at, 4), (const char *[]){"DataFormat::Float32"}, 1);
  return LOOM_OK;
}

/* Which block argument of the body `x` is: an operand's tile. */
static loom_status make_operand(eval *v, MlirValue x, int *out) {
  int operand = (int)mlirBlockArgumentGetArgNumber(x);
  if (!tt_can_read(v->s, operand))
    return refuse(v, arena_printf(v->e->mem, "reads '%s' along other dims than rows and columns", v->s->buffer[operand]->b->name));
  LOOM_TRY(take(v, out));
  bool is_output = v->s->f->operand[operand].use == tfn_output(v->s->f)->use;
  MlirValue index = is_output && !v->s->fresh ? tt_int(v->e, 0) : tt_tile_index(v->e, v->s, operand);
  tt_copy_in(v->e, v->s, operand, index, *out);
  return LOOM_OK;
}

/* linalg.index: the position of each element along a dim. */
static loom_status make_position(eval *v, MlirOperation op, int *out) {
  tt_emit *e = v->e;
  int64_t dim = 0;
  ir_attr_int(ir_attr_of(op, "dim"), &dim);
  LOOM_TRY(take(v, out));
  tt_dim role = v->s->roles.at[dim];
  MlirValue base = v->s->tile[dim];
  if (role == TT_BATCH) {
    tt_fill_register(e, *out, 0);
  } else {
    tt_copy_tile(e, tt_positions(e, role), tt_int(e, 0), tt_int(e, *out));
    base = tt_mul(e, base, tt_int(e, TT_TILE));
  }
  TT_OP0(e, "binop_with_scalar_tile_init");
  TT_OP(e, "add_unary_tile", tt_int(e, *out), TT_VALUE(e, tt_i32(e), "float_bits", NULL, base));
  return LOOM_OK;
}

/* An integer argument of the tile function, the same for all elements. */
static loom_status make_number(eval *v, MlirValue x, int *out) {
  intptr_t i = mlirBlockArgumentGetArgNumber(x) - v->s->f->n_uses;
  if (i < 0 || i >= v->s->f->n_args)
    return refuse(v, "uses a scalar that is no number");
  LOOM_TRY(take(v, out));
  tt_fill_register(v->e, *out, 0);
  TT_OP0(v->e, "binop_with_scalar_tile_init");
  TT_OP(v->e, "add_unary_tile", tt_int(v->e, *out), TT_VALUE(v->e, tt_i32(v->e), "float_bits", NULL, v->s->args[i]));
  return LOOM_OK;
}

static loom_status make_op(eval *v, MlirOperation op, int *out) {
  const char *stem = unary_of(op);
  if (stem) {
    LOOM_TRY(own(v, ir_operand(op, 0), out));
    tt_unary(v->e, stem, *out);
    return LOOM_OK;
  }
  stem = binary_of(op);
  if (stem)
    return make_binary(v, stem, op, out);
  stem = comparison_of(op);
  if (stem)
    return make_binary(v, arena_printf(v->e->mem, "%s_binary", stem), op, out);
  if (ir_op_is(op, "math.floor") || ir_op_is(op, "math.ceil") || ir_op_is(op, "math.trunc")) {
    LOOM_TRY(own(v, ir_operand(op, 0), out));
    TT_OP0(v->e, "rounding_op_tile_init");
    tt_op(v->e, arena_printf(v->e->mem, "ttkernel.%s_tile", ir_op_name(op) + 5), (MlirValue[]){tt_int(v->e, *out)}, 1);
    return LOOM_OK;
  }
  if (ir_op_is(op, "arith.select"))
    return make_select(v, op, out);
  if (ir_op_is(op, "linalg.index"))
    return make_position(v, op, out);
  return refuse(v, arena_printf(v->e->mem, "uses '%s'", ir_op_name(op)));
}

static loom_status make(eval *v, MlirValue x, int *out) {
  x = through(x);
  slot *s = slot_of(v, x);
  double c;
  if (s->reg >= 0) {
    *out = s->reg;
    return LOOM_OK;
  }
  if (constant_of(x, &c)) {
    LOOM_TRY(take(v, out));
    tt_fill_register(v->e, *out, c);
  } else if (mlirValueIsABlockArgument(x)) {
    LOOM_TRY(mlirBlockEqual(mlirBlockArgumentGetOwner(x), v->block) ? make_operand(v, x, out) : make_number(v, x, out));
  } else {
    LOOM_TRY(make_op(v, ir_def(x), out));
  }
  s->reg = *out;
  return LOOM_OK;
}

loom_status tt_eval_body(tt_emit *e, tt_site *s, MlirValue value, int first, int *out) {
  eval v = {.e = e, .s = s, .block = ir_body(s->f->op), .first = first};
  LOOM_TRY(count(&v, value));
  return make(&v, value, out);
}
