/* The arguments of the kernel: from bind_args of a LoomKernel, or from --shape and --dtype. */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"
#include <stdlib.h>

enum { HELION_SIZE_MAX = 1 << 30, HELION_SIZE_GUESS = 1024 };

/* ---- parameters of the kernel function ---- */
typedef struct parameter { const char *name; const syn_node *node, *annotation, *missing; } parameter;   /* missing: the default value */
typedef VEC_OF(parameter) parameter_list;

static bool is_listed(const parameter_list *all, const char *name) {
  for (size_t i = 0; i < all->n; i++)
    if (text_eq(all->at[i].name, name))
      return true;
  return false;
}

static parameter_list parameters_of(helion_reader *r, const syn_node *fn) {
  parameter_list out = {0};
  const syn_node *a = syn_child(fn, "args");
  static const char *const groups[] = {"posonlyargs", "args", "kwonlyargs"};
  size_t n, n_pos_only, n_args, n_defaults, n_kw, before = 0;
  syn_node **defaults = syn_list(a, "defaults", &n_defaults), **kw = syn_list(a, "kw_defaults", &n_kw);
  (void)syn_list(a, groups[0], &n_pos_only);
  (void)syn_list(a, groups[1], &n_args);
  const size_t n_named = n_pos_only + n_args;
  for (size_t g = 0; g < 3; before += n, g++) {
    syn_node **args = syn_list(a, groups[g], &n);
    for (size_t i = 0; i < n; i++) {
      const size_t from_end = before + i + n_defaults;      /* the defaults are those of the last ones before the keywords */
      const syn_node *missing = g == 2 ? (i < n_kw ? kw[i] : NULL) : from_end >= n_named ? defaults[from_end - n_named] : NULL;
      if (is_listed(&out, syn_ident(args[i], "arg")))
        helion_fail(r, args[i], LOOM_EINPUT, "give it another name", "the argument \"%s\" is there twice", syn_ident(args[i], "arg"));
      else
        vec_push(r->mem, &out, ((parameter){syn_ident(args[i], "arg"), args[i], syn_child(args[i], "annotation"), missing}));
    }
  }
  const syn_node *rest = syn_child(a, "vararg") ? syn_child(a, "vararg") : syn_child(a, "kwarg");
  if (rest)
    helion_fail(r, rest, LOOM_EUNSUP, "name every argument", "a kernel with * or ** arguments");
  return out;
}

static helion_value default_value(helion_reader *r, const syn_node *value) {
  helion_scope *scope = r->scope;
  helion_push_scope(r, NULL);
  helion_value v = helion_eval(r, value);
  if (v.kind == HELION_FUNC && v.func.scope == r->scope)
    v.func.scope = NULL;
  r->scope = scope;
  return v;
}

/* ---- tensors ---- */
/* Sizes become symbols, except 1: a dimension of one element broadcasts. */
static helion_value add_tensor(helion_reader *r, const parameter *p, const kernel_type *shape, kernel_init init, double lo, double hi) {
  kernel_type t = *shape;
  kernel_tensor index = (kernel_tensor)r->graph->tensors.n;
  for (int d = 0; d < t.rank; d++) {
    int64_t n;
    if (!helion_known(r, t.dim[d], &n) || n < 0 || n > HELION_SIZE_MAX)
      return helion_fail(r, p->node, LOOM_EINPUT, arena_printf(r->mem, "sizes are 0 to %d", HELION_SIZE_MAX),
                         "dimension %d of %s has the size %s", d, p->name, helion_show_size(r, t.dim[d]));
    if (n <= 1) {   /* as PyTorch: 0 and 1 are numbers, also where sizes are open */
      t.dim[d] = sym_const(r->mem, n);
      continue;
    }
    int s = helion_symbol_new(r, KERNEL_SYM_SIZE, arena_printf(r->mem, "%s_%d", p->name, d), n, p->node);
    r->symbols.at[s].tensor = index;
    r->symbols.at[s].dim = d;
    r->symbols.at[s].varies = r->is_dynamic;
    t.dim[d] = helion_symbol_expr(r, s);
  }
  kernel_add_tensor(r->mem, r->graph, p->name, KERNEL_ARG, t);
  kernel_tensor_info *info = &r->graph->tensors.at[index];
  info->init = init;
  info->init_lo = lo;
  info->init_hi = hi;
  info->span = p->node->span;
  return helion_tensor(index);
}

/* What is known of argument `name` from outside; NULL: nothing of that kind. */
static const helion_given *given_of(const helion_reader *r, const char *name, bool is_dtype) {
  for (size_t i = 0; i < r->options->n_given; i++)
    if (text_eq(r->options->given[i].name, name) && (r->options->given[i].kind == HELION_GIVEN_DTYPE) == is_dtype)
      return &r->options->given[i];
  return NULL;
}

/* A type that bind_args gives stands unless --dtype names the argument, or says one of all: of those that hold real numbers, since whole ones are indices. */
static dtype type_of_spec(const helion_reader *r, const char *name, dtype own) {
  const helion_given *given = given_of(r, name, true);
  return given ? given->type : r->options->has_dtype && dtype_is_float(own) ? r->options->dtype : own;
}

static helion_value add_spec(helion_reader *r, const parameter *p, const helion_value *v) {
  kernel_type t;
  helion_type_of(r, v, &t);
  t.type = type_of_spec(r, p->name, t.type);
  return add_tensor(r, p, &t, v->spec->init, v->spec->lo, v->spec->hi);
}

/* ---- plain kernels: --shape ---- */
/* Number of dimensions that the code of the kernel shows an argument to have: `a, b = x.size()` says it, `x.shape[1]` and `x[i, j]` suggest
 * it. */
typedef struct evidence { int unpacked, used; } evidence;

static bool is_name(const syn_node *n, const char *name) { return n->kind == SYN_Name && text_eq(syn_ident(n, "id"), name); }

/* x.shape or x.size() */
static bool is_shape_of(const syn_node *n, const char *name) {
  if (n->kind == SYN_Attribute)
    return text_eq(syn_ident(n, "attr"), "shape") && is_name(syn_child(n, "value"), name);
  size_t count;
  if (n->kind != SYN_Call)
    return false;
  syn_list(n, "args", &count);
  const syn_node *f = syn_child(n, "func");
  return !count && f->kind == SYN_Attribute && text_eq(syn_ident(f, "attr"), "size") && is_name(syn_child(f, "value"), name);
}

static int constant_axis(const syn_node *n) {
  if (n->kind == SYN_Constant && n->const_kind == SYN_CONST_INT && n->integer < KERNEL_RANK_MAX)
    return (int)n->integer + 1;
  const syn_node *v = n->kind == SYN_UnaryOp && syn_child(n, "op")->kind == SYN_USub ? syn_child(n, "operand") : NULL;
  return v && v->kind == SYN_Constant && v->const_kind == SYN_CONST_INT && v->integer <= KERNEL_RANK_MAX ? (int)v->integer : 0;
}

static int unpacked_rank(const syn_node *n, const char *name) {
  size_t count;
  if (n->kind != SYN_Assign || !is_shape_of(syn_child(n, "value"), name))
    return 0;
  syn_node **targets = syn_list(n, "targets", &count);
  if (targets[0]->kind != SYN_Tuple && targets[0]->kind != SYN_List)
    return 0;
  syn_node **names = syn_list(targets[0], "elts", &count);
  for (size_t i = 0; i < count; i++)
    if (names[i]->kind == SYN_Starred)
      return 0;
  return (int)count;
}

static int indexed_rank(const syn_node *index) {
  size_t count, dims = 0;
  syn_node **items = syn_list(index, "elts", &count);
  if (index->kind != SYN_Tuple)
    return 1;
  for (size_t i = 0; i < count; i++)   /* None and ... take no dimension */
    dims += items[i]->kind != SYN_Constant || items[i]->const_kind == SYN_CONST_INT;
  return (int)dims;
}

static int used_rank(const syn_node *n, const char *name) {
  size_t count;
  if (n->kind == SYN_Subscript && is_shape_of(syn_child(n, "value"), name))
    return constant_axis(syn_child(n, "slice"));
  if (n->kind == SYN_Subscript && is_name(syn_child(n, "value"), name))
    return indexed_rank(syn_child(n, "slice"));
  const syn_node *f = n->kind == SYN_Call ? syn_child(n, "func") : NULL;
  if (!f || f->kind != SYN_Attribute || !text_eq(syn_ident(f, "attr"), "size") || !is_name(syn_child(f, "value"), name))
    return 0;
  syn_node **args = syn_list(n, "args", &count);
  return count ? constant_axis(args[0]) : 0;
}

static void find_evidence(const syn_node *n, const char *name, evidence *e) {
  int unpacked = unpacked_rank(n, name), used = used_rank(n, name);
  e->unpacked = unpacked > e->unpacked ? unpacked : e->unpacked;
  e->used = used > e->used ? used : e->used;
  for (size_t f = 0; f < n->n_fields; f++) {
    const syn_field *field = &n->fields[f];
    if (field->node)
      find_evidence(field->node, name, e);
    for (size_t i = 0; field->is_list && i < field->n; i++)
      if (field->items[i])
        find_evidence(field->items[i], name, e);
  }
}

static int rank_of_argument(const syn_node *fn, const char *name, int given) {
  evidence e = {0, 0};
  find_evidence(fn, name, &e);
  int rank = e.unpacked ? e.unpacked : e.used;
  rank = rank > given ? rank : given;
  return rank < KERNEL_RANK_MAX ? rank : KERNEL_RANK_MAX;
}

static bool is_scalar_annotation(helion_reader *r, const syn_node *a) {
  static const char *const scalars[] = {"int", "float", "bool", "str"};
  const char *path = helion_path_of(r, a);
  for (size_t i = 0; path && i < sizeof scalars / sizeof *scalars; i++)
    if (text_eq(path, scalars[i]))
      return true;
  return path && text_starts(path, "helion.language.constexpr");
}

/* Value of --shape `arg.dim`; false when it is not given. */
static bool given_size(const helion_reader *r, const char *key, int64_t *out) {
  for (size_t i = 0; i < r->options->n_shapes; i++)
    if (text_eq(r->options->shapes[i].name, key)) {
      *out = r->options->shapes[i].value;
      return true;
    }
  return false;
}

static int given_rank(helion_reader *r, const char *name) {
  int rank = 0;
  int64_t ignored;
  for (int d = 0; d < KERNEL_RANK_MAX; d++)
    if (given_size(r, arena_printf(r->mem, "%s.%d", name, d), &ignored))
      rank = d + 1;
  return rank;
}

/* "[64, 32]" or "(64,)" as a list of ints. */
static helion_value given_list(helion_reader *r, const parameter *p, const char *s) {
  VEC_OF(helion_value) items = {0};
  for (s++; *s && *s != ']' && *s != ')';) {
    char *end;
    long long v = strtoll(s, &end, 10);
    if (end == s)
      return helion_fail(r, p->node, LOOM_EUSAGE, "lists hold ints: --arg normalized_shape=[64]", "--arg %s: the list is not one of ints", p->name);
    vec_push(r->mem, &items, helion_int(r, v));
    s = end + strspn(end, ", ");
  }
  return (helion_value){.kind = HELION_SEQ, .seq = {items.at, items.n, true}};
}

static helion_value given_value(helion_reader *r, const parameter *p, const helion_given *g) {
  helion_value v;
  switch (g->kind) {
  case HELION_GIVEN_INT: return helion_int(r, g->integer);
  case HELION_GIVEN_FLOAT: return helion_float(g->real);
  case HELION_GIVEN_BOOL: return helion_bool(g->flag);
  case HELION_GIVEN_NONE: return helion_none();
  case HELION_GIVEN_FUNC: return (helion_value){.kind = HELION_FUNC, .func = {g->function, NULL}};
  case HELION_GIVEN_STR:
    if (g->string[0] == '[' || g->string[0] == '(')
      return given_list(r, p, g->string);
    if (text_starts(g->string, "torch.") && helion_find_constant(r, g->string, &v))
      return v;
    if (p->annotation && helion_global_value(r, g->string, &v) && v.kind == HELION_FUNC)
      return v;
    return helion_string(g->string);
  default: return helion_unknown();
  }
}

static helion_value fail_tensor_value(helion_reader *r, const parameter *p) {
  return helion_fail(r, p->node, LOOM_EUSAGE, arena_printf(r->mem, "--shape %s=.. and --dtype %s=.. say its sizes and type, --input %s=FILE.npy its contents", p->name, p->name, p->name),
                     "--arg %s gives a value, but the argument is a tensor", p->name);
}

static helion_value bind_given_tensor(helion_reader *r, const parameter *p, const helion_given *g) {
  const helion_given *type = given_of(r, p->name, true);
  kernel_type t = {.type = type ? type->type : g->type, .rank = g->rank};
  for (int d = 0; d < g->rank; d++)
    t.dim[d] = sym_const(r->mem, g->shape[d]);
  return add_tensor(r, p, &t, KERNEL_INIT_RANDN, 0, 0);
}

/* --dtype NAME=T, else --dtype T, else f16. */
static dtype argument_type(const helion_reader *r, const char *name) {
  const helion_given *own = given_of(r, name, true);
  return own ? own->type : r->options->has_dtype ? r->options->dtype : DTYPE_F16;
}

/* Tensor, Tensor | None, Optional[Tensor] */
static bool is_tensor_annotation(helion_reader *r, const syn_node *a) {
  if (a && a->kind == SYN_BinOp)
    return is_tensor_annotation(r, syn_child(a, "left")) || is_tensor_annotation(r, syn_child(a, "right"));
  if (a && a->kind == SYN_Subscript)
    return is_tensor_annotation(r, syn_child(a, "slice"));
  if (a && a->kind == SYN_Constant && a->const_kind == SYN_CONST_STR)
    return strstr(a->string, "Tensor") != NULL;
  const char *path = a ? helion_path_of(r, a) : NULL;
  return path && text_ends(path, "Tensor");
}

/* Callable, Callable[[Tensor], Tensor], typing.Callable */
static bool is_callable_annotation(helion_reader *r, const syn_node *a) {
  const char *path = a ? helion_path_of(r, a->kind == SYN_Subscript ? syn_child(a, "value") : a) : NULL;
  return path && text_ends(path, "Callable");
}

static helion_value bind_tensor(helion_reader *r, const helion_kernel *k, const parameter *p, text *missing) {
  kernel_type t = {.type = argument_type(r, p->name)};
  t.rank = rank_of_argument(k->fn, p->name, given_rank(r, p->name));
  for (int d = 0; d < (t.rank ? t.rank : 1); d++) {
    const char *key = arena_printf(r->mem, "%s.%d", p->name, d);
    int64_t n = HELION_SIZE_GUESS;
    if (!given_size(r, key, &n))
      text_addf(missing, "%s%s", missing->size ? ", " : "", key);
    t.dim[d] = sym_const(r->mem, n);
  }
  return t.rank ? add_tensor(r, p, &t, KERNEL_INIT_RANDN, 0, 0) : helion_unknown();
}

static helion_value bind_plain(helion_reader *r, const helion_kernel *k, const parameter *p, text *missing) {
  int64_t value;
  const helion_given *g = given_of(r, p->name, false);
  if (g && g->kind == HELION_GIVEN_TENSOR)
    return bind_given_tensor(r, p, g);
  const bool is_number = g && (g->kind == HELION_GIVEN_INT || g->kind == HELION_GIVEN_FLOAT || g->kind == HELION_GIVEN_BOOL);
  if (is_number && p->annotation && p->annotation->kind == SYN_Attribute && is_tensor_annotation(r, p->annotation))
    return fail_tensor_value(r, p);
  if (g)
    return given_value(r, p, g);
  if (!p->missing && is_callable_annotation(r, p->annotation))
    return helion_fail(r, p->node, LOOM_EUNSUP, arena_printf(r->mem, "pass it: --arg %s=NAME of a function of the file, or --arg '%s=lambda ...'", p->name, p->name),
                       "the function argument \"%s\" without a function", p->name);
  if (given_rank(r, p->name))
    return bind_tensor(r, k, p, missing);
  if (given_size(r, p->name, &value) && is_tensor_annotation(r, p->annotation)) {   /* --shape x=1024: one dimension */
    kernel_type t = {.type = argument_type(r, p->name), .rank = 1, .dim = {sym_const(r->mem, value)}};
    return add_tensor(r, p, &t, KERNEL_INIT_RANDN, 0, 0);
  }
  if (given_size(r, p->name, &value))
    return helion_int(r, value);
  if (p->missing)
    return default_value(r, p->missing);
  if (!is_scalar_annotation(r, p->annotation))
    return bind_tensor(r, k, p, missing);
  if (r->options->watch) {
    text_addf(missing, "%s%s", missing->size ? ", " : "", p->name);
    return helion_unknown();
  }
  return helion_fail(r, p->node, LOOM_EINPUT, arena_printf(r->mem, "pass --arg %s=VALUE or give it a default", p->name),
                     "the argument %s has no value", p->name);
}

/* ---- LoomKernel: bind_args ---- */
static bool call_bind_args(helion_reader *r, helion_value *out) {
  helion_value fn;
  size_t n;
  if (!helion_class_value(r, r->class_node, "bind_args", &fn) || fn.kind != HELION_FUNC) {
    helion_fail(r, r->class_node, LOOM_EINPUT, "write bind_args, which returns one torch.randn([...], dtype=...) for each argument",
                "class %s has no bind_args", syn_ident(r->class_node, "name"));
    return false;
  }
  syn_list(syn_child(fn.func.node, "args"), "args", &n);
  helion_value self = {.kind = HELION_CLASS, .class_node = r->class_node};
  helion_seq args = {&self, n > 0, false};
  r->is_binding = true;
  *out = helion_call_function(r, fn.func.node, fn.func, &args);
  r->is_binding = false;
  return out->kind != HELION_UNKNOWN;
}

/* --arg of a number that bind_args gives; of a tensor there is None alone. */
static helion_value value_of_class(helion_reader *r, const parameter *p, const helion_value *made) {
  const helion_given *g = given_of(r, p->name, false);
  const bool is_tensor = made->kind == HELION_SPEC, is_arg = g && g->kind != HELION_GIVEN_TENSOR;
  if (is_arg && is_tensor && g->kind != HELION_GIVEN_NONE)
    return fail_tensor_value(r, p);
  return is_arg ? given_value(r, p, g) : is_tensor ? add_spec(r, p, made) : *made;
}

static void bind_from_class(helion_reader *r, const helion_kernel *k, const parameter_list *params) {
  helion_value made;
  if (!call_bind_args(r, &made)) {
    for (size_t i = 0; i < params->n; i++)
      helion_set_var(r, params->at[i].name, helion_unknown());
    return;
  }
  helion_seq one = {&made, 1, false};
  helion_seq *values = made.kind == HELION_SEQ ? &made.seq : &one;
  if (values->n > params->n)
    helion_fail(r, k->fn, LOOM_EINPUT, "return one value for each argument", "bind_args returns %zu values, but %s has %zu arguments",
                values->n, syn_ident(k->fn, "name"), params->n);
  for (size_t i = 0; i < params->n; i++) {
    const parameter *p = &params->at[i];
    helion_value v = helion_unknown();
    const helion_given *g = i < values->n ? NULL : given_of(r, p->name, false);
    if (i < values->n)
      v = value_of_class(r, p, &values->at[i]);
    else if (g && g->kind != HELION_GIVEN_TENSOR)
      v = given_value(r, p, g);
    else if (p->missing)
      v = default_value(r, p->missing);
    else
      helion_fail(r, p->node, LOOM_EINPUT, "return one value for each argument", "bind_args returns no value for the argument %s", p->name);
    helion_set_var(r, p->name, v);
  }
}

/* ---- --shape names that mean nothing ---- */
static bool is_int_constant(helion_reader *r, const char *name) {
  const syn_node *value = helion_assigned_value(helion_class_member(r, r->class_node, name), name);
  return value &&
         (value->kind == SYN_BinOp || (value->kind == SYN_Constant && value->const_kind == SYN_CONST_INT) || value->kind == SYN_Name);
}

static bool names_dimension(const char *shape, const char *parameter_name) {
  size_t n = strlen(parameter_name);
  return strncmp(shape, parameter_name, n) == 0 &&
         (shape[n] == 0 || (shape[n] == '.' && shape[n + 1] >= '0' && shape[n + 1] < '0' + KERNEL_RANK_MAX && !shape[n + 2]));
}

static bool names_constant(helion_reader *r, const char *shape) { return r->class_node && is_int_constant(r, shape); }

static bool names_argument(const parameter_list *params, const char *shape) {
  for (size_t i = 0; i < params->n; i++)
    if (names_dimension(shape, params->at[i].name))
      return true;
  return false;
}

static bool means_something(helion_reader *r, const parameter_list *params, const char *shape) { return names_constant(r, shape) || names_argument(params, shape); }

/* What --shape could have meant: a constant that the class itself assigns, or an argument. */
static const char *near_shape(helion_reader *r, const parameter_list *params, const char *shape) {
  VEC_OF(const char *) names = {0};
  size_t n = 0, n_targets;
  syn_node **body = r->class_node ? syn_list(r->class_node, "body", &n) : NULL;
  for (size_t i = 0; i < n; i++) {
    syn_node **targets = body[i]->kind == SYN_Assign ? syn_list(body[i], "targets", &n_targets) : NULL;
    const char *name = targets && n_targets && targets[0]->kind == SYN_Name ? syn_ident(targets[0], "id") : NULL;
    if (name && is_int_constant(r, name))
      vec_push(r->mem, &names, name);
  }
  for (size_t i = 0; !r->class_node && i < params->n; i++)
    vec_push(r->mem, &names, params->at[i].name);
  return diag_nearest(arena_strndup(r->mem, shape, strcspn(shape, ".")), names.at, names.n);
}

static const char *shape_help(helion_reader *r, const parameter_list *params, const char *shape) {
  const char *near = near_shape(r, params, shape);
  if (near)
    return arena_printf(r->mem, "did you mean '%s'?", near);
  return r->class_node ? "the names are the int constants of the class, --shape M=2048,N=2048, or all arguments, --shape x=2048x256,y=256x2048" : "the names are argument and dimension: --shape x.0=2048,x.1=256";
}

static void check_shape_names(helion_reader *r, const helion_kernel *k, const parameter_list *params) {
  for (size_t i = 0; i < r->options->n_shapes; i++) {
    const char *name = r->options->shapes[i].name;
    if (!means_something(r, params, name))
      helion_fail(r, k->class_node ? k->class_node : k->fn, LOOM_EUSAGE, shape_help(r, params, name), "--shape names \"%s\", which the kernel \"%s\" does not have", name, k->name);
    else if (r->options->shapes[i].value < 0)
      helion_fail(r, k->class_node ? k->class_node : k->fn, LOOM_EUSAGE, "sizes are not negative", "--shape gives %s the value %" PRId64, name,
                  r->options->shapes[i].value);
  }
}

void helion_check_given(helion_reader *r, const helion_kernel *k) {
  parameter_list params = parameters_of(r, k->fn);
  VEC_OF(const char *) known = {0};
  for (size_t i = 0; i < params.n; i++)
    vec_push(r->mem, &known, params.at[i].name);
  for (size_t i = 0; i < r->tunables.n; i++)
    vec_push(r->mem, &known, r->tunables.at[i].name);
  vec_push(r->mem, &known, "num_sm");
  for (size_t i = 0; i < r->options->n_given; i++) {
    const helion_given *g = &r->options->given[i];
    const char *base = arena_strndup(r->mem, g->name, strcspn(g->name, "."));   /* state.x is of the argument state */
    bool is_known = g->kind == HELION_GIVEN_TENSOR;   /* whoever reads the files checks those */
    for (size_t n = 0; !is_known && n < known.n; n++)
      is_known = text_eq(known.at[n], base);
    const char *near = is_known ? NULL : diag_nearest(base, known.at, known.n);
    if (!is_known)
      helion_fail(r, k->class_node ? k->class_node : k->fn, LOOM_EUSAGE, near ? arena_printf(r->mem, "did you mean \"%s\"?", near) : "name an argument or a tunable of the kernel",
                  "%s names \"%s\", which the kernel \"%s\" does not have", g->kind == HELION_GIVEN_DTYPE ? "--dtype" : "--arg", base, k->name);
  }
}

static void tell_parameters(helion_reader *r, const parameter_list *params) {
  for (size_t i = 0; r->options->watch && i < params->n; i++)
    helion_tell(r, params->at[i].node->span, params->at[i].name, helion_find_var(r->scope, params->at[i].name));
}

/* Of a LoomKernel, too, the sizes may be those of the arguments: whoever ran its bind_args knows them. */
static bool has_argument_sizes(helion_reader *r, const parameter_list *params) {
  for (size_t i = 0; i < r->options->n_shapes; i++)
    if (!names_constant(r, r->options->shapes[i].name) && names_argument(params, r->options->shapes[i].name))
      return true;
  return false;
}

void helion_bind_arguments(helion_reader *r, const helion_kernel *k) {
  parameter_list params = parameters_of(r, k->fn);
  text missing = text_new(r->mem);
  check_shape_names(r, k, &params);
  if (r->class_node && !has_argument_sizes(r, &params)) {
    bind_from_class(r, k, &params);
    tell_parameters(r, &params);
    return;
  }
  for (size_t i = 0; i < params.n; i++)
    helion_set_var(r, params.at[i].name, bind_plain(r, k, &params.at[i], &missing));
  r->is_guessing = missing.size > 0;
  tell_parameters(r, &params);
  if (missing.size && r->options->watch) {
    r->options->watch->missing = text_str(&missing);
    r->worst = LOOM_EINPUT;
    return;
  }
  r->is_guessing = false;
  if (missing.size)
    helion_fail(r, k->fn, LOOM_EINPUT,
                arena_printf(r->mem, "pass them with --shape, as in --shape %s=1024",
                             arena_strndup(r->mem, missing.data, strcspn(missing.data, ","))),
                "the sizes of the arguments of \"%s\" are not known: %s", k->name, text_str(&missing));
  r->is_guessing = missing.size > 0;
}
