/* Block sizes for --bisect-numerics: the plan's, and whole tiles near them for forms that have no other. */
#include "compile_bisect.h"
#include "pass/pass.h"
#include <math.h>

loom_status bisect_plan_blocks(bisection *b, const sym_binding **out, size_t *n) {
  compile_state *s = b->s;
  VEC_OF(sym_binding) blocks = {0};
  if (!s->plan) {
    const sym_binding *given, *all;
    size_t n_given, n_all;
    LOOM_TRY(compile_given_blocks(s, &given, &n_given));
    LOOM_TRY(kernel_block_sizes(s->ctx, b->graph, given, n_given, &all, &n_all));
    for (size_t i = 0; i < n_all; i++)   /* nominal sizes follow from their blocks */
      if (kernel_find_symbol(b->graph, all[i].name)->kind != KERNEL_SYM_NOMINAL)
        vec_push(&s->ctx->mem, &blocks, all[i]);
    *out = blocks.at;
    *n = blocks.n;
    return LOOM_OK;
  }
  for (size_t i = 0; i < s->plan->blocks.n; i++)
    if (kernel_find_symbol(b->graph, s->plan->blocks.at[i].symbol))
      vec_push(&s->ctx->mem, &blocks, ((sym_binding){s->plan->blocks.at[i].symbol, s->plan->blocks.at[i].size}));
  *out = blocks.at;
  *n = blocks.n;
  return LOOM_OK;
}

/* The divisor of `extent` nearest to `size`, as a factor.  `below`: it must be smaller than the extent, so that loops go round. */
static int64_t divisor_near(int64_t extent, int64_t size, bool below) {
  int64_t best = 1;
  double least = INFINITY;
  for (int64_t d = 1; d <= extent - (below && extent > 1); d++) {
    double factor = d > size ? (double)d / (double)size : (double)size / (double)d;
    if (extent % d == 0 && factor < least) {
      least = factor;
      best = d;
    }
  }
  return best;
}

/* Do these sizes divide whatever they tile, as the form of the module asks for? */
static bool divide_all(bisection *b, MlirModule m, const sym_binding *blocks, size_t n) {
  compile_state *s = b->s;
  text pipeline = text_new(&s->ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&pipeline, "%s%s=%" PRId64, i ? " " : "", blocks[i].name, blocks[i].value);
  diag_mark before = diag_save(s->ctx);
  MlirModule clone = ir_clone_module(m);
  bool ok = pass_run_pipeline(&s->ir, clone, arena_printf(&s->ctx->mem, "builtin.module(loom-bind-symbols{%s})", text_str(&pipeline)), NULL) == LOOM_OK;
  ir_close_module(clone);
  diag_drop(s->ctx, before);
  return ok;
}

typedef struct symbol_search { arena *mem; const char *name; bool found; } symbol_search;
static bool match_symbol(MlirOperation op, void *data) {
  symbol_search *s = data;
  s->found = s->found || text_eq(dialect_sym_name(s->mem, op), s->name);
  return !s->found;
}
static bool has_symbol(MlirModule m, arena *mem, const char *name) {
  symbol_search s = {mem, name, false};
  ir_walk(mlirModuleGetOperation(m), match_symbol, &s);
  return s.found;
}

/* Whole tiles: the divisors of the extents nearest to the plan's sizes; with `below`, smaller than the extents.  *ok false: they do not divide all
 * that they tile. */
loom_status bisect_whole_blocks(bisection *b, MlirModule m, bool below, const sym_binding **out, size_t *n, bool *ok) {
  compile_state *s = b->s;
  const sym_binding *planned;
  size_t n_planned;
  LOOM_TRY(bisect_plan_blocks(b, &planned, &n_planned));
  sym_binding *blocks = ARENA_NEW_N(&s->ctx->mem, sym_binding, b->graph->symbols.n);
  *n = 0;
  for (size_t i = 0; i < b->graph->symbols.n; i++) {
    const kernel_symbol *k = &b->graph->symbols.at[i];
    int64_t extent = 1, size = 1;
    if (k->kind != KERNEL_SYM_BLOCK || !has_symbol(m, &s->ctx->mem, k->name))
      continue;
    diag_mark before = diag_save(s->ctx);
    if (!k->extent || kernel_size(s->ctx, b->graph, k->extent, planned, n_planned, &extent) != LOOM_OK)
      extent = 1;
    diag_drop(s->ctx, before);
    for (size_t p = 0; p < n_planned; p++)
      if (text_eq(planned[p].name, k->name))
        size = planned[p].value;
    blocks[(*n)++] = (sym_binding){k->name, k->value >= 0 ? k->value : divisor_near(extent, size, below)};
  }
  *out = blocks;
  *ok = divide_all(b, m, blocks, *n);
  return LOOM_OK;
}
