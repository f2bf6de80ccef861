/* Expressions. */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_rules.h"

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
  default: return helion_fail(r, n, LOOM_EUNSUP, "use ints, floats, True, False, None and strings", "a %s literal", n->const_kind == SYN_CONST_BYTES ? "bytes" : "complex");
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
      return v.kind == HELION_UNKNOWN ? v
                                      : helion_fail(r, items[i], LOOM_EUNSUP, "spread a tuple or list", "* on %s", helion_describe(r, &v));
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
      return helion_fail(r, n, LOOM_EUNSUP, "write the keys out", "** in a dict");
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
  bool is_unknown = false;
  for (int i = 0; i < 3; i++)
    if (syn_child(n, parts[i])) {
      *out[i] = ARENA_NEW(r->mem, helion_value);
      **out[i] = helion_eval(r, syn_child(n, parts[i]));
      is_unknown = is_unknown || (*out[i])->kind == HELION_UNKNOWN;
    }
  return is_unknown ? helion_unknown() : (helion_value){.kind = HELION_SLICE, .slice = s};
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
    return items.kind == HELION_UNKNOWN ? items
                                        : helion_fail(r, n, LOOM_EUNSUP, "a comprehension runs over tuples and lists",
                                                      "a comprehension over %s", helion_describe(r, &items));
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
    return helion_fail(r, n, LOOM_EINPUT, "define it in the class", "class %s has no attribute \"%s\"", syn_ident(base.class_node, "name"),
                       name);
  }
  const helion_fn *row = helion_find_attribute(base.kind, name);
  if (row)
    return helion_run_row(r, n, row, &base);
  helion_value *self = ARENA_NEW(r->mem, helion_value);
  *self = base;
  if (helion_find_method(base.kind, name))
    return (helion_value){.kind = HELION_METHOD, .method = {self, name}};
  return helion_fail(r, n, LOOM_EUNSUP, helion_advice(r, name, helion_is_diagnosed(r, n) ? NULL : helion_nearest_member(r, base.kind, name)), "\"%s\" of %s", name, helion_describe(r, &base));
}

/* ---- operators that evaluate lazily ---- */
/* A 0-d device value as a truth value; false when `v` is none. */
static bool as_truth(helion_reader *r, const syn_node *n, helion_value *v) {
  if (v->kind != HELION_DEVICE || helion_type(r, v->device)->rank)
    return false;
  if (helion_type(r, v->device)->type != DTYPE_BOOL)
    *v = helion_device_compare(r, n, SYN_NotEq, *v, helion_int(r, 0));
  return v->kind == HELION_DEVICE;
}

/* a < b < c; on the device all of them are compared, and joined. */
static helion_value eval_compare(helion_reader *r, const syn_node *n) {
  size_t count, n_ops;
  syn_node **others = syn_list(n, "comparators", &count), **ops = syn_list(n, "ops", &n_ops);
  helion_value left = helion_eval(r, syn_child(n, "left")), joined = helion_none();
  for (size_t i = 0; i < count && i < n_ops; i++) {
    helion_value right = helion_eval(r, others[i]), result = helion_compare(r, n, ops[i]->kind, left, right);
    left = right;
    if (result.kind == HELION_BOOL && result.flag)
      continue;
    if (result.kind != HELION_DEVICE || count == 1)
      return result;
    if (!as_truth(r, n, &result))
      return helion_fail(r, n, LOOM_EUNSUP, "join the comparisons with &", "a chained comparison of device values");
    joined = joined.kind == HELION_DEVICE ? helion_device_binary(r, n, SYN_BitAnd, joined, result) : result;
  }
  return joined.kind == HELION_DEVICE ? joined : helion_bool(true);
}

/* `and` and `or`: known values decide as in Python; 0-d device values are joined, and all of them are evaluated. */
static helion_value eval_bool_op(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **values = syn_list(n, "values", &count);
  bool is_and = syn_child(n, "op")->kind == SYN_And, truth;
  helion_value v = helion_unknown(), joined = helion_none();
  for (size_t i = 0; i < count; i++) {
    v = helion_eval(r, values[i]);
    bool has_joined = joined.kind == HELION_DEVICE;
    if (v.kind == HELION_UNKNOWN)
      return v;
    if (as_truth(r, values[i], &v)) {
      joined = has_joined ? helion_device_binary(r, n, is_and ? SYN_BitAnd : SYN_BitOr, joined, v) : v;
      continue;
    }
    if (i + 1 == count && !has_joined)
      return v;
    if (!helion_truth(r, &v, &truth))
      return helion_fail(r, values[i], LOOM_EUNSUP, "join device values with & and |", "`%s` of %s", is_and ? "and" : "or",
                         helion_describe(r, &v));
    if (truth != is_and)
      return v;
  }
  return joined.kind == HELION_DEVICE ? joined : v;
}

static helion_value eval_if_expression(helion_reader *r, const syn_node *n) {
  helion_value c = helion_eval(r, syn_child(n, "test"));
  bool truth;
  if (c.kind == HELION_UNKNOWN)
    return c;
  if (helion_truth(r, &c, &truth))
    return helion_eval(r, syn_child(n, truth ? "body" : "orelse"));
  return helion_fail(r, n, LOOM_EUNSUP, "use torch.where for a choice between device values", "a conditional expression on %s",
                     helion_describe(r, &c));
}

static helion_value eval_lambda(helion_reader *r, const syn_node *n) { return (helion_value){.kind = HELION_FUNC, .func = {n, r->scope}}; }

static helion_value eval(helion_reader *r, const syn_node *n) {
  switch (n->kind) {
  case SYN_Constant: return eval_constant(r, n);
  case SYN_JoinedStr: return helion_string("");   /* only ever a message */
  case SYN_Name: {
    helion_value v = helion_lookup(r, n), constant;
    helion_tell(r, n->span, syn_ident(n, "id"), &v);
    if (v.kind == HELION_PATH && helion_find_constant(r, v.string, &constant))
      return constant;
    return v;
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
  default: {
    const helion_words *w = helion_construct(r, n);
    return helion_fail(r, n, LOOM_EUNSUP, w->help ? w->help : "write it with supported operations, or compute it before the kernel", "%s in a kernel", w->words);
  }
  }
}

helion_value helion_eval(helion_reader *r, const syn_node *n) {
  const syn_node *outer = r->place;
  if (!helion_step(r, n))
    return helion_unknown();
  r->place = n;
  helion_value v = eval(r, n);
  /* what is not known has been diagnosed: otherwise the statement would be left out without a word */
  if (v.kind == HELION_UNKNOWN && r->worst == LOOM_OK && !r->quiet && !r->is_guessing && !r->stopped && !r->is_binding)
    helion_fail(r, n, LOOM_EUNSUP, "write it with supported operations, or compute it before the kernel", "this expression");
  r->place = outer;
  return v;
}
