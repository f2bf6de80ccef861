/* Names: function scopes, then the module (looked up lazily, never run), then builtins. */
#include "frontend/helion/helion_carry.h"
#include "frontend/helion/helion_value.h"
#include <stdlib.h>

enum { HELION_GLOBAL_DEPTH_MAX = 128 };

void helion_push_scope(helion_reader *r, helion_scope *parent) {
  helion_scope *s = ARENA_NEW(r->mem, helion_scope);
  s->parent = parent;
  r->scope = s;
}

helion_value *helion_find_var(helion_scope *s, const char *name) {
  for (size_t i = 0; i < s->vars.n; i++)
    if (text_eq(s->vars.at[i].name, name))
      return &s->vars.at[i].value;
  return NULL;
}

void helion_set_var(helion_reader *r, const char *name, helion_value v) {
  helion_value *old = helion_find_var(r->scope, name);
  if (old)
    *old = v;
  else
    vec_push(r->mem, &r->scope->vars, ((helion_var){name, v, !helion_in_loop(r)}));
}

void helion_unset_var(helion_reader *r, const char *name) {
  for (size_t i = 0; i < r->scope->vars.n; i++)
    if (text_eq(r->scope->vars.at[i].name, name)) {
      memmove(&r->scope->vars.at[i], &r->scope->vars.at[i + 1], (r->scope->vars.n - i - 1) * sizeof r->scope->vars.at[0]);
      r->scope->vars.n--;
      return;
    }
}

/* ---- imports ---- */
/* Path that `name` stands for after Import or ImportFrom `n`, NULL when it does not bind it. */
static const char *import_path(arena *m, const syn_node *n, const char *name) {
  size_t count;
  syn_node **names = syn_list(n, "names", &count);
  for (size_t i = 0; i < count; i++) {
    const char *what = syn_ident(names[i], "name"), *as = syn_ident(names[i], "asname");
    if (n->kind == SYN_ImportFrom) {
      const char *from = syn_ident(n, "module");
      if (text_eq(as ? as : what, name))
        return from ? arena_printf(m, "%s.%s", from, what) : what;
    } else if (as) {
      if (text_eq(as, name))
        return what;
    } else {   /* `import a.b` binds a */
      size_t head = strcspn(what, ".");
      if (strlen(name) == head && strncmp(what, name, head) == 0)
        return name;
    }
  }
  return NULL;
}

/* The name that one of the imports of `import` binds: `import a.b` binds a. */
static const char *import_name(arena *m, const syn_node *import, const syn_node *alias) {
  const char *as = syn_ident(alias, "asname"), *what = syn_ident(alias, "name");
  return as ? as : import->kind == SYN_ImportFrom ? what : arena_strndup(m, what, strcspn(what, "."));
}

void helion_bind_import(helion_reader *r, const syn_node *import) {
  size_t count;
  syn_node **names = syn_list(import, "names", &count);
  for (size_t i = 0; i < count; i++) {
    const char *bound = import_name(r->mem, import, names[i]);
    const char *path = import_path(r->mem, import, bound);
    if (path)
      helion_set_var(r, bound, helion_path(path));
  }
}

/* ---- the module ---- */
/* Every name that the module binds, sorted; of one that is bound more than once the binding that holds comes first. */
static void add_binding(helion_reader *r, const char *name, const syn_node *s, const char *path) {
  if (name)
    vec_push(r->mem, &r->bindings, ((helion_binding){name, path, s, r->bindings.n}));
}

static void add_targets(helion_reader *r, const syn_node *t, const syn_node *s) {
  size_t n;
  if (t->kind == SYN_Name)
    add_binding(r, syn_ident(t, "id"), s, NULL);
  syn_node **items = t->kind == SYN_Tuple || t->kind == SYN_List ? syn_list(t, "elts", &n) : NULL;
  for (size_t i = 0; items && i < n; i++)
    add_targets(r, items[i], s);
}

static void add_imports(helion_reader *r, const syn_node *s) {
  size_t n;
  syn_node **names = syn_list(s, "names", &n);
  for (size_t i = 0; i < n; i++) {
    const char *bound = import_name(r->mem, s, names[i]);
    add_binding(r, bound, s, import_path(r->mem, s, bound));
  }
}

static void add_statement(helion_reader *r, const syn_node *s) {
  size_t n;
  switch (s->kind) {
  case SYN_FunctionDef: case SYN_AsyncFunctionDef: case SYN_ClassDef: add_binding(r, syn_ident(s, "name"), s, NULL); return;
  case SYN_Import: case SYN_ImportFrom: add_imports(r, s); return;
  case SYN_AnnAssign:
    if (syn_child(s, "value"))
      add_targets(r, syn_child(s, "target"), s);
    return;
  case SYN_Assign: {
    syn_node **targets = syn_list(s, "targets", &n);
    for (size_t i = 0; i < n; i++)
      add_targets(r, targets[i], s);
    return;
  }
  default: return;
  }
}

/* The last statement first, nested if, try and with blocks included. */
static void add_block(helion_reader *r, syn_node *const *body, size_t n) {
  static const char *const blocks[] = {"finalbody", "body", "orelse", "handlers"};   /* an except branch is the last choice */
  for (size_t i = n; i-- > 0;) {
    const syn_node *s = body[i];
    if (!s)
      continue;
    add_statement(r, s);
    bool is_block = s->kind == SYN_If || s->kind == SYN_Try || s->kind == SYN_With || text_eq(s->class_name, "ExceptHandler");
    for (size_t b = 0; is_block && b < sizeof blocks / sizeof *blocks; b++) {
      size_t count;
      syn_node **inner = syn_list(s, blocks[b], &count);
      add_block(r, inner, count);
    }
  }
}

static int by_name(const void *a, const void *b) {
  const helion_binding *x = a, *y = b;
  int c = strcmp(x->name, y->name);
  return c ? c : (x->order > y->order) - (x->order < y->order);
}

const syn_node *helion_module_binding(helion_reader *r, const char *name, const char **out_path) {
  size_t n;
  *out_path = NULL;
  if (!r->has_bindings) {
    syn_node **body = syn_list(r->module, "body", &n);
    add_block(r, body, n);
    if (r->bindings.n)
      qsort(r->bindings.at, r->bindings.n, sizeof *r->bindings.at, by_name);
    r->has_bindings = true;
  }
  size_t lo = 0, hi = r->bindings.n;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (strcmp(r->bindings.at[mid].name, name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (!name || lo == r->bindings.n || !text_eq(r->bindings.at[lo].name, name))
    return NULL;
  *out_path = r->bindings.at[lo].path;
  return r->bindings.at[lo].statement;
}

/* Runs `a, b = value` of the module in a scope of its own and takes `name` from it. */
static helion_value module_assignment(helion_reader *r, const syn_node *s, const char *name) {
  helion_scope *scope = r->scope;
  kernel_region *region = r->region;
  bool is_module = r->is_module;
  helion_push_scope(r, NULL);
  r->region = NULL;
  r->is_module = true;
  syn_node *statement = (syn_node *)(uintptr_t)s;
  helion_run_block(r, &statement, 1);
  helion_value *v = helion_find_var(r->scope, name);
  r->is_module = is_module;
  r->scope = scope;
  r->region = region;
  return v ? *v : helion_unknown();
}

static helion_value run_binding(helion_reader *r, const syn_node *s, const char *name, const char *path) {
  if (path)
    return helion_path(path);
  if (s->kind == SYN_ClassDef)
    return (helion_value){.kind = HELION_CLASS, .class_node = s};
  if (s->kind == SYN_FunctionDef || s->kind == SYN_AsyncFunctionDef)
    return (helion_value){.kind = HELION_FUNC, .func = {s, NULL}};
  return module_assignment(r, s, name);
}

bool helion_global_value(helion_reader *r, const char *name, helion_value *out) {
  const char *path;
  size_t at = 0;
  while (at < r->globals.n && !text_eq(r->globals.at[at].name, name))
    at++;
  if (at == r->globals.n) {
    const syn_node *s = helion_module_binding(r, name, &path);
    vec_push(r->mem, &r->globals, ((helion_global){.name = name, .is_bound = s != NULL, .is_running = true}));
    helion_value v = helion_unknown();
    if (s && r->global_depth >= HELION_GLOBAL_DEPTH_MAX)
      helion_fail(r, s, LOOM_ELIMIT, "give it a value that needs fewer other names", "names of the module depend on each other more than %d deep", HELION_GLOBAL_DEPTH_MAX);
    else if (s) {
      r->global_depth++;
      v = run_binding(r, s, name, path);
      r->global_depth--;
    }
    r->globals.at[at].value = v;
    r->globals.at[at].is_running = false;
  }
  const helion_global *g = &r->globals.at[at];
  *out = g->is_running ? helion_fail(r, r->place, LOOM_EINPUT, "give it a value that does not need it", "the value of \"%s\" depends on itself", name) : g->value;
  return g->is_bound;
}

/* ---- lookup ---- */
static const char *const builtin_names[] = {
    "abs",   "all",  "any", "bool",         "dict",        "enumerate", "float",    "getattr", "int",        "isinstance",
    "len",   "list", "max", "min",          "print",       "range",     "reversed", "round",   "str",        "sum",
    "tuple", "type", "zip", "staticmethod", "classmethod", "property",  "super",    "object",  "ValueError", "__name__",
    "slice", "breakpoint", "sorted",   "map",        "filter",      "iter",      "next",     "set",     "frozenset",  "bytes",
    "repr",  "hash",     "id",      "hex",          "ord",         "chr",       "divmod",   "pow",     "input",      "open",
    "exec",  "eval",     "compile", "globals",      "locals",      "vars",      "dir",      "callable", "hasattr",   "setattr",
    "delattr", "issubclass", "format", "complex",   "__import__"};

static bool is_builtin(const char *name) {
  for (size_t i = 0; i < sizeof builtin_names / sizeof *builtin_names; i++)
    if (text_eq(builtin_names[i], name))
      return true;
  return false;
}

typedef VEC_OF(const char *) name_list;

static void collect_target(helion_reader *r, const syn_node *t, name_list *out) {
  size_t n;
  if (t->kind == SYN_Name)
    vec_push(r->mem, out, syn_ident(t, "id"));
  syn_node **items = syn_list(t, "elts", &n);
  for (size_t i = 0; i < n; i++)
    collect_target(r, items[i], out);
}

/* Names that the module binds at its top level: the candidates of "did you mean". */
static void collect_module_names(helion_reader *r, name_list *out) {
  size_t n, count;
  syn_node **body = syn_list(r->module, "body", &n);
  for (size_t i = 0; i < n; i++) {
    const char *name = syn_ident(body[i], "name");
    if (name)
      vec_push(r->mem, out, name);
    syn_node **names = syn_list(body[i], "names", &count);
    for (size_t j = 0; j < count; j++) {
      const char *as = syn_ident(names[j], "asname"), *bound = as ? as : syn_ident(names[j], "name");   /* neither: `global x` */
      if (bound)
        vec_push(r->mem, out, bound);
    }
    syn_node **targets = syn_list(body[i], "targets", &count);
    for (size_t j = 0; j < count; j++)
      collect_target(r, targets[j], out);
  }
}

/* ---- names that end with a block ---- */
/* The last loop or if of `body` before line `line` that sets `name`; NULL: none. */
static const syn_node *find_setter(helion_reader *r, syn_node *const *body, size_t n, const char *name, int line) {
  static const char *const blocks[] = {"body", "orelse"};
  const syn_node *found = NULL;
  for (size_t i = 0; i < n && body[i]->span.line <= line; i++) {
    const syn_node *s = body[i];
    bool is_function = s->kind == SYN_FunctionDef || s->kind == SYN_ClassDef;
    if (is_function && s->span.end_line < line)
      continue;
    size_t count;
    const syn_node *inner = NULL;
    helion_names names = {0};
    if (!is_function && (s->kind == SYN_For || s->kind == SYN_While || s->kind == SYN_If) && s->span.end_line < line)
      helion_statement_names(r, s, &names);
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
      syn_node **nested = syn_list(s, blocks[b], &count);
      const syn_node *last = find_setter(r, nested, count, name, line);
      inner = last ? last : inner;
    }
    for (size_t j = 0; j < names.n; j++)
      if (text_eq(names.at[j], name))
        inner = s;
    found = inner ? inner : found;
  }
  return found;
}

static const char *ended_with(helion_reader *r, const syn_node *n, const char *name, const char **help) {
  size_t count;
  syn_node **body = syn_list(r->module, "body", &count);
  const syn_node *s = find_setter(r, body, count, name, n->span.line);
  if (!s)
    return "";
  bool is_if = s->kind == SYN_If;
  *help = is_if                ? "set it in every branch, or before the if"
          : helion_in_loop(r)  ? "give it a value of the same type before the loop"
                               : arena_printf(r->mem, "host code reads tensors: store it in the loop, out[tile] = %s, and use that", name);
  return arena_printf(r->mem, is_if ? ": not every branch of the if in line %d sets it" : ": it belongs to the loop in line %d", s->span.line);
}

static helion_value fail_unknown_name(helion_reader *r, const syn_node *n, const char *name) {
  if (r->worst != LOOM_OK && helion_is_diagnosed(r, n))   /* it was said, or is part of what was said */
    return helion_unknown();
  name_list known = {0};
  for (const helion_scope *s = r->scope; s; s = s->parent)
    for (size_t i = 0; i < s->vars.n; i++)
      vec_push(r->mem, &known, s->vars.at[i].name);
  collect_module_names(r, &known);
  for (size_t i = 0; i < sizeof builtin_names / sizeof *builtin_names; i++)
    vec_push(r->mem, &known, builtin_names[i]);
  const char *near = diag_nearest(name, known.at, known.n);
  const char *help = near ? arena_printf(r->mem, "did you mean \"%s\"?", near)
                          : "define it before it is used";
  const char *where = ended_with(r, n, name, &help);
  bool is_guessing = r->is_guessing;
  r->is_guessing = false;   /* a name is wrong whatever the sizes are */
  helion_value v = helion_fail(r, n, LOOM_EINPUT, help, "the name \"%s\" is not defined here%s", name, where);
  r->is_guessing = is_guessing;
  return v;
}

helion_value helion_lookup(helion_reader *r, const syn_node *n) {
  const char *name = syn_ident(n, "id");
  helion_value v;
  for (helion_scope *s = r->scope; s; s = s->parent) {
    const helion_value *found = helion_find_var(s, name);
    if (found)
      return *found;
    if (s->class_node && helion_class_value(r, s->class_node, name, &v))
      return v;
  }
  if (helion_global_value(r, name, &v))
    return v;
  if (is_builtin(name))
    return helion_path(arena_printf(r->mem, "builtins.%s", name));
  return fail_unknown_name(r, n, name);
}

const char *helion_path_of(helion_reader *r, const syn_node *n) {
  if (!n)
    return NULL;
  if (n->kind == SYN_Attribute) {
    const char *base = helion_path_of(r, syn_child(n, "value"));
    return base ? arena_printf(r->mem, "%s.%s", base, syn_ident(n, "attr")) : NULL;
  }
  if (n->kind != SYN_Name)
    return NULL;
  const char *path;
  const syn_node *s = helion_module_binding(r, syn_ident(n, "id"), &path);
  return path ? path : s ? NULL : syn_ident(n, "id");
}
