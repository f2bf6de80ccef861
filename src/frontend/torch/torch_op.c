/* One operation: its custom form is followed word by word, then written in generic form. */
#include "frontend/torch/torch_private.h"
#include <ctype.h>

const char *torch_type_text(arena *mem, mlir_slice type) {
  if (!type.size || *type.at != '!')
    return mlir_text_copy(mem, type);
  text t = text_new(mem);
  for (size_t i = 0; i < type.size; i++)
    if (!isspace((unsigned char)type.at[i]))
      text_add_bytes(&t, type.at + i, 1);
  return text_str(&t);
}

static loom_span op_span(const torch_op *op) { return mlir_text_span(&op->r->c, &op->name); }

/* ---- pieces ---- */
static loom_status take_value(torch_op *op) {
  mlir_slice v;
  LOOM_TRY(mlir_text_take(&op->r->c, MLIR_TOKEN_VALUE, op->spelled, &v));
  vec_push(&op->r->ctx->mem, &op->operands, mlir_text_copy(&op->r->ctx->mem, v));
  return LOOM_OK;
}

static loom_status take_values(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  if (c->token.kind != MLIR_TOKEN_VALUE)
    return LOOM_OK;
  do
    LOOM_TRY(take_value(op));
  while (mlir_text_accept(c, ","));
  return LOOM_OK;
}

static loom_status take_type(torch_op *op, bool is_result) {
  arena *mem = &op->r->ctx->mem;
  mlir_slice type;
  LOOM_TRY(mlir_text_type(&op->r->c, &type));
  const char *s = torch_type_text(mem, type);
  if (is_result)
    vec_push(mem, &op->result_types, s);
  else
    vec_push(mem, &op->operand_types, s);
  return LOOM_OK;
}

/* "T, T" or, for results, "(T, T)". */
static loom_status take_types(torch_op *op, bool is_result) {
  mlir_cursor *c = &op->r->c;
  bool is_wrapped = is_result && mlir_text_accept(c, "(");
  if (is_wrapped && mlir_text_accept(c, ")"))
    return LOOM_OK;
  do
    LOOM_TRY(take_type(op, is_result));
  while (mlir_text_accept(c, ","));
  return is_wrapped ? mlir_text_expect(c, ")", op->spelled) : LOOM_OK;
}

static loom_status take_functional_type(torch_op *op) {
  mlir_slice type;
  LOOM_TRY(mlir_text_type(&op->r->c, &type));
  text t = text_new(&op->r->ctx->mem);
  for (size_t i = 0; i < type.size; i++)   /* blanks inside of a torch type tell types apart that are the same */
    if (!isspace((unsigned char)type.at[i]))
      text_add_bytes(&t, type.at + i, 1);
  op->types = text_str(&t);
  return LOOM_OK;
}

static void add_attribute(torch_op *op, const char *name, mlir_slice value) {
  if (op->attributes.size)
    text_add(&op->attributes, ", ");
  if (name)
    text_addf(&op->attributes, "%s = ", name);
  for (size_t i = 0; i < value.size; i++)   /* the copy has no line ends inside of an operation */
    text_add_bytes(&op->attributes, value.at[i] == '\n' ? " " : value.at + i, 1);
}

/* tensor<2xsi64>, where the sign is part of the type, as tensor<2xi64>, which MLIR computes with. */
static mlir_slice signless(torch_op *op, mlir_slice s) {
  text t = text_new(&op->r->ctx->mem);
  const char *type = s.at + s.size;
  while (type > s.at && type[-1] != ':')
    type--;
  text_add_bytes(&t, s.at, (size_t)(type - s.at));
  for (const char *p = type, *end = s.at + s.size; p < end; p++) {
    bool is_sign = p > type && p + 2 < end && strchr("x<", p[-1]) && strchr("su", p[0]) && p[1] == 'i' && isdigit((unsigned char)p[2]);
    if (!is_sign)
      text_add_bytes(&t, p, 1);
  }
  return (mlir_slice){text_str(&t), t.size};
}

/* An attribute with the `: type` behind it, if there is one. */
static loom_status take_attribute(torch_op *op, const char *name) {
  mlir_cursor *c = &op->r->c;
  mlir_slice value, type;
  LOOM_TRY(mlir_text_attribute(c, &value));
  bool is_bare = *value.at == '-' || isdigit((unsigned char)*value.at) || (value.size > 5 && memcmp(value.at, "dense", 5) == 0);
  mlir_cursor ahead = *c;
  if (is_bare && mlir_text_accept(&ahead, ":")) {
    *c = ahead;
    LOOM_TRY(mlir_text_type(c, &type));
    value.size = (size_t)(type.at + type.size - value.at);
    if (text_ends(op->spelled, ".literal"))
      value = signless(op, value);
  }
  if (op->types || !text_eq(op->spelled, "torch.constant.float") || !memchr(value.at, 'x', value.size))
    return add_attribute(op, name, value), LOOM_OK;
  add_attribute(op, name, (mlir_slice){arena_printf(&op->r->ctx->mem, "%.*s : f64", (int)value.size, value.at), value.size + 6});   /* bits need a type */
  return LOOM_OK;
}

static loom_status take_dictionary(torch_op *op) {
  mlir_slice d;
  if (!mlir_text_at(&op->r->c, "{"))
    return LOOM_OK;
  LOOM_TRY(mlir_text_balanced(&op->r->c, &d));
  mlir_slice inside = {d.at + 1, d.size - 2};
  bool is_blank = true;
  for (size_t i = 0; i < inside.size; i++)
    is_blank &= isspace((unsigned char)inside.at[i]) != 0;
  if (!is_blank)
    add_attribute(op, NULL, inside);
  return LOOM_OK;
}

/* `dimension(0) inclusive(true)` and dictionaries, in any order. */
static loom_status take_keys(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  for (;;) {
    if (mlir_text_at(c, "{")) {
      LOOM_TRY(take_dictionary(op));
      continue;
    }
    if (c->token.kind != MLIR_TOKEN_WORD || mlir_text_at(c, "ins") || mlir_text_at(c, "outs"))
      return LOOM_OK;
    const char *key = mlir_text_copy(&op->r->ctx->mem, (mlir_slice){c->token.at, c->token.size});
    mlir_text_next(c);
    LOOM_TRY(mlir_text_expect(c, "(", op->spelled));
    LOOM_TRY(take_attribute(op, key));
    LOOM_TRY(mlir_text_expect(c, ")", op->spelled));
  }
}

static loom_status take_segment(torch_op *op, const char *word) {
  mlir_cursor *c = &op->r->c;
  size_t before = op->operands.n;
  if (mlir_text_accept(c, word)) {
    LOOM_TRY(mlir_text_expect(c, "(", op->spelled));
    LOOM_TRY(take_values(op));
    LOOM_TRY(mlir_text_expect(c, ":", op->spelled));
    LOOM_TRY(take_types(op, false));
    LOOM_TRY(mlir_text_expect(c, ")", op->spelled));
  }
  op->segments[op->n_segments++] = (int)(op->operands.n - before);
  return LOOM_OK;
}

/* Where what was read ends: the blanks in front of the next token stay, a comment goes. */
static const char *end_of(const torch_reader *r, const char *from) {
  const char *p = r->c.token.at;
  while (p > from && isspace((unsigned char)p[-1]))
    p--;
  return p;
}

/* ---- writing ---- */
static void add_list(text *t, const char *const *at, size_t n) {
  for (size_t i = 0; i < n; i++)
    text_addf(t, "%s%s", i ? ", " : "", at[i]);
}

static const char *head(torch_op *op) {
  text t = text_new(&op->r->ctx->mem);
  text_addf(&t, "\"%s\"(", op->spelled);
  add_list(&t, op->operands.at, op->operands.n);
  text_add(&t, ")");
  return text_str(&t);
}

static const char *tail(torch_op *op) {
  text t = text_new(&op->r->ctx->mem);
  if (op->n_segments) {
    const char *s = arena_printf(&op->r->ctx->mem, "array<i32: %d, %d>", op->segments[0], op->segments[1]);
    add_attribute(op, "operandSegmentSizes", (mlir_slice){s, strlen(s)});
  }
  if (op->attributes.size)
    text_addf(&t, " {%s}", text_str(&op->attributes));
  text_add(&t, " : ");
  if (op->types) {
    text_add(&t, op->types);
  } else {
    text_add(&t, "(");
    add_list(&t, op->operand_types.at, op->operand_types.n);
    text_add(&t, ") -> (");
    add_list(&t, op->result_types.at, op->result_types.n);
    text_add(&t, ")");
  }
  text_add(&t, mlir_edit_location(&op->r->c, &op->name));
  return text_str(&t);
}

/* At '{': the text before it is written, then the region. */
static loom_status take_region(torch_op *op, const char **from) {
  torch_reader *r = op->r;
  LOOM_TRY(mlir_text_at(&r->c, "{") ? LOOM_OK : mlir_text_expect(&r->c, "{", op->spelled));
  mlir_edit_replace(&r->e, *from, r->c.token.at, op->n_regions++ ? ", " : arena_printf(&r->ctx->mem, "%s (", head(op)));
  mlir_text_next(&r->c);
  const char *end;
  LOOM_TRY(torch_rewrite_block(r, true));
  end = r->c.token.at;                       /* at the closing brace */
  *from = end + 1;
  mlir_text_next(&r->c);
  return LOOM_OK;
}

/* ---- forms ---- */
static const char *with_tensor_kind(torch_op *op, const char *kind) {
  const char *type = op->result_types.n ? op->result_types.at[0] : "", *open = strchr(type, '<');
  return arena_printf(&op->r->ctx->mem, "!torch.%s%s", kind, open ? open : "");
}

static loom_status follow_regions(torch_op *op, const char **from) {
  if (!mlir_text_at(&op->r->c, "{"))
    return LOOM_OK;
  do
    LOOM_TRY(take_region(op, from));
  while (mlir_text_accept(&op->r->c, ","));
  return LOOM_OK;
}

static loom_status follow(torch_op *op, const char *word, const char **from) {
  mlir_cursor *c = &op->r->c;
  arena *mem = &op->r->ctx->mem;
  switch (*word) {
  case '\'': return mlir_text_expect(c, word + 1, op->spelled);
  case '=': return take_attribute(op, word + 1);
  case '<': vec_push(mem, &op->operand_types, word + 1); return LOOM_OK;
  case '>': vec_push(mem, &op->result_types, word + 1); return LOOM_OK;
  case '~': vec_push(mem, &op->operand_types, with_tensor_kind(op, word + 1)); return LOOM_OK;
  case '*':
    while (op->operand_types.n < op->operands.n)
      vec_push(mem, &op->operand_types, word + 1);
    return LOOM_OK;
  case 'k': return take_keys(op);
  case 'd': return take_dictionary(op);
  case 't': return take_types(op, false);
  case 'r': return take_types(op, true);
  case 'f': return take_functional_type(op);
  case 'R': return word[1] ? follow_regions(op, from) : take_region(op, from);
  case 'i': LOOM_TRY(take_segment(op, "ins")); return take_segment(op, "outs");
  case 'o': return mlir_text_accept(c, "->") ? take_types(op, true) : LOOM_OK;
  default: break;
  }
  if (!word[1])
    return take_value(op);
  LOOM_TRY(take_values(op));
  return word[1] == 't' && mlir_text_accept(c, ":") ? take_types(op, false) : LOOM_OK;
}

static loom_status follow_form(torch_op *op, const char *words, const char **from) {
  for (const char *p = words; *p;) {
    size_t n = strcspn(p, " ");
    LOOM_TRY(follow(op, arena_strndup(&op->r->ctx->mem, p, n), from));
    p += n + (p[n] == ' ');
  }
  return LOOM_OK;
}

/* `torch.ns.op %a, %b {attributes} : T, T -> R`; with results and no operands `: R`. */
static loom_status follow_common(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  LOOM_TRY(take_values(op));
  LOOM_TRY(take_dictionary(op));
  if (!mlir_text_accept(c, ":"))
    return LOOM_OK;
  if (mlir_text_at(c, "("))
    return take_functional_type(op);
  LOOM_TRY(take_types(op, op->has_results && !op->operands.n));
  return mlir_text_accept(c, "->") ? take_types(op, true) : LOOM_OK;
}

loom_status torch_rewrite_op(torch_reader *r, bool has_results) {
  loom_ctx *ctx = r->ctx;
  torch_op op = {.r = r, .name = r->c.token, .spelled = arena_strndup(&ctx->mem, r->c.token.at, r->c.token.size), .has_results = has_results};
  op.attributes = text_new(&ctx->mem);
  const char *from = op.name.at, *words = torch_form(op.spelled);
  mlir_text_next(&r->c);
  int errors = ctx->diag.errors;
  loom_status st = words ? follow_form(&op, words, &from) : follow_common(&op);
  if (st != LOOM_OK) {
    if (ctx->diag.errors > errors && !op.n_regions)
      diag_help(ctx, "the generic form is always read: \"%s\"(operands) {attributes} : (types) -> type", op.spelled);
    return st;
  }
  if (!op.types && op.operands.n != op.operand_types.n)
    LOOM_FAIL(ctx, op_span(&op), LOOM_EINPUT, "%s has %zu operands and %zu operand types", op.spelled, op.operands.n, op.operand_types.n);
  mlir_edit_replace(&r->e, from, end_of(r, from), arena_printf(&ctx->mem, "%s%s", op.n_regions ? ")" : head(&op), tail(&op)));
  return LOOM_OK;
}
