/* Syntax trees as Python's parser would have made them (frontend/python/syntax.h), from parts. */
#include "frontend/device_ir/dir_private.h"

static const char *class_of(syn_kind k) {
  static const char *const names[] = {
#define X(n) #n,
      SYN_LIST(X)
#undef X
  };
  return names[k];
}

static syn_node *make(arena *m, loom_span at, syn_kind kind, size_t n_fields, const syn_field *fields) {
  syn_node *n = ARENA_NEW(m, syn_node);
  n->kind = kind;
  n->class_name = class_of(kind);
  n->span = at;
  n->n_fields = n_fields;
  n->fields = ARENA_NEW_N(m, syn_field, n_fields);
  if (n_fields)
    memcpy(n->fields, fields, n_fields * sizeof *fields);
  return n;
}
#define MAKE(kind, ...) make(m, at, kind, sizeof((syn_field[]){__VA_ARGS__}) / sizeof(syn_field), (syn_field[]){__VA_ARGS__})
#define CHILD(field, value) {.name = field, .node = value}
#define IDENT(field, value) {.name = field, .ident = value}
#define LIST(field, at, count) {.name = field, .is_list = true, .items = at, .n = count}

static syn_node *bare(arena *m, loom_span at, syn_kind kind) { return make(m, at, kind, 0, NULL); }

static syn_node **one(arena *m, syn_node *n) {
  syn_node **items = ARENA_NEW_N(m, syn_node *, 1);
  items[0] = n;
  return items;
}

/* ---- expressions ---- */
syn_node *dir_syn_name(arena *m, loom_span at, const char *name) { return MAKE(SYN_Name, IDENT("id", name)); }

syn_node *dir_syn_path(arena *m, loom_span at, const char *dotted) {
  size_t n = strcspn(dotted, ".");
  syn_node *e = dir_syn_name(m, at, arena_strndup(m, dotted, n));
  while (dotted[n]) {
    dotted += n + 1;
    n = strcspn(dotted, ".");
    e = dir_syn_attribute(m, at, e, arena_strndup(m, dotted, n));
  }
  return e;
}

static syn_node *constant(arena *m, loom_span at, syn_const kind) {
  syn_node *n = bare(m, at, SYN_Constant);
  n->const_kind = kind;
  return n;
}

syn_node *dir_syn_none(arena *m, loom_span at) { return constant(m, at, SYN_CONST_NONE); }

syn_node *dir_syn_int(arena *m, loom_span at, int64_t v) {
  syn_node *n = constant(m, at, SYN_CONST_INT);
  n->integer = v;
  n->real = (double)v;
  return n;
}

syn_node *dir_syn_float(arena *m, loom_span at, double v) {
  syn_node *n = constant(m, at, SYN_CONST_FLOAT);
  n->real = v;
  return n;
}

syn_node *dir_syn_bool(arena *m, loom_span at, bool v) {
  syn_node *n = constant(m, at, SYN_CONST_BOOL);
  n->integer = v;
  return n;
}

syn_node *dir_syn_string(arena *m, loom_span at, const char *s) {
  syn_node *n = constant(m, at, SYN_CONST_STR);
  n->string = s;
  return n;
}

syn_node *dir_syn_list(arena *m, loom_span at, syn_kind kind, syn_node **items, size_t n) { return MAKE(kind, LIST("elts", items, n)); }

syn_node *dir_syn_slice(arena *m, loom_span at, syn_node *lower, syn_node *upper, syn_node *step) {
  return MAKE(SYN_Slice, CHILD("lower", lower), CHILD("upper", upper), CHILD("step", step));
}

syn_node *dir_syn_attribute(arena *m, loom_span at, syn_node *base, const char *name) {
  return MAKE(SYN_Attribute, CHILD("value", base), IDENT("attr", name));
}

syn_node *dir_syn_subscript(arena *m, loom_span at, syn_node *base, syn_node *index) {
  return MAKE(SYN_Subscript, CHILD("value", base), CHILD("slice", index));
}

syn_node *dir_syn_binary(arena *m, loom_span at, syn_kind op, syn_node *a, syn_node *b) {
  return MAKE(SYN_BinOp, CHILD("left", a), CHILD("op", bare(m, at, op)), CHILD("right", b));
}

syn_node *dir_syn_unary(arena *m, loom_span at, syn_kind op, syn_node *a) {
  return MAKE(SYN_UnaryOp, CHILD("op", bare(m, at, op)), CHILD("operand", a));
}

syn_node *dir_syn_compare(arena *m, loom_span at, syn_kind op, syn_node *a, syn_node *b) {
  return MAKE(SYN_Compare, CHILD("left", a), LIST("ops", one(m, bare(m, at, op)), 1), LIST("comparators", one(m, b), 1));
}

syn_node *dir_syn_call(arena *m, loom_span at, syn_node *f, syn_node **args, size_t n, const char *const *keys, syn_node **values, size_t n_keys) {
  syn_node **keywords = ARENA_NEW_N(m, syn_node *, n_keys);
  for (size_t i = 0; i < n_keys; i++)
    keywords[i] = MAKE(SYN_keyword, IDENT("arg", keys[i]), CHILD("value", values[i]));
  return MAKE(SYN_Call, CHILD("func", f), LIST("args", args, n), LIST("keywords", keywords, n_keys));
}

/* ---- statements ---- */
syn_node *dir_syn_assign(arena *m, loom_span at, syn_node *target, syn_node *value) {
  return MAKE(SYN_Assign, LIST("targets", one(m, target), 1), CHILD("value", value));
}

syn_node *dir_syn_statement(arena *m, loom_span at, syn_node *value) { return MAKE(SYN_Expr, CHILD("value", value)); }

syn_node *dir_syn_return(arena *m, loom_span at, syn_node *value) { return MAKE(SYN_Return, CHILD("value", value)); }

syn_node *dir_syn_for(arena *m, loom_span at, syn_node *target, syn_node *iter, syn_node **body, size_t n) {
  return MAKE(SYN_For, CHILD("target", target), CHILD("iter", iter), LIST("body", body, n), LIST("orelse", NULL, 0));
}

syn_node *dir_syn_while(arena *m, loom_span at, syn_node *test, syn_node **body, size_t n) {
  return MAKE(SYN_While, CHILD("test", test), LIST("body", body, n), LIST("orelse", NULL, 0));
}

syn_node *dir_syn_if(arena *m, loom_span at, syn_node *test, syn_node **yes, size_t n_yes, syn_node **no, size_t n_no) {
  return MAKE(SYN_If, CHILD("test", test), LIST("body", yes, n_yes), LIST("orelse", no, n_no));
}

syn_node *dir_syn_function(arena *m, loom_span at, const char *name, const char *const *params, size_t n_params, syn_node **body, size_t n,
                           syn_node *decorator) {
  syn_node **args = ARENA_NEW_N(m, syn_node *, n_params);
  for (size_t i = 0; i < n_params; i++)
    args[i] = MAKE(SYN_arg, IDENT("arg", params[i]), CHILD("annotation", NULL));
  syn_node *arguments = MAKE(SYN_arguments, LIST("posonlyargs", NULL, 0), LIST("args", args, n_params), CHILD("vararg", NULL), LIST("kwonlyargs", NULL, 0),
                             LIST("kw_defaults", NULL, 0), CHILD("kwarg", NULL), LIST("defaults", NULL, 0));
  return MAKE(SYN_FunctionDef, IDENT("name", name), CHILD("args", arguments), LIST("body", body, n),
              LIST("decorator_list", decorator ? one(m, decorator) : NULL, decorator != NULL), CHILD("returns", NULL));
}

syn_node *dir_syn_import(arena *m, loom_span at, const char *module) {
  syn_node *name = MAKE(SYN_alias, IDENT("name", module), IDENT("asname", NULL));
  return MAKE(SYN_Import, LIST("names", one(m, name), 1));
}

syn_node *dir_syn_module(arena *m, loom_span at, syn_node **body, size_t n) { return MAKE(SYN_Module, LIST("body", body, n)); }
