/* Which functions of the file are kernels, and which one is meant. */
#include "frontend/helion/helion_rules.h"
#include "frontend/helion/helion_value.h"

/* Calls that turn a function into a kernel. */
static const char *const kernel_makers[] = {"helion.kernel", "helion.jit", "helion.runtime.kernel.kernel", "helion.aot_kernel",
                                            "helion.experimental.aot_kernel"};

static bool is_kernel_maker(helion_reader *r, const syn_node *n) {
  const char *path = helion_path_of(r, n);
  for (size_t i = 0; path && i < sizeof kernel_makers / sizeof *kernel_makers; i++)
    if (text_eq(path, kernel_makers[i]))
      return true;
  return false;
}

bool helion_makes_kernel(helion_reader *r, const syn_node *decorator) {
  return is_kernel_maker(r, decorator->kind == SYN_Call ? syn_child(decorator, "func") : decorator);
}

/* @helion.kernel or @helion.kernel(...) */
bool helion_is_kernel(helion_reader *r, const syn_node *fn) {
  size_t n;
  syn_node **decorators = syn_list(fn, "decorator_list", &n);
  for (size_t i = 0; i < n; i++)
    if (helion_makes_kernel(r, decorators[i]))
      return true;
  return false;
}

/* The function expression in helion.kernel(fn, ...) or helion.kernel(...)(fn); NULL when `value` is neither. */
static const syn_node *wrapped_function(helion_reader *r, const syn_node *value) {
  size_t n;
  if (!value || value->kind != SYN_Call)
    return NULL;
  const syn_node *callee = syn_child(value, "func");
  syn_node **args = syn_list(value, "args", &n);
  bool makes_maker = callee->kind == SYN_Call && is_kernel_maker(r, syn_child(callee, "func"));
  return n > 0 && (makes_maker || is_kernel_maker(r, callee)) ? args[0] : NULL;
}

const syn_node *helion_assigned_value(const syn_node *s, const char *name) {
  size_t n;
  if (s && s->kind == SYN_AnnAssign)
    return syn_child(s, "target")->kind == SYN_Name && text_eq(syn_ident(syn_child(s, "target"), "id"), name) ? syn_child(s, "value") : NULL;
  if (!s || s->kind != SYN_Assign)
    return NULL;
  syn_node **targets = syn_list(s, "targets", &n);
  for (size_t i = 0; i < n; i++)
    if (targets[i]->kind == SYN_Name && text_eq(syn_ident(targets[i], "id"), name))
      return syn_child(s, "value");
  return NULL;
}

/* ---- classes ---- */
const syn_node *helion_class_member(helion_reader *r, const syn_node *class_node, const char *name) {
  for (int depth = 0; class_node && depth < 16; depth++) {
    size_t n;
    syn_node **body = syn_list(class_node, "body", &n);
    for (size_t i = n; i-- > 0;)
      if (helion_assigned_value(body[i], name) || (body[i]->kind == SYN_FunctionDef && text_eq(syn_ident(body[i], "name"), name)))
        return body[i];
    syn_node **bases = syn_list(class_node, "bases", &n);
    const char *path = NULL;
    const syn_node *base = n && bases[0]->kind == SYN_Name ? helion_module_binding(r, syn_ident(bases[0], "id"), &path) : NULL;
    class_node = base && base->kind == SYN_ClassDef ? base : NULL;
  }
  return NULL;
}

bool helion_is_loom_class(helion_reader *r, const syn_node *class_node) {
  for (int depth = 0; class_node && depth < 16; depth++) {
    size_t n;
    syn_node **bases = syn_list(class_node, "bases", &n);
    const syn_node *next = NULL;
    for (size_t i = 0; i < n; i++) {
      const char *path = helion_path_of(r, bases[i]), *ignored;
      if (path && (text_eq(path, "LoomKernel") || text_ends(path, ".LoomKernel")))
        return true;
      if (!next && bases[i]->kind == SYN_Name) {
        if (text_eq(syn_ident(bases[i], "id"), "LoomKernel"))
          return true;
        next = helion_module_binding(r, syn_ident(bases[i], "id"), &ignored);
      }
    }
    class_node = next && next->kind == SYN_ClassDef ? next : NULL;
  }
  return false;
}

static bool shape_override(const helion_reader *r, const syn_node *class_node, const char *name, int64_t *out) {
  for (size_t i = 0; class_node == r->class_node && i < r->options->n_shapes; i++)
    if (text_eq(r->options->shapes[i].name, name)) {
      *out = r->options->shapes[i].value;
      return true;
    }
  return false;
}

/* The right side runs once, in a scope that sees the other members of the class. */
static helion_value run_member(helion_reader *r, const syn_node *class_node, const syn_node *value) {
  helion_scope *scope = r->scope;
  kernel_region *region = r->region;
  helion_push_scope(r, NULL);
  r->scope->class_node = class_node;
  r->region = NULL;
  helion_value v = helion_eval(r, value);
  r->scope = scope;
  r->region = region;
  return v;
}

bool helion_class_value(helion_reader *r, const syn_node *class_node, const char *name, helion_value *out) {
  const syn_node *s = helion_class_member(r, class_node, name);
  int64_t size;
  if (!s)
    return false;
  if (s->kind == SYN_FunctionDef) {
    *out = (helion_value){.kind = HELION_FUNC, .func = {s, NULL}};
    return true;
  }
  if (shape_override(r, class_node, name, &size)) {
    *out = helion_int(r, size);
    return true;
  }
  const char *key = arena_printf(r->mem, "%s.%s", syn_ident(class_node, "name"), name);
  for (size_t i = 0; i < r->globals.n; i++)
    if (text_eq(r->globals.at[i].name, key)) {
      *out = !r->globals.at[i].is_running ? r->globals.at[i].value
                                          : helion_fail(r, s, LOOM_EINPUT, "give it a value that does not need itself", "the constant %s of class %s needs itself", name, syn_ident(class_node, "name"));
      return true;
    }
  size_t at = r->globals.n;
  vec_push(r->mem, &r->globals, ((helion_global){.name = key, .is_running = true}));
  *out = run_member(r, class_node, helion_assigned_value(s, name));
  r->globals.at[at] = (helion_global){.name = key, .value = *out};
  return true;
}

/* ---- the list ---- */
static const syn_node *function_behind(helion_reader *r, const syn_node *class_node, const syn_node *value, int depth) {
  const char *path;
  const syn_node *s = NULL;
  size_t n;
  if (!value || depth > 16)   /* `k = helion.kernel()(k)` goes in circles */
    return NULL;
  if (value->kind == SYN_Lambda)
    return value;
  if (value->kind == SYN_Call) {   /* staticmethod(fn) or another kernel maker */
    const syn_node *inner = wrapped_function(r, value);
    syn_node **args = syn_list(value, "args", &n);
    bool is_static = syn_child(value, "func")->kind == SYN_Name && text_eq(syn_ident(syn_child(value, "func"), "id"), "staticmethod");
    return function_behind(r, class_node, inner ? inner : is_static && n ? args[0] : NULL, depth + 1);
  }
  if (value->kind == SYN_Attribute && text_eq(syn_ident(value, "attr"), "__func__"))
    return function_behind(r, class_node, syn_child(value, "value"), depth + 1);
  if (value->kind == SYN_Attribute)
    s = class_node ? helion_class_member(r, class_node, syn_ident(value, "attr")) : NULL;
  if (value->kind == SYN_Name) {
    s = class_node ? helion_class_member(r, class_node, syn_ident(value, "id")) : NULL;
    if (!s)
      s = helion_module_binding(r, syn_ident(value, "id"), &path);
  }
  if (s && s->kind == SYN_FunctionDef)
    return s;
  const syn_node *again = s && value->kind == SYN_Name ? helion_assigned_value(s, syn_ident(value, "id")) : NULL;
  return again && again->kind != SYN_Name ? function_behind(r, class_node, again, depth + 1) : NULL;
}

static const syn_node *function_of(helion_reader *r, const syn_node *class_node, const syn_node *value) { return function_behind(r, class_node, value, 0); }

static bool has_function(const helion_kernels *k, const syn_node *fn) {
  for (size_t i = 0; i < k->at.n; i++)
    if (k->at.at[i].fn == fn)
      return true;
  return false;
}

static void add_class_kernel(helion_reader *r, helion_kernels *out, const syn_node *c) {
  const syn_node *s = helion_class_member(r, c, "kernel");
  if (!s)
    return;
  const syn_node *fn = s->kind == SYN_FunctionDef ? s : function_of(r, c, helion_assigned_value(s, "kernel"));
  helion_value name = {.kind = HELION_UNKNOWN};
  const syn_node *named = helion_assigned_value(helion_class_member(r, c, "kernel_name"), "kernel_name");
  if (named && named->kind == SYN_Constant && named->const_kind == SYN_CONST_STR && *named->string)   /* an empty one names nothing */
    name = helion_string(named->string);
  const char *given = name.kind == HELION_STR ? name.string : fn ? syn_ident(fn, "name") : NULL;
  vec_push(
      r->mem, &out->at,
      ((helion_kernel){
          .maker = helion_assigned_value(s, "kernel"), .name = given ? given : syn_ident(c, "name"), .variable = syn_ident(c, "name"), .fn = fn, .class_node = c, .span = s->span}));
}

/* helion.kernel(fn, ...) anywhere: functions that make kernels when they are called. */
static void add_made(helion_reader *r, helion_kernels *out, const syn_node *n, int depth) {
  const syn_node *fn = n->kind == SYN_Call && wrapped_function(r, n) ? function_of(r, NULL, wrapped_function(r, n)) : NULL;
  if (fn && fn->kind == SYN_FunctionDef && !has_function(out, fn))
    vec_push(r->mem, &out->at, ((helion_kernel){.name = syn_ident(fn, "name"), .variable = syn_ident(fn, "name"), .fn = fn, .maker = n, .span = fn->span}));
  for (size_t i = 0; i < n->n_fields && depth < 200; i++) {
    if (n->fields[i].node)
      add_made(r, out, n->fields[i].node, depth + 1);
    for (size_t k = 0; n->fields[i].is_list && k < n->fields[i].n; k++)
      if (n->fields[i].items[k])
        add_made(r, out, n->fields[i].items[k], depth + 1);
  }
}

helion_kernels helion_find_kernels(helion_reader *r) {
  helion_kernels out = {0};
  size_t n;
  syn_node **body = syn_list(r->module, "body", &n);
  for (size_t i = 0; i < n; i++)
    if (body[i]->kind == SYN_ClassDef && helion_is_loom_class(r, body[i]))
      add_class_kernel(r, &out, body[i]);
  for (size_t i = 0; i < n; i++) {
    size_t t;
    syn_node **targets = body[i]->kind == SYN_Assign ? syn_list(body[i], "targets", &t) : NULL;
    const syn_node *target = targets ? targets[0] : body[i]->kind == SYN_AnnAssign ? syn_child(body[i], "target") : NULL;
    const syn_node *fn = target && target->kind == SYN_Name && wrapped_function(r, syn_child(body[i], "value"))
                             ? function_of(r, NULL, wrapped_function(r, syn_child(body[i], "value"))) : NULL;
    bool is_asked = fn && r->options->function && text_eq(syn_ident(target, "id"), r->options->function);   /* one function may make several kernels */
    if (fn && (!has_function(&out, fn) || is_asked))
      vec_push(r->mem, &out.at, ((helion_kernel){.name = syn_ident(fn, "name") ? syn_ident(fn, "name") : syn_ident(target, "id"),
                                                 .variable = syn_ident(target, "id"), .fn = fn, .maker = syn_child(body[i], "value"), .span = fn->span}));
    if (body[i]->kind == SYN_FunctionDef && helion_is_kernel(r, body[i]) && !has_function(&out, body[i]))
      vec_push(r->mem, &out.at, ((helion_kernel){.name = syn_ident(body[i], "name"), .variable = syn_ident(body[i], "name"), .fn = body[i],
                                                 .span = body[i]->span}));
  }
  if (!out.at.n)
    add_made(r, &out, r->module, 0);
  return out;
}

/* ---- the choice ---- */
static bool is_called(const helion_kernel *k, const char *name) {
  return text_eq(k->name, name) || text_eq(k->variable, name) || (k->fn && text_eq(syn_ident(k->fn, "name"), name));
}

static const char *all_names(helion_reader *r, const helion_kernels *all) {
  text t = text_new(r->mem);
  for (size_t i = 0; i < all->at.n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", all->at.at[i].name);
  return text_str(&t);
}

static loom_status fail_unknown_kernel(helion_reader *r, const helion_kernels *all) {
  const char *wanted = r->options->function, *ignored;
  const char **names = ARENA_NEW_N(r->mem, const char *, all->at.n);
  for (size_t i = 0; i < all->at.n; i++)
    names[i] = all->at.at[i].name;
  const char *near = diag_nearest(wanted, names, all->at.n);
  const syn_node *s = helion_module_binding(r, wanted, &ignored);
  loom_span at = s ? s->span : (loom_span){.source = r->module->span.source};
  loom_status st = s ? diag_error(r->ctx, at, LOOM_EUSAGE, "\"%s\" is not a Helion kernel", wanted)
                     : diag_error(r->ctx, at, LOOM_EUSAGE, "the file has no kernel \"%s\"", wanted);
  diag_help(r->ctx, "%s%s%sthe kernels of the file are: %s", near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "",
            all_names(r, all));
  return st;
}

/* A decorated function that is no kernel of the file: inside of a function, or async. */
static const syn_node *find_hidden(helion_reader *r, const syn_node *n, int depth) {
  const syn_node *found = NULL;
  if ((n->kind == SYN_FunctionDef || n->kind == SYN_AsyncFunctionDef) && helion_is_kernel(r, n))
    return n;
  for (size_t i = 0; i < n->n_fields && depth < 200 && !found; i++) {
    if (n->fields[i].node)
      found = find_hidden(r, n->fields[i].node, depth + 1);
    for (size_t k = 0; n->fields[i].is_list && k < n->fields[i].n && !found; k++)
      if (n->fields[i].items[k])
        found = find_hidden(r, n->fields[i].items[k], depth + 1);
  }
  return found;
}

static loom_status fail_no_kernel(helion_reader *r) {
  const syn_node *hidden = find_hidden(r, r->module, 0);
  if (!hidden) {
    loom_status st = diag_error(r->ctx, (loom_span){.source = r->module->span.source}, LOOM_EINPUT, "the file has no Helion kernel");
    diag_help(r->ctx, "a kernel is a function decorated with @helion.kernel, or the attribute `kernel = helion.kernel(...)(fn)` of a class deriving from LoomKernel");
    return st;
  }
  bool is_async = hidden->kind == SYN_AsyncFunctionDef;
  loom_status st = diag_error(r->ctx, hidden->span, LOOM_EINPUT, "the kernel \"%s\" is %s", syn_ident(hidden, "name"),
                              is_async ? "an async function" : "not at the top of the file");
  diag_help(r->ctx, is_async ? "write it with def" : "move it out of the function, class or block around it, and pass what it uses of that as arguments");
  return st;
}

static loom_status choose(helion_reader *r, const helion_kernels *all, helion_kernel *out) {
  loom_span file = {.source = r->module->span.source};
  if (!all->at.n)
    return fail_no_kernel(r);
  if (!r->options->function) {
    if (all->at.n > 1) {
      loom_status st = diag_error(r->ctx, file, LOOM_EUSAGE, "the file has %zu kernels: %s", all->at.n, all_names(r, all));
      diag_help(r->ctx, "choose one with --function NAME");
      return st;
    }
    *out = all->at.at[0];
    return LOOM_OK;
  }
  for (size_t i = 0; i < all->at.n; i++)
    if (is_called(&all->at.at[i], r->options->function)) {
      *out = all->at.at[i];
      return LOOM_OK;
    }
  return fail_unknown_kernel(r, all);
}

loom_status helion_choose_kernel(helion_reader *r, const helion_kernels *all, helion_kernel *out) {
  LOOM_TRY(choose(r, all, out));
  if (!out->fn || out->fn->kind != SYN_FunctionDef) {
    loom_status st = diag_error(r->ctx, out->span, LOOM_EINPUT, "the function of kernel \"%s\" is not in this file", out->name);
    diag_help(r->ctx, "write `kernel = helion.kernel(...)(fn)` with a function `fn` that is defined in the same file");
    return st;
  }
  return LOOM_OK;
}
