/* MLIR text as it comes: each normaliser brings the custom assembly of its dialects to the generic form, line by line, before MLIR's parser sees it. */
#include "compile.h"
#include "base/vec.h"
#include "frontend/check/check_text.h"
#include "frontend/torch/torch.h"
#include "pass/pass.h"
#include <string.h>

/* "a.b" of an operation, a type or an attribute at the cursor, which stands where one can: an operation starts its line or is behind '=' and is no key of a
 * dictionary, or is a string in front of '('.  NULL: there is none. */
static const char *name_here(const mlir_cursor *c, const mlir_token *before, const char **out_what) {
  const mlir_token *t = &c->token;
  mlir_cursor ahead = *c;
  mlir_text_next(&ahead);
  bool starts = before->kind == MLIR_TOKEN_END || before->line != t->line || mlir_text_is(before, "=");
  bool is_key = mlir_text_at(&ahead, "=") || mlir_text_at(&ahead, ",") || mlir_text_at(&ahead, "}");
  if (mlir_text_at(&ahead, ":")) {      /* of a resource, whose bytes follow as a string */
    mlir_text_next(&ahead);
    is_key |= ahead.token.kind == MLIR_TOKEN_STRING;
  }
  bool is_marked = t->kind == MLIR_TOKEN_TYPE || t->kind == MLIR_TOKEN_ATTRIBUTE;
  *out_what = t->kind == MLIR_TOKEN_TYPE ? "type" : is_marked ? "attribute" : "operation";
  if (!memchr(t->at, '.', t->size))
    return NULL;
  if (is_marked || (t->kind == MLIR_TOKEN_STRING && mlir_text_at(&ahead, "(")))
    return arena_strndup(&c->ctx->mem, t->at + 1, t->size - (is_marked ? 1 : 2));
  return t->kind == MLIR_TOKEN_WORD && starts && !is_key ? arena_strndup(&c->ctx->mem, t->at, t->size) : NULL;
}

typedef VEC_OF(const char *) name_list;

static bool is_new(arena *mem, name_list *seen, const char *name) {
  for (size_t i = 0; i < seen->n; i++)
    if (text_eq(seen->at[i], name))
      return false;
  vec_push(mem, seen, name);
  return true;
}

/* MLIR's parser stops at the first operation of a dialect that it does not know; all of them are of interest. */
static loom_status list_unknown_ops(ir_ctx *ir, const diag_source *source, const char *body, size_t size) {
  loom_ctx *ctx = ir->ctx;
  mlir_cursor c;
  mlir_token before = {.kind = MLIR_TOKEN_END};
  const diag_source normalised = {.path = source->path, .text = body, .size = size};
  name_list types = {0};
  bool any = false;
  LOOM_TRY(mlir_text_open(ctx, &normalised, &c));
  c.source = source;
  for (; c.token.kind != MLIR_TOKEN_END; before = c.token, mlir_text_next(&c)) {
    const char *what, *name = name_here(&c, &before, &what);
    if (!name)
      continue;
    bool is_hardware = text_starts(name, "adl.") || text_starts(name, "df.");   /* in front of upstream's modules; ir reads them */
    bool is_parameter = text_eq(name, "stream.parameter.named") || text_eq(name, "flow.parameter.named");   /* compile_bind_parameters */
    if (is_hardware || is_parameter || torch_is_name(name) || ir_knows_op(ir, name) || ir_knows_dialect(ir, name))
      continue;
    any = true;
    bool is_op = text_eq(what, "operation");
    if (is_op || is_new(&ctx->mem, &types, name))   /* each operation, the first place of each type and attribute */
      diag_error(ctx, mlir_text_span(&c, &c.token), LOOM_EUNSUP, "%s '%s' is of a dialect that is not supported", what, name);
  }
  if (any)
    diag_help(ctx, "docs/mlir-inputs.md lists what is read: upstream's dialects, check, util and parts of flow");
  return any ? LOOM_EUNSUP : LOOM_OK;
}

loom_status compile_parse_mlir(ir_ctx *ir, const char *path, const char *src, size_t size, MlirModule *out) {
  loom_ctx *ctx = ir->ctx;
  bool readable = size <= MLIR_TEXT_BYTES_MAX, any;
  const diag_source *source = diag_add_source(ctx, path, readable ? arena_strndup(&ctx->mem, src, size) : NULL, readable ? size : 0);
  *out = (MlirModule){NULL};
  LOOM_TRY(mlir_scan(ctx, source, source->text, size, ir->reads));   /* before any normaliser; what they make of it is looked at again */
  LOOM_TRY(check_text_normalise(ctx, source, &src, &size, &any));
  if (any || memmem(src, size, "\"check.", 7) || memmem(src, size, "\"util.", 6))
    LOOM_TRY(dialect_load_check(ir));
  LOOM_TRY(torch_normalise(ctx, source, src, size, &src, &size));
  bool allows = ir_allows_unregistered(ir);
  if (!allows)
    LOOM_TRY(list_unknown_ops(ir, source, src, size));
  bool has_parameters = memmem(src, size, ".parameter.named<", 17);
  ir_allow_unregistered(ir, allows || has_parameters || torch_is_text(src, size));   /* what is not known goes: convert-torch-to-linalg, compile_bind_parameters */
  return ir_parse_shown(ir, source, src, size, out);
}

loom_status compile_lower_torch(ir_ctx *ir, MlirModule m, bool use_mips_matmul) {
  loom_status blame = ir->blame;
  ir->blame = LOOM_EUNSUP;
  const char *mips = use_mips_matmul ? "func.func(convert-torch-to-mips)," : "";
  loom_status st = pass_run_pipeline(ir, m, arena_printf(&ir->ctx->mem, "builtin.module(%sconvert-torch-to-linalg,loom-lower-mips)", mips), NULL);
  ir->blame = blame;
  ir_allow_unregistered(ir, false);
  return st;
}
