/* One row an operation: how its custom assembly is read, and what is written for it. */
#include "frontend/check/check_text.h"
#include "base/vec.h"
#include <string.h>

typedef struct op_row op_row;
typedef struct op_reader { mlir_cursor c; arena *mem; mlir_edit *edit; mlir_token op; const op_row *row; } op_reader;
struct op_row { const char *name; loom_status (*rewrite)(op_reader *r); const char *written; };

static const char *copy(op_reader *r, mlir_slice s) { return mlir_text_flat(r->mem, s); }

static loom_status take_value(op_reader *r, const char **out) {
  mlir_slice s;
  LOOM_TRY(mlir_text_take(&r->c, MLIR_TOKEN_VALUE, r->row->name, &s));
  *out = copy(r, s);
  return LOOM_OK;
}

/* A type; the sizes of its dynamic dims, "{%d0, %d1}", may follow and say nothing new. */
static loom_status take_type(op_reader *r, const char **out) {
  mlir_slice s, sizes;
  LOOM_TRY(mlir_text_type(&r->c, &s));
  *out = copy(r, s);
  return mlir_text_at(&r->c, "{") ? mlir_text_balanced(&r->c, &sizes) : LOOM_OK;
}

static loom_status take_colon_type(op_reader *r, const char **out) {
  LOOM_TRY(mlir_text_expect(&r->c, ":", r->row->name));
  return take_type(r, out);
}

/* "dense<1.0> : tensor<4xf32>"; a number may leave its type to MLIR's default. */
static loom_status take_constant(op_reader *r, const char **out_value, const char **out_type) {
  mlir_slice s;
  LOOM_TRY(mlir_text_attribute(&r->c, &s));
  bool is_boolean = (s.size == 4 && memcmp(s.at, "true", 4) == 0) || (s.size == 5 && memcmp(s.at, "false", 5) == 0);
  bool is_number = *s.at == '-' || (*s.at >= '0' && *s.at <= '9'), is_float = memchr(s.at, '.', s.size) != NULL;
  if (!mlir_text_at(&r->c, ":") && (is_boolean || is_number)) {
    *out_type = is_boolean ? "i1" : is_float ? "f64" : "i64";
    *out_value = arena_printf(r->mem, "%s%s%s", copy(r, s), is_boolean ? "" : " : ", is_boolean ? "" : *out_type);
    return LOOM_OK;
  }
  LOOM_TRY(take_colon_type(r, out_type));
  *out_value = arena_printf(r->mem, "%s : %s", copy(r, s), *out_type);
  return LOOM_OK;
}

static loom_status skip_attributes(op_reader *r) {
  mlir_slice ignored;
  return mlir_text_at(&r->c, "{") ? mlir_text_balanced(&r->c, &ignored) : LOOM_OK;
}

/* `behind` is where the operation ends: behind the token before the cursor's, so that what lies between stays. */
static loom_status write(op_reader *r, const char *behind, const char *with) {
  mlir_edit_replace(r->edit, r->op.at, behind, arena_printf(r->mem, "%s%s", with, mlir_edit_location(&r->c, &r->op)));
  return LOOM_OK;
}

/* The end of the text read so far: blanks before the cursor's token go back to the copy. */
static const char *read_end(const op_reader *r) {
  const char *p = r->c.token.at;
  while (strchr(" \t\n\r", p[-1]))      /* the operation's name stands before */
    p--;
  return p;
}

/* ---- check ---- */

static const char *tolerance(op_reader *r, const char *name, const char *number) { return arena_printf(r->mem, ", %s = %s : f32", name, number); }

static loom_status take_tolerances(op_reader *r, text *attributes) {
  static const char *const names[] = {"atol", "rtol"};
  while (mlir_text_accept(&r->c, ",")) {
    size_t which = mlir_text_at(&r->c, names[0]) ? 0 : 1;
    mlir_slice number;
    LOOM_TRY(mlir_text_expect(&r->c, names[which], r->row->name));
    LOOM_TRY(mlir_text_attribute(&r->c, &number));
    text_add(attributes, tolerance(r, names[which], copy(r, number)));
  }
  return LOOM_OK;
}

static loom_status check_one(op_reader *r) {
  const char *value, *type;
  LOOM_TRY(mlir_text_expect(&r->c, "(", r->row->name));
  LOOM_TRY(take_value(r, &value));
  LOOM_TRY(mlir_text_expect(&r->c, ")", r->row->name));
  LOOM_TRY(skip_attributes(r));
  LOOM_TRY(take_colon_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"(%s) : (%s) -> ()", r->row->name, value, type));
}

static loom_status check_two(op_reader *r) {
  const char *left, *right, *type;
  text attributes = text_new(r->mem);
  LOOM_TRY(mlir_text_expect(&r->c, "(", r->row->name));
  LOOM_TRY(take_value(r, &left));
  LOOM_TRY(mlir_text_expect(&r->c, ",", r->row->name));
  LOOM_TRY(take_value(r, &right));
  LOOM_TRY(take_tolerances(r, &attributes));
  LOOM_TRY(mlir_text_expect(&r->c, ")", r->row->name));
  LOOM_TRY(skip_attributes(r));
  LOOM_TRY(take_colon_type(r, &type));
  const char *all = text_str(&attributes);
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"(%s, %s) {%s} : (%s, %s) -> ()", r->row->name, left, right, *all ? all + 2 : "", type, type));
}

static loom_status check_constant(op_reader *r) {
  const char *value, *constant, *constant_type, *type;
  text attributes = text_new(r->mem);
  LOOM_TRY(mlir_text_expect(&r->c, "(", r->row->name));
  LOOM_TRY(take_value(r, &value));
  LOOM_TRY(mlir_text_expect(&r->c, ",", r->row->name));
  LOOM_TRY(take_constant(r, &constant, &constant_type));
  LOOM_TRY(take_tolerances(r, &attributes));
  LOOM_TRY(mlir_text_expect(&r->c, ")", r->row->name));
  LOOM_TRY(skip_attributes(r));
  LOOM_TRY(take_colon_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"(%s) {value = %s%s} : (%s) -> ()", r->row->name, value, constant, text_str(&attributes), type));
}

/* ---- values ---- */

static loom_status constant(op_reader *r) {
  const char *value, *type;
  LOOM_TRY(skip_attributes(r));
  LOOM_TRY(take_constant(r, &value, &type));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"() {value = %s} : () -> %s", r->row->written, value, type));
}

static loom_status dynamic_constant(op_reader *r) {
  const char *value, *from, *type;
  LOOM_TRY(take_constant(r, &value, &from));
  LOOM_TRY(mlir_text_expect(&r->c, "->", r->row->name));
  LOOM_TRY(take_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"() {value = %s} : () -> %s", r->row->written, value, type));
}

static loom_status barrier(op_reader *r) {
  text values = text_new(r->mem), types = text_new(r->mem);
  const char *s, *op = r->row->written;
  do {
    LOOM_TRY(take_value(r, &s));
    if (values.size)   /* the dialect's operation has one value: several of it would have to be of one type */
      op = "builtin.unrealized_conversion_cast";
    text_addf(&values, "%s%s", values.size ? ", " : "", s);
  } while (mlir_text_accept(&r->c, ","));
  LOOM_TRY(skip_attributes(r));
  LOOM_TRY(mlir_text_expect(&r->c, ":", r->row->name));
  do {
    LOOM_TRY(take_type(r, &s));
    text_addf(&types, "%s%s", types.size ? ", " : "", s);
  } while (mlir_text_accept(&r->c, ","));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"(%s) : (%s) -> (%s)", op, text_str(&values), text_str(&types), text_str(&types)));
}

static loom_status bitcast(op_reader *r) {
  const char *value, *from, *to;
  LOOM_TRY(take_value(r, &value));
  LOOM_TRY(take_colon_type(r, &from));
  LOOM_TRY(mlir_text_expect(&r->c, "->", r->row->name));
  LOOM_TRY(take_type(r, &to));
  return write(r, read_end(r), arena_printf(r->mem, "\"%s\"(%s) : (%s) -> %s", r->row->written, value, from, to));
}

/* ---- functions and globals ---- */

static loom_status rename(op_reader *r) {
  mlir_edit_replace(r->edit, r->op.at, r->op.at + r->op.size, r->row->written);
  return LOOM_OK;
}

static loom_status global(op_reader *r) {
  const char *visibility = "private", *mutability = "", *value = NULL, *type;
  mlir_slice symbol;
  if (mlir_text_accept(&r->c, "public"))
    visibility = "public";
  else
    (void)mlir_text_accept(&r->c, "private");
  if (mlir_text_accept(&r->c, "mutable"))
    mutability = "mutable ";
  LOOM_TRY(mlir_text_take(&r->c, MLIR_TOKEN_SYMBOL, r->row->name, &symbol));
  LOOM_TRY(skip_attributes(r));
  if (mlir_text_accept(&r->c, "="))
    LOOM_TRY(take_constant(r, &value, &type));
  else
    LOOM_TRY(take_colon_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "%s %s %s%s%s%s%s : %s", r->row->written, visibility, mutability, copy(r, symbol), value ? "(" : "", value ? value : "",
                                            value ? ")" : "", type));
}

static loom_status global_load(op_reader *r) {
  const char *type;
  mlir_slice symbol;
  (void)mlir_text_accept(&r->c, "immutable");
  LOOM_TRY(mlir_text_take(&r->c, MLIR_TOKEN_SYMBOL, r->row->name, &symbol));
  LOOM_TRY(take_colon_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "%s %s : %s", r->row->written, copy(r, symbol), type));
}

static loom_status global_store(op_reader *r) {
  const char *value, *type;
  mlir_slice symbol;
  LOOM_TRY(take_value(r, &value));
  LOOM_TRY(mlir_text_expect(&r->c, ",", r->row->name));
  LOOM_TRY(mlir_text_take(&r->c, MLIR_TOKEN_SYMBOL, r->row->name, &symbol));
  LOOM_TRY(take_colon_type(r, &type));
  return write(r, read_end(r), arena_printf(r->mem, "%s %s = %s : %s", r->row->written, copy(r, symbol), value, type));
}

static const op_row rows[] = {
    {"check.expect_true", check_one, NULL},
    {"check.expect_false", check_one, NULL},
    {"check.expect_all_true", check_one, NULL},
    {"check.expect_eq", check_two, NULL},
    {"check.expect_almost_eq", check_two, NULL},
    {"check.expect_eq_const", check_constant, NULL},
    {"check.expect_almost_eq_const", check_constant, NULL},
    {"util.unfoldable_constant", constant, "util.unfoldable_constant"},
    {"util.optimization_barrier", barrier, "util.optimization_barrier"},
    {"util.func", rename, "func.func"},
    {"util.return", rename, "func.return"},
    {"util.call", rename, "func.call"},
    {"util.global", global, "ml_program.global"},
    {"util.global.load", global_load, "ml_program.global_load"},
    {"util.global.store", global_store, "ml_program.global_store"},
    {"flow.tensor.dynamic_constant", dynamic_constant, "util.dynamic_constant"},
    {"flow.tensor.tie_shape", barrier, "util.optimization_barrier"},
    {"flow.tensor.bitcast", bitcast, "util.bitcast"},
};

static const op_row *row_of(const mlir_token *t) {
  for (size_t i = 0; t->kind == MLIR_TOKEN_WORD && i < sizeof rows / sizeof *rows; i++)
    if (mlir_text_is(t, rows[i].name))
      return &rows[i];
  return NULL;
}

loom_status check_text_normalise(loom_ctx *ctx, const diag_source *source, const char **out, size_t *out_size, bool *out_any) {
  mlir_cursor start;
  *out = source->text;
  *out_size = source->size;
  *out_any = false;
  bool may_have = false;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    may_have = may_have || memmem(source->text, source->size, rows[i].name, strlen(rows[i].name));
  if (!may_have)
    return LOOM_OK;
  LOOM_TRY(mlir_text_open(ctx, source, &start));
  mlir_edit edit = mlir_edit_open(&start);
  for (mlir_cursor c = start; c.token.kind != MLIR_TOKEN_END;) {
    const op_row *row = row_of(&c.token);
    if (!row) {
      mlir_text_next(&c);
      continue;
    }
    op_reader r = {.c = c, .mem = &ctx->mem, .edit = &edit, .op = c.token, .row = row};
    mlir_text_next(&r.c);
    loom_status st = row->rewrite(&r);
    if (st != LOOM_OK) {
      diag_note(ctx, mlir_text_span(&c, &c.token), "this %s is not in a form that is known; its generic form is always read: \"%s\"(operands) {attributes} : (types) -> types",
                row->name, row->written ? row->written : row->name);
      return st;
    }
    c = r.c;
  }
  *out_any = edit.is_changed;
  *out = mlir_edit_text(&edit, out_size);
  return LOOM_OK;
}
