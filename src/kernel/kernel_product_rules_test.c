/* Which kernels are one matrix product, and which dims of which tensors it runs over: kernels that differ in one thing from one that is.  Oracle: what
 * kernel_product.h says; every kernel verifies. */
#include "kernel/kernel_parts_testing.h"
#include "kernel/kernel_product.h"

/* How the sum goes on: the carried value is the matmul's third operand, or is added to it. */
typedef enum adds { THIRD, FIRST_OF_ADD, SECOND_OF_ADD, ADD_TO_ZERO_SUM, SUBTRACT, OF_NEITHER, OF_NOTHING, TO_OTHER } adds;

/* X(what differs) */
#define CHANGES(X)                                                                                                                                   \
  X(NOTHING) X(WHOLE) X(WHOLE_TO_ZERO) X(WHOLE_TO_ONE) X(FIRST_IS_ONE) X(WIDENED) X(NARROWED) X(OF_INTEGERS) X(ROUNDED) X(TURNED_A) X(TURNED_B) X(TURNED_C) \
  X(OF_MASKED_LOAD) X(MASKED) X(TWO_STORES) X(NO_STORE) X(RELU) X(OF_CONSTANT) X(BARRIER) X(TWO_GRIDS) X(INDEX_ALONE) X(VIEW) X(MOVED) X(BEGINS_LATE) X(ENDS_EARLY) \
  X(STEPS) X(UNKNOWN_END) X(ONE_MORE_RANGE) X(BATCH) X(BATCH_SHARED) X(BATCH_OF_A_ALONE) X(RUNTIME_ROWS) X(STORE_IN_LOOP)
typedef enum change {
#define X(n) n,
  CHANGES(X)
#undef X
  CHANGE_COUNT
} change;
static const char *const names[] = {
#define X(n) #n,
    CHANGES(X)
#undef X
};

typedef struct builder { arena *m; kernel_graph *k; change c; adds a; kernel_region *grid; kernel_value im, in, ik, ib, mask; } builder;

static kernel_value op1(builder *b, kernel_region *r, kernel_op_kind kind, int n, const kernel_value *operands, const char *type) {
  const kernel_type t = parts_type(b->m, type);
  return kernel_add_op(b->m, b->k, r, kind, n, operands, 1, &t)->results[0];
}
#define DEF(v) (b->k->values.at[v].def)

static kernel_index tile(kernel_value v) { return (kernel_index){.kind = v < 0 ? KERNEL_INDEX_ALL : KERNEL_INDEX_TILE, .value = v}; }

static void set_index(builder *b, kernel_op *op, const char *tensor, kernel_value x, kernel_value y, bool has_batch) {
  op->tensor = kernel_find_tensor(b->k, tensor);
  op->index = ARENA_NEW_N(b->m, kernel_index, 3);
  if (has_batch)
    op->index[op->n_index++] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = b->ib};
  op->index[op->n_index++] = tile(x);
  op->index[op->n_index++] = tile(y);
}

/* A part of a tensor as f32 values, or as the change has it. */
static kernel_value part(builder *b, kernel_region *r, const char *tensor, const char *rows, const char *cols, kernel_value x, kernel_value y, bool has_batch) {
  const bool is_a = *tensor == 'a', turned = b->c == (is_a ? TURNED_A : TURNED_B);
  const char *element = dtype_mlir(b->k->tensors.at[kernel_find_tensor(b->k, tensor)].shape.type);
  kernel_value v = op1(b, r, KERNEL_LOAD, 0, NULL, arena_printf(b->m, "%s[%s,%s]", element, turned ? cols : rows, turned ? rows : cols));
  set_index(b, DEF(v), tensor, turned ? y : x, turned ? x : y, has_batch);
  if (is_a && b->c == OF_MASKED_LOAD) {
    DEF(v)->operands = &b->mask;
    DEF(v)->n_operands = 1;
  }
  if (turned) {
    v = op1(b, r, KERNEL_PERMUTE, 1, &v, arena_printf(b->m, "%s[%s,%s]", element, rows, cols));
    DEF(v)->perm[0] = 1;
  }
  if (is_a && (b->c == WIDENED || b->c == NARROWED || b->c == OF_INTEGERS))
    v = op1(b, r, KERNEL_CAST, 1, &v, arena_printf(b->m, "%s[%s,%s]", b->c == NARROWED ? "f16" : "f32", rows, cols));
  return v;
}

static void build(builder *b) {
  arena *m = b->m;
  const change c = b->c;
  sample s = {m, b->k, 1};
  const bool batch = c == BATCH || c == BATCH_SHARED || c == BATCH_OF_A_ALONE, b_has = c == BATCH, c_has = c == BATCH || c == BATCH_SHARED;
  const bool is_whole = c == WHOLE || c == WHOLE_TO_ZERO || c == WHOLE_TO_ONE;
  sample_block(&s, "m", 24);
  sample_block(&s, "n", 40);
  sample_block(&s, "k", 16);
  if (c == UNKNOWN_END || c == RUNTIME_ROWS)
    kernel_add_symbol(m, b->k, "u", KERNEL_SYM_SIZE);
  kernel_add_tensor(m, b->k, "a", KERNEL_ARG, parts_type(m, batch ? "f32[5,24,16]" : c == WIDENED ? "f16[24,16]" : c == OF_INTEGERS ? "i8[24,16]" : c == TURNED_A ? "f32[16,24]" : c == RUNTIME_ROWS ? "f32[u,16]" : "f32[24,16]"));
  kernel_add_tensor(m, b->k, "b", KERNEL_ARG, parts_type(m, b_has ? "f32[5,16,40]" : c == NARROWED ? "f16[16,40]" : c == TURNED_B ? "f32[40,16]" : "f32[16,40]"));
  kernel_add_tensor(m, b->k, "c", KERNEL_ALLOC, parts_type(m, c_has ? "f32[5,24,40]" : c == TURNED_C ? "f32[40,24]" : c == ROUNDED ? "f16[24,40]" : "f32[24,40]"));
  if (c == VIEW) {
    kernel_tensor_info *t = &b->k->tensors.at[2];
    t->name = "base";
    kernel_add_tensor(m, b->k, "c", KERNEL_VIEW, parts_type(m, "f32[24,40]"));
    t = &b->k->tensors.at[3];
    t->base = 2, t->offset = sym_const(m, 0), t->stride[0] = sym_const(m, 40), t->stride[1] = sym_const(m, 1);
  }
  if (c == BARRIER)
    kernel_add_op(m, b->k, &b->k->body, KERNEL_BARRIER, 0, NULL, 0, NULL);
  if (c == INDEX_ALONE)
    b->ib = op1(b, &b->k->body, KERNEL_INDEX_EXPR, 0, NULL, "i64"), DEF(b->ib)->expr = sym_const(m, 3);
  kernel_op *grid = kernel_add_op(m, b->k, &b->k->body, KERNEL_PARALLEL, 0, NULL, 0, NULL);
  b->grid = &grid->regions[0];
  sample_ranges(&s, grid, 2, (const char *[]){"m", "n"});
  b->im = b->grid->params.at[0];
  b->in = b->grid->params.at[1];
  if (batch || c == ONE_MORE_RANGE) {
    kernel_range *ranges = ARENA_NEW_N(m, kernel_range, 3);
    memcpy(ranges, grid->ranges, 2 * sizeof *ranges);
    ranges[2] = (kernel_range){.begin = sym_const(m, 0), .end = sym_const(m, 5)};
    grid->ranges = ranges;
    grid->n_ranges = 3;
    b->ib = kernel_add_param(m, b->k, b->grid, (kernel_type){.type = DTYPE_I64}, NULL, NULL);
  }
  if (c == BEGINS_LATE)
    grid->ranges[0].begin = sym_const(m, 8);
  if (c == ENDS_EARLY)
    grid->ranges[0].end = sym_const(m, 16);
  if (c == UNKNOWN_END)
    grid->ranges[0].end = sym_name(m, "u");
  const char *sum_type = c == NARROWED ? "f16[m,n]" : "f32[m,n]", *inner = is_whole ? "16" : "k";
  kernel_value sum = op1(b, b->grid, KERNEL_FULL, 0, NULL, sum_type);
  b->mask = op1(b, b->grid, KERNEL_CONSTANT, 0, NULL, "i1");
  const kernel_value other = op1(b, b->grid, KERNEL_FULL, 0, NULL, sum_type);
  DEF(sum)->fvalue = c == FIRST_IS_ONE || c == WHOLE_TO_ONE;
  kernel_op *loop = is_whole ? NULL : kernel_add_op(m, b->k, b->grid, KERNEL_LOOP, 1, &sum, 1, &b->k->values.at[sum].type);
  kernel_region *r = is_whole ? b->grid : &loop->regions[0];
  kernel_value carried = sum;
  b->ik = -1;
  if (loop) {
    sample_ranges(&s, loop, 1, (const char *[]){"k"});
    b->ik = r->params.at[0];
    carried = kernel_add_param(m, b->k, r, b->k->values.at[sum].type, NULL, NULL);
    if (c == STEPS)
      loop->ranges[0].end = sym_const(m, 8);
  }
  const kernel_value x = c == OF_CONSTANT ? op1(b, r, KERNEL_FULL, 0, NULL, "f32[m,k]") : part(b, r, "a", "m", inner, b->im, b->ik, batch), y = part(b, r, "b", inner, "n", b->ik, b->in, b_has);
  if (c == MOVED)
    DEF(x)->index[0].begin = sym_const(m, 1);
  kernel_value of[] = {x, y, b->a == TO_OTHER ? other : carried};
  const bool has_third = b->a == THIRD || b->a == TO_OTHER || b->a == ADD_TO_ZERO_SUM;
  if (b->a == ADD_TO_ZERO_SUM)
    of[2] = other;
  kernel_value v = op1(b, r, KERNEL_MATMUL, has_third && c != WHOLE ? 3 : 2, of, sum_type);
  if (b->a != THIRD && b->a != OF_NOTHING && b->a != TO_OTHER) {
    const kernel_value two[] = {b->a == SECOND_OF_ADD ? v : b->a == OF_NEITHER ? other : carried, b->a == SECOND_OF_ADD ? carried : v};
    v = op1(b, r, KERNEL_BINARY, 2, two, sum_type);
    DEF(v)->fn = b->a == SUBTRACT ? KERNEL_FN_SUB : KERNEL_FN_ADD;
  }
  if (loop) {
    if (c == STORE_IN_LOOP)
      set_index(b, kernel_add_op(m, b->k, r, KERNEL_STORE, 1, &v, 0, NULL), "c", b->im, b->in, false);
    kernel_add_op(m, b->k, r, KERNEL_YIELD, 1, &v, 0, NULL);
    v = loop->results[0];
  }
  if (c == RELU) {
    v = op1(b, b->grid, KERNEL_UNARY, 1, &v, sum_type);
    DEF(v)->fn = KERNEL_FN_RELU;
  }
  if (c == ROUNDED)
    v = op1(b, b->grid, KERNEL_CAST, 1, &v, "f16[m,n]");
  if (c == TURNED_C) {
    v = op1(b, b->grid, KERNEL_PERMUTE, 1, &v, "f32[n,m]");
    DEF(v)->perm[0] = 1;
  }
  kernel_value stored[] = {v, c == MASKED ? b->mask : -1};
  for (int i = 0; i < (c == TWO_STORES ? 2 : c == NO_STORE || c == STORE_IN_LOOP ? 0 : 1); i++)
    set_index(b, kernel_add_op(m, b->k, b->grid, KERNEL_STORE, c == MASKED ? 2 : 1, stored, 0, NULL), "c", c == TURNED_C ? b->in : b->im, c == TURNED_C ? b->im : b->in, c_has);
  if (c == TWO_GRIDS)
    vec_push(m, &b->k->body.ops, grid);
}

static const char *dims_of(arena *m, const kernel_product *p, int i) {
  const char *s = "";
  for (int d = 0; d < p->rank; d++)
    s = arena_printf(m, "%s%s%d:%" PRId64, s, d ? " " : "", p->dim[i][d], p->size[i][d]);
  return s;
}

static void test_products(void **state) {
  (void)state;
  /* dims NULL: it is no product; else A, B, C as "dim:size", "=": 0:24 1:16, 0:16 1:40, 0:24 1:40 */
  static const struct { change c; adds a; const char *dims[3]; } rows[] = {
      {NOTHING, THIRD, {"="}}, {NOTHING, FIRST_OF_ADD, {"="}}, {NOTHING, SECOND_OF_ADD, {"="}}, {NOTHING, ADD_TO_ZERO_SUM, {"="}}, {NOTHING, SUBTRACT, {NULL}}, {NOTHING, OF_NEITHER, {NULL}},
      {NOTHING, OF_NOTHING, {NULL}}, {NOTHING, TO_OTHER, {NULL}}, {WHOLE, THIRD, {"="}}, {WHOLE_TO_ZERO, THIRD, {"="}}, {WHOLE_TO_ONE, THIRD, {NULL}}, {WHOLE, FIRST_OF_ADD, {NULL}},
      {FIRST_IS_ONE, THIRD, {NULL}}, {WIDENED, THIRD, {"="}}, {NARROWED, THIRD, {NULL}}, {OF_INTEGERS, THIRD, {NULL}}, {ROUNDED, THIRD, {"="}},
      {TURNED_A, THIRD, {"1:24 0:16", "0:16 1:40", "0:24 1:40"}}, {TURNED_B, THIRD, {"0:24 1:16", "1:16 0:40", "0:24 1:40"}}, {TURNED_C, THIRD, {"0:24 1:16", "0:16 1:40", "1:24 0:40"}},
      {OF_MASKED_LOAD, THIRD, {NULL}}, {MASKED, THIRD, {NULL}}, {TWO_STORES, THIRD, {NULL}}, {NO_STORE, THIRD, {NULL}}, {RELU, THIRD, {NULL}}, {OF_CONSTANT, THIRD, {NULL}},
      {BARRIER, THIRD, {NULL}}, {INDEX_ALONE, THIRD, {"="}}, {VIEW, THIRD, {NULL}}, {MOVED, THIRD, {NULL}}, {BEGINS_LATE, THIRD, {NULL}}, {ENDS_EARLY, THIRD, {NULL}}, {STEPS, THIRD, {NULL}},
      {UNKNOWN_END, THIRD, {NULL}}, {ONE_MORE_RANGE, THIRD, {NULL}}, {BATCH, THIRD, {"0:5 1:24 2:16", "0:5 1:16 2:40", "0:5 1:24 2:40"}},
      {BATCH_SHARED, THIRD, {"0:5 1:24 2:16", "-1:5 0:16 1:40", "0:5 1:24 2:40"}}, {BATCH_OF_A_ALONE, THIRD, {NULL}}, {RUNTIME_ROWS, THIRD, {NULL}}, {STORE_IN_LOOP, THIRD, {NULL}},
  };
  static const char *const usual[] = {"0:24 1:16", "0:16 1:40", "0:24 1:40"};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    builder b = {.m = &ctx.mem, .k = kernel_new(&ctx.mem, "k"), .c = rows[i].c, .a = rows[i].a};
    build(&b);
    if (kernel_verify(&ctx, b.k) != LOOM_OK)
      fail_msg("row %zu (%s): %s", i, names[rows[i].c], ctx.diag.first->text);
    kernel_product p;
    const bool is = kernel_is_product(&ctx, b.k, NULL, 0, &p);
    if (is != (rows[i].dims[0] != NULL))
      fail_msg("row %zu (%s, %d): %s", i, names[rows[i].c], (int)rows[i].a, is ? "a product" : "no product");
    for (int t = 0; is && t < 3; t++)
      assert_string_equal(dims_of(&ctx.mem, &p, t), text_eq(rows[i].dims[0], "=") ? usual[t] : rows[i].dims[t]);
    assert_int_equal(ctx.diag.errors, 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status look(loom_ctx *ctx, void *data) {
  builder b = {.m = &ctx->mem, .k = kernel_new(&ctx->mem, "k"), .c = *(const change *)data};
  kernel_product p;
  build(&b);
  LOOM_TRY(kernel_verify(ctx, b.k));
  return kernel_is_product(ctx, b.k, NULL, 0, &p) ? LOOM_OK : LOOM_EBUG;
}

static void test_looking_survives_running_out_of_memory(void **state) {
  (void)state;
  change c = BATCH;
  testing_sweep_memory(look, &c);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_products), cmocka_unit_test(test_looking_survives_running_out_of_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
