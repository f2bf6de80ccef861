/* Numbers that are only known while the kernel runs, as sizes: bounds of loops, offsets of tiles. */
#include "frontend/helion/helion_device.h"

static const kernel_op *def_of(const helion_reader *r, kernel_value v) { return r->graph->values.at[v].def; }

/* The block of tile number `number`. */
static const helion_symbol *tile_symbol(const helion_reader *r, kernel_value number) {
  return &r->symbols.at[helion_block_of(r, sym_name(r->mem, r->graph->values.at[number].block))];
}

/* The symbol that value `v` was bound to in this region; -1: none. */
static int bound_before(const helion_reader *r, kernel_value v) {
  for (size_t i = 0; i < r->symbols.n; i++)
    if (r->symbols.at[i].kind == KERNEL_SYM_RUNTIME && r->symbols.at[i].number == v && r->symbols.at[i].region == r->region)
      return (int)i;
  return -1;
}

/* Values share their operands, so that the walk ends at those that are bound: the ones whose expressions grew. */
const sym_expr *helion_value_bound(helion_reader *r, kernel_value v) {
  const kernel_op *op = def_of(r, v);
  const int bound = bound_before(r, v);
  if (!op || bound >= 0)
    return op ? r->symbols.at[bound].upper : NULL;
  const bool is_binary = op->kind == KERNEL_BINARY;
  const sym_expr *a = is_binary || op->kind == KERNEL_CAST ? helion_value_bound(r, op->operands[0]) : NULL, *b = is_binary ? helion_value_bound(r, op->operands[1]) : NULL;
  const helion_symbol *s;
  switch (op->kind) {
  case KERNEL_TILE_BEGIN:
  case KERNEL_TILE_END:
    s = tile_symbol(r, op->operands[0]);
    return helion_upper_bound(r, s->range_end);
  case KERNEL_CONSTANT:
    return op->fvalue >= 0 && op->fvalue < 9e15 ? sym_const(r->mem, (int64_t)op->fvalue) : NULL;
  case KERNEL_INDEX_EXPR:
    return helion_upper_bound(r, op->expr);
  case KERNEL_CAST:
    return a;
  case KERNEL_BINARY:
    if (op->fn == KERNEL_FN_MIN)
      return a && b ? sym_min(r->mem, a, b) : a ? a : b;
    if (op->fn == KERNEL_FN_MAX)
      return a && b ? sym_max(r->mem, a, b) : NULL;
    if (op->fn == KERNEL_FN_ADD)
      return a && b ? sym_add(r->mem, a, b) : NULL;
    if (op->fn == KERNEL_FN_MUL)
      return a && b ? sym_mul(r->mem, a, b) : NULL;
    return op->fn == KERNEL_FN_SUB ? a : NULL;
  default:
    return NULL;
  }
}

static const sym_expr *bind(helion_reader *r, const syn_node *n, kernel_value v) {
  const char *name = r->graph->values.at[v].name;
  const sym_expr *upper = helion_value_bound(r, v);
  int s = helion_symbol_new(r, KERNEL_SYM_RUNTIME, name ? name : NULL, -1, n);
  r->symbols.at[s].number = v;
  r->symbols.at[s].region = r->region;
  r->symbols.at[s].upper = upper;
  const sym_expr *e = helion_symbol_expr(r, s);
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_BIND, 1, &v, 0, NULL);
  op->span = n->span;
  op->expr = e;
  return e;
}

const sym_expr *helion_runtime_size(helion_reader *r, const syn_node *n, kernel_value v) {
  const kernel_op *op = def_of(r, v);
  const int bound = bound_before(r, v);
  if (bound >= 0)
    return helion_symbol_expr(r, bound);
  if (op && op->kind == KERNEL_CONSTANT)
    return sym_const(r->mem, (int64_t)op->fvalue);
  if (op && op->kind == KERNEL_INDEX_EXPR)
    return op->expr;
  if (op && op->kind == KERNEL_CAST && !dtype_is_float(helion_type(r, op->operands[0])->type) && helion_type(r, op->operands[0])->type != DTYPE_BOOL)
    return helion_runtime_size(r, n, op->operands[0]);
  if (op && op->kind == KERNEL_BINARY && (op->fn == KERNEL_FN_ADD || op->fn == KERNEL_FN_SUB || op->fn == KERNEL_FN_MUL || op->fn == KERNEL_FN_MIN)) {
    const sym_expr *a = helion_runtime_size(r, n, op->operands[0]), *b = helion_runtime_size(r, n, op->operands[1]);
    const sym_expr *e = op->fn == KERNEL_FN_ADD   ? sym_add(r->mem, a, b)
                        : op->fn == KERNEL_FN_SUB ? sym_sub(r->mem, a, b)
                        : op->fn == KERNEL_FN_MUL ? sym_mul(r->mem, a, b)
                                                  : sym_min(r->mem, a, b);
    if (helion_is_small(e))
      return e;
  }
  return bind(r, n, v);
}
