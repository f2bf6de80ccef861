/* Pieces of an operation: values, types, attributes. */
#include "frontend/torch/torch_private.h"
#include <ctype.h>

static const char *without_blanks(arena *mem, mlir_slice s) {
  const char *flat = mlir_text_flat(mem, s);
  text t = text_new(mem);
  for (size_t i = 0; i < s.size; i++)
    if (!isspace((unsigned char)flat[i]))
      text_add_bytes(&t, flat + i, 1);
  return text_str(&t);
}

const char *torch_type_text(arena *mem, mlir_slice type) {
  return *type.at == '!' ? without_blanks(mem, type) : mlir_text_flat(mem, type);
}

loom_status torch_take_value(torch_op *op) {
  mlir_slice v;
  LOOM_TRY(mlir_text_take(&op->r->c, MLIR_TOKEN_VALUE, op->spelled, &v));
  vec_push(&op->r->ctx->mem, &op->operands, mlir_text_copy(&op->r->ctx->mem, v));
  return LOOM_OK;
}

loom_status torch_take_values(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  if (c->token.kind != MLIR_TOKEN_VALUE)
    return LOOM_OK;
  do
    LOOM_TRY(torch_take_value(op));
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
loom_status torch_take_types(torch_op *op, bool is_result) {
  mlir_cursor *c = &op->r->c;
  bool is_wrapped = is_result && mlir_text_accept(c, "(");
  if (is_wrapped && mlir_text_accept(c, ")"))
    return LOOM_OK;
  do
    LOOM_TRY(take_type(op, is_result));
  while (mlir_text_accept(c, ","));
  return is_wrapped ? mlir_text_expect(c, ")", op->spelled) : LOOM_OK;
}

loom_status torch_take_functional_type(torch_op *op) {
  mlir_slice type;
  LOOM_TRY(mlir_text_type(&op->r->c, &type));
  op->types = without_blanks(&op->r->ctx->mem, type);      /* blanks inside of a torch type tell types apart that are the same */
  return LOOM_OK;
}

void torch_add_attribute(torch_op *op, const char *name, mlir_slice value) {
  if (op->attributes.size)
    text_add(&op->attributes, ", ");
  if (name)
    text_addf(&op->attributes, "%s = ", name);
  text_add(&op->attributes, mlir_text_flat(&op->r->ctx->mem, value));      /* the copy has no line ends inside of an operation */
}

/* tensor<2xsi64>, where the sign is part of the type, as tensor<2xi64>, which MLIR computes with. */
static mlir_slice signless(torch_op *op, mlir_slice s) {
  text t = text_new(&op->r->ctx->mem);
  const char *type = s.at + s.size;
  while (type[-1] != ':')      /* there is one: a type follows */
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
loom_status torch_take_attribute(torch_op *op, const char *name) {
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
  if (!text_eq(op->spelled, "torch.constant.float") || !memchr(value.at, 'x', value.size))
    return torch_add_attribute(op, name, value), LOOM_OK;
  torch_add_attribute(op, name, (mlir_slice){arena_printf(&op->r->ctx->mem, "%.*s : f64", (int)value.size, value.at), value.size + 6});   /* bits need a type */
  return LOOM_OK;
}

loom_status torch_take_dictionary(torch_op *op) {
  mlir_slice d;
  if (!mlir_text_at(&op->r->c, "{"))
    return LOOM_OK;
  LOOM_TRY(mlir_text_balanced(&op->r->c, &d));
  mlir_slice inside = {d.at + 1, d.size - 2};
  bool is_blank = true;
  for (size_t i = 0; i < inside.size; i++)
    is_blank &= isspace((unsigned char)inside.at[i]) != 0;
  if (!is_blank)
    torch_add_attribute(op, NULL, inside);
  return LOOM_OK;
}

/* `dimension(0) inclusive(true)` and dictionaries, in any order. */
loom_status torch_take_keys(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  for (;;) {
    if (mlir_text_at(c, "{")) {
      LOOM_TRY(torch_take_dictionary(op));
      continue;
    }
    if (c->token.kind != MLIR_TOKEN_WORD || mlir_text_at(c, "ins") || mlir_text_at(c, "outs"))
      return LOOM_OK;
    const char *key = mlir_text_copy(&op->r->ctx->mem, (mlir_slice){c->token.at, c->token.size});
    mlir_text_next(c);
    LOOM_TRY(mlir_text_expect(c, "(", op->spelled));
    LOOM_TRY(torch_take_attribute(op, key));
    LOOM_TRY(mlir_text_expect(c, ")", op->spelled));
  }
}

loom_status torch_take_segment(torch_op *op, const char *word) {
  mlir_cursor *c = &op->r->c;
  size_t before = op->operands.n;
  if (mlir_text_accept(c, word)) {
    LOOM_TRY(mlir_text_expect(c, "(", op->spelled));
    LOOM_TRY(torch_take_values(op));
    LOOM_TRY(mlir_text_expect(c, ":", op->spelled));
    LOOM_TRY(torch_take_types(op, false));
    LOOM_TRY(mlir_text_expect(c, ")", op->spelled));
  }
  op->segments[op->n_segments++] = (int)(op->operands.n - before);
  return LOOM_OK;
}

/* ---- of StableHLO ---- */
loom_status torch_take_values_before_keys(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  while (c->token.kind == MLIR_TOKEN_VALUE) {
    LOOM_TRY(torch_take_value(op));
    mlir_cursor ahead = *c;
    if (!mlir_text_accept(&ahead, ",") || ahead.token.kind != MLIR_TOKEN_VALUE)
      break;
    *c = ahead;
  }
  return LOOM_OK;
}

static void add_string(torch_op *op, const char *name, const char *at, const char *end) {
  const char *s = arena_printf(&op->r->ctx->mem, "\"%s\"", mlir_text_flat(&op->r->ctx->mem, (mlir_slice){at, (size_t)(end - at)}));
  torch_add_attribute(op, name, (mlir_slice){s, strlen(s)});
}

/* `, dims = [0, 1]`, `, batching_dims = [0] x [0]`: each becomes a string. */
loom_status torch_take_text_keys(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  mlir_slice value, second, key;
  while (mlir_text_at(c, ",")) {
    mlir_text_next(c);
    LOOM_TRY(mlir_text_take(c, MLIR_TOKEN_WORD, op->spelled, &key));
    LOOM_TRY(mlir_text_expect(c, "=", op->spelled));
    LOOM_TRY(mlir_text_attribute(c, &value));
    if (mlir_text_accept(c, "x")) {
      LOOM_TRY(mlir_text_attribute(c, &second));
      value.size = (size_t)(second.at + second.size - value.at);
    }
    add_string(op, mlir_text_copy(&op->r->ctx->mem, key), value.at, value.at + value.size);
  }
  return LOOM_OK;
}

/* A word, a number or a piece in brackets, as a string. */
loom_status torch_take_as_string(torch_op *op, const char *name) {
  mlir_cursor *c = &op->r->c;
  mlir_slice piece;
  if (c->token.kind == MLIR_TOKEN_WORD || c->token.kind == MLIR_TOKEN_INTEGER)
    LOOM_TRY(mlir_text_take(c, c->token.kind, op->spelled, &piece));
  else
    LOOM_TRY(mlir_text_balanced(c, &piece));
  add_string(op, name, piece.at, piece.at + piece.size);
  return LOOM_OK;
}

/* `: T` when all operands and the result are of one type, `: P, T` of a choice, or a functional type. */
loom_status torch_take_common_type(torch_op *op) {
  mlir_cursor *c = &op->r->c;
  arena *mem = &op->r->ctx->mem;
  mlir_slice type;
  if (mlir_text_at(c, "("))
    return torch_take_functional_type(op);
  LOOM_TRY(mlir_text_type(c, &type));
  const char *first = torch_type_text(mem, type), *t = first;
  if (mlir_text_accept(c, ",")) {
    LOOM_TRY(mlir_text_type(c, &type));
    t = torch_type_text(mem, type);
  }
  for (size_t i = 0; i < op->operands.n; i++)
    vec_push(mem, &op->operand_types, i ? t : first);
  vec_push(mem, &op->result_types, t);
  return LOOM_OK;
}

/* An attribute whose type is that of the result. */
loom_status torch_take_typed(torch_op *op, const char *name) {
  mlir_cursor *c = &op->r->c;
  mlir_slice value, type;
  LOOM_TRY(mlir_text_attribute(c, &value));
  LOOM_TRY(mlir_text_expect(c, ":", op->spelled));
  LOOM_TRY(mlir_text_type(c, &type));
  value.size = (size_t)(type.at + type.size - value.at);
  torch_add_attribute(op, name, value);
  vec_push(&op->r->ctx->mem, &op->result_types, torch_type_text(&op->r->ctx->mem, type));
  return LOOM_OK;
}
