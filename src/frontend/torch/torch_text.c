/* Finds operations and types of torch and its neighbours in MLIR text; everything else is copied. */
#include "frontend/torch/torch_private.h"

bool torch_is_text(const char *s, size_t size) {
  static const char *const marks[] = {"torch.", "torch_c.", "tm_tensor.", "stablehlo."};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (memmem(s, size, marks[i], strlen(marks[i])))
      return true;
  return false;
}

/* Types outside of the operations that are rewritten: without blanks, which follow them, so that columns stay. */
static loom_status rewrite_type(torch_reader *r) {
  mlir_slice type;
  LOOM_TRY(mlir_text_type(&r->c, &type));
  const char *tight = torch_type_text(&r->ctx->mem, type);
  if (strlen(tight) != type.size)
    mlir_edit_replace(&r->e, type.at, type.at + type.size, arena_printf(&r->ctx->mem, "%-*s", (int)type.size, tight));
  return LOOM_OK;
}

/* The name of an operation, or of an attribute (`{torch.x}`, `torch.x = 1`)? */
static bool begins_op(const torch_reader *r, const mlir_token *before) {
  const mlir_token *t = &r->c.token;
  if (t->kind != MLIR_TOKEN_WORD || !torch_is_name(arena_strndup(&r->ctx->scratch, t->at, t->size)))
    return false;
  mlir_cursor behind = r->c;
  mlir_text_next(&behind);
  if (mlir_text_at(&behind, "=") || mlir_text_at(&behind, ","))
    return false;
  bool ends = mlir_text_at(&behind, "}"), is_terminator = memcmp(t->at + t->size - 5, "yield", 5) == 0;      /* longer than that: it begins with a dialect */
  return mlir_text_is(before, "=") || !ends || is_terminator;
}

/* `"stablehlo.x"(..) <{..}> ({..})`: properties of operations that MLIR does not know are attributes, which stand behind the regions. */
static loom_status rewrite_properties(torch_reader *r) {
  mlir_slice all;
  LOOM_TRY(mlir_text_balanced(&r->c, &all));
  const char *end = all.at + all.size, *attributes = mlir_text_flat(&r->ctx->mem, (mlir_slice){all.at + 1, all.size - 2});
  if (!mlir_text_at(&r->c, "(")) {
    mlir_edit_replace(&r->e, all.at, end, arena_printf(&r->ctx->mem, " %s ", attributes));
    return LOOM_OK;
  }
  mlir_edit_replace(&r->e, all.at, end, "");
  do {
    mlir_text_next(&r->c);
    LOOM_TRY(mlir_text_expect(&r->c, "{", "a list of regions"));
    LOOM_TRY(torch_rewrite_block(r, true));
    mlir_text_next(&r->c);
  } while (mlir_text_at(&r->c, ","));
  end = r->c.next;
  LOOM_TRY(mlir_text_expect(&r->c, ")", "a list of regions"));
  mlir_edit_replace(&r->e, end, end, arena_printf(&r->ctx->mem, " %s", attributes));
  return LOOM_OK;
}

static bool is_quoted_stablehlo(const mlir_token *t) {
  static const char prefix[] = "\"stablehlo.";
  return t->kind == MLIR_TOKEN_STRING && t->size > sizeof prefix && memcmp(t->at, prefix, sizeof prefix - 1) == 0;
}

loom_status torch_rewrite_block(torch_reader *r, bool is_region) {
  int open = 0;
  bool quoted = false;      /* behind the name of a generic operation of StableHLO */
  mlir_token before = {0};
  const mlir_token first = r->c.token;
  if (is_region && ++r->regions > TORCH_REGIONS_MAX)
    LOOM_FAIL(r->ctx, mlir_text_span(&r->c, &r->c.token), LOOM_ELIMIT, "regions are nested deeper than %d", TORCH_REGIONS_MAX);
  while (r->c.token.kind != MLIR_TOKEN_END) {
    arena_mark mark = arena_save(&r->ctx->scratch);
    bool is_op = begins_op(r, &before);
    arena_release(&r->ctx->scratch, mark);
    if (is_op) {
      LOOM_TRY(torch_rewrite_op(r, mlir_text_is(&before, "=")));
      before = (mlir_token){0};
      continue;
    }
    before = r->c.token;
    if (before.kind == MLIR_TOKEN_TYPE && before.size > 7 && memcmp(before.at, "!torch.", 7) == 0) {
      LOOM_TRY(rewrite_type(r));
      continue;
    }
    quoted = is_quoted_stablehlo(&before) || (quoted && !mlir_text_at(&r->c, ":"));
    if (quoted && mlir_text_at(&r->c, "<") && r->c.next < r->c.end && *r->c.next == '{') {
      LOOM_TRY(rewrite_properties(r));
      continue;
    }
    if (is_region && !open && mlir_text_at(&r->c, "}"))
      break;
    open += mlir_text_at(&r->c, "{") - mlir_text_at(&r->c, "}");
    mlir_text_next(&r->c);
  }
  r->regions -= is_region;
  if (is_region && r->c.token.kind == MLIR_TOKEN_END)
    LOOM_FAIL(r->ctx, mlir_text_span(&r->c, &first), LOOM_EINPUT, "the region that begins here is not closed; expected '}'");
  return LOOM_OK;
}

loom_status torch_normalise(loom_ctx *ctx, const diag_source *shown, const char *src, size_t size, const char **out, size_t *out_size) {
  *out = src;
  *out_size = size;
  if (!torch_is_text(src, size))
    return LOOM_OK;
  const diag_source given = {.path = shown->path, .text = src, .size = size};
  torch_reader r = {.ctx = ctx};
  LOOM_TRY(mlir_text_open(ctx, &given, &r.c));
  const mlir_cursor start = r.c;
  r.e = mlir_edit_open(&start);
  r.c.source = shown;
  LOOM_TRY(torch_rewrite_block(&r, false));
  *out = mlir_edit_text(&r.e, out_size);
  return LOOM_OK;
}
