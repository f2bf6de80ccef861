#include "kernel/kernel.h"

kernel_graph *kernel_new(arena *m, const char *name) {
  kernel_graph *k = ARENA_NEW(m, kernel_graph);
  k->name = arena_strdup(m, name);
  k->path = "";
  k->style = "helion";
  return k;
}

kernel_symbol *kernel_find_symbol(const kernel_graph *k, const char *name) {
  for (size_t i = 0; i < k->symbols.n; i++)
    if (text_eq(k->symbols.at[i].name, name))
      return &k->symbols.at[i];
  return NULL;
}

kernel_tensor kernel_find_tensor(const kernel_graph *k, const char *name) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (text_eq(k->tensors.at[i].name, name))
      return (kernel_tensor)i;
  return -1;
}

kernel_symbol *kernel_add_symbol(arena *m, kernel_graph *k, const char *name, kernel_sym_kind kind) {
  vec_push(m, &k->symbols, ((kernel_symbol){.name = arena_strdup(m, name), .kind = kind, .value = -1}));
  return &k->symbols.at[k->symbols.n - 1];
}

kernel_tensor kernel_add_tensor(arena *m, kernel_graph *k, const char *name, kernel_tensor_role role, kernel_type shape) {
  vec_push(m, &k->tensors, ((kernel_tensor_info){.name = arena_strdup(m, name), .role = role, .shape = shape, .base = -1}));
  return (kernel_tensor)(k->tensors.n - 1);
}

kernel_value kernel_add_value(arena *m, kernel_graph *k, kernel_type type, const char *name) {
  vec_push(m, &k->values, ((kernel_value_info){.type = type, .name = name ? arena_strdup(m, name) : NULL}));
  return (kernel_value)(k->values.n - 1);
}

kernel_value kernel_add_param(arena *m, kernel_graph *k, kernel_region *r, kernel_type type, const char *name, const char *block) {
  kernel_value v = kernel_add_value(m, k, type, name);
  k->values.at[v].block = block ? arena_strdup(m, block) : NULL;
  vec_push(m, &r->params, v);
  return v;
}

static int region_count(kernel_op_kind kind) {
  static const int count[KERNEL_OP_COUNT] = {
#define X(n, regions, spelling) regions,
      KERNEL_OP_LIST(X)
#undef X
  };
  return count[kind];
}

kernel_op *kernel_add_op(arena *m, kernel_graph *k, kernel_region *r, kernel_op_kind kind, int n_operands, const kernel_value *operands,
                         int n_results, const kernel_type *types) {
  kernel_op *op = ARENA_NEW(m, kernel_op);
  op->kind = kind;
  op->tensor = -1;
  op->n_operands = n_operands;
  op->operands = ARENA_NEW_N(m, kernel_value, n_operands);
  for (int i = 0; i < n_operands; i++)
    op->operands[i] = operands ? operands[i] : -1;
  op->n_results = n_results;
  op->results = ARENA_NEW_N(m, kernel_value, n_results);
  for (int i = 0; i < n_results; i++) {
    op->results[i] = kernel_add_value(m, k, types[i], NULL);
    k->values.at[op->results[i]].def = op;
  }
  op->n_regions = region_count(kind);
  op->regions = ARENA_NEW_N(m, kernel_region, op->n_regions);
  vec_push(m, &r->ops, op);
  return op;
}

const char *kernel_op_name(kernel_op_kind kind) {
  static const char *const name[KERNEL_OP_COUNT] = {
#define X(n, regions, spelling) spelling,
      KERNEL_OP_LIST(X)
#undef X
  };
  return (unsigned)kind < KERNEL_OP_COUNT ? name[kind] : "?";
}

const char *kernel_fn_name(kernel_fn f) {
  static const char *const name[KERNEL_FN_COUNT] = {
#define X(n, arity, spelling) spelling,
      KERNEL_FN_LIST(X)
#undef X
  };
  return (unsigned)f < KERNEL_FN_COUNT ? name[f] : "?";
}

int kernel_fn_arity(kernel_fn f) {
  static const int arity[KERNEL_FN_COUNT] = {
#define X(n, a, spelling) a,
      KERNEL_FN_LIST(X)
#undef X
  };
  return (unsigned)f < KERNEL_FN_COUNT ? arity[f] : 0;
}

loom_status kernel_size(loom_ctx *ctx, const kernel_graph *k, const sym_expr *e, const sym_binding *extra, size_t n, int64_t *out) {
  if (sym_is_const(e, out))
    return LOOM_OK;
  arena_mark mark = arena_save(&ctx->scratch);
  sym_binding *b = ARENA_NEW_N(&ctx->scratch, sym_binding, k->symbols.n + n);
  size_t count = 0;
  for (size_t i = 0; i < n; i++)      /* first: they win over the kernel's own values */
    b[count++] = extra[i];
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].value >= 0)
      b[count++] = (sym_binding){k->symbols.at[i].name, k->symbols.at[i].value};
  loom_status st = sym_eval(ctx, e, b, count, out);
  arena_release(&ctx->scratch, mark);
  return st;
}
