/* Small graphs that the tests of the verifier and of comparisons make: a grid with an operation in it, and each kind of operation that has regions. */
#ifndef LOOM_KERNEL_PARTS_TESTING_H
#define LOOM_KERNEL_PARTS_TESTING_H
#include "kernel/kernel_testing.h"

/* "f32[2,m]": sizes are numbers or names. */
static inline kernel_type parts_type(arena *m, const char *s) {
  kernel_type t = {0};
  const char *at = strchr(s, '[');
  assert_true(dtype_parse(at ? arena_strndup(m, s, (size_t)(at - s)) : s, &t.type));
  while (at && *at != ']') {
    const size_t size = strcspn(++at, ",]");
    const char *dim = arena_strndup(m, at, size);
    t.dim[t.rank++] = *dim >= '0' && *dim <= '9' ? sym_const(m, strtol(dim, NULL, 10)) : sym_name(m, dim);
    at += size;
  }
  return t;
}

static inline const sym_expr *parts_expr(loom_ctx *ctx, const char *s) {
  const sym_expr *e = NULL;
  if (*s == '%')
    return sym_name(&ctx->mem, s);
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, s, &e), LOOM_OK);
  return e;
}

/* Blocks m (of 64) and n (of 40), sizes s = 6 and t = 3, a run-time symbol %r; tensors x f32[64,40], b f32[40], i i64[64], h f32[1,1,1,1,1,1,1,1]. */
static inline kernel_region *parts_frame(loom_ctx *ctx, kernel_graph *k) {
  sample s = {&ctx->mem, k, 1};
  sample_block(&s, "m", 64);
  sample_block(&s, "n", 40);
  kernel_add_symbol(s.m, k, "s", KERNEL_SYM_SIZE)->value = 6;
  kernel_add_symbol(s.m, k, "t", KERNEL_SYM_SIZE)->value = 3;
  kernel_add_symbol(s.m, k, "%r", KERNEL_SYM_RUNTIME);
  kernel_add_tensor(s.m, k, "x", KERNEL_ARG, parts_type(s.m, "f32[64,40]"));
  kernel_add_tensor(s.m, k, "b", KERNEL_ARG, parts_type(s.m, "f32[40]"));
  kernel_add_tensor(s.m, k, "i", KERNEL_ARG, parts_type(s.m, "i64[64]"));
  kernel_add_tensor(s.m, k, "h", KERNEL_ARG, parts_type(s.m, "f32[1,1,1,1,1,1,1,1]"));
  kernel_op *op = sample_op(&s, &k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  sample_ranges(&s, op, 2, (const char *[]){"m", "n"});
  kernel_range *ranges = ARENA_NEW_N(s.m, kernel_range, 3);
  memcpy(ranges, op->ranges, 2 * sizeof *ranges);
  ranges[2] = (kernel_range){.begin = sym_const(s.m, 0), .end = sym_const(s.m, 5)};
  op->ranges = ranges;
  op->n_ranges = 3;
  kernel_add_param(s.m, k, &op->regions[0], (kernel_type){.type = DTYPE_I64}, "at", NULL);
  return &op->regions[0];
}

/* ---- operations with regions ---- */

/* What a test changes: the operation, its last yield, a value in it, the tile number of its range. */
typedef struct parts { arena *m; kernel_graph *k; kernel_op *op, *yield; kernel_value value, tile; } parts;

static inline kernel_value parts_constant(parts *p, kernel_region *r, const char *type) {
  const kernel_type t = parts_type(p->m, type);
  return kernel_add_op(p->m, p->k, r, t.rank ? KERNEL_FULL : KERNEL_CONSTANT, 0, NULL, 1, &t)->results[0];
}

static inline void parts_yield(parts *p, kernel_region *r, int n, const kernel_value *values) { p->yield = kernel_add_op(p->m, p->k, r, KERNEL_YIELD, n, values, 0, NULL); }

static inline void parts_scan_or_fold(parts *p, kernel_region *grid, kernel_op_kind kind, bool keeps) {
  const kernel_value in[] = {parts_constant(p, grid, "f32[4,m]"), parts_constant(p, grid, "i32[4,m]")};
  const bool is_scan = kind == KERNEL_SCAN;
  const kernel_type out[] = {parts_type(p->m, is_scan ? "f32[4,m]" : keeps ? "f32[1,m]" : "f32[m]"), parts_type(p->m, is_scan ? "i32[4,m]" : keeps ? "i32[1,m]" : "i32[m]")};
  p->op = kernel_add_op(p->m, p->k, grid, kind, 2, in, 2, out);
  p->op->flag = keeps;
  kernel_region *r = &p->op->regions[0];
  for (int i = 0; i < 4; i++)
    kernel_add_param(p->m, p->k, r, parts_type(p->m, i % 2 ? "i32" : "f32"), NULL, NULL);
  parts_yield(p, r, 2, r->params.at);
}
static inline void parts_make_scan(parts *p, kernel_region *grid) { parts_scan_or_fold(p, grid, KERNEL_SCAN, false); }
static inline void parts_make_fold(parts *p, kernel_region *grid) { parts_scan_or_fold(p, grid, KERNEL_FOLD, false); }
static inline void parts_make_fold_kept(parts *p, kernel_region *grid) { parts_scan_or_fold(p, grid, KERNEL_FOLD, true); }

static inline void parts_make_while(parts *p, kernel_region *grid) {
  const kernel_value in = parts_constant(p, grid, "f32[m]");
  p->op = kernel_add_op(p->m, p->k, grid, KERNEL_WHILE, 1, &in, 1, &p->k->values.at[in].type);
  for (int i = 0; i < 2; i++)
    kernel_add_param(p->m, p->k, &p->op->regions[i], parts_type(p->m, "f32[m]"), NULL, NULL);
  p->value = parts_constant(p, &p->op->regions[0], "i1");
  parts_yield(p, &p->op->regions[0], 1, &p->value);
  parts_yield(p, &p->op->regions[1], 1, p->op->regions[1].params.at);
}

static inline void parts_make_if(parts *p, kernel_region *grid) {
  const kernel_value condition = parts_constant(p, grid, "i1");
  const kernel_type t = parts_type(p->m, "f32[m]");
  p->op = kernel_add_op(p->m, p->k, grid, KERNEL_IF, 1, &condition, 1, &t);
  for (int i = 0; i < 2; i++) {
    p->value = parts_constant(p, &p->op->regions[i], "f32[m]");
    parts_yield(p, &p->op->regions[i], 1, &p->value);
  }
}

/* Steps of 2 from 0 to 9, with a number that is carried. */
static inline void parts_make_loop(parts *p, kernel_region *grid) {
  const kernel_value in = parts_constant(p, grid, "i64");
  p->op = kernel_add_op(p->m, p->k, grid, KERNEL_LOOP, 1, &in, 1, &p->k->values.at[in].type);
  p->op->n_ranges = 1;
  p->op->ranges = ARENA_NEW_N(p->m, kernel_range, 9);
  p->op->ranges[0] = (kernel_range){.begin = sym_const(p->m, 0), .end = sym_const(p->m, 9), .step = sym_const(p->m, 2)};
  kernel_region *r = &p->op->regions[0];
  p->tile = kernel_add_param(p->m, p->k, r, parts_type(p->m, "i64"), NULL, NULL);
  const kernel_value carried = kernel_add_param(p->m, p->k, r, parts_type(p->m, "i64"), NULL, NULL);
  p->value = kernel_add_op(p->m, p->k, r, KERNEL_TILE_BEGIN, 1, &p->tile, 1, &(kernel_type){.type = DTYPE_I64})->results[0];
  parts_yield(p, r, 1, &carried);
}

#endif
