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

const char *kernel_nominal(arena *m, kernel_graph *k, const char *block) {
  const char *name = arena_printf(m, "%s.block_size", block);
  if (!kernel_find_symbol(k, name)) {
    kernel_symbol *s = kernel_add_symbol(m, k, name, KERNEL_SYM_NOMINAL);
    s->block = arena_strdup(m, block);
  }
  return name;
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

loom_status kernel_elements(loom_ctx *ctx, const kernel_graph *k, const kernel_type *t, const sym_binding *extra, size_t n, int64_t *out) {
  int64_t elems = 1, size;
  for (int d = 0; d < t->rank; d++) {
    LOOM_TRY(kernel_size(ctx, k, t->dim[d], extra, n, &size));
    if (__builtin_mul_overflow(elems, size, &elems))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a tensor of kernel '%s' has more than %" PRId64 " elements", k->name, INT64_MAX);
  }
  *out = elems;
  return LOOM_OK;
}

static const sym_binding *find_given(const sym_binding *given, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(given[i].name, name))
      return &given[i];
  return NULL;
}

static loom_status check_given(loom_ctx *ctx, const kernel_graph *k, const sym_binding *given, size_t n) {
  const char **names = ARENA_NEW_N(&ctx->mem, const char *, k->symbols.n);
  size_t known = 0;
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK || k->symbols.at[i].kind == KERNEL_SYM_TUNABLE)
      names[known++] = k->symbols.at[i].name;
  for (size_t i = 0; i < n; i++) {
    const kernel_symbol *s = kernel_find_symbol(k, given[i].name);
    if (s && (s->kind == KERNEL_SYM_BLOCK || s->kind == KERNEL_SYM_TUNABLE) && given[i].value >= 1)
      continue;
    if (s && given[i].value < 1)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "block size %s=%" PRId64 ": expected a positive number", given[i].name, given[i].value);
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "kernel '%s' has no block size '%s'", k->name, given[i].name);
    const char *near = diag_nearest(given[i].name, names, known);
    if (near || known)
      diag_help(ctx, "%s '%s'", near ? "did you mean" : "for example", near ? near : names[0]);
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

/* A size that differs from call to call. */
static bool has_open(const kernel_graph *k, const sym_expr *e) {
  const kernel_symbol *s = e && e->op == SYM_SYM ? kernel_find_symbol(k, e->name) : NULL;
  bool found = s && s->is_open;
  for (int i = 0; e && i < 3 && !found; i++)
    found = has_open(k, e->arg[i]);
  return found;
}

loom_status kernel_block_sizes(loom_ctx *ctx, const kernel_graph *k, const sym_binding *given, size_t n, const sym_binding **out, size_t *out_n) {
  enum { UNKNOWN_EXTENT_BLOCK = 64 };
  sym_binding *b = ARENA_NEW_N(&ctx->mem, sym_binding, k->symbols.n);
  *out = b;
  *out_n = 0;
  LOOM_TRY(check_given(ctx, k, given, n));
  for (size_t i = 0; i < k->symbols.n; i++) {
    const kernel_symbol *s = &k->symbols.at[i];
    const sym_binding *g = find_given(given, n, s->name);
    int64_t value = s->value;
    if (s->kind != KERNEL_SYM_BLOCK && s->kind != KERNEL_SYM_TUNABLE)
      continue;
    if (s->kind == KERNEL_SYM_BLOCK && s->value >= 0 && g && g->value != s->value)
      LOOM_FAIL(ctx, s->span, LOOM_EUSAGE, "the kernel fixes the block size of %s to %" PRId64 "; %" PRId64 " was given", s->name, s->value, g->value);
    if (g)
      value = g->value;
    else if (value < 0 && s->kind == KERNEL_SYM_BLOCK && has_open(k, s->extent))
      value = s->preferred > 0 ? s->preferred : UNKNOWN_EXTENT_BLOCK;
    else if (value < 0 && s->kind == KERNEL_SYM_BLOCK && s->extent)
      LOOM_TRY(kernel_size(ctx, k, s->extent, b, *out_n, &value));
    else if (value < 0)
      value = s->kind == KERNEL_SYM_BLOCK ? UNKNOWN_EXTENT_BLOCK : s->preferred;
    b[(*out_n)++] = (sym_binding){s->name, value < 1 ? 1 : value};
  }
  for (size_t i = 0, blocks = *out_n; i < k->symbols.n; i++)
    for (size_t j = 0; k->symbols.at[i].kind == KERNEL_SYM_NOMINAL && j < blocks; j++)
      if (text_eq(b[j].name, k->symbols.at[i].block))
        b[(*out_n)++] = (sym_binding){k->symbols.at[i].name, b[j].value};
  return LOOM_OK;
}

const char *kernel_f8_name(const kernel_graph *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (dtype_is_f8(k->tensors.at[i].shape.type))
      return dtype_torch(k->tensors.at[i].shape.type);
  for (size_t i = 0; i < k->values.n; i++)
    if (dtype_is_f8(k->values.at[i].type.type))
      return dtype_torch(k->values.at[i].type.type);
  return NULL;
}
