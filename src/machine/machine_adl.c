/* Upstream's adl custom assembly, as all its generations print it:
 *   file = { '#' alias } 'module' [@name] ['attributes' {..}] '{' { op | module } '}'
 *   op   = %value '=' adl op ("name" | @name) ..; every value is defined before its use and of the kind its place wants
 * Nested modules with a name hold the functions of a processor; one without a name is a kernel and skipped. */
#include "base/text.h"
#include "machine/machine_adl.h"

static const struct { const char *op, *what; } kinds[] = {
#define X(k, op, what) {op, what},
    ADL_KIND_LIST(X)
#undef X
};

enum { OPS_MAX = 1000 };

typedef struct parser { loom_ctx *ctx; df_lexer lex; adl_file *file; } parser;

/* ---- values ---- */

static loom_status fail_unknown_value(parser *p, const df_token *t) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < p->file->ops.n; i++)
    vec_push(&p->ctx->mem, &names, p->file->ops.at[i]->value);
  return df_fail_undefined(&p->lex, t, names.at, names.n);
}

/* A use of a value whose kind is in `allowed`, a mask of 1 << adl_kind. */
static loom_status parse_use(parser *p, unsigned allowed, const char *what, const adl_op **out) {
  df_token t;
  LOOM_TRY(df_take(&p->lex, DF_VALUE, what, &t));
  for (size_t i = 0; i < p->file->ops.n; i++) {
    const adl_op *op = p->file->ops.at[i];
    if (!text_eq(op->value, t.text))
      continue;
    if (!(allowed >> op->kind & 1))
      LOOM_FAIL(p->ctx, t.span, LOOM_EINPUT, "'%s' is %s; expected %s", t.text, kinds[op->kind].what, what);
    *out = op;
    return LOOM_OK;
  }
  return fail_unknown_value(p, &t);
}

/* [%a, %b] */
static loom_status parse_uses(parser *p, unsigned allowed, const char *what, adl_uses *out) {
  LOOM_TRY(df_expect(&p->lex, "["));
  for (bool more = !df_is(&p->lex, "]"); more;) {
    const adl_op *op = NULL;
    LOOM_TRY(parse_use(p, allowed, what, &op));
    vec_push(&p->ctx->mem, out, op);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

/* ---- ops ---- */

/* {bsize = 16, nblk = 5856} */
static loom_status parse_bank(parser *p, adl_op *op) {
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(df_expect(&p->lex, "{"));
  for (bool more = true; more;) {
    df_token key;
    LOOM_TRY(df_take(&p->lex, DF_WORD, "bsize or nblk", &key));
    LOOM_TRY(df_expect(&p->lex, "="));
    if (text_eq(key.text, "bsize"))
      LOOM_TRY(df_take_rate(&p->lex, "bsize", INT64_C(1) << 30, &op->block_bytes));
    else if (text_eq(key.text, "nblk"))
      LOOM_TRY(df_take_rate(&p->lex, "nblk", INT64_C(1) << 30, &op->size));
    else
      LOOM_FAIL(p->ctx, key.span, LOOM_EINPUT, "a memory bank has no attribute '%s'; it has bsize (bytes of a block) and nblk (blocks)", key.text);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  if (!op->block_bytes || !op->size)
    LOOM_FAIL(p->ctx, op->span, LOOM_EINPUT, "the memory bank needs both bsize (bytes of a block) and nblk (blocks)");
  return df_expect(&p->lex, "}");
}

/* , [%x, %y] of %element [, mem_region %memory] */
static loom_status parse_spread(parser *p, adl_op *op, unsigned allowed, const char *what) {
  bool more;
  const adl_op *region = NULL;
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(parse_uses(p, 1u << ADL_DIM, kinds[ADL_DIM].what, &op->dims));
  LOOM_TRY(df_expect(&p->lex, "of"));
  LOOM_TRY(parse_use(p, allowed, what, &op->of));
  LOOM_TRY(df_accept(&p->lex, ",", &more));
  if (!more)
    return LOOM_OK;
  LOOM_TRY(df_expect(&p->lex, "mem_region"));      /* all cores' memory, which the movers name anyway */
  return parse_use(p, ADL_MEMORIES, "a memory", &region);
}

static loom_status parse_way(parser *p, adl_op *op, const char *between) {
  const adl_op *from = NULL, *to = NULL;
  LOOM_TRY(parse_use(p, ADL_MEMORIES, "a memory", &from));
  LOOM_TRY(df_expect(&p->lex, between));
  LOOM_TRY(parse_use(p, ADL_MEMORIES, "a memory", &to));
  vec_push(&p->ctx->mem, &op->from, from);
  vec_push(&p->ctx->mem, &op->to, to);
  return LOOM_OK;
}

/* [(%from, %to), ..] */
static loom_status parse_pairs(parser *p, adl_op *op) {
  LOOM_TRY(df_expect(&p->lex, "["));
  for (bool more = !df_is(&p->lex, "]"); more;) {
    LOOM_TRY(df_expect(&p->lex, "("));
    LOOM_TRY(parse_way(p, op, ","));
    LOOM_TRY(df_expect(&p->lex, ")"));
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

/* , [(%from, %to), ..] or , from %from to %to, then [, with [%resource, ..]] */
static loom_status parse_processor(parser *p, adl_op *op) {
  bool is_newer, more;
  adl_uses resources = {0};
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(df_accept(&p->lex, "from", &is_newer));
  if (!is_newer && !df_is(&p->lex, "["))
    return df_fail_expected(&p->lex, "[(%from, %to)] or from %from to %to");
  LOOM_TRY(is_newer ? parse_way(p, op, "to") : parse_pairs(p, op));
  LOOM_TRY(df_accept(&p->lex, ",", &more));
  if (!more)
    return LOOM_OK;
  LOOM_TRY(df_expect(&p->lex, "with"));
  return parse_uses(p, ADL_RESOURCES, "a resource", &resources);
}

/* Nothing, or , 2 or , {capacity = 2} */
static loom_status parse_capacity(parser *p) {
  bool more, in_braces;
  int64_t amount;
  LOOM_TRY(df_accept(&p->lex, ",", &more));
  if (!more)
    return LOOM_OK;
  LOOM_TRY(df_accept(&p->lex, "{", &in_braces));
  if (in_braces) {
    LOOM_TRY(df_expect(&p->lex, "capacity"));
    LOOM_TRY(df_expect(&p->lex, "="));
  }
  LOOM_TRY(df_take_rate(&p->lex, "the resource's capacity", INT64_C(1) << 40, &amount));
  return in_braces ? df_expect(&p->lex, "}") : LOOM_OK;
}

/* , arch[..] and , mem[..], one of them or both */
static loom_status parse_compose(parser *p, adl_op *op) {
  bool more;
  LOOM_TRY(df_expect(&p->lex, ","));
  do {
    bool is_arch;
    LOOM_TRY(df_accept(&p->lex, "arch", &is_arch));
    if (is_arch)
      LOOM_TRY(parse_uses(p, ADL_PROCESSORS | ADL_ARCHS, "a processor or an architecture", &op->archs));
    else if (df_is(&p->lex, "mem")) {
      LOOM_TRY(df_next(&p->lex));
      LOOM_TRY(parse_uses(p, ADL_MEMORIES, "a memory", &op->memories));
    } else
      return df_fail_expected(&p->lex, "arch[..] or mem[..]");
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  } while (more);
  return LOOM_OK;
}

static loom_status parse_operands(parser *p, adl_op *op) {
  switch (op->kind) {
  case ADL_DIM:
    LOOM_TRY(df_expect(&p->lex, ","));
    return df_take_rate(&p->lex, "the dim's size", MACHINE_CORES_MAX, &op->size);
  case ADL_BANK: return parse_bank(p, op);
  case ADL_ARRAY: return parse_spread(p, op, ADL_MEMORIES, "a memory");
  case ADL_SCALE: return parse_spread(p, op, ADL_ARCHS, "an architecture");
  case ADL_COMPUTE:
  case ADL_MOVER: return parse_processor(p, op);
  case ADL_COMPOSE: return parse_compose(p, op);
  default: return parse_capacity(p);
  }
}

static loom_status find_kind(parser *p, const df_token *word, adl_kind *out) {
  const char *names[ADL_KIND_COUNT];
  for (int k = 0; k < ADL_KIND_COUNT; k++) {
    names[k] = kinds[k].op;
    if (text_eq(word->text, kinds[k].op)) {
      *out = (adl_kind)k;
      return LOOM_OK;
    }
  }
  diag_error(p->ctx, word->span, LOOM_EUNSUP, text_starts(word->text, "adl.") ? "unknown op '%s'" : "'%s' is no op of the adl dialect", word->text);
  const char *near = diag_nearest(word->text, names, ADL_KIND_COUNT);
  if (near)
    diag_help(p->ctx, "did you mean '%s'?", near);
  else
    diag_help(p->ctx, "a chip is described by adl.spatial_dim, adl.memory.*, adl.resource.*, adl.processor.* and adl.arch.*");
  return LOOM_EUNSUP;
}

static loom_status parse_op(parser *p) {
  df_token value, word, name;
  adl_op *op = ARENA_NEW(&p->ctx->mem, adl_op);
  LOOM_TRY(df_take(&p->lex, DF_VALUE, "an op such as '%0 = adl.spatial_dim \"x\", 8', or a module", &value));
  for (size_t i = 0; i < p->file->ops.n; i++)
    if (text_eq(p->file->ops.at[i]->value, value.text))
      LOOM_FAIL(p->ctx, value.span, LOOM_EINPUT, "'%s' is defined twice", value.text);
  if (p->file->ops.n == OPS_MAX)
    LOOM_FAIL(p->ctx, value.span, LOOM_ELIMIT, "more than %d ops", OPS_MAX);
  LOOM_TRY(df_expect(&p->lex, "="));
  LOOM_TRY(df_take(&p->lex, DF_WORD, "an op of the adl dialect", &word));
  LOOM_TRY(find_kind(p, &word, &op->kind));
  bool is_symbol = p->lex.token.kind == DF_SYMBOL;
  LOOM_TRY(df_take(&p->lex, is_symbol ? DF_SYMBOL : DF_STRING, "a name, \"x\" or @x", &name));
  op->value = value.text;
  op->name = machine_plain_name(&p->ctx->mem, name.text + is_symbol);
  op->span = word.span;
  LOOM_TRY(parse_operands(p, op));
  vec_push(&p->ctx->mem, &p->file->ops, op);
  return df_skip_type(&p->lex);
}

static loom_status parse_file(parser *p) {
  LOOM_TRY(machine_proc_aliases(&p->lex));
  p->file->span = p->lex.token.span;
  LOOM_TRY(machine_proc_head(&p->lex));
  while (!df_is(&p->lex, "}")) {
    proc_module m;
    if (!df_is(&p->lex, "module")) {
      LOOM_TRY(parse_op(p));
      continue;
    }
    LOOM_TRY(machine_proc_module(&p->lex, &m));
    vec_push(&p->ctx->mem, &p->file->modules, m);
  }
  LOOM_TRY(df_next(&p->lex));
  return p->lex.token.kind == DF_END ? LOOM_OK : df_fail_expected(&p->lex, "the end of the file");
}

loom_status machine_from_adl(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  adl_file file = {0};
  parser p = {.ctx = ctx, .file = &file};
  machine_arch a;
  LOOM_TRY(df_lexer_start(ctx, path, bytes, size, &p.lex));
  p.lex.is_lenient = true;
  LOOM_TRY(parse_file(&p));
  LOOM_TRY(machine_adl_arch(ctx, &file, &a));
  return machine_from_arch(ctx, path, &a, out);
}
