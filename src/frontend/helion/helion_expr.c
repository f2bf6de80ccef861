/* Expressions. */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"
#include <math.h>

/* ---- constants and displays ---- */
static helion_value eval_constant(helion_reader *r, const syn_node *n) {
  switch (n->const_kind) {
  case SYN_CONST_NONE: return helion_none();
  case SYN_CONST_BOOL: return helion_bool(n->integer != 0);
  case SYN_CONST_INT: return helion_int(r, n->integer);
  case SYN_CONST_FLOAT: return helion_float(n->real);
  case SYN_CONST_STR: return helion_string(n->string);
  case SYN_CONST_ELLIPSIS: return (helion_value){.kind = HELION_ELLIPSIS};
  case SYN_CONST_BIGINT: return helion_fail(r, n, LOOM_ELIMIT, "ints of a kernel fit 64 bits", "the int %.40s", n->string);
  default: return helion_fail(r, n, LOOM_EUNSUP, NULL, "a %s literal", n->const_kind == SYN_CONST_BYTES ? "bytes" : "complex");
  }
}

static helion_value eval_sequence(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **items = syn_list(n, "elts", &count);
  VEC_OF(helion_value) out = {0};
  for (size_t i = 0; i < count; i++) {
    helion_value v = helion_eval(r, items[i]->kind == SYN_Starred ? syn_child(items[i], "value") : items[i]);
    if (items[i]->kind != SYN_Starred)
      vec_push(r->mem, &out, v);
    else if (v.kind == HELION_SEQ)
      for (size_t j = 0; j < v.seq.n; j++)
        vec_push(r->mem, &out, v.seq.at[j]);
    else
      return v.kind == HELION_UNKNOWN ? v : helion_fail(r, items[i], LOOM_EUNSUP, "spread a tuple or list", "* on %s", helion_describe(r, &v));
  }
  return (helion_value){.kind = HELION_SEQ, .seq = {out.at, out.n, n->kind == SYN_List}};
}

static helion_value eval_dict(helion_reader *r, const syn_node *n) {
  size_t count, n_keys;
  syn_node **keys = syn_list(n, "keys", &n_keys), **values = syn_list(n, "values", &count);
  helion_dict *d = ARENA_NEW(r->mem, helion_dict);
  d->keys = ARENA_NEW_N(r->mem, helion_value, count);
  d->values = ARENA_NEW_N(r->mem, helion_value, count);
  for (size_t i = 0; i < count; i++) {
    if (!keys[i])
      return helion_fail(r, n, LOOM_EUNSUP, NULL, "** in a dict");
    d->keys[i] = helion_eval(r, keys[i]);
    d->values[i] = helion_eval(r, values[i]);
  }
  d->n = count;
  return (helion_value){.kind = HELION_DICT, .dict = d};
}

static helion_value eval_slice(helion_reader *r, const syn_node *n) {
  static const char *const parts[] = {"lower", "upper", "step"};
  helion_slice *s = ARENA_NEW(r->mem, helion_slice);
  helion_value **out[] = {&s->begin, &s->end, &s->step};
  for (int i = 0; i < 3; i++)
    if (syn_child(n, parts[i])) {
      *out[i] = ARENA_NEW(r->mem, helion_value);
      **out[i] = helion_eval(r, syn_child(n, parts[i]));
    }
  return (helion_value){.kind = HELION_SLICE, .slice = s};
}

/* [f(x) for x in sequence if c]: unrolled. */
static helion_value eval_comprehension(helion_reader *r, const syn_node *n) {
  size_t count, n_ifs;
  syn_node **generators = syn_list(n, "generators", &count);
  if (count != 1)
    return helion_fail(r, n, LOOM_EUNSUP, "write nested loops out", "a comprehension of %zu loops", count);
  helion_value items = helion_eval(r, syn_child(generators[0], "iter"));
  syn_node **ifs = syn_list(generators[0], "ifs", &n_ifs);
  if (items.kind != HELION_SEQ)
    return items.kind == HELION_UNKNOWN ? items : helion_fail(r, n, LOOM_EUNSUP, "a comprehension runs over tuples and lists", "a comprehension over %s", helion_describe(r, &items));
  helion_scope *scope = r->scope;
  VEC_OF(helion_value) out = {0};
  helion_push_scope(r, scope);
  for (size_t i = 0; i < items.seq.n && !r->stopped; i++) {
    helion_assign(r, syn_child(generators[0], "target"), items.seq.at[i]);
    bool take = true;
    for (size_t j = 0; j < n_ifs && take; j++) {
      helion_value c = helion_eval(r, ifs[j]);
      if (!helion_truth(r, &c, &take))
        take = true;
    }
    if (take)
      vec_push(r->mem, &out, helion_eval(r, syn_child(n, "elt")));
  }
  r->scope = scope;
  return (helion_value){.kind = HELION_SEQ, .seq = {out.at, out.n, n->kind == SYN_ListComp}};
}

/* ---- attributes ---- */
helion_value helion_attribute(helion_reader *r, const syn_node *n, helion_value base, const char *name) {
  helion_value v;
  if (base.kind == HELION_UNKNOWN)
    return base;
  if (base.kind == HELION_PATH) {
    const char *path = arena_printf(r->mem, "%s.%s", base.string, name);
    return helion_find_constant(r, path, &v) ? v : helion_path(path);
  }
  if (base.kind == HELION_CLASS) {
    if (helion_class_value(r, base.class_node, name, &v))
      return v;
    return helion_fail(r, n, LOOM_EINPUT, "define it in the class", "class %s has no attribute \"%s\"", syn_ident(base.class_node, "name"), name);
  }
  const helion_fn *row = helion_find_attribute(base.kind, name);
  if (row)
    return helion_run_row(r, n, row, &base);
  helion_value *self = ARENA_NEW(r->mem, helion_value);
  *self = base;
  if (helion_find_method(base.kind, name))
    return (helion_value){.kind = HELION_METHOD, .method = {self, name}};
  const char *near = helion_nearest_member(r, base.kind, name);
  return helion_fail(r, n, LOOM_EUNSUP, near ? arena_printf(r->mem, "did you mean \"%s\"?", near) : "write it with supported operations", "\"%s\" of %s", name, helion_describe(r, &base));
}

/* ---- arithmetic of python numbers ---- */
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

static bool known_int_op(syn_kind op, int64_t a, int64_t b, int64_t *out) {
  switch (op) {
  case SYN_Add: return !__builtin_add_overflow(a, b, out);
  case SYN_Sub: return !__builtin_sub_overflow(a, b, out);
  case SYN_Mult: return !__builtin_mul_overflow(a, b, out);
  case SYN_FloorDiv: *out = b ? (b == -1 ? -a : floor_div(a, b)) : 0; return b != 0 && a != INT64_MIN;
  case SYN_Mod: *out = b ? (b == -1 ? 0 : a - floor_div(a, b) * b) : 0; return b != 0;
  case SYN_LShift: *out = b >= 0 && b < 62 ? (int64_t)((uint64_t)a << b) : 0; return b >= 0 && b < 62 && (*out >> b) == a;
  case SYN_RShift: *out = b >= 0 ? a >> (b > 63 ? 63 : b) : 0; return b >= 0;
  case SYN_BitAnd: *out = a & b; return true;
  case SYN_BitOr: *out = a | b; return true;
  case SYN_BitXor: *out = a ^ b; return true;
  case SYN_Pow: {
    *out = 1;
    for (int64_t i = 0; i < b && i < 64; i++)
      if (__builtin_mul_overflow(*out, a, out))
        return false;
    return b >= 0 && (b <= 63 || a == 0 || a == 1);
  }
  default: return false;
  }
}

/* + - * // % on sizes stay symbolic, so that a size keeps its name; a divisor has to be known positive. */
static const sym_expr *size_op(helion_reader *r, syn_kind op, const sym_expr *a, const sym_expr *b) {
  int64_t divisor;
  bool divides = !helion_known(r, b, &divisor) || divisor > 0;
  switch (op) {
  case SYN_Add: return sym_add(r->mem, a, b);
  case SYN_Sub: return sym_sub(r->mem, a, b);
  case SYN_Mult: return sym_mul(r->mem, a, b);
  case SYN_FloorDiv: return divides ? sym_floordiv(r->mem, a, b) : NULL;
  case SYN_Mod: return divides ? sym_mod(r->mem, a, b) : NULL;
  default: return NULL;
  }
}

static helion_value int_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *va, const helion_value *vb) {
  int64_t a, b, v;
  bool known = helion_known_int(r, va, &a) && helion_known_int(r, vb, &b);
  if (known && b == 0 && (op == SYN_FloorDiv || op == SYN_Mod))
    return helion_fail(r, n, LOOM_EINPUT, NULL, "division by zero");
  bool symbolic = va->kind == HELION_INT && vb->kind == HELION_INT && (va->size->op != SYM_CONST || vb->size->op != SYM_CONST);
  const sym_expr *e = symbolic ? size_op(r, op, va->size, vb->size) : NULL;
  if (e && (!known || helion_known(r, e, &v)))
    return helion_size(e);
  if (known && known_int_op(op, a, b, &v))
    return helion_int(r, v);
  return helion_fail(r, n, known ? LOOM_ELIMIT : LOOM_EUNSUP, known ? "ints of a kernel fit 64 bits" : "use +, -, *, // and % with block sizes", "this operation on %s and %s",
                     helion_describe(r, va), helion_describe(r, vb));
}

static helion_value float_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *va, const helion_value *vb) {
  double a, b;
  if (!as_number(r, va, &a) || !as_number(r, vb, &b))
    return helion_fail(r, n, LOOM_EUNSUP, "float arithmetic needs sizes that are known while compiling", "float arithmetic on %s and %s", helion_describe(r, va), helion_describe(r, vb));
  if (b == 0 && (op == SYN_Div || op == SYN_FloorDiv || op == SYN_Mod))
    return helion_fail(r, n, LOOM_EINPUT, NULL, "division by zero");
  switch (op) {
  case SYN_Add: return helion_float(a + b);
  case SYN_Sub: return helion_float(a - b);
  case SYN_Mult: return helion_float(a * b);
  case SYN_Div: return helion_float(a / b);
  case SYN_FloorDiv: return helion_float(floor(a / b));
  case SYN_Mod: return helion_float(a - floor(a / b) * b);
  case SYN_Pow: return helion_float(pow(a, b));
  default: return helion_fail(r, n, LOOM_EINPUT, NULL, "this operation is not defined for floats");
  }
}

static helion_value sequence_op(helion_reader *r, const syn_node *n, syn_kind op, const helion_value *a, const helion_value *b) {
  int64_t times = 2;
  const helion_seq *s = a->kind == HELION_SEQ ? &a->seq : &b->seq;
  bool joins = op == SYN_Add && a->kind == HELION_SEQ && b->kind == HELION_SEQ;
  bool repeats = op == SYN_Mult && helion_known_int(r, a->kind == HELION_SEQ ? b : a, &times) && times < 10000;
  if (!joins && !repeats)
    return helion_fail(r, n, LOOM_EINPUT, NULL, "this operation is not defined for %s and %s", helion_describe(r, a), helion_describe(r, b));
  times = times < 0 ? 0 : times;
  if (joins) {
    helion_value out = helion_sequence(r, a->seq.n + b->seq.n, a->seq.is_list);
    memcpy(out.seq.at, a->seq.at, a->seq.n * sizeof *a->seq.at);
    memcpy(out.seq.at + a->seq.n, b->seq.at, b->seq.n * sizeof *b->seq.at);
    return out;
  }
  helion_value out = helion_sequence(r, s->n * (size_t)times, s->is_list);
  for (size_t i = 0; i < out.seq.n; i++)
    out.seq.at[i] = s->at[i % s->n];
  return out;
}

helion_value helion_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b) {
  if (a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
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
  if (a.kind == HELION_STR && b.kind == HELION_STR && op == SYN_Add)
    return helion_string(arena_printf(r->mem, "%s%s", a.string, b.string));
  if ((a.kind == HELION_SPEC && is_number(&b)) || (b.kind == HELION_SPEC && is_number(&a))) {
    diag_warn(r->ctx, n->span, "made-up contents are not scaled: the argument keeps the values of its generator");
    return a.kind == HELION_SPEC ? a : b;
  }
  if (a.kind == HELION_TENSOR || b.kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, n, a.kind == HELION_TENSOR ? &a : &b);
  return helion_fail(r, n, LOOM_EUNSUP, NULL, "this operation on %s and %s", helion_describe(r, &a), helion_describe(r, &b));
}

helion_value helion_unary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a) {
  int64_t i;
  bool truth;
  if (a.kind == HELION_UNKNOWN)
    return a;
  if (helion_is_device(&a))
    return helion_device_unary(r, n, op, a);
  if (op == SYN_Not)
    return helion_truth(r, &a, &truth) ? helion_bool(!truth) : helion_fail(r, n, LOOM_EUNSUP, "conditions have to be known while compiling", "`not` of %s", helion_describe(r, &a));
  if (op == SYN_UAdd && is_number(&a))
    return a;
  if (op == SYN_USub && a.kind == HELION_FLOAT)
    return helion_float(-a.real);
  if (op == SYN_USub && a.kind == HELION_INT)
    return int_op(r, n, SYN_Sub, &(helion_value){.kind = HELION_INT, .size = sym_const(r->mem, 0)}, &a);
  if (op == SYN_Invert && helion_known_int(r, &a, &i))
    return helion_int(r, ~i);
  if (a.kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, n, &a);
  return helion_fail(r, n, LOOM_EUNSUP, NULL, "this operation on %s", helion_describe(r, &a));
}

/* ---- comparisons ---- */
static bool same_items(helion_reader *r, const helion_value *a, const helion_value *b, bool *out);

/* Python's ==, where it is known. */
static bool are_equal(helion_reader *r, const helion_value *a, const helion_value *b, bool *out) {
  double x, y;
  if (a->kind == HELION_INT && b->kind == HELION_INT && helion_same_size(r, a->size, b->size))
    return *out = true;
  if (as_number(r, a, &x) && as_number(r, b, &y))
    return *out = x == y, true;
  if (a->kind == HELION_OPAQUE || b->kind == HELION_OPAQUE || a->kind == HELION_UNKNOWN || b->kind == HELION_UNKNOWN || a->kind == HELION_PATH || b->kind == HELION_PATH)
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
    if (!are_equal(r, &a->seq.at[i], &b->seq.at[i], out))
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
  bool result, is_identity = op == SYN_Is || op == SYN_IsNot;
  if (a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
  if (!is_identity && op != SYN_In && op != SYN_NotIn && (helion_is_device(&a) || helion_is_device(&b)))
    return helion_device_compare(r, n, op, a, b);
  if (compare_known(r, op, &a, &b, &result))
    return helion_bool(result);
  return helion_fail(r, n, LOOM_EUNSUP, "the outcome has to be known while compiling", "a comparison of %s and %s", helion_describe(r, &a), helion_describe(r, &b));
}

static helion_value eval_compare(helion_reader *r, const syn_node *n) {
  size_t count, n_ops;
  syn_node **others = syn_list(n, "comparators", &count), **ops = syn_list(n, "ops", &n_ops);
  helion_value left = helion_eval(r, syn_child(n, "left")), result = helion_bool(true);
  for (size_t i = 0; i < count && i < n_ops; i++) {
    helion_value right = helion_eval(r, others[i]);
    result = helion_compare(r, n, ops[i]->kind, left, right);
    if (result.kind != HELION_BOOL || !result.flag)
      return count > 1 && result.kind == HELION_DEVICE ? helion_fail(r, n, LOOM_EUNSUP, "join the comparisons with &", "a chained comparison of device values") : result;
    left = right;
  }
  return result;
}

static helion_value eval_bool_op(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **values = syn_list(n, "values", &count);
  bool is_and = syn_child(n, "op")->kind == SYN_And, truth;
  helion_value v = helion_unknown();
  for (size_t i = 0; i < count; i++) {
    v = helion_eval(r, values[i]);
    if (v.kind == HELION_UNKNOWN || i + 1 == count)
      return v;
    if (!helion_truth(r, &v, &truth))
      return helion_fail(r, values[i], LOOM_EUNSUP, "join device values with & and |", "`%s` of %s", is_and ? "and" : "or", helion_describe(r, &v));
    if (truth != is_and)
      return v;
  }
  return v;
}

static helion_value eval_if_expression(helion_reader *r, const syn_node *n) {
  helion_value c = helion_eval(r, syn_child(n, "test"));
  bool truth;
  if (c.kind == HELION_UNKNOWN)
    return c;
  if (helion_truth(r, &c, &truth))
    return helion_eval(r, syn_child(n, truth ? "body" : "orelse"));
  return helion_fail(r, n, LOOM_EUNSUP, "use torch.where for a choice between device values", "a conditional expression on %s", helion_describe(r, &c));
}

static helion_value eval_lambda(helion_reader *r, const syn_node *n) { return (helion_value){.kind = HELION_FUNC, .func = {n, r->scope}}; }

helion_value helion_eval(helion_reader *r, const syn_node *n) {
  if (r->stopped)
    return helion_unknown();
  if (!budget_spend(&r->steps, 1))
    return helion_fail(r, n, LOOM_ELIMIT, "shorten the loops that are unrolled", "reading the kernel takes too many steps");
  switch (n->kind) {
  case SYN_Constant: return eval_constant(r, n);
  case SYN_JoinedStr: return helion_string("");   /* only ever a message */
  case SYN_Name: {
    helion_value v = helion_lookup(r, n), constant;
    return v.kind == HELION_PATH && helion_find_constant(r, v.string, &constant) ? constant : v;
  }
  case SYN_Attribute: return helion_attribute(r, n, helion_eval(r, syn_child(n, "value")), syn_ident(n, "attr"));
  case SYN_Call: return helion_eval_call(r, n);
  case SYN_BinOp: {
    helion_value a = helion_eval(r, syn_child(n, "left"));
    return helion_binary(r, n, syn_child(n, "op")->kind, a, helion_eval(r, syn_child(n, "right")));
  }
  case SYN_UnaryOp: return helion_unary(r, n, syn_child(n, "op")->kind, helion_eval(r, syn_child(n, "operand")));
  case SYN_BoolOp: return eval_bool_op(r, n);
  case SYN_Compare: return eval_compare(r, n);
  case SYN_IfExp: return eval_if_expression(r, n);
  case SYN_Tuple: case SYN_List: return eval_sequence(r, n);
  case SYN_Dict: return eval_dict(r, n);
  case SYN_Slice: return eval_slice(r, n);
  case SYN_ListComp: case SYN_GeneratorExp: return eval_comprehension(r, n);
  case SYN_Lambda: return eval_lambda(r, n);
  case SYN_Subscript: {
    helion_value base = helion_eval(r, syn_child(n, "value"));
    return helion_subscript(r, n, base, helion_eval(r, syn_child(n, "slice")));
  }
  case SYN_NamedExpr: {
    helion_value v = helion_eval(r, syn_child(n, "value"));
    helion_assign(r, syn_child(n, "target"), v);
    return v;
  }
  default: return helion_fail(r, n, LOOM_EUNSUP, NULL, "the expression %s", n->class_name);
  }
}
