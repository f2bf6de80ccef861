/* Python literals and arithmetic, as reprs of FX arguments and sympy's printer write them: a small precedence parser. */
#include "frontend/device_ir/dir_private.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 };

typedef struct parser { loom_ctx *ctx; arena *mem; loom_span at; const char *s, *end, *start; int depth; } parser;

static loom_span here(const parser *p) {
  loom_span at = p->at;
  at.col += (int32_t)(p->s - p->start);
  at.end_line = at.line;
  at.end_col = at.col + 1;
  return at;
}

static void skip(parser *p) {
  while (p->s < p->end && isspace((unsigned char)*p->s))
    p->s++;
}

static bool at_char(parser *p, char c) {
  skip(p);
  return p->s < p->end && *p->s == c;
}

static bool take(parser *p, char c) {
  bool found = at_char(p, c);
  p->s += found;
  return found;
}

static bool take_word(parser *p, const char *w) {
  size_t n = strlen(w);
  skip(p);
  if ((size_t)(p->end - p->s) < n || strncmp(p->s, w, n) != 0)
    return false;
  p->s += n;
  return true;
}

static loom_status expected(parser *p, const char *what) {
  skip(p);
  if (p->s >= p->end)
    return diag_error(p->ctx, here(p), LOOM_EINPUT, "%s is missing at the end of this expression", what);
  return diag_error(p->ctx, here(p), LOOM_EINPUT, "%s is expected here, not \"%.*s\"", what, (int)(p->end - p->s < 20 ? p->end - p->s : 20), p->s);
}

static loom_status expression(parser *p, syn_node **out);

typedef VEC_OF(syn_node *) nodes;
typedef VEC_OF(const char *) names;

/* name = expression */
static bool keyword_ahead(parser *p, const char **name) {
  skip(p);
  const char *s = p->s;
  while (s < p->end && (isalnum((unsigned char)*s) || *s == '_'))
    s++;
  const char *word_end = s;
  while (s < p->end && *s == ' ')
    s++;
  if (word_end == p->s || s >= p->end || *s != '=' || (s + 1 < p->end && s[1] == '='))
    return false;
  *name = arena_strndup(p->mem, p->s, (size_t)(word_end - p->s));
  p->s = s + 1;
  return true;
}

/* Items up to `close` (0: the end); keys may be NULL where there are none. */
static loom_status items(parser *p, char close, nodes *out, names *keys, nodes *values, bool *comma) {
  *comma = false;
  while (close ? !at_char(p, close) : (skip(p), p->s < p->end)) {
    syn_node *e;
    const char *key;
    bool has_key = keys && keyword_ahead(p, &key);
    LOOM_TRY(expression(p, &e));
    if (has_key) {
      vec_push(p->mem, keys, key);
      vec_push(p->mem, values, e);
    } else {
      vec_push(p->mem, out, e);
    }
    if (!take(p, ','))
      break;
    *comma = true;
  }
  skip(p);
  if (close ? !take(p, close) : p->s < p->end)
    return expected(p, close ? arena_printf(p->mem, "\"%c\"", close) : "the end");
  return LOOM_OK;
}

/* Digits, dots and exponents with their signs. */
static bool is_of_number(const char *s) {
  bool has_exponent_before = (*s == '+' || *s == '-') && (s[-1] == 'e' || s[-1] == 'E');
  return isdigit((unsigned char)*s) || *s == '.' || *s == 'e' || *s == 'E' || has_exponent_before;
}

static loom_status number(parser *p, syn_node **out) {
  const char *s = p->s;
  bool is_float = false;
  while (s < p->end && is_of_number(s)) {
    is_float = is_float || !isdigit((unsigned char)*s);
    s++;
  }
  char *digits = arena_strndup(p->mem, p->s, (size_t)(s - p->s)), *end;
  errno = 0;
  *out = is_float ? dir_syn_float(p->mem, here(p), strtod(digits, &end)) : dir_syn_int(p->mem, here(p), strtoll(digits, &end, 10));
  if (*end || (!is_float && errno))
    return expected(p, "a number");
  p->s = s;
  return LOOM_OK;
}

static loom_status string(parser *p, syn_node **out) {
  char quote = *p->s;
  const char *s = p->s + 1;
  while (s < p->end && *s != quote)
    s += *s == '\\' && s + 1 < p->end ? 2 : 1;
  if (s >= p->end)
    return expected(p, "a string that ends");
  *out = dir_syn_string(p->mem, here(p), arena_strndup(p->mem, p->s + 1, (size_t)(s - p->s - 1)));
  p->s = s + 1;
  return LOOM_OK;
}

/* A repr of an object: everything up to the ">" that closes it. */
static loom_status repr(parser *p, syn_node **out) {
  int depth = 0;
  *out = dir_syn_none(p->mem, here(p));
  for (; p->s < p->end; p->s++) {
    depth += (*p->s == '<') - (*p->s == '>');
    if (!depth) {
      p->s++;
      return LOOM_OK;
    }
  }
  return expected(p, "\">\"");
}

static loom_status dict(parser *p, syn_node **out) {
  syn_node *ignored;
  *out = dir_syn_none(p->mem, here(p));
  p->s++;
  while (!at_char(p, '}')) {
    LOOM_TRY(expression(p, &ignored));
    if (!take(p, ':'))
      return expected(p, "\":\"");
    LOOM_TRY(expression(p, &ignored));
    if (!take(p, ','))
      break;
  }
  return take(p, '}') ? LOOM_OK : expected(p, "\"}\"");
}

static loom_status call(parser *p, loom_span at, const char *name, syn_node **out) {
  nodes args = {0}, values = {0};
  names keys = {0};
  bool comma;
  LOOM_TRY(items(p, ')', &args, &keys, &values, &comma));
  static const struct { const char *name; syn_kind op; } compares[] = {{"Eq", SYN_Eq}, {"Ne", SYN_NotEq}, {"Lt", SYN_Lt}, {"Le", SYN_LtE}, {"Gt", SYN_Gt}, {"Ge", SYN_GtE}};
  for (size_t i = 0; i < sizeof compares / sizeof *compares && args.n == 2; i++)
    if (text_eq(name, compares[i].name)) {
      *out = dir_syn_compare(p->mem, at, compares[i].op, args.at[0], args.at[1]);
      return LOOM_OK;
    }
  if ((text_eq(name, "FloorDiv") || text_eq(name, "Mod") || text_eq(name, "PythonMod") || text_eq(name, "ModularIndexing")) && args.n == 2)
    *out = dir_syn_binary(p->mem, at, text_eq(name, "FloorDiv") ? SYN_FloorDiv : SYN_Mod, args.at[0], args.at[1]);
  else if (text_eq(name, "CeilDiv") && args.n == 2)
    *out = dir_syn_call(p->mem, at, dir_syn_name(p->mem, at, "cdiv"), args.at, args.n, NULL, NULL, 0);
  else if (text_eq(name, "slice") && args.n == 3)
    *out = dir_syn_slice(p->mem, at, args.at[0]->const_kind == SYN_CONST_NONE && args.at[0]->kind == SYN_Constant ? NULL : args.at[0],
                         args.at[1]->const_kind == SYN_CONST_NONE && args.at[1]->kind == SYN_Constant ? NULL : args.at[1],
                         args.at[2]->const_kind == SYN_CONST_NONE && args.at[2]->kind == SYN_Constant ? NULL : args.at[2]);
  else if (text_eq(name, "Max") || text_eq(name, "Min"))
    *out = dir_syn_call(p->mem, at, dir_syn_name(p->mem, at, text_eq(name, "Max") ? "max" : "min"), args.at, args.n, NULL, NULL, 0);
  else
    *out = dir_syn_none(p->mem, at);   /* device(type='cpu') and other objects */
  return LOOM_OK;
}

static loom_status word(parser *p, syn_node **out) {
  const char *s = p->s;
  loom_span at = here(p);
  while (s < p->end && (isalnum((unsigned char)*s) || *s == '_' || *s == '.' || *s == '@' || *s == '$'))
    s++;
  const char *w = arena_strndup(p->mem, p->s, (size_t)(s - p->s));
  p->s = s;
  if (take(p, '('))
    return call(p, at, w, out);
  if (text_eq(w, "None"))
    *out = dir_syn_none(p->mem, at);
  else if (text_eq(w, "True") || text_eq(w, "False"))
    *out = dir_syn_bool(p->mem, at, w[0] == 'T');
  else if (text_eq(w, "inf") || text_eq(w, "oo") || text_eq(w, "int_oo"))
    *out = dir_syn_float(p->mem, at, HUGE_VAL);
  else if (text_eq(w, "nan"))
    *out = dir_syn_float(p->mem, at, strtod("nan", NULL));
  else
    *out = strchr(w, '.') ? dir_syn_path(p->mem, at, w) : dir_syn_name(p->mem, at, w);
  return LOOM_OK;
}

static loom_status atom(parser *p, syn_node **out) {
  nodes list = {0};
  bool comma;
  skip(p);
  if (p->s >= p->end)
    return expected(p, "a value");
  loom_span at = here(p);
  char c = *p->s;
  if (isdigit((unsigned char)c) || (c == '.' && p->s + 1 < p->end && isdigit((unsigned char)p->s[1])))
    return number(p, out);
  if (c == '\'' || c == '"')
    return string(p, out);
  if (c == '<')
    return repr(p, out);
  if (c == '{')
    return dict(p, out);
  if (isalpha((unsigned char)c) || c == '_')
    return word(p, out);
  if (c == '.' && take_word(p, "...")) {
    *out = dir_syn_none(p->mem, at);
    (*out)->const_kind = SYN_CONST_ELLIPSIS;
    return LOOM_OK;
  }
  if (c != '(' && c != '[')
    return expected(p, "a value");
  p->s++;
  LOOM_TRY(items(p, c == '(' ? ')' : ']', &list, NULL, NULL, &comma));
  *out = c == '(' && list.n == 1 && !comma ? list.at[0] : dir_syn_list(p->mem, at, c == '(' ? SYN_Tuple : SYN_List, list.at, list.n);
  return LOOM_OK;
}

static loom_status power(parser *p, syn_node **out) {
  LOOM_TRY(atom(p, out));
  while (take_word(p, "**")) {
    syn_node *b;
    LOOM_TRY(atom(p, &b));
    *out = dir_syn_binary(p->mem, (*out)->span, SYN_Pow, *out, b);
  }
  return LOOM_OK;
}

/* A minus in front of a number is part of it. */
static loom_status unary(parser *p, syn_node **out) {
  int signs = 0;
  skip(p);
  loom_span at = here(p);
  while (take(p, '-') || take(p, '+'))
    if (p->s[-1] == '-')
      signs++;
  LOOM_TRY(power(p, out));
  bool is_number = (*out)->kind == SYN_Constant && ((*out)->const_kind == SYN_CONST_INT || (*out)->const_kind == SYN_CONST_FLOAT);
  if (signs % 2 && is_number) {
    (*out)->integer = -(*out)->integer;
    (*out)->real = -(*out)->real;
  } else if (signs % 2) {
    *out = dir_syn_unary(p->mem, at, SYN_USub, *out);
  }
  return LOOM_OK;
}

static loom_status product(parser *p, syn_node **out) {
  LOOM_TRY(unary(p, out));
  for (;;) {
    syn_node *b;
    syn_kind op = take_word(p, "//") ? SYN_FloorDiv : take(p, '*') ? SYN_Mult : take(p, '/') ? SYN_Div : take(p, '%') ? SYN_Mod : SYN_Other;
    if (op == SYN_Other)
      return LOOM_OK;
    LOOM_TRY(unary(p, &b));
    *out = dir_syn_binary(p->mem, (*out)->span, op, *out, b);
  }
}

static loom_status sum(parser *p, syn_node **out) {
  LOOM_TRY(product(p, out));
  for (;;) {
    syn_node *b;
    syn_kind op = take(p, '+') ? SYN_Add : take(p, '-') ? SYN_Sub : SYN_Other;
    if (op == SYN_Other)
      return LOOM_OK;
    LOOM_TRY(product(p, &b));
    *out = dir_syn_binary(p->mem, (*out)->span, op, *out, b);
  }
}

static loom_status expression(parser *p, syn_node **out) {
  static const struct { const char *spelling; syn_kind op; } compares[] = {{"==", SYN_Eq}, {"!=", SYN_NotEq}, {"<=", SYN_LtE}, {">=", SYN_GtE}, {"<", SYN_Lt}, {">", SYN_Gt}};
  if (++p->depth > DEPTH_MAX)
    return diag_error(p->ctx, here(p), LOOM_ELIMIT, "an expression nested more than %d deep", DEPTH_MAX);
  LOOM_TRY(sum(p, out));
  for (size_t i = 0; i < sizeof compares / sizeof *compares; i++)
    if (take_word(p, compares[i].spelling)) {
      syn_node *b;
      LOOM_TRY(sum(p, &b));
      *out = dir_syn_compare(p->mem, (*out)->span, compares[i].op, *out, b);
      break;
    }
  p->depth--;
  return LOOM_OK;
}

static parser parser_new(loom_ctx *ctx, loom_span at, const char *s, size_t n) {
  return (parser){.ctx = ctx, .mem = &ctx->mem, .at = at, .s = s, .start = s, .end = s + n};
}

loom_status dir_parse(loom_ctx *ctx, loom_span at, const char *s, size_t n, syn_node **out) {
  parser p = parser_new(ctx, at, s, n);
  LOOM_TRY(expression(&p, out));
  skip(&p);
  return p.s == p.end ? LOOM_OK : expected(&p, "the end");
}

loom_status dir_parse_arguments(loom_ctx *ctx, loom_span at, const char *s, size_t n, dir_node *out) {
  parser p = parser_new(ctx, at, s, n);
  nodes args = {0}, values = {0};
  names keys = {0};
  bool comma;
  bool has_parens = take(&p, '(');
  LOOM_TRY(items(&p, has_parens ? ')' : 0, &args, &keys, &values, &comma));
  skip(&p);
  if (p.s != p.end)
    return expected(&p, "the end");
  out->args = args.at;
  out->n_args = args.n;
  out->keys = keys.at;
  out->values = values.at;
  out->n_keys = keys.n;
  return LOOM_OK;
}

/* ---- values ---- */
/* FX's short names of element types: those of MLIR, and b8 for bool, u8. */
static bool short_type(const char *s, dtype *out) {
  if (text_eq(s, "b8") || text_eq(s, "u8")) {
    *out = s[0] == 'b' ? DTYPE_BOOL : DTYPE_U8;
    return true;
  }
  return dtype_parse(s, out);
}

static loom_status set_dims(loom_ctx *ctx, loom_span at, syn_node **dims, size_t n, dir_value *out) {
  if (n > KERNEL_RANK_MAX)
    LOOM_FAIL(ctx, at, LOOM_ELIMIT, "a value of more than %d dimensions", KERNEL_RANK_MAX);
  out->is_tensor = true;
  out->rank = (int)n;
  for (size_t i = 0; i < n; i++)
    out->dim[i] = dims[i];
  return LOOM_OK;
}

/* FakeTensor(..., size=(u4, 128), dtype=torch.float16): torch leaves its default type, float32, out. */
static loom_status fake_tensor(loom_ctx *ctx, loom_span at, const char *s, size_t n, dir_value *out) {
  dir_node parts = {.name = NULL};
  size_t size;
  out->type = DTYPE_F32;
  LOOM_TRY(dir_parse_arguments(ctx, at, s, n, &parts));
  for (size_t i = 0; i < parts.n_keys; i++) {
    const char *type = syn_dotted(&ctx->mem, parts.values[i]);
    if (text_eq(parts.keys[i], "size")) {
      syn_node **dims = syn_list(parts.values[i], "elts", &size);
      LOOM_TRY(set_dims(ctx, at, dims, size, out));
    } else if (text_eq(parts.keys[i], "dtype") && (!type || !dtype_parse(type, &out->type))) {
      LOOM_FAIL(ctx, at, LOOM_EUNSUP, "the element type %s", type ? type : "of this tensor");
    }
  }
  if (!out->is_tensor)
    LOOM_FAIL(ctx, at, LOOM_EINPUT, "a tensor without size=(...)");
  return LOOM_OK;
}

loom_status dir_parse_value(loom_ctx *ctx, loom_span at, const char *s, size_t n, dir_value *out) {
  static const char fake[] = "FakeTensor";
  syn_node *e;
  *out = (dir_value){.type = DTYPE_F32};
  while (n && isspace((unsigned char)s[n - 1]))
    n--;
  if (n > sizeof fake - 1 && strncmp(s, fake, sizeof fake - 1) == 0)
    return fake_tensor(ctx, at, s + sizeof fake - 1, n - (sizeof fake - 1), out);
  if (n > 5 && strncmp(s, "Sym(", 4) == 0 && s[n - 1] == ')') {
    LOOM_TRY(dir_parse(ctx, at, s + 4, n - 5, &e));
    out->scalar = e;
    return LOOM_OK;
  }
  size_t word_length = 0;
  while (word_length < n && isalnum((unsigned char)s[word_length]))
    word_length++;
  if (word_length && word_length < n && s[word_length] == '[' && isalpha((unsigned char)s[0])) {
    const char *type = arena_strndup(&ctx->mem, s, word_length);
    size_t count, end = word_length;
    if (!short_type(type, &out->type))
      LOOM_FAIL(ctx, at, LOOM_EUNSUP, "the element type %s", type);
    while (end < n && s[end] != ']')   /* strides may follow: f32[4, 4][4, 1] */
      end++;
    LOOM_TRY(dir_parse(ctx, at, s + word_length, end < n ? end + 1 - word_length : n - word_length, &e));
    syn_node **dims = syn_list(e, "elts", &count);
    return set_dims(ctx, at, dims, count, out);
  }
  if (!n || s[0] == '[' || s[0] == '(')   /* several values: their parts are written at the nodes that take them */
    return LOOM_OK;
  LOOM_TRY(dir_parse(ctx, at, s, n, &e));
  out->scalar = e;
  return LOOM_OK;
}

/* ---- targets ---- */
const char *dir_target(arena *m, const char *s, size_t n) {
  static const char *const openings[] = {"<function ", "<built-in function ", "<built-in method ", "torch.ops.", "torch._ops."};
  for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
    size_t length = strlen(openings[i]);
    if (n > length && strncmp(s, openings[i], length) == 0) {
      s += length;
      n -= length;
      if (i < 3)
        n = strcspn(s, " >") < n ? strcspn(s, " >") : n;
    }
  }
  char *t = arena_strndup(m, s, n);
  if (text_starts(t, "aten.") || text_starts(t, "prims."))
    return t;
  char *dot = strrchr(t, '.');
  if (dot)
    t = dot + 1;
  static const char language[] = "helion_language_";
  if (!text_starts(t, language))
    return t;
  t += sizeof language - 1;
  static const char *const modules[] = {"_tracing_ops_", "atomic_ops_", "builtin_ops_", "creation_ops_", "debug_ops_", "device_print_", "inline_asm_ops_",
                                        "inline_triton_ops_", "loops_", "matmul_ops_", "memory_ops_", "quantized_ops_", "random_ops_", "reduce_ops_",
                                        "scan_ops_", "stack_tensor_", "tile_ops_", "tile_proxy_", "tunable_ops_", "view_ops_", "barrier_"};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (text_starts(t, modules[i]))
      return t + strlen(modules[i]);
  return t;
}
