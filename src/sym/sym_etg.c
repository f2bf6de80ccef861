/* Expressions as upstream's externally tagged JSON: {"Add": [a, b]}, {"IfElse": {...}}, "True". */
#include "base/text.h"
#include "sym/sym.h"

/* How a tag's body looks. */
typedef enum body { BODY_PAIR, BODY_SEVERAL, BODY_ONE, BODY_WRAPPER, BODY_INTEGER, BODY_NAME, BODY_IF, BODY_DIVISIBLE, BODY_IN_RANGE } body;

/* The first row of an operator is the one that is written. */
static const struct row { const char *tag; sym_op op; body body; bool takes_booleans; } rows[] = {
  {"Const", SYM_CONST, BODY_INTEGER, 0}, {"Sym", SYM_SYM, BODY_NAME, 0},
  {"Add", SYM_ADD, BODY_SEVERAL, 0}, {"Sub", SYM_SUB, BODY_PAIR, 0}, {"Mul", SYM_MUL, BODY_SEVERAL, 0},
  {"CeilDiv", SYM_CEILDIV, BODY_PAIR, 0}, {"Div", SYM_CEILDIV, BODY_PAIR, 0},
  {"FloorDiv", SYM_FLOORDIV, BODY_PAIR, 0}, {"Mod", SYM_MOD, BODY_PAIR, 0},
  {"Min", SYM_MIN, BODY_SEVERAL, 0}, {"Max", SYM_MAX, BODY_SEVERAL, 0}, {"IfElse", SYM_IF, BODY_IF, 0},
  {"Concrete", SYM_CONST, BODY_WRAPPER, 0}, {"Expression", SYM_CONST, BODY_WRAPPER, 0},
  {"And", SYM_AND, BODY_SEVERAL, 1}, {"Or", SYM_OR, BODY_SEVERAL, 1}, {"Not", SYM_NOT, BODY_ONE, 1},
  {"Eq", SYM_EQ, BODY_PAIR, 0}, {"Ne", SYM_NE, BODY_PAIR, 0}, {"Le", SYM_LE, BODY_PAIR, 0}, {"Lt", SYM_LT, BODY_PAIR, 0},
  {"Ge", SYM_GE, BODY_PAIR, 0}, {"Gt", SYM_GT, BODY_PAIR, 0},
  {"Divisible", SYM_DIVISIBLE, BODY_DIVISIBLE, 0}, {"InRange", SYM_AND, BODY_IN_RANGE, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- writing ---- */

static const char *tag_of(sym_op op, bool exact) {
  if (op == SYM_CEILDIV && !exact)
    return "Div";
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].op == op)
      return rows[i].tag;
  return NULL;
}

/* The operands of a chain ((a op b) op c) as one list; reading groups them to the left again. */
static void push_chain(arena *m, data_value *list, sym_op op, const sym_expr *e, bool exact) {
  if (e->op == op) {
    push_chain(m, list, op, e->arg[0], exact);
    data_push(m, list, sym_to_etg(m, e->arg[1], exact));
  } else {
    data_push(m, list, sym_to_etg(m, e, exact));
  }
}

static data_value *write_body(arena *m, const sym_expr *e, bool exact) {
  data_value *v;
  switch (e->op) {
  case SYM_CONST: return data_int(m, e->value);
  case SYM_SYM: return data_string(m, e->name);
  case SYM_NOT: return sym_to_etg(m, e->arg[0], exact);
  case SYM_IF:
    v = data_object(m);
    data_set(m, v, "cond", sym_to_etg(m, e->arg[0], exact));
    data_set(m, v, "then_expr", sym_to_etg(m, e->arg[1], exact));
    data_set(m, v, "else_expr", sym_to_etg(m, e->arg[2], exact));
    return v;
  case SYM_DIVISIBLE:
    v = data_object(m);
    data_set(m, v, "x", sym_to_etg(m, e->arg[0], exact));
    data_set(m, v, "by", sym_to_etg(m, e->arg[1], exact));
    return v;
  default:
    v = data_array(m);
    if (e->op == SYM_AND || e->op == SYM_OR || (e->op == SYM_ADD && exact)) {
      push_chain(m, v, e->op, e, exact);
    } else {
      data_push(m, v, sym_to_etg(m, e->arg[0], exact));
      data_push(m, v, sym_to_etg(m, e->arg[1], exact));
    }
    return v;
  }
}

data_value *sym_to_etg(arena *m, const sym_expr *e, bool exact) {
  if (e->op == SYM_TRUE || e->op == SYM_FALSE)
    return data_string(m, e->op == SYM_TRUE ? "True" : "False");
  data_value *v = data_object(m);
  data_set(m, v, tag_of(e->op, exact), write_body(m, e, exact));
  return v;
}

/* ---- reading ---- */

static loom_status read_any(loom_ctx *ctx, const data_value *v, const sym_expr **out);

static loom_status read_kind(loom_ctx *ctx, const data_value *v, bool is_boolean, const sym_expr **out) {
  LOOM_TRY(read_any(ctx, v, out));
  if (sym_op_is_boolean((*out)->op) != is_boolean)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "found %s; expected %s", is_boolean ? "a number" : "a constraint", is_boolean ? "a constraint" : "a number");
  return LOOM_OK;
}

static loom_status read_member(loom_ctx *ctx, const data_value *v, const char *key, bool is_boolean, const sym_expr **out) {
  data_value *member = data_get(v, key);
  if (!member)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "the key '%s' is missing", key);
  return read_kind(ctx, member, is_boolean, out);
}

static loom_status make(loom_ctx *ctx, const data_value *v, sym_op op, const sym_expr *a, const sym_expr *b, const sym_expr *c, const sym_expr **out) {
  *out = sym_make(&ctx->mem, op, a, b, c);
  if ((*out)->depth > SYM_DEPTH_MAX)
    LOOM_FAIL(ctx, v->span, LOOM_ELIMIT, "the expression has more than %d levels", SYM_DEPTH_MAX);
  return LOOM_OK;
}

static loom_status read_list(loom_ctx *ctx, const data_value *v, const struct row *row, const sym_expr **out) {
  bool is_logic = row->op == SYM_AND || row->op == SYM_OR;
  size_t least = row->body == BODY_PAIR ? 2 : is_logic ? 0 : 1;
  if (v->kind != DATA_ARRAY)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "\"%s\" takes a list of operands; found %s", row->tag, data_kind_name(v->kind));
  if (v->n < least || (row->body == BODY_PAIR && v->n != 2))
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "\"%s\" takes %s; found %zu", row->tag, row->body == BODY_PAIR ? "two operands" : "at least one operand", v->n);
  if (v->n == 0) {   /* all of nothing holds, one of nothing does not */
    *out = sym_make(&ctx->mem, row->op == SYM_AND ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
    return LOOM_OK;
  }
  LOOM_TRY(read_kind(ctx, v->items[0], row->takes_booleans, out));
  for (size_t i = 1; i < v->n; i++) {
    const sym_expr *next;
    LOOM_TRY(read_kind(ctx, v->items[i], row->takes_booleans, &next));
    LOOM_TRY(make(ctx, v, row->op, *out, next, NULL, out));
  }
  return LOOM_OK;
}

static loom_status read_fields(loom_ctx *ctx, const data_value *v, const struct row *row, const sym_expr **out) {
  const sym_expr *a, *b, *c = NULL;
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "\"%s\" takes an object; found %s", row->tag, data_kind_name(v->kind));
  switch (row->body) {
  case BODY_IF:
    LOOM_TRY(read_member(ctx, v, "cond", true, &a));
    LOOM_TRY(read_member(ctx, v, "then_expr", false, &b));
    LOOM_TRY(read_member(ctx, v, "else_expr", false, &c));
    break;
  case BODY_DIVISIBLE:
    LOOM_TRY(read_member(ctx, v, "x", false, &a));
    LOOM_TRY(read_member(ctx, v, "by", false, &b));
    break;
  default:   /* lo <= x <= hi */
    LOOM_TRY(read_member(ctx, v, "x", false, &c));
    LOOM_TRY(read_member(ctx, v, "lo", false, &a));
    LOOM_TRY(read_member(ctx, v, "hi", false, &b));
    LOOM_TRY(make(ctx, v, SYM_GE, c, a, NULL, &a));
    LOOM_TRY(make(ctx, v, SYM_LE, c, b, NULL, &b));
    c = NULL;
    break;
  }
  return make(ctx, v, row->op, a, b, c, out);
}

static loom_status read_body(loom_ctx *ctx, const data_value *v, const struct row *row, const sym_expr **out) {
  switch (row->body) {
  case BODY_INTEGER:
    if (v->kind != DATA_INT)
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "\"%s\" takes an integer; found %s", row->tag, data_kind_name(v->kind));
    *out = sym_const(&ctx->mem, v->integer);
    return LOOM_OK;
  case BODY_NAME:
    if (v->kind != DATA_STRING)
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "\"%s\" takes a name; found %s", row->tag, data_kind_name(v->kind));
    *out = sym_name(&ctx->mem, v->string);
    return LOOM_OK;
  case BODY_WRAPPER:
    return read_any(ctx, v, out);
  case BODY_ONE:
    LOOM_TRY(read_kind(ctx, v, row->takes_booleans, out));
    return make(ctx, v, row->op, *out, NULL, NULL, out);
  case BODY_PAIR:
  case BODY_SEVERAL:
    return read_list(ctx, v, row, out);
  default:
    return read_fields(ctx, v, row, out);
  }
}

static loom_status fail_unknown_tag(loom_ctx *ctx, const data_member *m) {
  const char *tags[ROWS];
  for (size_t i = 0; i < ROWS; i++)
    tags[i] = rows[i].tag;
  diag_error(ctx, m->key_span, LOOM_EINPUT, "unknown expression \"%s\"", m->key);
  const char *nearest = diag_nearest(m->key, tags, ROWS);
  if (nearest)
    diag_help(ctx, "did you mean \"%s\"?", nearest);
  return LOOM_EINPUT;
}

static loom_status read_any(loom_ctx *ctx, const data_value *v, const sym_expr **out) {
  bool is_true = v->kind == DATA_STRING && text_eq(v->string, "True"), is_false = v->kind == DATA_STRING && text_eq(v->string, "False");
  if (is_true || is_false) {
    *out = sym_make(&ctx->mem, is_true ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
    return LOOM_OK;
  }
  if (v->kind == DATA_INT) {
    *out = sym_const(&ctx->mem, v->integer);
    return LOOM_OK;
  }
  if (v->kind != DATA_OBJECT || v->n != 1) {
    const char *found = v->kind == DATA_STRING ? arena_printf(&ctx->mem, "\"%s\"", v->string)
                        : v->kind == DATA_OBJECT ? arena_printf(&ctx->mem, "an object with %zu keys", v->n) : data_kind_name(v->kind);
    diag_error(ctx, v->span, LOOM_EINPUT, "expected an expression; found %s", found);
    diag_help(ctx, "write an integer, \"True\", \"False\" or an object with one key, such as {\"Add\": [a, b]}");
    return LOOM_EINPUT;
  }
  const data_member *m = &v->members[0];
  for (size_t i = 0; i < ROWS; i++)
    if (text_eq(m->key, rows[i].tag))
      return read_body(ctx, m->value, &rows[i], out);
  return fail_unknown_tag(ctx, m);
}

loom_status sym_from_etg(loom_ctx *ctx, const data_value *v, const sym_expr **out) { return read_any(ctx, v, out); }
