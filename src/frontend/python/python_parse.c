/* The one file that knows CPython: text -> ast objects -> syn_node tree.  The interpreter is started once per process with an isolated
 * configuration (no environment, no site, no user paths, no signal handlers) and only ever asked to parse: PyCF_ONLY_AST compiles nothing.
 *
 * Ownership: every PyObject that convert_* takes is borrowed, except `tree`, which python_parse frees.  When an arena runs out of memory in
 * between, `tree` stays with the interpreter; the compile ends there. */
#include <Python.h>
#include "frontend/python/python_scan.h"
#include "frontend/python/syntax.h"

typedef struct converter { loom_ctx *ctx; const diag_source *src; } converter;

static const char *const kind_names[] = {
#define X(n) #n,
  SYN_LIST(X)
#undef X
};

static syn_kind kind_of(const char *class_name) {
  for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++)
    if (text_eq(kind_names[i], class_name))
      return (syn_kind)i;
  return SYN_Other;
}

static loom_status start_python(loom_ctx *ctx) {
  if (Py_IsInitialized())
    return LOOM_OK;
  PyPreConfig pre;
  PyPreConfig_InitIsolatedConfig(&pre);
  pre.utf8_mode = 1;
  PyStatus st = Py_PreInitialize(&pre);
  if (!PyStatus_Exception(st)) {
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.install_signal_handlers = 0;
    config.write_bytecode = 0;
    config.use_hash_seed = 1;
    config.hash_seed = 0;
    st = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
  }
  if (PyStatus_Exception(st))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "Python's parser does not start: %s; install libpython3.11 and libpython3.11-stdlib",
              st.err_msg ? st.err_msg : "unknown reason");
  return LOOM_OK;
}

/* An integer attribute, `missing` when it is absent or None. */
static int32_t int_attr(PyObject *o, const char *name, int32_t missing) {
  PyObject *v = PyObject_GetAttrString(o, name);
  long n = v && PyLong_Check(v) ? PyLong_AsLong(v) : missing;
  Py_XDECREF(v);
  PyErr_Clear();
  return n >= INT32_MIN && n <= INT32_MAX ? (int32_t)n : missing;
}

static loom_span span_of(const converter *c, PyObject *o) {
  int32_t line = int_attr(o, "lineno", 0);
  if (!line)
    return (loom_span){.source = c->src};
  int32_t col = int_attr(o, "col_offset", 0) + 1, end_line = int_attr(o, "end_lineno", line);
  return (loom_span){c->src, line, col, end_line, int_attr(o, "end_col_offset", col) + 1};
}

static const char *copy_str(converter *c, PyObject *s) {
  Py_ssize_t n = 0;
  const char *p = PyUnicode_AsUTF8AndSize(s, &n);
  if (!p) {   /* a lone surrogate: legal in a Python literal, not in UTF-8 */
    PyErr_Clear();
    return "\xEF\xBF\xBD";
  }
  return arena_strndup(&c->ctx->mem, p, (size_t)n);
}

static void convert_integer(converter *c, PyObject *v, syn_node *out) {
  int overflow = 0;
  long long n = PyLong_AsLongLongAndOverflow(v, &overflow);
  out->const_kind = SYN_CONST_INT;
  out->integer = n;
  out->real = (double)n;
  if (!overflow)
    return;
  out->const_kind = SYN_CONST_BIGINT;
  PyObject *digits = PyObject_Str(v);
  out->string = digits ? copy_str(c, digits) : "";
  Py_XDECREF(digits);
  PyErr_Clear();
}

static void convert_constant(converter *c, PyObject *v, syn_node *out) {
  if (v == Py_None) {
    out->const_kind = SYN_CONST_NONE;
  } else if (PyBool_Check(v)) {
    out->const_kind = SYN_CONST_BOOL;
    out->integer = v == Py_True;
  } else if (PyLong_Check(v)) {
    convert_integer(c, v, out);
  } else if (PyFloat_Check(v)) {
    out->const_kind = SYN_CONST_FLOAT;
    out->real = PyFloat_AS_DOUBLE(v);
  } else if (PyUnicode_Check(v)) {
    out->const_kind = SYN_CONST_STR;
    out->string = copy_str(c, v);
  } else if (PyBytes_Check(v)) {
    out->const_kind = SYN_CONST_BYTES;
  } else if (PyComplex_Check(v)) {
    out->const_kind = SYN_CONST_COMPLEX;
  } else {
    out->const_kind = SYN_CONST_ELLIPSIS;
  }
}

static loom_status convert_node(converter *c, PyObject *o, loom_span around, int depth, syn_node **out);

/* A list item or a single field: a node, None, or a plain string (the names of `global`), which becomes a Name. */
static loom_status convert_item(converter *c, PyObject *o, loom_span around, int depth, syn_node **out) {
  *out = NULL;
  if (o == Py_None)
    return LOOM_OK;
  if (!PyUnicode_Check(o))
    return convert_node(c, o, around, depth, out);
  syn_node *n = ARENA_NEW(&c->ctx->mem, syn_node);
  *n = (syn_node){.kind = SYN_Name, .class_name = "Name", .span = around, .n_fields = 1};
  n->fields = ARENA_NEW(&c->ctx->mem, syn_field);
  n->fields[0] = (syn_field){.name = "id", .ident = copy_str(c, o)};
  *out = n;
  return LOOM_OK;
}

static loom_status convert_field(converter *c, PyObject *v, loom_span around, int depth, syn_field *f) {
  if (PyList_Check(v)) {
    f->is_list = true;
    f->n = (size_t)PyList_GET_SIZE(v);
    f->items = ARENA_NEW_N(&c->ctx->mem, syn_node *, f->n);
    for (size_t i = 0; i < f->n; i++)
      LOOM_TRY(convert_item(c, PyList_GET_ITEM(v, (Py_ssize_t)i), around, depth, &f->items[i]));
  } else if (PyUnicode_Check(v)) {
    f->ident = copy_str(c, v);
  } else if (PyLong_Check(v)) {   /* ImportFrom.level, FormattedValue.conversion */
    f->ident = arena_printf(&c->ctx->mem, "%ld", PyLong_AsLong(v));
  } else {
    return convert_item(c, v, around, depth, &f->node);
  }
  return LOOM_OK;
}

static loom_status convert_fields(converter *c, PyObject *o, PyObject *names, int depth, syn_node *n) {
  n->fields = ARENA_NEW_N(&c->ctx->mem, syn_field, PyTuple_GET_SIZE(names));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    PyObject *v = name && !text_eq(name, "ctx") ? PyObject_GetAttrString(o, name) : NULL;
    if (!v) {
      PyErr_Clear();
      continue;
    }
    loom_status st = LOOM_OK;
    syn_field *f = &n->fields[n->n_fields++];
    f->name = arena_strdup(&c->ctx->mem, name);
    if (n->kind == SYN_Constant && text_eq(name, "value"))
      convert_constant(c, v, n);
    else
      st = convert_field(c, v, n->span, depth + 1, f);
    Py_DECREF(v);
    LOOM_TRY(st);
  }
  return LOOM_OK;
}

static loom_status convert_node(converter *c, PyObject *o, loom_span around, int depth, syn_node **out) {
  if (depth > PYTHON_DEPTH_MAX)
    LOOM_FAIL(c->ctx, around, LOOM_ELIMIT, "the program is nested more than %d deep here; split the expression or the chain of elif",
              PYTHON_DEPTH_MAX);
  const char *class_name = strrchr(Py_TYPE(o)->tp_name, '.');
  class_name = class_name ? class_name + 1 : Py_TYPE(o)->tp_name;
  syn_node *n = ARENA_NEW(&c->ctx->mem, syn_node);
  n->class_name = arena_strdup(&c->ctx->mem, class_name);
  n->kind = kind_of(class_name);
  n->span = span_of(c, o);
  if (!n->span.line)
    n->span = around;
  *out = n;
  PyObject *names = PyObject_GetAttrString((PyObject *)Py_TYPE(o), "_fields");
  loom_status st = LOOM_OK;
  if (names && PyTuple_Check(names))
    st = convert_fields(c, o, names, depth, n);
  Py_XDECREF(names);
  PyErr_Clear();
  return st;
}

/* CPython counts columns of a syntax error in characters, from 1; ours are bytes. */
static int32_t byte_column(const diag_source *src, int32_t line, int32_t chars) {
  const char *p = src->text, *end = src->text + src->size;
  for (int32_t l = 1; l < line && p < end; p++)
    l += *p == '\n';
  const char *start = p;
  for (int32_t n = 1; n < chars && p < end && *p != '\n'; n++)
    do
      p++;
    while (p < end && ((unsigned char)*p & 0xC0) == 0x80);
  return (int32_t)(p - start) + 1;
}

static loom_status fail_with_syntax_error(converter *c, PyObject *error) {
  loom_span at = {.source = c->src, .line = int_attr(error, "lineno", 0)};
  if (at.line > 0) {
    int32_t chars = int_attr(error, "offset", 1), end_chars = int_attr(error, "end_offset", 0);
    at.col = byte_column(c->src, at.line, chars > 0 ? chars : 1);
    at.end_line = int_attr(error, "end_lineno", at.line);
    if (at.end_line < at.line)
      at.end_line = at.line;
    at.end_col = end_chars > 0 ? byte_column(c->src, at.end_line, end_chars) : at.col + 1;
    if (at.end_line == at.line && at.end_col <= at.col)
      at.end_col = at.col + 1;
  }
  PyObject *msg = PyObject_GetAttrString(error, "msg");
  if (!msg) {
    PyErr_Clear();
    msg = PyObject_Str(error);
  }
  const char *reason = msg && PyUnicode_Check(msg) ? copy_str(c, msg) : "invalid Python";
  Py_XDECREF(msg);
  PyErr_Clear();
  return diag_error(c->ctx, at, LOOM_EINPUT, "syntax error: %s", reason);
}

/* Turns the pending Python exception into a diagnostic. */
static loom_status fail_with_python_error(converter *c) {
  PyObject *type = NULL, *value = NULL, *trace = NULL;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  bool too_deep = type && (PyErr_GivenExceptionMatches(type, PyExc_RecursionError) || PyErr_GivenExceptionMatches(type, PyExc_MemoryError));
  loom_status st;
  if (too_deep)
    st = diag_error(c->ctx, (loom_span){.source = c->src}, LOOM_ELIMIT,
                    "the program is nested too deep for Python's parser; at most %d levels are allowed", PYTHON_DEPTH_MAX);
  else
    st = fail_with_syntax_error(c, value ? value : Py_None);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  return st;
}

loom_status python_parse(loom_ctx *ctx, const char *path, const char *code, size_t size, syn_node **out) {
  *out = NULL;
  if (size >= 3 && memcmp(code, "\xEF\xBB\xBF", 3) == 0) {
    code += 3;
    size -= 3;
  }
  converter c = {ctx, diag_add_source(ctx, path, code, size)};
  LOOM_TRY(python_scan(ctx, c.src));
  LOOM_TRY(start_python(ctx));
  const char *terminated = arena_strndup(&ctx->mem, code, size);
  PyCompilerFlags flags = {.cf_flags = PyCF_ONLY_AST | PyCF_IGNORE_COOKIE, .cf_feature_version = PY_MINOR_VERSION};
  PyObject *tree = Py_CompileStringExFlags(terminated, path, Py_file_input, &flags, 0);
  if (!tree)
    return fail_with_python_error(&c);
  loom_status st = convert_node(&c, tree, (loom_span){.source = c.src}, 0, out);
  Py_DECREF(tree);
  return st;
}
