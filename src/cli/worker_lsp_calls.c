/* Sizes of a kernel's arguments where the file itself calls it: f(torch.randn([size, 64]), y), with y = torch.zeros(64, dtype=torch.float16) and main(size: int = 1024) before.  Read from the syntax tree,
 * of literals, names that are set once or more before, and arithmetic; the first call that gives all arguments counts. */
#include "cli/worker_lsp.h"
#include <string.h>

enum { DEPTH_MAX = 64, VALUES_MAX = 4096, STEPS_MAX = 20000 };
typedef struct value { const char *name; const syn_node *node; } value;
typedef struct scope { VEC_OF(value) values; const struct scope *outer; int *steps; /* names that may still be looked up */ } scope;
typedef struct finder { arena *mem; const char *kernel; const syn_node *fn; VEC_OF(helion_given) given; } finder;

static const syn_node *find_value(const scope *s, const char *name) {
  for (; s; s = s->outer)
    for (size_t i = s->values.n; i-- > 0;)      /* the last one before */
      if (text_eq(s->values.at[i].name, name))
        return s->values.at[i].node;
  return NULL;
}

/* What a name stands for, through other names. */
static const syn_node *resolve(const scope *s, const syn_node *n) {
  for (int i = 0; n && n->kind == SYN_Name && i < DEPTH_MAX; i++)
    n = --*s->steps > 0 ? find_value(s, syn_ident(n, "id")) : NULL;
  return n;
}

static bool whole(const scope *s, const syn_node *n, int depth, int64_t *out) {
  static const int64_t most = INT64_C(1) << 40;
  int64_t a, b;
  n = resolve(s, n);
  if (!n || depth > DEPTH_MAX)
    return false;
  *out = n->integer;
  if (n->kind == SYN_Constant)
    return n->const_kind == SYN_CONST_INT && *out >= 0 && *out <= most;
  if (n->kind != SYN_BinOp || !whole(s, syn_child(n, "left"), depth + 1, &a) || !whole(s, syn_child(n, "right"), depth + 1, &b))
    return false;
  const syn_kind op = syn_child(n, "op")->kind;
  if ((op == SYN_FloorDiv || op == SYN_Mod) && b > 0)
    *out = op == SYN_Mod ? a % b : a / b;
  else if (op == SYN_Add || op == SYN_Sub)
    *out = op == SYN_Add ? a + b : a - b;
  else if (op != SYN_Mult || __builtin_mul_overflow(a, b, out))
    return false;
  return *out >= 0 && *out <= most;
}

static const syn_node *keyword(const syn_node *call, const char *name) {
  size_t n;
  syn_node **all = syn_list(call, "keywords", &n);
  for (size_t i = 0; i < n; i++)
    if (text_eq(syn_ident(all[i], "arg"), name))
      return syn_child(all[i], "value");
  return NULL;
}

static bool read_sizes(const scope *s, syn_node *const *items, size_t n, helion_given *out) {
  out->rank = 0;
  for (size_t i = 0; i < n && i < KERNEL_RANK_MAX; i++)
    if (!whole(s, items[i], 0, &out->shape[out->rank++]))
      return false;
  return n > 0 && n <= KERNEL_RANK_MAX;
}

static bool is_list(const syn_node *n) { return n && (n->kind == SYN_List || n->kind == SYN_Tuple); }

/* torch.randn(64, 32), torch.randn([64, 32]), torch.full((64,), 0.5), torch.randint(0, 9, (64,)) */
static bool made(arena *m, const scope *s, const syn_node *call, helion_given *out) {
  static const struct { const char *name; bool has_numbers_first; dtype type; } makers[] = {
      {"torch.randn", 0, DTYPE_F32}, {"torch.rand", 0, DTYPE_F32}, {"torch.zeros", 0, DTYPE_F32}, {"torch.ones", 0, DTYPE_F32}, {"torch.empty", 0, DTYPE_F32}, {"torch.full", 1, DTYPE_F32}, {"torch.randint", 1, DTYPE_I64}};
  const char *name = syn_dotted(m, syn_child(call, "func"));
  size_t i = 0, n;
  while (i < sizeof makers / sizeof *makers && !text_eq(makers[i].name, name))
    i++;
  if (i == sizeof makers / sizeof *makers)
    return false;
  out->kind = HELION_GIVEN_TENSOR;
  out->type = makers[i].type;
  const syn_node *type = keyword(call, "dtype"), *sizes = keyword(call, "size");
  const char *type_name = type ? syn_dotted(m, resolve(s, type)) : NULL;
  if (type && (!type_name || !dtype_parse(type_name, &out->type)))
    return false;
  syn_node **args = syn_list(call, "args", &n);
  for (size_t k = 0; !sizes && k < n; k++)
    sizes = is_list(resolve(s, args[k])) ? resolve(s, args[k]) : NULL;
  size_t n_items;
  syn_node **items = is_list(sizes) ? syn_list(sizes, "elts", &n_items) : NULL;
  return items ? read_sizes(s, items, n_items, out) : !makers[i].has_numbers_first && read_sizes(s, args, n, out);
}

/* What makes a tensor, through .to(torch.float16), .half(), .cuda(), .. */
static bool tensor(arena *m, const scope *s, const syn_node *n, int depth, helion_given *out) {
  static const struct { const char *name, *type; } methods[] = {{"half", "float16"}, {"bfloat16", "bfloat16"}, {"float", "float32"}, {"to", NULL}, {"cuda", NULL}, {"contiguous", NULL}, {"requires_grad_", NULL}};
  size_t n_args;
  n = resolve(s, n);
  if (!n || n->kind != SYN_Call || depth > DEPTH_MAX)
    return false;
  if (made(m, s, n, out))
    return true;
  const syn_node *func = syn_child(n, "func");
  for (size_t i = 0; func && func->kind == SYN_Attribute && i < sizeof methods / sizeof *methods; i++) {
    if (!text_eq(syn_ident(func, "attr"), methods[i].name))
      continue;
    if (!tensor(m, s, syn_child(func, "value"), depth + 1, out))
      return false;
    if (methods[i].type)
      return dtype_parse(methods[i].type, &out->type);
    syn_node **args = syn_list(n, "args", &n_args);
    for (size_t k = 0; k < n_args; k++) {
      const char *type = syn_dotted(m, resolve(s, args[k]));
      if (type)
        (void)dtype_parse(type, &out->type);      /* a device is no type */
    }
    return true;
  }
  return false;
}

static bool scalar(const scope *s, const syn_node *n, helion_given *out) {
  n = resolve(s, n);
  if (whole(s, n, 0, &out->integer)) {
    out->kind = HELION_GIVEN_INT;
    return true;
  }
  if (!n || n->kind != SYN_Constant || (n->const_kind != SYN_CONST_FLOAT && n->const_kind != SYN_CONST_BOOL))
    return false;
  out->kind = n->const_kind == SYN_CONST_FLOAT ? HELION_GIVEN_FLOAT : HELION_GIVEN_BOOL;
  out->real = n->real;
  out->flag = n->integer != 0;
  return true;
}

/* All arguments of the call, or none. */
static void read_call(finder *f, const scope *s, const syn_node *call) {
  size_t n_params, n_args;
  syn_node **params = syn_list(syn_child(f->fn, "args"), "args", &n_params), **args = syn_list(call, "args", &n_args);
  if (f->given.n || n_args > n_params)
    return;
  for (size_t i = 0; i < n_params; i++) {
    helion_given g = {.name = syn_ident(params[i], "arg")};
    const syn_node *n = i < n_args ? args[i] : keyword(call, g.name);
    if (n && (tensor(f->mem, s, n, 0, &g) || scalar(s, n, &g))) {
      vec_push(f->mem, &f->given, g);
    } else if (n) {
      f->given.n = 0;
      return;
    }
  }
}

static void look_for_calls(finder *f, const scope *s, const syn_node *n, int depth) {
  if (depth > DEPTH_MAX)
    return;
  if (n->kind == SYN_Call && text_eq(syn_dotted(f->mem, syn_child(n, "func")), f->kernel))
    read_call(f, s, n);
  for (size_t i = 0; i < n->n_fields; i++) {
    if (n->fields[i].node)
      look_for_calls(f, s, n->fields[i].node, depth + 1);
    for (size_t k = 0; n->fields[i].is_list && k < n->fields[i].n; k++)
      if (n->fields[i].items[k])
        look_for_calls(f, s, n->fields[i].items[k], depth + 1);
  }
}

static void set(finder *f, scope *s, const char *name, const syn_node *node) {
  if (name && node && s->values.n < VALUES_MAX)
    vec_push(f->mem, &s->values, ((value){name, node}));
}

/* a = .., a, b = .., a: int = .. */
static void read_assignment(finder *f, scope *s, const syn_node *statement) {
  size_t n_targets, n, n_values;
  syn_node **targets = syn_list(statement, "targets", &n_targets);
  const syn_node *from = syn_child(statement, "value"), *target = n_targets ? targets[0] : syn_child(statement, "target");
  if (!target || !from)
    return;
  set(f, s, syn_ident(target, "id"), from);
  syn_node **names = is_list(target) ? syn_list(target, "elts", &n) : NULL, **values = is_list(from) ? syn_list(from, "elts", &n_values) : NULL;
  for (size_t i = 0; names && values && n == n_values && i < n; i++)
    set(f, s, syn_ident(names[i], "id"), values[i]);
}

static void run_block(finder *f, scope *s, const syn_node *in, int depth);

static void run_function(finder *f, const scope *outer, const syn_node *fn, int depth) {
  scope s = {.outer = outer, .steps = outer->steps};
  size_t n, n_defaults;
  syn_node **params = syn_list(syn_child(fn, "args"), "args", &n), **defaults = syn_list(syn_child(fn, "args"), "defaults", &n_defaults);
  for (size_t i = 0; i < n; i++)
    set(f, &s, syn_ident(params[i], "arg"), i + n_defaults >= n ? defaults[i + n_defaults - n] : params[i]);      /* one without a default hides the name of the module */
  run_block(f, &s, fn, depth);
}

static void run_block(finder *f, scope *s, const syn_node *in, int depth) {
  static const char *const blocks[] = {"body", "orelse", "finalbody"};
  for (size_t b = 0; depth < DEPTH_MAX && b < sizeof blocks / sizeof *blocks; b++) {
    size_t n;
    syn_node **body = syn_list(in, blocks[b], &n);
    for (size_t i = 0; i < n; i++) {
      const syn_node *x = body[i];
      const bool is_block = x->kind == SYN_If || x->kind == SYN_For || x->kind == SYN_While || x->kind == SYN_With || x->kind == SYN_Try;
      if (x->kind == SYN_FunctionDef || x->kind == SYN_ClassDef)
        continue;      /* when the names of the module are all known */
      if (is_block)
        run_block(f, s, x, depth + 1);
      else
        look_for_calls(f, s, x, 0);
      if (x->kind == SYN_Assign || x->kind == SYN_AnnAssign)
        read_assignment(f, s, x);
    }
    for (size_t i = 0; i < n; i++)
      if (body[i]->kind == SYN_FunctionDef && body[i] != f->fn)
        run_function(f, s, body[i], depth + 1);
      else if (body[i]->kind == SYN_ClassDef)
        run_block(f, s, body[i], depth + 1);
  }
}

const helion_given *worker_lsp_find_call(arena *m, const syn_node *module, const helion_place *kernel, size_t *out_n) {
  finder f = {.mem = m};
  int steps = STEPS_MAX;
  scope s = {.steps = &steps};
  size_t n;
  syn_node **body = syn_list(module, "body", &n);
  for (size_t i = 0; i < n; i++)
    if (body[i]->kind == SYN_FunctionDef && body[i]->span.line == kernel->span.line)
      f.fn = body[i];
  *out_n = 0;
  if (!f.fn)
    return NULL;
  f.kernel = syn_ident(f.fn, "name");
  run_block(&f, &s, module, 0);
  *out_n = f.given.n;
  return f.given.at;
}
