/* One operation: its custom form is followed word by word, then written in generic form. */
#include "frontend/torch/torch_private.h"
#include <ctype.h>

static loom_span op_span(const torch_op *op) { return mlir_text_span(&op->r->c, &op->name); }

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
    torch_add_attribute(op, "operandSegmentSizes", (mlir_slice){s, strlen(s)});
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

static loom_status follow(torch_op *op, const char *word, const char **from);

/* "?applies:Wapplies": the part behind the colon, if the word in front of it stands there. */
static loom_status follow_if(torch_op *op, const char *word, const char **from) {
  const char *then = strchr(word, ':');
  if (!mlir_text_accept(&op->r->c, arena_strndup(&op->r->ctx->mem, word, (size_t)(then - word))))
    return LOOM_OK;
  return then[1] ? follow(op, then + 1, from) : LOOM_OK;
}

/* `reducer(%a: T, %b: T) {..}`: the arguments become those of the first block. */
static loom_status take_reducer(torch_op *op, const char **from) {
  torch_reader *r = op->r;
  mlir_slice arguments;
  if (!mlir_text_accept(&r->c, "reducer"))
    return LOOM_OK;
  LOOM_TRY(mlir_text_balanced(&r->c, &arguments));
  LOOM_TRY(mlir_text_at(&r->c, "{") ? LOOM_OK : mlir_text_expect(&r->c, "{", op->spelled));
  mlir_edit_replace(&r->e, *from, r->c.next, arena_printf(&r->ctx->mem, "%s ({ ^bb0%s:", head(op), mlir_text_flat(&r->ctx->mem, arguments)));
  op->n_regions++;
  mlir_text_next(&r->c);
  LOOM_TRY(torch_rewrite_block(r, true));
  *from = r->c.next;
  mlir_text_next(&r->c);
  return LOOM_OK;
}

static loom_status follow(torch_op *op, const char *word, const char **from) {
  mlir_cursor *c = &op->r->c;
  arena *mem = &op->r->ctx->mem;
  switch (*word) {
  case '\'': return mlir_text_expect(c, word + 1, op->spelled);
  case '=': return torch_take_attribute(op, word + 1);
  case '<': vec_push(mem, &op->operand_types, word + 1); return LOOM_OK;
  case '>': vec_push(mem, &op->result_types, word + 1); return LOOM_OK;
  case '~': vec_push(mem, &op->operand_types, with_tensor_kind(op, word + 1)); return LOOM_OK;
  case '*':
    while (op->operand_types.n < op->operands.n)
      vec_push(mem, &op->operand_types, word + 1);
    return LOOM_OK;
  case 'k': return torch_take_keys(op);
  case 'd': return torch_take_dictionary(op);
  case 't': return torch_take_types(op, false);
  case 'r': return torch_take_types(op, true);
  case 'f': return torch_take_functional_type(op);
  case 'R':
    if (word[1] == 'r')
      return take_reducer(op, from);
    return word[1] ? follow_regions(op, from) : take_region(op, from);
  case 'i': LOOM_TRY(torch_take_segment(op, "ins")); return torch_take_segment(op, "outs");
  case 'V': return torch_take_values_before_keys(op);
  case 'K': return torch_take_text_keys(op);
  case 'W': return torch_take_as_string(op, word + 1);
  case 'S': return torch_take_common_type(op);
  case 'C': return torch_take_typed(op, word + 1);
  case '?': return follow_if(op, word + 1, from);
  case 'o': return mlir_text_accept(c, "->") ? torch_take_types(op, true) : LOOM_OK;
  default: break;
  }
  if (!word[1])
    return torch_take_value(op);
  LOOM_TRY(torch_take_values(op));
  return word[1] == 't' && mlir_text_accept(c, ":") ? torch_take_types(op, false) : LOOM_OK;
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
  LOOM_TRY(torch_take_values(op));
  LOOM_TRY(torch_take_dictionary(op));
  if (!mlir_text_accept(c, ":"))
    return LOOM_OK;
  if (mlir_text_at(c, "("))
    return torch_take_functional_type(op);
  LOOM_TRY(torch_take_types(op, op->has_results && !op->operands.n));
  return mlir_text_accept(c, "->") ? torch_take_types(op, true) : LOOM_OK;
}

loom_status torch_rewrite_op(torch_reader *r, bool has_results) {
  loom_ctx *ctx = r->ctx;
  torch_op op = {.r = r, .name = r->c.token, .spelled = arena_strndup(&ctx->mem, r->c.token.at, r->c.token.size), .has_results = has_results};
  op.attributes = text_new(&ctx->mem);
  const char *from = op.name.at, *words = torch_form(op.spelled);
  mlir_text_next(&r->c);
  loom_status st = words ? follow_form(&op, words, &from) : follow_common(&op);
  if (st != LOOM_OK) {
    if (!op.n_regions)
      diag_help(ctx, "the generic form is always read: \"%s\"(operands) {attributes} : (types) -> type", op.spelled);
    return st;
  }
  if (!op.types && op.operands.n != op.operand_types.n)
    LOOM_FAIL(ctx, op_span(&op), LOOM_EINPUT, "%s has %zu operands and %zu operand types", op.spelled, op.operands.n, op.operand_types.n);
  mlir_edit_replace(&r->e, from, end_of(r, from), arena_printf(&ctx->mem, "%s%s", op.n_regions ? ")" : head(&op), tail(&op)));
  return LOOM_OK;
}
