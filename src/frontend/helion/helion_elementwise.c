/* Elementwise operations with PyTorch's type promotion. */
#include "frontend/helion/helion_device.h"

/* ---- types ---- */
typedef enum category { CATEGORY_BOOL, CATEGORY_INT, CATEGORY_FLOAT } category;

static category category_of(dtype t) { return dtype_is_float(t) ? CATEGORY_FLOAT : t == DTYPE_BOOL ? CATEGORY_BOOL : CATEGORY_INT; }

/* How much a value says about the result type: python numbers less than 0-d values, those less than tensors. */
typedef struct operand { int weight; dtype type; } operand;

static operand operand_of(const helion_reader *r, const helion_value *v) {
  switch (v->kind) {
  case HELION_DEVICE: return (operand){helion_type(r, v->device)->rank ? 2 : 1, helion_type(r, v->device)->type};
  case HELION_TILE: return (operand){2, DTYPE_I32};
  case HELION_FLOAT: return (operand){0, DTYPE_F32};
  case HELION_BOOL: return (operand){0, DTYPE_BOOL};
  default: return (operand){0, DTYPE_I64};
  }
}

dtype helion_result_type(const helion_reader *r, const helion_value *a, const helion_value *b) {
  operand x = operand_of(r, a), y = operand_of(r, b);
  if (x.weight == y.weight)
    return dtype_promote(x.type, y.type);
  operand strong = x.weight > y.weight ? x : y, weak = x.weight > y.weight ? y : x;
  return category_of(weak.type) > category_of(strong.type) ? weak.type : strong.type;
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

helion_value helion_apply1(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a) {
  kernel_value v;
  if (!helion_on_device(r, n, kernel_fn_name(fn)) || !helion_as_value(r, n, &a, DTYPE_F32, &v))
    return helion_unknown();
  bool is_float = dtype_is_float(helion_type(r, v)->type);
  if (fn >= KERNEL_FN_FLOOR && fn <= KERNEL_FN_TRUNC && !is_float)
    return helion_device(v);   /* whole numbers stay */
  if ((is_float_fn(fn) || fn == KERNEL_FN_ISNAN || fn == KERNEL_FN_ISINF) && !is_float)
    v = helion_cast(r, n, v, DTYPE_F32);
  return helion_device(helion_fn1(r, n, fn, v));
}

helion_value helion_apply2(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a, helion_value b) {
  dtype t = helion_result_type(r, &a, &b);
  kernel_type shape;
  kernel_value x, y;
  helion_value fused;
  if (is_float_fn(fn) && !dtype_is_float(t))
    t = DTYPE_F32;
  bool is_bitwise = fn == KERNEL_FN_AND || fn == KERNEL_FN_OR || fn == KERNEL_FN_XOR || fn == KERNEL_FN_SHL || fn == KERNEL_FN_SHR;
  if (is_bitwise && dtype_is_float(t))
    return helion_fail(r, n, LOOM_EINPUT, "cast to an integer type or compare first", "the bitwise operation %s of %s and %s", kernel_fn_name(fn),
                       helion_describe(r, &a), helion_describe(r, &b));
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
  return helion_fail(r, n, LOOM_EUNSUP, NULL, "this operator on device values");
}

/* x ** 2 and x ** 3 as products: exact where pow is not. */
static helion_value small_power(helion_reader *r, const syn_node *n, helion_value a, int64_t exponent) {
  helion_value v = a;
  for (int64_t i = 1; i < exponent; i++)
    v = helion_apply2(r, n, KERNEL_FN_MUL, v, a);
  return v;
}

helion_value helion_device_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  int64_t exponent;
  if (op == SYN_Pow && helion_known_int(r, &b, &exponent) && exponent >= 1 && exponent <= 4)
    return small_power(r, n, a, exponent);
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
  if (op == SYN_Invert && a.kind == HELION_DEVICE && !dtype_is_float(helion_type(r, a.device)->type))
    return helion_apply1(r, n, helion_type(r, a.device)->type == DTYPE_BOOL ? KERNEL_FN_NOT : KERNEL_FN_INVERT, a);
  return op == SYN_UAdd ? a : helion_fail(r, n, LOOM_EUNSUP, NULL, "this operator on a device value");
}

helion_value helion_device_compare(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  return apply_operator(r, n, op, a, b);
}
