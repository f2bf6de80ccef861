/* Elementwise operations with PyTorch's type promotion. */
#include "frontend/helion/helion_device.h"

/* ---- types ---- */
typedef enum category { CATEGORY_BOOL, CATEGORY_INT, CATEGORY_FLOAT } category;

static category category_of(dtype t) { return dtype_is_float(t) ? CATEGORY_FLOAT : t == DTYPE_BOOL ? CATEGORY_BOOL : CATEGORY_INT; }

/* Values count in three levels: tensors say more than 0-d values, those more than python numbers. */
enum { OPERAND_NUMBER, OPERAND_SCALAR, OPERAND_TENSOR, OPERAND_LEVELS };
typedef struct operand { int level; dtype type; } operand;

static operand operand_of(const helion_reader *r, const helion_value *v) {
  switch (v->kind) {
  case HELION_DEVICE: return (operand){helion_type(r, v->device)->rank ? OPERAND_TENSOR : OPERAND_SCALAR, helion_type(r, v->device)->type};
  case HELION_TILE: return (operand){OPERAND_TENSOR, DTYPE_I32};
  case HELION_FLOAT: return (operand){OPERAND_NUMBER, DTYPE_F32};
  case HELION_BOOL: return (operand){OPERAND_NUMBER, DTYPE_BOOL};
  default: return (operand){OPERAND_NUMBER, DTYPE_I64};
  }
}

/* A lower level counts only where it has a higher category. */
static dtype combine(dtype high, dtype low) {
  return category_of(low) > category_of(high) ? dtype_promote(high, low) : high;
}

dtype helion_result_type_of(const helion_reader *r, const helion_value *v, size_t n) {
  bool has[OPERAND_LEVELS] = {false}, any = false;
  dtype type[OPERAND_LEVELS] = {DTYPE_F32}, out = DTYPE_F32;
  for (size_t i = 0; i < n; i++) {
    operand x = operand_of(r, &v[i]);
    type[x.level] = has[x.level] ? dtype_promote(type[x.level], x.type) : x.type;
    has[x.level] = true;
  }
  for (int l = 0; l < OPERAND_LEVELS; l++) {
    if (has[l])
      out = any ? combine(type[l], out) : type[l];
    any = any || has[l];
  }
  return out;
}

dtype helion_result_type(const helion_reader *r, const helion_value *a, const helion_value *b) {
  return helion_result_type_of(r, (helion_value[]){*a, *b}, 2);
}

/* PyTorch has no common type of a float8 and another type of tensor. */
bool helion_types_meet(helion_reader *r, const syn_node *n, const helion_value *a, const helion_value *b) {
  if (a->kind != HELION_DEVICE || b->kind != HELION_DEVICE)
    return true;
  dtype x = helion_type(r, a->device)->type, y = helion_type(r, b->device)->type;
  if (x == y || (!dtype_is_f8(x) && !dtype_is_f8(y)))
    return true;
  return helion_fail(r, n, LOOM_EINPUT, "convert one of them with .to(dtype)", "%s with %s: PyTorch does not promote float8 types", dtype_torch(x), dtype_torch(y)), false;
}

/* ---- applying ---- */
/* Functions of floats: an int operand becomes f32 first. */
static bool is_float_fn(kernel_fn fn) {
  switch (fn) {
  case KERNEL_FN_EXP:
  case KERNEL_FN_EXP2:
  case KERNEL_FN_LOG:
  case KERNEL_FN_LOG2:
  case KERNEL_FN_SQRT:
  case KERNEL_FN_RSQRT:
  case KERNEL_FN_TANH:
  case KERNEL_FN_LOG1P:
  case KERNEL_FN_EXPM1:
  case KERNEL_FN_SIN:
  case KERNEL_FN_COS:
  case KERNEL_FN_SIGMOID: case KERNEL_FN_ERF: case KERNEL_FN_RECIP: case KERNEL_FN_DIV: return true;
  default: return false;
  }
}

static bool is_scalar(helion_reader *r, const helion_value *v) {
  return v->kind == HELION_INT || (v->kind == HELION_DEVICE && !helion_type(r, v->device)->rank);
}

/* A tile is an index and a size, no numbers; tile + 1 is one. */
static bool is_bare_tile(helion_reader *r, const syn_node *n, const helion_value *v) {
  if (v->kind != HELION_TILE || v->tile.offset)
    return false;
  helion_fail(r, n, LOOM_EINPUT, "use its numbers: tile.index, tile.begin, tile.id or tile.block_size", "an operation on a tile");
  return true;
}

helion_value helion_apply1(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a) {
  kernel_value v;
  if (is_bare_tile(r, n, &a))
    return helion_unknown();
  if (!helion_on_device(r, n, kernel_fn_name(fn)) || !helion_as_value(r, n, &a, DTYPE_F32, &v))
    return helion_unknown();
  bool is_float = dtype_is_float(helion_type(r, v)->type), is_bool = helion_type(r, v)->type == DTYPE_BOOL;
  if (fn == KERNEL_FN_INVERT && is_bool)
    fn = KERNEL_FN_NOT;
  bool is_whole = fn == KERNEL_FN_INVERT || fn == KERNEL_FN_NOT, is_sign = fn == KERNEL_FN_NEG || fn == KERNEL_FN_ABS || fn == KERNEL_FN_SIGN || fn == KERNEL_FN_RELU;
  if ((is_whole && is_float) || (is_sign && is_bool))
    return helion_fail(r, n, LOOM_EINPUT, is_whole ? "cast to an integer type first" : "cast to a number type first", "%s of %s",
                       kernel_fn_name(fn), helion_describe(r, &a));
  if (fn >= KERNEL_FN_FLOOR && fn <= KERNEL_FN_TRUNC && !is_float)
    return helion_device(v);   /* whole numbers stay */
  if ((is_float_fn(fn) || fn == KERNEL_FN_ISNAN || fn == KERNEL_FN_ISINF) && !is_float)
    v = helion_cast(r, n, v, DTYPE_F32);
  return helion_device(helion_fn1(r, n, fn, v));
}

/* What an operation is on truth values: + is or, * is and; false where there is none. */
static bool bool_fn(kernel_fn *fn) {
  switch (*fn) {
  case KERNEL_FN_ADD:
  case KERNEL_FN_MAX: *fn = KERNEL_FN_OR; return true;
  case KERNEL_FN_MUL:
  case KERNEL_FN_MIN: *fn = KERNEL_FN_AND; return true;
  case KERNEL_FN_SUB:
  case KERNEL_FN_FLOORDIV:
  case KERNEL_FN_TRUNCDIV:
  case KERNEL_FN_MOD:
  case KERNEL_FN_POW:
  case KERNEL_FN_SHL:
  case KERNEL_FN_SHR: return false;
  default: return true;
  }
}

helion_value helion_apply2(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a, helion_value b) {
  dtype t = helion_result_type(r, &a, &b);
  kernel_type shape;
  kernel_value x, y;
  helion_value fused;
  bool moves = fn == KERNEL_FN_ADD && (is_scalar(r, &a) || is_scalar(r, &b));   /* tile + n moves the tile */
  if (!moves && (is_bare_tile(r, n, &a) || is_bare_tile(r, n, &b)))
    return helion_unknown();
  if (!helion_types_meet(r, n, &a, &b))
    return helion_unknown();
  if (is_float_fn(fn) && !dtype_is_float(t))
    t = DTYPE_F32;
  bool is_bitwise = fn == KERNEL_FN_AND || fn == KERNEL_FN_OR || fn == KERNEL_FN_XOR || fn == KERNEL_FN_SHL || fn == KERNEL_FN_SHR;
  if (is_bitwise && dtype_is_float(t))
    return helion_fail(r, n, LOOM_EINPUT, "cast to an integer type or compare first", "the bitwise operation %s of %s and %s", kernel_fn_name(fn),
                       helion_describe(r, &a), helion_describe(r, &b));
  if (t == DTYPE_BOOL && !bool_fn(&fn))
    return helion_fail(r, n, LOOM_EINPUT, fn == KERNEL_FN_SUB ? "use ^ for truth values" : "cast to a number type first", "%s of %s and %s",
                       kernel_fn_name(fn), helion_describe(r, &a), helion_describe(r, &b));
  if (!helion_on_device(r, n, kernel_fn_name(fn)))
    return helion_unknown();
  if (fn == KERNEL_FN_ADD && (helion_fuse_accumulate(r, n, &a, &b, t, &fused) || helion_fuse_accumulate(r, n, &b, &a, t, &fused)))
    return fused;
  if (!helion_as_value(r, n, &a, t, &x) || !helion_as_value(r, n, &b, t, &y))
    return helion_unknown();
  if (!helion_broadcast_shape(r, helion_type(r, x), helion_type(r, y), &shape))
    return helion_fail_shapes(r, n, kernel_fn_name(fn), helion_type(r, x), helion_type(r, y));
  return helion_device(helion_fn2(r, n, fn, helion_cast(r, n, x, t), helion_cast(r, n, y, t)));
}

/* ---- operators ---- */
typedef struct operator_row { syn_kind op; kernel_fn fn; } operator_row;
static const operator_row operators[] = {{SYN_Add, KERNEL_FN_ADD},
                                         {SYN_Sub, KERNEL_FN_SUB},
                                         {SYN_Mult, KERNEL_FN_MUL},
                                         {SYN_Div, KERNEL_FN_DIV},
                                         {SYN_FloorDiv, KERNEL_FN_FLOORDIV},
                                         {SYN_Mod, KERNEL_FN_MOD},
                                         {SYN_Pow, KERNEL_FN_POW},
                                         {SYN_BitAnd, KERNEL_FN_AND},
                                         {SYN_BitOr, KERNEL_FN_OR},
                                         {SYN_BitXor, KERNEL_FN_XOR},
                                         {SYN_LShift, KERNEL_FN_SHL},
                                         {SYN_RShift, KERNEL_FN_SHR},
                                         {SYN_Eq, KERNEL_FN_EQ},
                                         {SYN_NotEq, KERNEL_FN_NE},
                                         {SYN_Lt, KERNEL_FN_LT},
                                         {SYN_LtE, KERNEL_FN_LE},
                                         {SYN_Gt, KERNEL_FN_GT},
                                         {SYN_GtE, KERNEL_FN_GE}};

static helion_value apply_operator(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
    if (operators[i].op == op)
      return helion_apply2(r, n, operators[i].fn, a, b);
  return helion_fail(r, n, LOOM_EUNSUP, "use an arithmetic, bitwise or comparison operator", "this operator on device values");
}

/* Whole number that a python number is. */
static bool whole_number(helion_reader *r, const helion_value *v, int64_t *out) {
  if (v->kind != HELION_FLOAT)
    return helion_known_int(r, v, out);
  if (!(v->real >= -64 && v->real <= 64))
    return false;
  *out = (int64_t)v->real;
  return !(v->real < (double)*out) && !(v->real > (double)*out);
}

/* x ** n by squaring, n at least 1. */
static helion_value whole_power(helion_reader *r, const syn_node *n, helion_value x, int64_t exponent) {
  helion_value v = helion_none();
  for (; exponent && x.kind == HELION_DEVICE; exponent >>= 1) {
    if (exponent & 1)
      v = v.kind == HELION_DEVICE ? helion_apply2(r, n, KERNEL_FN_MUL, v, x) : x;
    if (exponent > 1)
      x = helion_apply2(r, n, KERNEL_FN_MUL, x, x);
  }
  return x.kind == HELION_DEVICE ? v : x;
}

/* Small whole powers of floats and all of ints are products, x ** 0.5 is a root: exact where pow is not.  Products of f16 and bf16 are rounded
 * once. */
static helion_value power(helion_reader *r, const syn_node *n, helion_value a, helion_value b) {
  int64_t whole;
  dtype t = helion_result_type(r, &a, &b);
  bool is_whole = whole_number(r, &b, &whole), is_half = b.kind == HELION_FLOAT && !(b.real < 0.5) && !(b.real > 0.5);
  if (!dtype_is_float(t) && is_whole && whole < 0)
    return helion_fail(r, n, LOOM_EINPUT, "cast to a float type first", "a negative power of %s", helion_describe(r, &a));
  bool is_product = is_whole && whole >= 0 && (whole <= 4 || !dtype_is_float(t));
  if (a.kind != HELION_DEVICE || t == DTYPE_BOOL || !(is_product || is_half))
    return helion_apply2(r, n, KERNEL_FN_POW, a, b);
  helion_value x = helion_widen(r, n, helion_device(helion_cast(r, n, a.device, t))), v;
  kernel_type ones = *helion_type(r, x.device);
  if (is_half)
    v = helion_apply1(r, n, KERNEL_FN_SQRT, x);
  else
    v = whole ? whole_power(r, n, x, whole) : helion_device(helion_full(r, n, 1, &ones));
  return v.kind == HELION_DEVICE ? helion_device(helion_cast(r, n, v.device, t)) : v;
}

helion_value helion_widen(helion_reader *r, const syn_node *n, helion_value v) {
  if (v.kind != HELION_DEVICE)
    return v;
  dtype t = helion_type(r, v.device)->type;
  return helion_device(helion_cast(r, n, v.device, dtype_compute(t)));
}

helion_value helion_device_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  if (op == SYN_Pow)
    return power(r, n, a, b);
  if (op != SYN_MatMult)
    return apply_operator(r, n, op, a, b);
  dtype out = helion_result_type(r, &a, &b);
  return helion_matmul(r, n, a, b, NULL, out);
}

helion_value helion_device_unary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a) {
  if (op == SYN_USub)
    return helion_apply1(r, n, KERNEL_FN_NEG, a);
  if (op == SYN_Not && a.kind == HELION_DEVICE && helion_type(r, a.device)->rank == 0)
    return helion_apply1(r, n, KERNEL_FN_NOT, helion_apply2(r, n, KERNEL_FN_NE, a, helion_int(r, 0)));
  if (op == SYN_Invert)
    return helion_apply1(r, n, KERNEL_FN_INVERT, a);
  return op == SYN_UAdd ? a : helion_fail(r, n, LOOM_EUNSUP, "use -, ~ or a comparison", "this operator on a device value");
}

helion_value helion_device_compare(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  return apply_operator(r, n, op, a, b);
}
