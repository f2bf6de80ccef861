/* Operators on host values: python numbers, sizes, sequences; device operands go to helion_elementwise.c. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_view.h"
#include <math.h>

/* ---- arithmetic ---- */
static bool as_number(helion_reader *r, const helion_value *v, double *out) {
  int64_t i;
  if (v->kind == HELION_FLOAT)
    *out = v->real;
  else if (helion_known_int(r, v, &i))
    *out = (double)i;
  else
    return false;
  return true;
}

static bool is_number(const helion_value *v) { return v->kind == HELION_INT || v->kind == HELION_BOOL || v->kind == HELION_FLOAT; }

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/* Of /, % and ** with b that Python gives an int for: int_op has refused 0 and made floats of inverses. */
static bool known_int_op(syn_kind op, int64_t a, int64_t b, int64_t *out) {
  switch (op) {
  case SYN_Add: return !__builtin_add_overflow(a, b, out);
  case SYN_Sub: return !__builtin_sub_overflow(a, b, out);
  case SYN_Mult: return !__builtin_mul_overflow(a, b, out);
  case SYN_FloorDiv:
    if (b == -1)
      return !__builtin_sub_overflow(0, a, out);
    *out = floor_div(a, b);
    return true;
  case SYN_Mod: *out = b == -1 ? 0 : a - floor_div(a, b) * b; return true;
  case SYN_LShift: *out = b >= 0 && b < 62 ? (int64_t)((uint64_t)a << b) : 0; return b >= 0 && b < 62 && (*out >> b) == a;
  case SYN_RShift: *out = b >= 0 ? a >> (b > 63 ? 63 : b) : 0; return b >= 0;
  case SYN_BitAnd: *out = a & b; return true;
  case SYN_BitOr: *out = a | b; return true;
  case SYN_BitXor: *out = a ^ b; return true;
  case SYN_Pow: {
    const int64_t rounds = b > 64 ? 64 + b % 2 : b;   /* 0, 1 and -1 repeat; of others 64 factors do not fit */
    *out = 1;
    for (int64_t i = 0; i < rounds; i++)
      if (__builtin_mul_overflow(*out, a, out))
        return false;
    return true;
  }
  default: return false;
  }
}

/* + - * // % on sizes stay symbolic, so that a size keeps its name; a divisor has to be known positive. */
static const sym_expr *size_op(helion_reader *r, syn_kind op, const sym_expr *a, const sym_expr *b) {
  bool divides = true, is_known = (op == SYN_FloorDiv || op == SYN_Mod) && helion_decide_number(r, SYM_GT, b, 0, &divides);
  divides = !is_known || divides;
  switch (op) {
  case SYN_Add: return sym_add(r->mem, a, b);
  case SYN_Sub: return sym_sub(r->mem, a, b);
  case SYN_Mult: return sym_mul(r->mem, a, b);
  case SYN_FloorDiv: return divides ? sym_floordiv(r->mem, a, b) : NULL;
  case SYN_Mod: return divides ? sym_mod(r->mem, a, b) : NULL;
  default: return NULL;
  }
}

/* Expressions are trees that share subtrees, so repeated doubling of a size would grow without end: beyond this many nodes a size is a
 * number. */
enum { HELION_SIZE_NODES_MAX = 64 };

static bool is_small(const sym_expr *e, int *left) {
  if (!e || --*left < 0)
    return *left >= 0;
  for (int i = 0; i < 3; i++)
    if (!is_small(e->arg[i], left))
      return false;
  return true;
}

bool helion_is_small(const sym_expr *e) { return is_small(e, &(int){HELION_SIZE_NODES_MAX}); }

static bool peek_int(helion_reader *r, const helion_value *v, int64_t *out) {
  return v->kind == HELION_INT ? helion_peek(r, v->size, out) : helion_known_int(r, v, out);
}

/* What the numbers of this call decide has to hold in every call. */
static void assume_numbers(helion_reader *r, const helion_value *va, const helion_value *vb) {
  int64_t n;
  (void)helion_known_int(r, va, &n);
  (void)helion_known_int(r, vb, &n);
}

static helion_value int_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *va, const helion_value *vb) {
  int64_t a, b, v;
  bool known = peek_int(r, va, &a) && peek_int(r, vb, &b);
  bool is_inverse = known && op == SYN_Pow && b < 0;
  if (known && ((b == 0 && (op == SYN_FloorDiv || op == SYN_Mod)) || (is_inverse && a == 0)))
    return helion_fail(r, n, LOOM_EINPUT, "the divisor must not be 0; choose other sizes or check it before", "division by zero");
  if (is_inverse) {
    assume_numbers(r, va, vb);
    return helion_float(pow((double)a, (double)b));
  }
  bool symbolic = va->kind == HELION_INT && vb->kind == HELION_INT && (va->size->op != SYM_CONST || vb->size->op != SYM_CONST);
  const sym_expr *e = symbolic ? size_op(r, op, va->size, vb->size) : NULL;
  if (e && helion_is_small(e) && (!known || helion_peek(r, e, &v)))
    return helion_size(e);
  if (known && known_int_op(op, a, b, &v)) {
    assume_numbers(r, va, vb);
    return helion_int(r, v);
  }
  return helion_fail(r, n, known || e ? LOOM_ELIMIT : LOOM_EUNSUP,
                     known || e ? "ints of a kernel fit 64 bits and expressions of block sizes 64 operations"
                                : "use +, -, *, // and % with block sizes",
                     "this operation on %s and %s", helion_describe(r, va), helion_describe(r, vb));
}

static helion_value float_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *va, const helion_value *vb) {
  double a, b;
  if (!as_number(r, va, &a) || !as_number(r, vb, &b))
    return helion_fail(r, n, LOOM_EUNSUP, "float arithmetic needs sizes that are known while compiling", "float arithmetic on %s and %s",
                       helion_describe(r, va), helion_describe(r, vb));
  if (b == 0 && (op == SYN_Div || op == SYN_FloorDiv || op == SYN_Mod))
    return helion_fail(r, n, LOOM_EINPUT, "the divisor must not be 0; choose other sizes or check it before", "division by zero");
  switch (op) {
  case SYN_Add: return helion_float(a + b);
  case SYN_Sub: return helion_float(a - b);
  case SYN_Mult: return helion_float(a * b);
  case SYN_Div: return helion_float(a / b);
  case SYN_FloorDiv: return helion_float(floor(a / b));
  case SYN_Mod: return helion_float(a - floor(a / b) * b);
  case SYN_Pow: return helion_float(pow(a, b));
  default: return helion_fail(r, n, LOOM_EINPUT, "use +, -, *, /, //, % and ** with floats", "this operation is not defined for floats");
  }
}

enum { HELION_ITEMS_MAX = 1 << 16 };

static helion_value sequence_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *a, const helion_value *b) {
  int64_t times = 2;
  const helion_seq *s = a->kind == HELION_SEQ ? &a->seq : &b->seq;
  bool joins = op == SYN_Add && a->kind == HELION_SEQ && b->kind == HELION_SEQ;
  bool repeats = op == SYN_Mult && helion_known_int(r, a->kind == HELION_SEQ ? b : a, &times);
  if (!joins && !repeats)
    return helion_fail(r, n, LOOM_EINPUT, "join sequences with +, repeat them with * and an int", "this operation is not defined for %s and %s", helion_describe(r, a), helion_describe(r, b));
  times = times < 0 || !s->n ? 0 : times;
  if (joins ? a->seq.n + b->seq.n > HELION_ITEMS_MAX : times > HELION_ITEMS_MAX / (int64_t)(s->n + 1))
    return helion_fail(r, n, LOOM_ELIMIT, "make a tensor of them", "a sequence of more than %d items", HELION_ITEMS_MAX);
  const size_t count = joins ? a->seq.n + b->seq.n : s->n * (size_t)times;
  helion_value out = helion_sequence(r, count, s->is_list);
  for (size_t i = 0; i < count; i++)
    out.seq.at[i] = !joins ? s->at[i % s->n] : i < a->seq.n ? a->seq.at[i] : b->seq.at[i - a->seq.n];
  return out;
}

/* An operator on whole tensors, outside of the loops. */
static helion_value host_operator(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, const helion_value *b) {
  helion_value out, other = b ? *b : helion_none();
  kernel_region *outer = helion_enter_host(r);
  helion_lift(r, n, &a);
  helion_lift(r, n, &other);
  out = b ? helion_device_binary(r, n, op, a, other) : helion_device_unary(r, n, op, a);
  out = helion_lower_result(r, n, out);
  helion_leave_host(r, outer);
  return out;
}

helion_value helion_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  if (a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
  if (helion_is_host_math(r, (helion_value[]){a, b}, 2) && a.kind != HELION_SEQ && b.kind != HELION_SEQ)
    return host_operator(r, n, op, a, &b);
  if (op != SYN_MatMult && is_number(&a) && is_number(&b)) {
    bool is_float = a.kind == HELION_FLOAT || b.kind == HELION_FLOAT || op == SYN_Div;
    return is_float ? float_op(r, n, op, &a, &b) : int_op(r, n, op, &a, &b);
  }
  if (a.kind == HELION_TILE && b.kind == HELION_INT && (op == SYN_Add || op == SYN_Sub)) {
    a.tile.offset = size_op(r, op, a.tile.offset ? a.tile.offset : sym_const(r->mem, 0), b.size);
    return a;
  }
  if (helion_is_device(&a) || helion_is_device(&b))
    return helion_device_binary(r, n, op, a, b);
  if (a.kind == HELION_SEQ || b.kind == HELION_SEQ)
    return sequence_op(r, n, op, &a, &b);
  if (a.kind == HELION_STR && b.kind == HELION_STR && op == SYN_Add && strlen(a.string) + strlen(b.string) < HELION_ITEMS_MAX)
    return helion_string(arena_printf(r->mem, "%s%s", a.string, b.string));
  if ((a.kind == HELION_SPEC && is_number(&b)) || (b.kind == HELION_SPEC && is_number(&a))) {
    diag_warn(r->ctx, n->span, "made-up contents are not scaled: the argument keeps the values of its generator");
    return a.kind == HELION_SPEC ? a : b;
  }
  if (a.kind == HELION_TENSOR || b.kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, n, a.kind == HELION_TENSOR ? &a : &b);
  return helion_fail(r, n, LOOM_EUNSUP, "operands are numbers, tensors and device values", "this operation on %s and %s", helion_describe(r, &a), helion_describe(r, &b));
}

helion_value helion_unary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a) {
  int64_t i;
  bool truth;
  if (a.kind == HELION_UNKNOWN)
    return a;
  if (op != SYN_Not && a.kind == HELION_TENSOR && !helion_in_loop(r))
    return host_operator(r, n, op, a, NULL);
  if (helion_is_device(&a))
    return helion_device_unary(r, n, op, a);
  if (op == SYN_Not)
    return helion_truth(r, &a, &truth)
               ? helion_bool(!truth)
               : helion_fail(r, n, LOOM_EUNSUP, "conditions have to be known while compiling", "`not` of %s", helion_describe(r, &a));
  if (op == SYN_UAdd && is_number(&a))
    return a;
  if (op == SYN_USub && a.kind == HELION_FLOAT)
    return helion_float(-a.real);
  if (op == SYN_USub && (a.kind == HELION_INT || a.kind == HELION_BOOL))
    return int_op(r, n, SYN_Sub, &(helion_value){.kind = HELION_INT, .size = sym_const(r->mem, 0)}, &a);
  if (op == SYN_Invert && helion_known_int(r, &a, &i))
    return helion_int(r, ~i);
  if (a.kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, n, &a);
  return helion_fail(r, n, LOOM_EUNSUP, "the operand must be a number, a tensor or a device value", "this operation on %s", helion_describe(r, &a));
}

/* ---- comparisons ---- */
static bool same_items(helion_reader *r, const helion_value *a, const helion_value *b, bool *out);

/* Python's ==, where it is known. */
static bool are_equal(helion_reader *r, const helion_value *a, const helion_value *b, bool *out) {
  double x, y;
  if (a->kind == HELION_INT && b->kind == HELION_INT)
    return helion_surely_same(r, a->size, b->size) ? (*out = true) : helion_decide(r, SYM_EQ, a->size, b->size, out);
  if (as_number(r, a, &x) && as_number(r, b, &y))
    return *out = x == y, true;
  if (a->kind == HELION_OPAQUE || b->kind == HELION_OPAQUE || a->kind == HELION_UNKNOWN || b->kind == HELION_UNKNOWN ||
      a->kind == HELION_PATH || b->kind == HELION_PATH)
    return false;
  if (is_number(a) && is_number(b))
    return false;   /* block sizes */
  if (a->kind == HELION_SEQ && b->kind == HELION_SEQ)
    return same_items(r, a, b, out);
  *out = a->kind == b->kind;
  if (*out && a->kind == HELION_STR)
    *out = text_eq(a->string, b->string);
  else if (*out && a->kind == HELION_DTYPE)
    *out = a->type == b->type;
  else if (*out && a->kind == HELION_TENSOR)
    *out = a->tensor == b->tensor;
  else if (*out && a->kind == HELION_FUNC)
    *out = a->func.node == b->func.node;
  return *out ? a->kind != HELION_SPEC && a->kind != HELION_TILE : true;
}

static bool same_items(helion_reader *r, const helion_value *a, const helion_value *b, bool *out) {
  *out = a->seq.n == b->seq.n;
  for (size_t i = 0; *out && i < a->seq.n; i++)
    if (!helion_step(r, r->module) || !are_equal(r, &a->seq.at[i], &b->seq.at[i], out))
      return false;
  return true;
}

static bool contains(helion_reader *r, const helion_value *item, const helion_value *in, bool *out) {
  *out = false;
  if (in->kind == HELION_STR && item->kind == HELION_STR)
    return *out = strstr(in->string, item->string) != NULL, true;
  size_t n = in->kind == HELION_SEQ ? in->seq.n : in->kind == HELION_DICT ? in->dict->n : 0;
  for (size_t i = 0; i < n && !*out; i++)
    if (!are_equal(r, item, in->kind == HELION_SEQ ? &in->seq.at[i] : &in->dict->keys[i], out))
      return false;
  return in->kind == HELION_SEQ || in->kind == HELION_DICT;
}

static bool is_order(syn_kind op) { return op == SYN_Lt || op == SYN_LtE || op == SYN_Gt || op == SYN_GtE; }

/* `is` of immutable values is equality; of None and types that is what kernels use it for. */
static bool compare_known(helion_reader *r, syn_kind op, const helion_value *a, const helion_value *b, bool *out) {
  double x, y;
  bool known = true;
  static const struct { syn_kind op; sym_op relation; } orders[] = {{SYN_Lt, SYM_LT}, {SYN_LtE, SYM_LE}, {SYN_Gt, SYM_GT}, {SYN_GtE, SYM_GE}};
  for (size_t i = 0; a->kind == HELION_INT && b->kind == HELION_INT && i < sizeof orders / sizeof *orders; i++)
    if (orders[i].op == op)
      return helion_decide(r, orders[i].relation, a->size, b->size, out);
  if (is_order(op)) {
    if (!as_number(r, a, &x) || !as_number(r, b, &y))
      return false;
    *out = op == SYN_Lt ? x < y : op == SYN_LtE ? x <= y : op == SYN_Gt ? x > y : x >= y;
  } else if (op == SYN_In || op == SYN_NotIn) {
    known = contains(r, a, b, out);
  } else {
    known = are_equal(r, a, b, out);
  }
  if (op == SYN_NotEq || op == SYN_IsNot || op == SYN_NotIn)
    *out = !*out;
  return known;
}

helion_value helion_compare(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  bool result = false, by_value = op != SYN_Is && op != SYN_IsNot && op != SYN_In && op != SYN_NotIn;
  if (a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
  if (by_value && (a.kind == HELION_TENSOR || b.kind == HELION_TENSOR) && !helion_in_loop(r) && !r->is_binding)
    return host_operator(r, n, op, a, &b);
  if (by_value && (helion_is_device(&a) || helion_is_device(&b)))
    return helion_device_compare(r, n, op, a, b);
  if (helion_in_loop(r) && is_order(op) && (a.kind == HELION_TENSOR || b.kind == HELION_TENSOR))
    return helion_fail_host_tensor(r, n, a.kind == HELION_TENSOR ? &a : &b);
  if (compare_known(r, op, &a, &b, &result))
    return helion_bool(result);
  kernel_value x;
  if (by_value && a.kind == HELION_INT && b.kind == HELION_INT && helion_in_loop(r) && helion_as_value(r, n, &a, DTYPE_I64, &x))   /* sizes that only the running kernel knows */
    return helion_device_compare(r, n, op, helion_device(x), b);
  return helion_fail(r, n, LOOM_EUNSUP, "the outcome has to be known while compiling", "a comparison of %s and %s", helion_describe(r, &a),
                     helion_describe(r, &b));
}
