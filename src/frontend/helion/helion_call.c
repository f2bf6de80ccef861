/* Calls: of functions of the file (inlined) and of library functions (table rows). */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_rules.h"
#include "frontend/helion/helion_view.h"

enum { HELION_CALL_DEPTH_MAX = 32 };

/* ---- functions of the file ---- */
static void bind_default(helion_reader *r, const syn_node *value, helion_scope *defined_in, const char *name) {
  helion_scope *own = r->scope;
  r->scope = defined_in;
  if (!defined_in)
    helion_push_scope(r, NULL);
  helion_value v = helion_eval(r, value);
  r->scope = own;
  helion_set_var(r, name, v);
}

typedef struct passed { helion_seq positional; VEC_OF(helion_var) named; } passed;

/* Arguments of the call node; `*sequence` is spread when its items are known. */
static passed collect_arguments(helion_reader *r, const syn_node *call) {
  passed p = {.positional = {.at = NULL}};
  VEC_OF(helion_value) values = {0};
  size_t n;
  syn_node **args = syn_list(call, "args", &n);
  for (size_t i = 0; i < n; i++) {
    if (args[i]->kind != SYN_Starred) {
      vec_push(r->mem, &values, helion_eval(r, args[i]));
      continue;
    }
    helion_value v = helion_eval(r, syn_child(args[i], "value"));
    for (size_t j = 0; v.kind == HELION_SEQ && j < v.seq.n; j++)
      vec_push(r->mem, &values, v.seq.at[j]);
    if (v.kind != HELION_SEQ && v.kind != HELION_UNKNOWN)
      helion_fail(r, args[i], LOOM_EUNSUP, "spread a tuple or list", "* on %s", helion_describe(r, &v));
  }
  syn_node **keywords = syn_list(call, "keywords", &n);
  for (size_t i = 0; i < n; i++) {
    const char *name = syn_ident(keywords[i], "arg");
    if (name)
      vec_push(r->mem, &p.named, ((helion_var){name, helion_eval(r, syn_child(keywords[i], "value")), false}));
    else
      helion_fail(r, keywords[i], LOOM_EUNSUP, "write the keyword arguments out", "** in a call");
  }
  p.positional = (helion_seq){values.at, values.n, false};
  return p;
}

static bool bind_parameters(helion_reader *r, const syn_node *call, const helion_func *f, passed *p, const char *fname) {
  size_t n_pos_only, n_args, n_defaults, n_kw, n_kw_defaults;
  const syn_node *a = syn_child(f->node, "args");
  syn_node **pos_only = syn_list(a, "posonlyargs", &n_pos_only), **args = syn_list(a, "args", &n_args);
  syn_node **defaults = syn_list(a, "defaults", &n_defaults), **kw = syn_list(a, "kwonlyargs", &n_kw),
           **kw_defaults = syn_list(a, "kw_defaults", &n_kw_defaults);
  size_t n_named = n_pos_only + n_args, used_names = 0;
  const syn_node *rest = syn_child(a, "vararg");
  if (p->positional.n > n_named && !rest)
    return helion_fail(r, call, LOOM_EINPUT, "pass as many arguments as its definition names", "%s takes %zu arguments, %zu are given", fname, n_named, p->positional.n), false;
  for (size_t i = 0; i < n_named + n_kw; i++) {
    const syn_node *arg = i < n_pos_only ? pos_only[i] : i < n_named ? args[i - n_pos_only] : kw[i - n_named];
    const char *name = syn_ident(arg, "arg");
    const syn_node *missing = i < n_named ? (i + n_defaults >= n_named ? defaults[i + n_defaults - n_named] : NULL)
                                          : (i - n_named < n_kw_defaults ? kw_defaults[i - n_named] : NULL);
    const helion_var *by_name = NULL;
    for (size_t j = 0; j < p->named.n; j++)
      if (text_eq(p->named.at[j].name, name))
        by_name = &p->named.at[j];
    used_names += by_name != NULL;
    if (i < n_named && i < p->positional.n)
      helion_set_var(r, name, p->positional.at[i]);
    else if (by_name)
      helion_set_var(r, name, by_name->value);
    else if (missing)
      bind_default(r, missing, f->scope, name);
    else
      return helion_fail(r, call, LOOM_EINPUT, "pass it, or give it a default value", "%s needs its argument \"%s\"", fname, name), false;
  }
  if (used_names != p->named.n)
    return helion_fail(r, call, LOOM_EINPUT, "name the arguments as its definition does", "%s has no argument of one of the names in this call", fname), false;
  if (rest) {
    size_t n = p->positional.n > n_named ? p->positional.n - n_named : 0;
    helion_set_var(r, syn_ident(rest, "arg"), (helion_value){.kind = HELION_SEQ, .seq = {p->positional.at + (n ? n_named : 0), n, false}});
  }
  return true;
}

helion_value helion_call_function(helion_reader *r, const syn_node *call, helion_func f, const helion_seq *args) {
  const char *fname = f.node->kind == SYN_Lambda ? "the lambda" : syn_ident(f.node, "name");
  if (f.node->kind == SYN_AsyncFunctionDef)
    return helion_fail(r, call, LOOM_EUNSUP, "write it with def", "the async function %s", fname);
  if (r->depth >= HELION_CALL_DEPTH_MAX)
    return helion_fail(r, call, LOOM_ELIMIT, "kernels cannot recurse: every call is inlined", "calls are nested more than %d deep",
                       HELION_CALL_DEPTH_MAX);
  passed p = {.positional = {.at = NULL}};
  if (args)
    p.positional = *args;
  else
    p = collect_arguments(r, call);
  helion_scope *caller = r->scope;
  helion_value returned = r->returned;
  helion_push_scope(r, f.scope);
  r->depth++;
  r->returned = helion_none();
  if (!bind_parameters(r, call, &f, &p, fname)) {
    r->returned = helion_unknown();
  } else if (f.node->kind == SYN_Lambda) {
    r->returned = helion_eval(r, syn_child(f.node, "body"));
  } else {
    size_t n;
    syn_node **body = syn_list(f.node, "body", &n);
    helion_run_block(r, body, n);
  }
  helion_value result = r->returned;
  r->depth--;
  r->returned = returned;
  r->scope = caller;
  return result;
}

/* ---- library functions ---- */
typedef struct param { const char *name; size_t length; bool optional, ignored, rest, keyword_only; } param;

static int read_params(const char *s, param *out) {
  int n = 0;
  bool keyword_only = false;
  while (*s && n < HELION_PARAMS_MAX) {
    s += strspn(s, " ");
    size_t length = strcspn(s, " ");
    if (length == 1 && *s == '|') {
      keyword_only = true;
    } else if (length) {
      param p = {.name = s, .length = length, .keyword_only = keyword_only};
      if (*s == '*') {
        p.rest = p.optional = true;
        p.name++;
        p.length--;
      }
      char last = s[length - 1];
      p.ignored = last == '~';
      if (last == '?' || last == '~') {
        p.optional = true;
        p.length--;
      }
      out[n++] = p;
    }
    s += length;
  }
  return n;
}

static bool is_name(const param *p, const char *name) { return strlen(name) == p->length && strncmp(p->name, name, p->length) == 0; }

const char *helion_show_params(helion_reader *r, const helion_fn *f) {
  param params[HELION_PARAMS_MAX];
  int n = read_params(f->params, params);
  bool keyword_only = false;
  text t = text_new(r->mem);
  for (int i = 0; i < n; i++) {
    text_addf(&t, "%s%s%s%.*s%s", i ? ", " : "", params[i].keyword_only && !keyword_only ? "*, " : "", params[i].rest ? "*" : "", (int)params[i].length, params[i].name,
              params[i].optional && !params[i].rest ? "=" : "");
    keyword_only = params[i].keyword_only;
  }
  return arena_printf(r->mem, "its parameters are (%s)", n ? text_str(&t) : "");
}

/* torch also takes NumPy's names of dim and keepdim. */
static bool is_param(const param *p, const char *name) {
  return is_name(p, name) || (text_eq(name, "axis") && is_name(p, "dim")) || (text_eq(name, "keepdims") && is_name(p, "keepdim"));
}

static helion_value rest_arguments(helion_reader *r, syn_node **args, size_t n) {
  VEC_OF(helion_value) values = {0};
  for (size_t i = 0; i < n; i++) {
    helion_value v = helion_eval(r, args[i]->kind == SYN_Starred ? syn_child(args[i], "value") : args[i]);
    if (args[i]->kind == SYN_Starred && v.kind == HELION_SEQ)
      for (size_t j = 0; j < v.seq.n; j++)
        vec_push(r->mem, &values, v.seq.at[j]);
    else
      vec_push(r->mem, &values, v);
  }
  return (helion_value){.kind = HELION_SEQ, .seq = {values.at, values.n, false}};
}

static bool bind_positional(helion_reader *r, helion_call *c, const param *params, int n_params, int first) {
  size_t n;
  syn_node **args = syn_list(c->node, "args", &n);
  int at = first;
  for (size_t i = 0; i < n; i++, at++) {
    if (at < n_params && params[at].rest) {
      if (!params[at].ignored)
        c->arg[at] = rest_arguments(r, args + i, n - i);
      c->given[at] = true;
      return true;
    }
    if (args[i]->kind == SYN_Starred)
      return helion_fail(r, args[i], LOOM_EUNSUP, "write the arguments out", "* in a call of %s", c->fn->path), false;
    if (at >= n_params || params[at].keyword_only)
      return helion_fail(r, args[i], LOOM_EINPUT, helion_show_params(r, c->fn),
                         "too many arguments for %s", c->fn->path),
             false;
    c->given[at] = true;
    c->at[at] = args[i];
    if (!params[at].ignored)
      c->arg[at] = helion_eval(r, args[i]);
  }
  return true;
}

static bool bind_keywords(helion_reader *r, helion_call *c, const param *params, int n_params) {
  size_t n;
  syn_node **keywords = syn_list(c->node, "keywords", &n);
  for (size_t i = 0; i < n; i++) {
    const char *name = syn_ident(keywords[i], "arg");
    int at = 0;
    while (name && at < n_params && !is_param(&params[at], name))
      at++;
    if (!name || at == n_params)
      return helion_fail(r, keywords[i], LOOM_EINPUT, helion_show_params(r, c->fn),
                         "%s has no parameter \"%s\"", c->fn->path, name ? name : "**"),
             false;
    if (c->given[at])
      return helion_fail(r, keywords[i], LOOM_EINPUT, "give it by position or by name, not both", "%s gets its argument \"%s\" twice", c->fn->path, name), false;
    c->given[at] = true;
    c->at[at] = syn_child(keywords[i], "value");
    if (!params[at].ignored)
      c->arg[at] = helion_eval(r, c->at[at]);
  }
  return true;
}

/* The arguments of a call that was refused are read for what else is wrong. */
static helion_value skip_arguments(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **args = syn_list(n, "args", &count);
  for (size_t i = 0; i < count; i++)
    helion_eval(r, args[i]->kind == SYN_Starred ? syn_child(args[i], "value") : args[i]);
  syn_node **keywords = syn_list(n, "keywords", &count);
  for (size_t i = 0; i < count; i++)
    helion_eval(r, syn_child(keywords[i], "value"));
  return helion_unknown();
}

/* What was diagnosed where it arose, as itself or among items. */
static bool has_unknown(const helion_value *v, int depth) {
  for (size_t i = 0; v->kind == HELION_SEQ && depth && i < v->seq.n; i++)
    if (has_unknown(&v->seq.at[i], depth - 1))
      return true;
  return v->kind == HELION_UNKNOWN;
}

helion_value helion_run_row(helion_reader *r, const syn_node *n, const helion_fn *f, const helion_value *self) {
  param params[HELION_PARAMS_MAX];
  int n_params = read_params(f->params, params);
  helion_call c = {.node = n, .fn = f};
  if (self) {
    c.arg[0] = *self;
    c.given[0] = true;
  }
  if (n->kind == SYN_Call && (!bind_positional(r, &c, params, n_params, self != NULL) || !bind_keywords(r, &c, params, n_params)))
    return skip_arguments(r, n);
  bool is_unknown = false;
  for (int i = 0; i < n_params; i++) {
    if (!c.given[i] && !params[i].optional)
      return helion_fail(r, n, LOOM_EINPUT, helion_show_params(r, f), "%s needs its argument \"%.*s\"",
                         f->path, (int)params[i].length, params[i].name);
    is_unknown = is_unknown || (c.given[i] && !params[i].ignored && has_unknown(&c.arg[i], 3));
  }
  if (is_unknown)
    return helion_unknown();
  if (helion_is_host_math(r, c.arg, (size_t)n_params) && helion_computes(f)) {   /* whole tensors, outside of the loops */
    kernel_region *outer = helion_enter_host(r);
    for (int i = 0; i < n_params; i++)
      helion_lift(r, n, &c.arg[i]);
    helion_value v = helion_lower_result(r, n, f->run(r, &c));
    helion_leave_host(r, outer);
    return v;
  }
  return f->run(r, &c);
}

static helion_value call_method(helion_reader *r, const syn_node *n, const helion_method *m) {
  const helion_fn *f = helion_find_method(m->self->kind, m->name);
  if (f)
    return helion_run_row(r, n, f, m->self);
  return helion_fail(r, n, LOOM_EUNSUP, helion_advice(r, m->name, helion_is_diagnosed(r, n) ? NULL : helion_nearest_member(r, m->self->kind, m->name)), "the method \"%s\" of %s", m->name,
                     helion_describe(r, m->self));
}

/* Functions that do more than compute: no assertion of a kernel is left out that calls one. */
static bool has_effect(const char *path) {
  static const char *const names[] = {"open", "exec", "eval", "compile", "__import__", "input", "globals", "locals", "setattr", "delattr", "breakpoint"};
  static const char prefix[] = "builtins.";
  for (size_t i = 0; strncmp(path, prefix, sizeof prefix - 1) == 0 && i < sizeof names / sizeof *names; i++)
    if (text_eq(path + sizeof prefix - 1, names[i]))
      return true;
  return false;
}

helion_value helion_eval_call(helion_reader *r, const syn_node *n) {
  helion_value f = helion_eval(r, syn_child(n, "func"));
  switch (f.kind) {
  case HELION_UNKNOWN: return skip_arguments(r, n);
  case HELION_FUNC: return helion_may_call_function(r, n, &f.func) ? helion_call_function(r, n, f.func, NULL) : skip_arguments(r, n);
  case HELION_METHOD: return call_method(r, n, &f.method);
  case HELION_PATH: {
    const helion_fn *row = helion_find_function(f.string);
    if (row)
      return helion_may_call(r, n, f.string) ? helion_run_row(r, n, row, NULL) : skip_arguments(r, n);
    int quiet = r->quiet;
    r->quiet = has_effect(f.string) ? 0 : quiet;
    helion_fail(r, n, LOOM_EUNSUP, helion_advice(r, f.string, helion_is_diagnosed(r, n) ? NULL : helion_nearest_function(r, f.string)), "a call of %s", f.string);
    r->quiet = quiet;
    return skip_arguments(r, n);
  }
  default:
    helion_fail(r, n, LOOM_EINPUT, "call functions of the file, lambdas and library functions", "%s cannot be called", helion_describe(r, &f));
    return skip_arguments(r, n);
  }
}
