/* Parser of the df custom assembly:
 *   file  = { '#' alias } 'module' [@name] ['attributes' {..}] '{' { op | kernel } '}' | { op }
 *   op    = %value '=' 'df.kind' operands '{' attributes '}' [ ':' type ]
 * Kernels, modules and functions behind the chip in a dump, are skipped.
 * Every value must be defined before its use and of the kind its place wants. */
#include "base/text.h"
#include "machine/machine_df.h"
#include "machine/machine_df_token.h"
#include "machine/machine_proc.h"

enum { OPS_MAX = 1000, MAP_DIMS_MAX = MACHINE_MESH_DIMS_MAX };

static const struct { const char *op, *what; } kinds[] = {
#define X(k, op, what) {op, what},
    DF_KIND_LIST(X)
#undef X
};

typedef struct parser { df_lexer lex; loom_ctx *ctx; df_file *file; } parser;

/* ---- values ---- */

static loom_status fail_unknown_value(parser *p, const df_token *t) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < p->file->ops.n; i++)
    vec_push(&p->ctx->mem, &names, p->file->ops.at[i]->value);
  return df_fail_undefined(&p->lex, t, names.at, names.n);
}

/* A use of a value whose kind is in `allowed`, a mask of 1 << df_kind. */
static loom_status parse_use(parser *p, unsigned allowed, const char *what, const df_op **out) {
  df_token t;
  LOOM_TRY(df_take(&p->lex, DF_VALUE, what, &t));
  for (size_t i = 0; i < p->file->ops.n; i++) {
    const df_op *op = p->file->ops.at[i];
    if (!text_eq(op->value, t.text))
      continue;
    if (!(allowed >> op->kind & 1))
      LOOM_FAIL(p->ctx, t.span, LOOM_EINPUT, "'%s' is %s; expected %s", t.text, kinds[op->kind].what, what);
    *out = op;
    return LOOM_OK;
  }
  return fail_unknown_value(p, &t);
}

/* ---- attributes ---- */

static loom_status parse_shape(parser *p, df_op *op) {
  bool more = true;
  loom_span span = p->lex.token.span;
  LOOM_TRY(df_expect(&p->lex, "["));
  while (more) {
    if (op->rank == 3)
      LOOM_FAIL(p->ctx, span, LOOM_EINPUT, "a unit's shape has at most 3 dims");
    LOOM_TRY(df_take_count(&p->lex, "a shape's dim", 65536, &op->shape[op->rank++]));
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

static loom_status parse_scaleout(parser *p, df_op *op) {
  loom_span span = p->lex.token.span;
  LOOM_TRY(df_expect(&p->lex, "("));
  for (bool more = !df_is(&p->lex, ")"); more;) {
    const df_op *dim;
    LOOM_TRY(parse_use(p, 1u << DF_DIM, kinds[DF_DIM].what, &dim));
    vec_push(&p->ctx->mem, &op->scaleout, dim);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  if (op->scaleout.n > MAP_DIMS_MAX)
    LOOM_FAIL(p->ctx, span, LOOM_ELIMIT, "scaleout has %zu dims; at most %d are supported", op->scaleout.n, MAP_DIMS_MAX);
  return df_expect(&p->lex, ")");
}

static loom_status parse_unit_counts(parser *p, df_op *op) {
  LOOM_TRY(df_expect(&p->lex, "["));
  for (bool more = true; more;) {
    int64_t n = 0;
    LOOM_TRY(df_take_count(&p->lex, "a unit's count", 65536, &n));
    vec_push(&p->ctx->mem, &op->counts, n);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

/* (%unit, %unit, [8, 1]): the counts are one for each unit. */
static loom_status parse_scalein(parser *p, df_op *op) {
  LOOM_TRY(df_expect(&p->lex, "("));
  loom_span span = p->lex.token.span;
  for (bool more = !df_is(&p->lex, ")"); more;) {
    if (df_is(&p->lex, "[")) {
      span = p->lex.token.span;
      LOOM_TRY(parse_unit_counts(p, op));
      break;
    }
    const df_op *unit;
    LOOM_TRY(parse_use(p, 1u << DF_MAT | 1u << DF_VEC, "a matrix or vector unit", &unit));
    vec_push(&p->ctx->mem, &op->units, unit);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  if (op->counts.n && op->counts.n != op->units.n)
    LOOM_FAIL(p->ctx, span, LOOM_EINPUT, "%zu counts for %zu units; each unit needs one", op->counts.n, op->units.n);
  return df_expect(&p->lex, ")");
}

static loom_status parse_spatial_dims(parser *p) {
  LOOM_TRY(df_expect(&p->lex, "["));
  for (bool more = !df_is(&p->lex, "]"); more;) {
    df_token t;
    bool known = false;
    LOOM_TRY(df_take(&p->lex, DF_SYMBOL, "a spatial dim such as @x", &t));
    for (size_t i = 0; i < p->file->ops.n; i++)
      known = known || (p->file->ops.at[i]->kind == DF_DIM && text_eq(p->file->ops.at[i]->name, t.text + 1));
    if (!known)
      LOOM_FAIL(p->ctx, t.span, LOOM_EINPUT, "there is no spatial dim \"%s\"", t.text + 1);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

/* ---- affine maps ---- */

typedef struct dim_check { const df_op *op; const char *unknown; } dim_check;

static const sym_expr *check_dim(void *data, const char *name) {
  dim_check *c = data;
  bool known = false;
  for (size_t i = 0; i < c->op->dims.n; i++)
    known = known || text_eq(c->op->dims.at[i], name);
  if (!known)
    c->unknown = name;
  return NULL;
}

/* One result: the bytes up to the next ',' or ')' outside parentheses, read by sym. */
static loom_status parse_map_result(parser *p, df_op *op) {
  df_lexer *l = &p->lex;
  loom_span begin = l->token.span, end = begin;
  size_t from = l->token.begin, to = from;
  for (int depth = 0; depth > 0 || !(df_is(l, ",") || df_is(l, ")"));) {
    if (l->token.kind == DF_END)
      return df_fail_expected(l, "')'");
    depth += df_is(l, "(") ? 1 : df_is(l, ")") ? -1 : 0;
    to = l->token.end;
    end = l->token.span;
    LOOM_TRY(df_next(l));
  }
  const sym_expr *e;
  begin.end_line = end.end_line;
  begin.end_col = end.end_col;
  LOOM_TRY(sym_parse(p->ctx, begin, arena_strndup(&p->ctx->mem, l->source->text + from, to - from), &e));
  dim_check c = {op, NULL};
  sym_subst(&p->ctx->scratch, e, check_dim, &c);
  if (c.unknown)
    LOOM_FAIL(p->ctx, begin, LOOM_EINPUT, "'%s' is not a dim of the map", c.unknown);
  if (sym_op_is_boolean(e->op))
    LOOM_FAIL(p->ctx, begin, LOOM_EINPUT, "the result of a map is a number, not a condition");
  vec_push(&p->ctx->mem, &op->results, e);
  return LOOM_OK;
}

static loom_status parse_map(parser *p, df_op *op) {
  df_lexer *l = &p->lex;
  loom_span span = l->token.span;
  bool more;
  LOOM_TRY(df_expect(l, "affine_map"));
  LOOM_TRY(df_expect(l, "<"));
  LOOM_TRY(df_expect(l, "("));
  for (more = !df_is(l, ")"); more;) {
    df_token t;
    LOOM_TRY(df_take(l, DF_WORD, "a dim such as d0", &t));
    vec_push(&p->ctx->mem, &op->dims, t.text);
    LOOM_TRY(df_accept(l, ",", &more));
  }
  LOOM_TRY(df_expect(l, ")"));
  LOOM_TRY(df_expect(l, "->"));
  LOOM_TRY(df_expect(l, "("));
  for (more = !df_is(l, ")"); more;) {
    LOOM_TRY(parse_map_result(p, op));
    LOOM_TRY(df_accept(l, ",", &more));
  }
  LOOM_TRY(df_expect(l, ")"));
  LOOM_TRY(df_expect(l, ">"));
  size_t from = op->from->scaleout.n, to = op->to->scaleout.n;
  if (op->dims.n != from)
    LOOM_FAIL(p->ctx, span, LOOM_EINPUT, "the map has %zu dims; '%s' has %zu", op->dims.n, op->from->name, from);
  if (op->results.n != to && op->kind == DF_LINKS)
    LOOM_FAIL(p->ctx, span, LOOM_EINPUT, "the map has %zu results; '%s' has %zu dims", op->results.n, op->to->name, to);
  return LOOM_OK;
}

/* ---- ops ---- */

enum { RATE_MAX = 1000000000 };

/* X(kind, attribute, is needed, how to read it) */
#define ATTRIBUTE_LIST(X)                                                              \
  X(MAT, "shape", true, parse_shape(p, op))                                            \
  X(MAT, "throughput", false, df_take_rate(&p->lex, "throughput", RATE_MAX, &op->throughput))  \
  X(VEC, "shape", true, parse_shape(p, op))                                            \
  X(VEC, "throughput", false, df_take_rate(&p->lex, "throughput", RATE_MAX, &op->throughput))  \
  X(CORE, "scaleout", true, parse_scaleout(p, op))                                     \
  X(CORE, "scalein", true, parse_scalein(p, op))                                       \
  X(MEMORY, "scaleout", true, parse_scaleout(p, op))                                   \
  X(MEMORY, "size", true, df_take_rate(&p->lex, "size", INT64_C(1) << 40, &op->size))          \
  X(MEMORY, "bandwidth", true, df_take_rate(&p->lex, "bandwidth", RATE_MAX, &op->bandwidth))   \
  X(MUX, "map", true, parse_map(p, op))                                                \
  X(LINKS, "map", true, parse_map(p, op))                                              \
  X(LINKS, "bandwidth", false, df_take_rate(&p->lex, "bandwidth", RATE_MAX, &op->bandwidth))   \
  X(LINKS, "spatial_dims", false, parse_spatial_dims(p))

static const struct { df_kind kind; const char *key; bool needed; } attributes[] = {
#define X(kind, key, needed, read) {DF_##kind, key, needed},
    ATTRIBUTE_LIST(X)
#undef X
};
enum { N_ATTRIBUTES = sizeof attributes / sizeof *attributes };

static loom_status read_attribute(parser *p, df_op *op, const char *key) {
#define X(k, name, needed, read)                     \
  if (op->kind == DF_##k && text_eq(key, name))      \
    return read;
  ATTRIBUTE_LIST(X)
#undef X
  return LOOM_OK;
}

static loom_status fail_unknown_attribute(parser *p, const df_op *op, const df_token *key) {
  const char *names[N_ATTRIBUTES];
  size_t n = 0;
  for (size_t i = 0; i < N_ATTRIBUTES; i++)
    if (attributes[i].kind == op->kind)
      names[n++] = attributes[i].key;
  diag_error(p->ctx, key->span, LOOM_EINPUT, "%s has no attribute '%s'", kinds[op->kind].op, key->text);
  const char *near = diag_nearest(key->text, names, n);
  if (near)
    diag_help(p->ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}

static loom_status parse_attribute(parser *p, df_op *op, bool *seen) {
  df_token key;
  size_t i = 0;
  LOOM_TRY(df_take(&p->lex, DF_WORD, "an attribute", &key));
  while (i < N_ATTRIBUTES && !(attributes[i].kind == op->kind && text_eq(attributes[i].key, key.text)))
    i++;
  if (i == N_ATTRIBUTES)
    return fail_unknown_attribute(p, op, &key);
  if (seen[i])
    LOOM_FAIL(p->ctx, key.span, LOOM_EINPUT, "the attribute '%s' occurs twice", key.text);
  seen[i] = true;
  LOOM_TRY(df_expect(&p->lex, "="));
  return read_attribute(p, op, key.text);
}

static loom_status parse_attributes(parser *p, df_op *op) {
  bool seen[N_ATTRIBUTES] = {0};
  LOOM_TRY(df_expect(&p->lex, "{"));
  for (bool more = !df_is(&p->lex, "}"); more;) {
    LOOM_TRY(parse_attribute(p, op, seen));
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  for (size_t i = 0; i < N_ATTRIBUTES; i++)
    if (attributes[i].kind == op->kind && attributes[i].needed && !seen[i])
      LOOM_FAIL(p->ctx, op->span, LOOM_EINPUT, "%s needs the attribute '%s'", kinds[op->kind].op, attributes[i].key);
  LOOM_TRY(df_expect(&p->lex, "}"));
  return df_skip_type(&p->lex);
}

/* spatial_dim ["x" ,] 8 */
static loom_status parse_dim(parser *p, df_op *op, bool named) {
  if (named)
    LOOM_TRY(df_expect(&p->lex, ","));
  return df_take_rate(&p->lex, "the dim's size", MACHINE_CORES_MAX, &op->size);
}

/* %from [: type], %to [: type], with an optional comma before the attributes */
static loom_status parse_ends(parser *p, df_op *op) {
  const unsigned ends = 1u << DF_CORE | 1u << DF_MEMORY;
  bool comma;
  LOOM_TRY(parse_use(p, ends, "a core array or a memory", &op->from));
  LOOM_TRY(df_skip_type(&p->lex));
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(parse_use(p, ends, "a core array or a memory", &op->to));
  LOOM_TRY(df_skip_type(&p->lex));
  LOOM_TRY(df_accept(&p->lex, ",", &comma));
  if (comma && p->lex.token.kind == DF_VALUE)
    LOOM_FAIL(p->ctx, p->lex.token.span, LOOM_EUNSUP, "index operands of %s are not supported", kinds[op->kind].op);
  return LOOM_OK;
}

static loom_status parse_name(parser *p, df_op *op, bool *named) {
  *named = p->lex.token.kind == DF_STRING;
  if (*named) {
    op->name = p->lex.token.text;
    return df_next(&p->lex);
  }
  op->name = op->kind == DF_DIM ? op->value + 1 : op->kind == DF_MUX ? "mux" : op->kind == DF_LINKS ? "interconnect" : NULL;
  return op->name ? LOOM_OK : df_fail_expected(&p->lex, "a name in quotes");
}

static loom_status find_kind(parser *p, const df_token *word, df_kind *out) {
  const char *names[DF_KIND_COUNT];
  for (int k = 0; k < DF_KIND_COUNT; k++) {
    names[k] = kinds[k].op;
    if (text_eq(word->text, kinds[k].op)) {
      *out = (df_kind)k;
      return LOOM_OK;
    }
  }
  bool is_df = text_starts(word->text, "df.");
  diag_error(p->ctx, word->span, LOOM_EUNSUP, is_df ? "unknown op '%s'" : "'%s' is no op of the df dialect", word->text);
  const char *near = diag_nearest(word->text, names, DF_KIND_COUNT);
  if (near)
    diag_help(p->ctx, "did you mean '%s'?", near);
  else
    diag_help(p->ctx, "a machine file holds df.spatial_dim, df.mat, df.vec, df.core, df.memory, df.mux and df.interconnects");
  return LOOM_EUNSUP;
}

static loom_status check_fresh(parser *p, const df_token *value) {
  for (size_t i = 0; i < p->file->ops.n; i++)
    if (text_eq(p->file->ops.at[i]->value, value->text))
      LOOM_FAIL(p->ctx, value->span, LOOM_EINPUT, "'%s' is defined twice", value->text);
  if (p->file->ops.n == OPS_MAX)
    LOOM_FAIL(p->ctx, value->span, LOOM_ELIMIT, "more than %d ops", OPS_MAX);
  return LOOM_OK;
}

static loom_status parse_op(parser *p) {
  df_token value, word;
  bool named;
  df_op *op = ARENA_NEW(&p->ctx->mem, df_op);
  LOOM_TRY(df_take(&p->lex, DF_VALUE, "an op such as '%x = df.spatial_dim \"x\", 8'", &value));
  LOOM_TRY(check_fresh(p, &value));
  LOOM_TRY(df_expect(&p->lex, "="));
  LOOM_TRY(df_take(&p->lex, DF_WORD, "an op of the df dialect", &word));
  LOOM_TRY(find_kind(p, &word, &op->kind));
  op->value = value.text;
  op->span = word.span;
  LOOM_TRY(parse_name(p, op, &named));
  if (op->kind == DF_DIM)
    LOOM_TRY(parse_dim(p, op, named));
  else {
    if (op->kind == DF_MUX || op->kind == DF_LINKS)
      LOOM_TRY(parse_ends(p, op));
    LOOM_TRY(parse_attributes(p, op));
  }
  vec_push(&p->ctx->mem, &p->file->ops, op);
  return LOOM_OK;
}

/* A dump has the kernel behind its chip. */
static loom_status skip_kernel(parser *p) {
  p->lex.is_lenient = true;
  while (p->lex.token.kind != DF_END && !df_is(&p->lex, "{")) {
    bool has_attributes = df_is(&p->lex, "attributes");
    if (df_is(&p->lex, "(")) {      /* arguments may have attributes too */
      LOOM_TRY(machine_proc_skip(&p->lex, "(", ")"));
      continue;
    }
    LOOM_TRY(df_next(&p->lex));
    if (has_attributes)
      LOOM_TRY(machine_proc_skip(&p->lex, "{", "}"));
  }
  return machine_proc_skip(&p->lex, "{", "}");
}

loom_status machine_df_parse(loom_ctx *ctx, const char *path, const char *bytes, size_t size, df_file *out) {
  *out = (df_file){0};
  parser p = {.ctx = ctx, .file = out};
  LOOM_TRY(df_lexer_start(ctx, path, bytes, size, &p.lex));
  LOOM_TRY(machine_proc_aliases(&p.lex));
  out->span = p.lex.token.span;
  bool is_module = df_is(&p.lex, "module");
  if (is_module)
    LOOM_TRY(machine_proc_head(&p.lex));
  while (p.lex.token.kind != DF_END && !(is_module && df_is(&p.lex, "}")))
    LOOM_TRY(df_is(&p.lex, "module") || df_is(&p.lex, "func.func") ? skip_kernel(&p) : parse_op(&p));
  if (is_module)
    LOOM_TRY(df_expect(&p.lex, "}"));
  return p.lex.token.kind == DF_END ? LOOM_OK : df_fail_expected(&p.lex, "the end of the file");
}
