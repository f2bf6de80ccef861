/* Block sizes of a kernel, from what is given, fixed, preferred or as large as the range; names of guards; sizes of a call.  Oracles: tables of what kernel.h says. */
#include "kernel/kernel_parts_testing.h"

/* A fixed block f = 8, blocks a (of 24), r (of a range known at run time), o and p (of the open size m; p prefers 16), e (of an empty range), tunables t (prefers 4) and u,
 * and the nominal sizes of a and o. */
static kernel_graph *blocks(arena *m) {
  kernel_graph *k = kernel_new(m, "k");
  kernel_symbol *s = kernel_add_symbol(m, k, "m", KERNEL_SYM_SIZE);
  s->value = 100, s->is_open = true;
  kernel_add_symbol(m, k, "c", KERNEL_SYM_SIZE)->value = 12;
  s = kernel_add_symbol(m, k, "f", KERNEL_SYM_BLOCK), s->value = 8, s->extent = sym_const(m, 24);
  kernel_add_symbol(m, k, "a", KERNEL_SYM_BLOCK)->extent = sym_mul(m, sym_name(m, "c"), sym_const(m, 2));
  kernel_add_symbol(m, k, "r", KERNEL_SYM_BLOCK);
  kernel_add_symbol(m, k, "o", KERNEL_SYM_BLOCK)->extent = sym_name(m, "m");
  s = kernel_add_symbol(m, k, "p", KERNEL_SYM_BLOCK), s->extent = sym_add(m, sym_const(m, 1), sym_name(m, "m")), s->preferred = 16;
  kernel_add_symbol(m, k, "e", KERNEL_SYM_BLOCK)->extent = sym_const(m, 0);
  kernel_add_symbol(m, k, "tune", KERNEL_SYM_TUNABLE)->preferred = 4;
  kernel_add_symbol(m, k, "u", KERNEL_SYM_TUNABLE);
  kernel_nominal(m, k, "a");
  kernel_nominal(m, k, "o");
  return k;
}

static const char *sizes_text(arena *m, const sym_binding *b, size_t n) {
  const char *s = "";
  for (size_t i = 0; i < n; i++)
    s = arena_printf(m, "%s%s%s=%" PRId64, s, i ? " " : "", b[i].name, b[i].value);
  return s;
}

static void test_block_sizes(void **state) {
  (void)state;
  static const struct { sym_binding given[2]; size_t n; loom_status st; const char *says, *help; } rows[] = {
      {{{0}}, 0, LOOM_OK, "f=8 a=24 r=64 o=64 p=16 e=1 tune=4 u=1 a.block_size=24 o.block_size=64", NULL},
      {{{"a", 5}, {"tune", 9}}, 2, LOOM_OK, "f=8 a=5 r=64 o=64 p=16 e=1 tune=9 u=1 a.block_size=5 o.block_size=64", NULL},
      {{{"p", 7}, {"f", 8}}, 2, LOOM_OK, "f=8 a=24 r=64 o=64 p=7 e=1 tune=4 u=1 a.block_size=24 o.block_size=64", NULL},
      {{{"f", 4}}, 1, LOOM_EUSAGE, "the kernel fixes the block size of f to 8; 4 was given", NULL},
      {{{"a", 0}}, 1, LOOM_EUSAGE, "block size a=0: expected a positive number", NULL},
      {{{"c", 0}}, 1, LOOM_EUSAGE, "block size c=0: expected a positive number", NULL},
      {{{"c", 3}}, 1, LOOM_EUSAGE, "kernel 'k' has no block size 'c'", "for example 'f'"},
      {{{"a.block_siz", 3}}, 1, LOOM_EUSAGE, "kernel 'k' has no block size 'a.block_siz'", "for example 'f'"},
      {{{"tnue", 3}}, 1, LOOM_EUSAGE, "kernel 'k' has no block size 'tnue'", "did you mean 'tune'"},
      {{{"nobody", 0}}, 1, LOOM_EUSAGE, "kernel 'k' has no block size 'nobody'", "for example 'f'"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    const sym_binding *b;
    size_t n;
    loom_ctx_init(&ctx);
    kernel_graph *k = blocks(&ctx.mem);
    assert_int_equal(kernel_block_sizes(&ctx, k, rows[i].given, rows[i].n, &b, &n), rows[i].st);
    if (rows[i].st == LOOM_OK)
      assert_string_equal(sizes_text(&ctx.mem, b, n), rows[i].says);
    else
      testing_expect_error(&ctx, rows[i].st, rows[i].says, 0, 0);
    if (rows[i].help)
      assert_string_equal(ctx.diag.first->help, rows[i].help);
    loom_ctx_done(&ctx);
  }
}

static void test_a_kernel_without_blocks_names_none(void **state) {
  loom_ctx *ctx = *state;
  const sym_binding *b;
  size_t n;
  kernel_graph *k = kernel_new(&ctx->mem, "k");
  assert_int_equal(kernel_block_sizes(ctx, k, &(sym_binding){"x", 1}, 1, &b, &n), LOOM_EUSAGE);
  assert_null(ctx->diag.first->help);
}

static void test_sizes_know_the_kernels_symbols(void **state) {
  loom_ctx *ctx = *state;
  kernel_graph *k = blocks(&ctx->mem);
  const sym_binding more[] = {{"c", 5}, {"a", 3}};      /* given ones win */
  int64_t n;
  assert_int_equal(kernel_size(ctx, k, parts_expr(ctx, "c * 2 + m"), NULL, 0, &n), LOOM_OK);
  assert_int_equal(n, 124);
  assert_int_equal(kernel_size(ctx, k, parts_expr(ctx, "c * 2 + a"), more, 2, &n), LOOM_OK);
  assert_int_equal(n, 13);
  assert_int_equal(kernel_size(ctx, k, parts_expr(ctx, "7"), NULL, 0, &n), LOOM_OK);
  assert_int_equal(n, 7);
  assert_int_not_equal(kernel_size(ctx, k, parts_expr(ctx, "a"), NULL, 0, &n), LOOM_OK);
}

/* Rows: dims, what is given for a, and their product by hand; INT64_MAX is 7 * 7 * 73 * 127 * 337 * 92737 * 649657. */
static void test_elements_are_the_product_of_sizes(void **state) {
  loom_ctx *ctx = *state;
  static const struct { int rank; const char *dim[3]; int64_t a, elems; } rows[] = {
      {0, {NULL}, 0, 1}, {1, {"7"}, 0, 7}, {3, {"c", "2", "m + 1"}, 0, 2424}, {2, {"a", "c"}, 5, 60}, {2, {"m", "0"}, 0, 0}, {2, {"49", "a"}, INT64_MAX / 49, INT64_MAX}};
  kernel_graph *k = blocks(&ctx->mem);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    kernel_type t = {.type = DTYPE_F32, .rank = rows[i].rank};
    int64_t n = -1;
    for (int d = 0; d < t.rank; d++)
      t.dim[d] = parts_expr(ctx, rows[i].dim[d]);
    assert_int_equal(kernel_elements(ctx, k, &t, &(sym_binding){"a", rows[i].a}, 1, &n), LOOM_OK);
    assert_int_equal(n, rows[i].elems);
  }
  const kernel_type large = {.type = DTYPE_F32, .rank = 2, .dim = {parts_expr(ctx, "50"), parts_expr(ctx, "a")}};
  int64_t n;
  assert_int_equal(kernel_elements(ctx, k, &large, &(sym_binding){"a", INT64_MAX / 49}, 1, &n), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "more than 9223372036854775807 elements", 0, 0);
  assert_int_not_equal(kernel_elements(ctx, k, &large, NULL, 0, &n), LOOM_OK);      /* a is not known */
}

static void test_names_of_guards(void **state) {
  loom_ctx *ctx = *state;
  arena *m = &ctx->mem;
  kernel_graph *k = kernel_new(m, "k");
  kernel_add_tensor(m, k, "x", KERNEL_ARG, parts_type(m, "f32[2,3]"));
  kernel_add_tensor(m, k, "ids", KERNEL_ARG, parts_type(m, "i64[5]"));
  kernel_add_tensor(m, k, "own", KERNEL_ALLOC, parts_type(m, "i64[5]"));
  static const struct { const char *name; bool is; kernel_tensor t; int dim; int64_t element; } rows[] = {
      {"x.0", true, 0, 0, 0}, {"x.1", true, 0, 1, 0}, {"ids.0", true, 1, 0, 0}, {"ids[0]", true, 1, -1, 0}, {"ids[123]", true, 1, -1, 123},
      {"x.2", false, 0, 0, 0}, {"x.8", false, 0, 0, 0}, {"x.99999999999999999999", false, 0, 0, 0}, {"x.1a", false, 0, 0, 0}, {"x.", false, 0, 0, 0}, {"x./", false, 0, 0, 0}, {"x.:", false, 0, 0, 0},
      {"x", false, 0, 0, 0}, {"y.0", false, 0, 0, 0}, {"xx.0", false, 0, 0, 0}, {"own.0", false, 0, 0, 0}, {"own[0]", false, 0, 0, 0}, {"x[0]", false, 0, 0, 0}, {"ids[0", false, 0, 0, 0},
      {"ids[0]x", false, 0, 0, 0}, {"ids[-1]", false, 0, 0, 0}, {"ids[0.", false, 0, 0, 0}, {"", false, 0, 0, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    kernel_tensor t;
    int dim;
    int64_t element;
    const bool is = kernel_guard_name(k, rows[i].name, &t, &dim, &element);
    if (is != rows[i].is || (is && (t != rows[i].t || dim != rows[i].dim || (dim < 0 && element != rows[i].element))))
      fail_msg("'%s': %s, tensor %d, dim %d", rows[i].name, is ? "a name" : "none", (int)t, dim);
  }
}

/* x[m], y[c], and a view and an allocation of m, which a call says nothing of; the guards' place is line 9. */
static void test_numbers_are_refused_where_the_code_needs_them(void **state) {
  (void)state;
  static const struct { const char *guard; bool is_open; int line; const char *help; } rows[] = {
      {"c == 12", true, 9, "hold for one artifact"}, {"12 == c", true, 3, "hold for one artifact"}, {"c == m", true, 3, "hold for one artifact"}, {"m == 12", true, 3, "hold for one artifact"},
      {"c < 13", true, 3, "hold for one artifact"},  {NULL, true, 3, "hold for one artifact"},      {"c == 12", false, 9, "hold for one artifact"}, {NULL, false, 3, "static_shapes=False"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    arena *m = &ctx.mem;
    kernel_graph *k = kernel_new(m, "k");
    kernel_symbol *s = kernel_add_symbol(m, k, "m", KERNEL_SYM_SIZE);
    s->value = 12, s->is_open = rows[i].is_open;
    kernel_add_symbol(m, k, "c", KERNEL_SYM_SIZE)->value = 12;
    kernel_add_tensor(m, k, "x", KERNEL_ARG, parts_type(m, "f32[m]"));
    k->tensors.at[kernel_add_tensor(m, k, "y", KERNEL_ARG, parts_type(m, "f32[c]"))].span = (loom_span){NULL, 3, 1, 3, 2};
    kernel_add_tensor(m, k, "own", KERNEL_ALLOC, parts_type(m, "f32[m]"));
    if (rows[i].guard)
      vec_push(m, &k->guards, ((kernel_guard){parts_expr(&ctx, rows[i].guard), {NULL, 9, 1, 9, 2}}));
    kernel_call call = {.size = arena_array(m, k->tensors.n, sizeof(int64_t[KERNEL_RANK_MAX]))};
    call.size[0][0] = 12, call.size[1][0] = 13, call.size[2][0] = 99;
    assert_int_equal(kernel_bind_call(&ctx, k, &call), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, "dimension 0 of argument y has 13 elements; kernel 'k' was compiled for 12", rows[i].line, 1);
    assert_non_null(strstr(ctx.diag.first->help, rows[i].help));
    loom_ctx_done(&ctx);
  }
}

static void test_elements_in_guards_are_looked_up(void **state) {
  (void)state;
  static const double ids[] = {4, 0, 7};
  static const struct { const char *guard; bool has; loom_status st; const char *says; } rows[] = {
      {"`ids[0]` == 4", true, LOOM_OK, NULL}, {"`ids[2]` < 7", true, LOOM_EINPUT, "this one has ids[2] = 7"}, {"`ids[2]` < 7", false, LOOM_OK, NULL},
      {"`ids[9]` == -1", true, LOOM_OK, NULL}, {"`ids[9]` == -1", false, LOOM_OK, NULL}, {"`ids[0]` + `ids[0]` > 9", true, LOOM_EINPUT, "this one has ids[0] = 4"},
      {"ids.0 == 3", false, LOOM_OK, NULL}, {"nobody == 3", false, LOOM_EINPUT, "\"nobody\" of a guard has no value"}, {"blk == 5", false, LOOM_OK, NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    arena *m = &ctx.mem;
    kernel_graph *k = kernel_new(m, "k");
    kernel_add_symbol(m, k, "blk", KERNEL_SYM_BLOCK)->value = 4;      /* the call's own size of it counts */
    kernel_add_tensor(m, k, "ids", KERNEL_ARG, parts_type(m, "i64[3]"));
    vec_push(m, &k->guards, ((kernel_guard){parts_expr(&ctx, rows[i].guard), {NULL, 9, 1, 9, 2}}));
    kernel_call call = {.size = arena_array(m, 1, sizeof(int64_t[KERNEL_RANK_MAX]))};
    assert_int_equal(kernel_bind_call(&ctx, k, &call), LOOM_OK);
    const double *contents[] = {rows[i].has ? ids : NULL};
    assert_int_equal(kernel_check_guards(&ctx, k, &call, i % 2 && !rows[i].has ? NULL : contents, &(sym_binding){"blk", 5}, 1), rows[i].st);
    if (rows[i].says)
      testing_expect_error(&ctx, rows[i].st, rows[i].says, 9, 1);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_block_sizes), T(test_a_kernel_without_blocks_names_none), T(test_sizes_know_the_kernels_symbols), T(test_elements_are_the_product_of_sizes), T(test_names_of_guards),
                                     T(test_numbers_are_refused_where_the_code_needs_them), T(test_elements_in_guards_are_looked_up)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
