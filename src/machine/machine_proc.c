/* Reads only what costs and lints need; the bodies are checked where kernels are compiled. */
#include "machine/machine_proc.h"
#include "base/text.h"

const char *machine_plain_name(arena *mem, const char *name) {
  static const char *const prefixes[] = {"mem_", "proc_", "res_", "dim_", "arch_"}, part[] = "_instance";
  bool is_memory = text_starts(name, prefixes[0]);
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (text_starts(name, prefixes[i]) && name[strlen(prefixes[i])]) {
      name += strlen(prefixes[i]);
      break;
    }
  if (is_memory && text_ends(name, part) && !text_eq(name, part))
    name = arena_strndup(mem, name, strlen(name) - strlen(part));
  return text_starts(name, "array_") && name[6] ? name + 6 : name;
}

loom_status machine_proc_skip(df_lexer *l, const char *open, const char *close) {
  int depth = 0;
  do {
    if (l->token.kind == DF_END)
      return df_fail_expected(l, arena_printf(&l->ctx->mem, "'%s'", close));
    depth += df_is(l, open) ? 1 : df_is(l, close) ? -1 : 0;
    LOOM_TRY(df_next(l));
  } while (depth > 0);
  return LOOM_OK;
}

loom_status machine_proc_aliases(df_lexer *l) {
  while (df_is(l, "#"))      /* up to the next one or the module */
    do
      LOOM_TRY(df_next(l));
    while (l->token.kind != DF_END && !df_is(l, "#") && !df_is(l, "module"));
  return LOOM_OK;
}

loom_status machine_proc_head(df_lexer *l) {
  bool has_attributes;
  LOOM_TRY(df_expect(l, "module"));
  if (l->token.kind == DF_SYMBOL)
    LOOM_TRY(df_next(l));
  LOOM_TRY(df_accept(l, "attributes", &has_attributes));
  if (has_attributes)
    LOOM_TRY(machine_proc_skip(l, "{", "}"));
  return df_expect(l, "{");
}

/* (%a: type, %b: type) */
static loom_status read_args(df_lexer *l, proc_func *f) {
  int depth = 0;
  if (!df_is(l, "("))
    return df_fail_expected(l, "'('");
  do {
    if (l->token.kind == DF_END)
      return df_fail_expected(l, "')'");
    depth += df_is(l, "(") ? 1 : df_is(l, ")") ? -1 : 0;
    if (l->token.kind == DF_VALUE)
      vec_push(&l->ctx->mem, &f->args, l->token.text);
    LOOM_TRY(df_next(l));
  } while (depth > 0);
  return LOOM_OK;
}

/* loom.bind_mem %a, @mem_L1 */
static loom_status read_bound(df_lexer *l, proc_func *f) {
  df_token value, memory;
  LOOM_TRY(df_take(l, DF_VALUE, "the argument that is bound", &value));
  LOOM_TRY(df_expect(l, ","));
  LOOM_TRY(df_take(l, DF_SYMBOL, "a memory such as @L1", &memory));
  vec_push(&l->ctx->mem, &f->memories, ((proc_bound){value.text, machine_plain_name(&l->ctx->mem, memory.text + 1), memory.span}));
  return LOOM_OK;
}

static loom_status read_symbol(df_lexer *l, proc_func *f) {
  df_token symbol;
  LOOM_TRY(df_take(l, DF_SYMBOL, "a symbol such as @M", &symbol));
  vec_push(&l->ctx->mem, &f->symbols, symbol.text + 1);
  return LOOM_OK;
}

/* One function does one thing: computes with linalg ops, or moves data by one copy or gather. */
static loom_status take_op(df_lexer *l, proc_func *f, const df_token *word) {
  bool is_transfer = !text_starts(word->text, "linalg.");
  if (f->op && is_transfer && f->is_transfer)
    LOOM_FAIL(l->ctx, word->span, LOOM_EINPUT, "'%s' transfers twice; a function of a mover has one loom.copy or loom.gather", f->name);
  if (f->op && is_transfer != f->is_transfer)
    LOOM_FAIL(l->ctx, word->span, LOOM_EINPUT, "'%s' both computes and transfers; a function has either linalg ops or one loom.copy or loom.gather", f->name);
  f->is_transfer = is_transfer;
  f->op = f->op ? f->op : word->text;
  return LOOM_OK;
}

static loom_status read_body(df_lexer *l, proc_func *f) {
  int depth = 0;
  do {
    df_token t = l->token;
    if (t.kind == DF_END)
      return df_fail_expected(l, "'}'");
    depth += df_is(l, "{") ? 1 : df_is(l, "}") ? -1 : 0;
    LOOM_TRY(df_next(l));
    if (t.kind != DF_WORD)
      continue;
    if (text_eq(t.text, "loom.sym"))
      LOOM_TRY(read_symbol(l, f));
    else if (text_eq(t.text, "loom.bind_mem"))
      LOOM_TRY(read_bound(l, f));
    else if (text_eq(t.text, "loom.copy") || text_eq(t.text, "loom.gather") || text_eq(t.text, "loom.broadcast") ||
             (text_starts(t.text, "linalg.") && !text_eq(t.text, "linalg.yield")))
      LOOM_TRY(take_op(l, f, &t));
  } while (depth > 0);
  return LOOM_OK;
}

static loom_status check_func(df_lexer *l, const proc_func *f) {
  if (!f->op) {
    diag_error(l->ctx, f->span, LOOM_EINPUT, "'%s' neither computes nor transfers", f->name);
    diag_help(l->ctx, "a function of a unit has a linalg op, one of a mover a loom.copy or loom.gather");
    return LOOM_EINPUT;
  }
  if (f->is_transfer && f->args.n < 2)
    LOOM_FAIL(l->ctx, f->span, LOOM_EINPUT, "'%s' transfers between %zu arguments; it needs a source and a destination", f->name, f->args.n);
  for (size_t i = 0; i < f->args.n; i++) {
    bool is_bound = false;
    for (size_t k = 0; k < f->memories.n; k++)
      is_bound = is_bound || text_eq(f->memories.at[k].value, f->args.at[i]);
    if (is_bound)
      continue;
    diag_error(l->ctx, f->span, LOOM_EINPUT, "argument '%s' of '%s' is in no memory", f->args.at[i], f->name);
    diag_help(l->ctx, "say which with loom.bind_mem %s, @L1", f->args.at[i]);
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

static loom_status read_func(df_lexer *l, proc_func *f) {
  df_token name;
  bool has_attributes;
  LOOM_TRY(df_expect(l, "func.func"));
  LOOM_TRY(df_take(l, DF_SYMBOL, "a function's name such as @matmul_f16", &name));
  f->name = name.text + 1;
  f->span = name.span;
  LOOM_TRY(read_args(l, f));
  LOOM_TRY(df_accept(l, "attributes", &has_attributes));
  if (has_attributes)
    LOOM_TRY(machine_proc_skip(l, "{", "}"));
  if (!df_is(l, "{"))
    return df_fail_expected(l, "the function's body in '{'");
  LOOM_TRY(read_body(l, f));
  return check_func(l, f);
}

loom_status machine_proc_module(df_lexer *l, proc_module *out) {
  bool has_attributes;
  *out = (proc_module){.span = l->token.span};
  LOOM_TRY(df_expect(l, "module"));
  if (l->token.kind == DF_SYMBOL) {
    out->name = machine_plain_name(&l->ctx->mem, l->token.text + 1);
    out->span = l->token.span;
    LOOM_TRY(df_next(l));
  }
  LOOM_TRY(df_accept(l, "attributes", &has_attributes));
  if (has_attributes)
    LOOM_TRY(machine_proc_skip(l, "{", "}"));
  if (!out->name)      /* a kernel behind the description of its chip */
    return df_is(l, "{") ? machine_proc_skip(l, "{", "}") : df_fail_expected(l, "'{'");
  LOOM_TRY(df_expect(l, "{"));
  while (!df_is(l, "}")) {
    proc_func f = {0};
    LOOM_TRY(read_func(l, &f));
    for (size_t i = 0; i < out->funcs.n; i++)
      if (text_eq(out->funcs.at[i].name, f.name))
        LOOM_FAIL(l->ctx, f.span, LOOM_EINPUT, "'%s' has a second function '%s'", out->name, f.name);
    vec_push(&l->ctx->mem, &out->funcs, f);
  }
  return df_next(l);
}

bool machine_proc_is_matrix(const proc_module *p) {
  for (size_t i = 0; i < p->funcs.n; i++)
    if (strstr(p->funcs.at[i].op, "matmul"))
      return true;
  return false;
}

bool machine_proc_is_mover(const proc_module *p) { return p->funcs.n && p->funcs.at[0].is_transfer; }
