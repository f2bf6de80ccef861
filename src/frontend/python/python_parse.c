/* The one file that knows CPython: text -> ast objects -> syn_node tree.  The interpreter is started once per process with an isolated
 * configuration (no environment, no site, no user paths, no signal handlers) and only ever asked to parse: PyCF_ONLY_AST compiles nothing.
 *
 * Ownership: every PyObject that convert_* takes is borrowed.  Nodes are read through their dictionaries, which hold fields and positions alike. */
#include <Python.h>
#include "frontend/python/python_scan.h"
#include "frontend/python/syntax.h"
#include <sys/mman.h>

/* `line`: of the source, before the text that is converted; is_trial: what is too deep gives no diagnostic. */
typedef struct converter { loom_ctx *ctx; const diag_source *src; int32_t line; bool is_trial; } converter;

static const char *const kind_names[] = {
#define X(n) #n,
  SYN_LIST(X)
#undef X
};

/* What a class of ast nodes is; looked up once a class. */
typedef struct node_class { PyTypeObject *type; syn_kind kind; const char *name; } node_class;
enum { NODE_CLASSES = 256 };

static const node_class *class_of(PyObject *o) {
  static node_class known[NODE_CLASSES];   /* classes live as long as the interpreter */
  PyTypeObject *type = Py_TYPE(o);
  size_t at = ((uintptr_t)type >> 4) % NODE_CLASSES;
  for (size_t i = 0; i < NODE_CLASSES; i++, at = (at + 1) % NODE_CLASSES) {
    if (known[at].type == type)
      return &known[at];
    if (known[at].type)
      continue;
    const char *dot = strrchr(type->tp_name, '.');
    known[at] = (node_class){type, SYN_Other, dot ? dot + 1 : type->tp_name};
    for (size_t k = 0; k < sizeof kind_names / sizeof *kind_names; k++)
      if (text_eq(kind_names[k], known[at].name))
        known[at].kind = (syn_kind)k;
    return &known[at];
  }
  return NULL;   /* CPython has about a hundred */
}

/* Memory for Python's objects.  A tree of some thousand lines is a hundred thousand small objects; taking their memory from the system in
 * huge pages saves a fifth of the parse, which is page faults otherwise.  Pieces that Python returns are used again. */
enum { HUGE_BYTES = 2 << 20, CHUNK_BYTES = 4 * HUGE_BYTES };
typedef struct free_piece { struct free_piece *next; size_t size; } free_piece;
typedef struct object_memory { char *next, *end; free_piece *free; } object_memory;

static void *take_memory(void *of, size_t size) {
  object_memory *m = of;
  for (free_piece **at = &m->free; *at; at = &(*at)->next)
    if ((*at)->size == size) {
      void *p = *at;
      *at = (*at)->next;
      return p;
    }
  if (size > CHUNK_BYTES)
    return NULL;
  if ((size_t)(m->end - m->next) < size) {
    char *chunk = mmap(NULL, CHUNK_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED)
      return NULL;
    chunk += (HUGE_BYTES - (uintptr_t)chunk % HUGE_BYTES) % HUGE_BYTES;
    madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);   /* a wish */
    m->next = chunk;
    m->end = chunk + CHUNK_BYTES;
  }
  void *p = m->next;
  m->next += size;
  return p;
}

static void return_memory(void *of, void *p, size_t size) {
  object_memory *m = of;
  free_piece *piece = p;
  *piece = (free_piece){m->free, size};
  m->free = piece;
}

/* The parser warns on standard error of what is odd but legal ("1if x"); nothing below the command line prints. */
static void ignore_warnings(void) {
  PyObject *module = PyImport_ImportModule("_warnings"), *filters = module ? PyObject_GetAttrString(module, "filters") : NULL;
  PyObject *all = Py_BuildValue("(sOOOi)", "ignore", Py_None, PyExc_Warning, Py_None, 0);
  if (filters && all && PyList_Check(filters))
    PyList_Insert(filters, 0, all);
  Py_XDECREF(all);
  Py_XDECREF(filters);
  Py_XDECREF(module);
  PyErr_Clear();
}

/* What a node's dictionary has besides its fields.  Python interns the keys, so that they are compared by address. */
enum { KEY_LINE, KEY_COL, KEY_END_LINE, KEY_END_COL, KEY_CTX, KEYS };
static PyObject *hidden_keys[KEYS];

static void intern_hidden_keys(void) {
  static const char *const names[KEYS] = {"lineno", "col_offset", "end_lineno", "end_col_offset", "ctx"};
  for (int i = 0; i < KEYS; i++)
    hidden_keys[i] = PyUnicode_InternFromString(names[i]);
}

static loom_status start_python(loom_ctx *ctx) {
  static object_memory memory;   /* as long as the interpreter */
  if (Py_IsInitialized())
    return LOOM_OK;
  PyObject_SetArenaAllocator(&(PyObjectArenaAllocator){&memory, take_memory, return_memory});
  PyPreConfig pre;
  PyPreConfig_InitIsolatedConfig(&pre);
  pre.utf8_mode = 1;
  PyStatus st = Py_PreInitialize(&pre);
  if (!PyStatus_Exception(st)) {
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config._init_main = 0;   /* the core is all that a parser needs: no modules are imported, no files are looked for */
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
  PyGC_Disable();   /* trees have no cycles */
  ignore_warnings();
  intern_hidden_keys();
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

/* A node's dictionary, looked through once. */
enum { FIELDS_MAX = 16 };   /* arguments has 7 */
typedef struct node_parts {
  int32_t at[KEY_CTX];      /* -1: not there */
  size_t n;
  PyObject *name[FIELDS_MAX], *value[FIELDS_MAX];   /* borrowed; in the order in which the parser set them: that of Python's grammar */
} node_parts;

static int32_t position(PyObject *v) {
  long n = PyLong_Check(v) ? PyLong_AsLong(v) : -1;
  return n >= 0 && n < INT32_MAX ? (int32_t)n : -1;
}

static void take_parts(PyObject *dict, node_parts *out) {
  Py_ssize_t pos = 0;
  PyObject *key, *v;
  out->n = 0;
  for (int i = 0; i < KEY_CTX; i++)
    out->at[i] = -1;
  while (PyDict_Next(dict, &pos, &key, &v)) {
    int i = 0;
    while (i < KEYS && key != hidden_keys[i])
      i++;
    if (i < KEY_CTX) {
      out->at[i] = position(v);
    } else if (i == KEYS && out->n < FIELDS_MAX) {
      out->name[out->n] = key;
      out->value[out->n++] = v;
    }
  }
}

/* Position of a node; `around` for the classes that have none (operators, comprehensions). */
static loom_span span_of(const converter *c, const node_parts *p, loom_span around) {
  if (p->at[KEY_LINE] < 1)
    return around;
  int32_t col = (p->at[KEY_COL] < 0 ? 0 : p->at[KEY_COL]) + 1, end_line = p->at[KEY_END_LINE] < 1 ? p->at[KEY_LINE] : p->at[KEY_END_LINE];
  return (loom_span){c->src, c->line + p->at[KEY_LINE], col, c->line + end_line, p->at[KEY_END_COL] < 0 ? col + 1 : p->at[KEY_END_COL] + 1};
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

static loom_status convert_fields(converter *c, const node_parts *p, int depth, syn_node *n) {
  n->fields = ARENA_NEW_N(&c->ctx->mem, syn_field, p->n);
  for (size_t i = 0; i < p->n; i++) {
    syn_field *f = &n->fields[n->n_fields++];
    f->name = PyUnicode_AsUTF8(p->name[i]);   /* of an interned string, which stays */
    if (n->kind == SYN_Constant && text_eq(f->name, "value"))
      convert_constant(c, p->value[i], n);
    else
      LOOM_TRY(convert_field(c, p->value[i], n->span, depth + 1, f));
  }
  return LOOM_OK;
}

static loom_status convert_node(converter *c, PyObject *o, loom_span around, int depth, syn_node **out) {
  if (depth > PYTHON_DEPTH_MAX && c->is_trial)
    return LOOM_ELIMIT;
  if (depth > PYTHON_DEPTH_MAX) {
    loom_status st = diag_error(c->ctx, around, LOOM_ELIMIT, "the program is nested more than %d deep here", PYTHON_DEPTH_MAX);
    diag_help(c->ctx, "split the expression or the chain of elif");
    return st;
  }
  const node_class *class = class_of(o);
  syn_node *n = ARENA_NEW(&c->ctx->mem, syn_node);
  n->class_name = class ? class->name : "?";
  n->kind = class ? class->kind : SYN_Other;
  n->span = around;
  *out = n;
  PyObject **dict = _PyObject_GetDictPtr(o), *own = dict ? *dict : NULL;
  PyObject *made = own ? NULL : PyObject_GenericGetDict(o, NULL);
  loom_status st = LOOM_OK;
  if (own || made) {
    node_parts parts;
    take_parts(own ? own : made, &parts);
    n->span = span_of(c, &parts, around);
    st = convert_fields(c, &parts, depth, n);
  } else {
    PyErr_Clear();
  }
  Py_XDECREF(made);
  return st;
}

/* "\N{..}", "\x..", "\u....": when one is wrong, the parser asks the registry of codecs how to report it, and that is a module of Python's library. */
static bool has_coded_escape(const char *code, size_t size) {
  for (const char *at = code, *end = code + size; (at = memchr(at, '\\', (size_t)(end - at))) && at + 1 < end; at += 2)
    if (strchr("NxuU", at[1]))
      return true;
  return false;
}

/* Imports Python's `encodings`; where the library is not installed, wrong escapes are reported without their place. */
static void complete_start(void) {
  static bool is_complete;
  if (!is_complete)
    (void)_Py_InitializeMain();
  is_complete = true;
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
  loom_status st = diag_error(c->ctx, at, LOOM_EINPUT, "syntax error: %s", reason);
  diag_help(c->ctx, "correct it: sources are read as Python %d.%d", PY_MAJOR_VERSION, PY_MINOR_VERSION);
  return st;
}

/* Turns the pending Python exception into a diagnostic. */
static loom_status fail_with_python_error(converter *c) {
  PyObject *type = NULL, *value = NULL, *trace = NULL;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  bool too_deep = type && (PyErr_GivenExceptionMatches(type, PyExc_RecursionError) || PyErr_GivenExceptionMatches(type, PyExc_MemoryError));
  loom_status st;
  if (too_deep) {
    st = diag_error(c->ctx, (loom_span){.source = c->src}, LOOM_ELIMIT,
                    "the program is nested too deep for Python's parser; at most %d levels are allowed", PYTHON_DEPTH_MAX);
    diag_help(c->ctx, "split the expression or the chain of elif");
  } else {
    st = fail_with_syntax_error(c, value ? value : Py_None);
  }
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  return st;
}

/* The tree of the text; NULL: a Python exception.  Borrowed: it lasts until the next text. */
static PyObject *parse_text(const char *code) {
  static const char no_file[] = "/dev/null/kernel";   /* to find the columns of an error the parser reads the file of this name; the text is `code` */
  static PyObject *tree;                               /* freed here also when memory ran out while it was converted */
  PyCompilerFlags flags = {.cf_flags = PyCF_ONLY_AST | PyCF_IGNORE_COOKIE, .cf_feature_version = PY_MINOR_VERSION};
  Py_CLEAR(tree);
  return tree = Py_CompileStringExFlags(code, no_file, Py_file_input, &flags, 0);
}

/* The module of a part of the text; NULL: it is no file by itself, or too deep. */
static syn_node *parse_part(converter *c, const char *code, size_t size) {
  PyObject *tree = parse_text(arena_strndup(&c->ctx->mem, code, size));
  syn_node *part = NULL;
  bool ok = tree && convert_node(c, tree, (loom_span){.source = c->src}, 0, &part) == LOOM_OK;
  PyErr_Clear();
  return ok ? part : NULL;
}

/* The text a few statements at a time: their objects are freed before the next ones are made, and stay in the cache.  The parts are a tree of the
 * whole: a part that is a file by itself ends outside of brackets, strings and blocks, and the next one begins there.  False: a part is no
 * file, or too deep, which the parse of the whole text has to tell. */
static bool parse_parts(const converter *whole, const char *code, size_t size, const python_starts *starts, syn_node **out) {
  enum { PART_BYTES = 2048 };
  syn_node *module = NULL;
  VEC_OF(syn_node *) body = {0};
  *out = NULL;
  if (memchr(code, '\r', size))   /* lines may end with it alone */
    return false;
  size_t from = 0;
  int32_t line = 1;
  for (size_t i = 1; i <= starts->n; i++) {
    python_start next = i < starts->n ? starts->at[i] : (python_start){size, 0};
    if (i < starts->n && next.at - from < PART_BYTES)
      continue;
    converter c = {whole->ctx, whole->src, line - 1, true};
    syn_node *part = parse_part(&c, code + from, next.at - from);
    if (!part)
      return false;
    size_t n;
    syn_node **statements = syn_list(part, "body", &n);
    for (size_t k = 0; k < n; k++)
      vec_push(&whole->ctx->mem, &body, statements[k]);
    module = module ? module : part;
    from = next.at;
    line = next.line;
  }
  for (size_t i = 0; module && i < module->n_fields; i++)
    if (text_eq(module->fields[i].name, "body"))
      module->fields[i] = (syn_field){.name = module->fields[i].name, .is_list = true, .items = body.at, .n = body.n};
  *out = module;
  return module != NULL;
}

loom_status python_parse(loom_ctx *ctx, const char *path, const char *code, size_t size, syn_node **out) {
  *out = NULL;
  if (size >= 3 && memcmp(code, "\xEF\xBB\xBF", 3) == 0) {
    code += 3;
    size -= 3;
  }
  converter c = {.ctx = ctx, .src = diag_add_source(ctx, path, code, size)};
  python_starts starts = {0};
  LOOM_TRY(python_scan(ctx, c.src, &starts));
  LOOM_TRY(start_python(ctx));
  if (has_coded_escape(code, size))
    complete_start();
  if (parse_parts(&c, code, size, &starts, out))
    return LOOM_OK;
  PyObject *tree = parse_text(arena_strndup(&ctx->mem, code, size));
  if (!tree)
    return fail_with_python_error(&c);
  return convert_node(&c, tree, (loom_span){.source = c.src}, 0, out);
}
