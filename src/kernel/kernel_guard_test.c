/* Open sizes and guards: the round trip of their text, the sizes of a call, conditions that hold or do not. */
#include "kernel/kernel_testing.h"

/* A kernel of x[m, n], y[k, 1], z[12] (an integer argument) with the symbol `fixed` = 8 of w[fixed]. */
static kernel_graph *open_kernel(loom_ctx *ctx) {
  arena *m = &ctx->mem;
  kernel_graph *k = kernel_new(m, "open");
  sample s = {m, k, 10};
  k->path = "open.py";
  static const struct { const char *name; int64_t value; bool is_open; } symbols[] = {{"m", 24, true}, {"n", 40, true}, {"k", 40, true}, {"fixed", 8, false}};
  for (size_t i = 0; i < COUNT_OF(symbols); i++) {
    kernel_symbol *symbol = kernel_add_symbol(m, k, symbols[i].name, KERNEL_SYM_SIZE);
    symbol->value = symbols[i].value;
    symbol->is_open = symbols[i].is_open;
  }
  kernel_add_tensor(m, k, "x", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "m", "n"));
  kernel_add_tensor(m, k, "y", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "k", "1"));
  kernel_add_tensor(m, k, "z", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_I32, "12"));
  kernel_add_tensor(m, k, "w", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "fixed"));
  kernel_add_tensor(m, k, "v", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "m"));
  k->source = diag_file_span(ctx, "open.py").source;
  return k;
}

static void add_guard(loom_ctx *ctx, kernel_graph *k, const char *holds, int line) {
  kernel_guard g = {.span = {k->source, line, 3, line, 9}};
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, holds, &g.holds), LOOM_OK);
  vec_push(&ctx->mem, &k->guards, g);
}

static kernel_call new_call(loom_ctx *ctx, const kernel_graph *k) { return (kernel_call){.size = arena_array(&ctx->mem, k->tensors.n, sizeof(int64_t[KERNEL_RANK_MAX]))}; }

static loom_status from_json(loom_ctx *ctx, const char *json, kernel_graph **out) {
  data_value *v;
  LOOM_TRY(data_read_json(ctx, "kernel.json", json, strlen(json), &v));
  return kernel_from_data(ctx, v, out);
}

static void test_guards_and_open_sizes_survive_the_round_trip(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = open_kernel(&ctx), *back;
  add_guard(&ctx, k, "n == y.0", 14);
  add_guard(&ctx, k, "(m - 2) mod 8 == 0 && m < n + 100", 15);
  add_guard(&ctx, k, "`z[11]` != 3", 16);
  const char *json = data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, k), 2);
  assert_int_equal(from_json(&ctx, json, &back), LOOM_OK);
  assert_string_equal(data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, back), 2), json);
  assert_int_equal(back->guards.n, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(sym_equal(back->guards.at[i].holds, k->guards.at[i].holds));
    assert_int_equal(back->guards.at[i].span.line, 14 + (int)i);
    assert_string_equal(back->guards.at[i].span.source->path, "open.py");
  }
  assert_true(kernel_find_symbol(back, "m")->is_open && !kernel_find_symbol(back, "fixed")->is_open && kernel_is_open(back));
  assert_string_equal(kernel_print(&ctx.mem, back), kernel_print(&ctx.mem, k));
  assert_non_null(strstr(kernel_print(&ctx.mem, k), "  size m open, as in 24\n"));
  assert_non_null(strstr(kernel_print(&ctx.mem, k), "  guard n == y.0  # line 14\n"));
  loom_ctx_done(&ctx);
}

static void test_broken_guards_are_refused(void **state) {
  (void)state;
  static const struct { const char *from, *to, *text; } edits[] = {
      {"\"n == y.0\"", "\"n\"", "a guard holds a condition"},
      {"\"n == y.0\"", "7", "expected a size expression in quotes"},
      {"\"n == y.0\"", "\"n == y.2\"", "\"y.2\" of a guard is no symbol"},
      {"\"n == y.0\"", "\"n == q.0\"", "\"q.0\" of a guard is no symbol"},
      {"\"n == y.0\"", "\"n == `x[3]`\"", "\"x[3]\" of a guard is no symbol"},
      {"\"n == y.0\"", "\"n == `z[3`\"", "\"z[3\" of a guard is no symbol"},
      {"\"n == y.0\"", "\"n ==\"", ""},
      {"\"holds\"", "\"hold\"", "hold"},
      {"\"value\": 24,", "\"value\": 1,", "\"m\" is open, but no size of 2 or more"},
      {"\"name\": \"fixed\",", "\"name\": \"fixed\", \"is_open\": true,", ""},
      {"\"is_open\": true", "\"is_open\": 3", ""},
  };
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = open_kernel(&ctx), *back;
    add_guard(&ctx, k, "n == y.0", 14);
    k->tensors.n -= i == 9 ? 2 : 0;   /* "fixed" is then the size of no argument */
    const char *json = data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, k), 2), *at = strstr(json, edits[i].from);
    assert_non_null(at);
    const char *broken = arena_printf(&ctx.mem, "%.*s%s%s", (int)(at - json), json, edits[i].to, at + strlen(edits[i].from));
    if (from_json(&ctx, broken, &back) != LOOM_EINPUT)
      fail_msg("edit %zu was not refused as wrong input", i);
    if (!strstr(ctx.diag.first->text, edits[i].text))
      fail_msg("edit %zu: %s", i, ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

static void test_a_call_gives_open_sizes_their_values(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = open_kernel(&ctx);
  kernel_call call = new_call(&ctx, k);
  call.size[0][0] = 7;
  call.size[1][0] = 9;
  assert_int_equal(kernel_bind_call(&ctx, k, &call), LOOM_OK);
  assert_int_equal(kernel_find_symbol(k, "m")->value, 7);
  assert_int_equal(kernel_find_symbol(k, "k")->value, 9);
  assert_int_equal(kernel_find_symbol(k, "n")->value, 40);   /* not said: that of the graph */
  static const int64_t want[5][2] = {{7, 40}, {9, 1}, {12, 0}, {8, 0}, {7, 0}};   /* v follows x */
  for (size_t t = 0; t < 5; t++)
    for (int d = 0; d < 2; d++)
      assert_int_equal(call.size[t][d], want[t][d]);
  assert_int_equal(kernel_check_guards(&ctx, k, &call, NULL, NULL, 0), LOOM_OK);
  loom_ctx_done(&ctx);
}

static void test_sizes_that_do_not_fit_are_refused(void **state) {
  (void)state;
  static const struct { int t, d; int64_t size; const char *text; } calls[] = {
      {0, 0, 1, "dimension 0 of argument x has 1 elements; kernel 'open' was compiled for 2 or more"},
      {1, 1, 5, "dimension 1 of argument y has 5 elements; kernel 'open' was compiled for 1"},
      {2, 0, 11, "dimension 0 of argument z has 11 elements; kernel 'open' was compiled for 12"},
      {3, 0, 9, "dimension 0 of argument w has 9 elements; kernel 'open' was compiled for 8"},
      {4, 0, 9, "dimension 0 of argument v has 9 elements; it is the size m, which is 24 here"},
  };
  for (size_t i = 0; i < COUNT_OF(calls); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = open_kernel(&ctx);
    kernel_call call = new_call(&ctx, k);
    call.size[0][0] = 24;
    call.size[calls[i].t][calls[i].d] = calls[i].size;
    loom_status st = kernel_bind_call(&ctx, k, &call);
    if (st == LOOM_OK)
      st = kernel_check_guards(&ctx, k, &call, NULL, NULL, 0);
    assert_int_equal(st, LOOM_EINPUT);
    assert_string_equal(ctx.diag.first->text, calls[i].text);
    loom_ctx_done(&ctx);
  }
}

/* The code that made a size a number is the place of the error. */
static void test_a_number_is_refused_where_the_code_needs_it(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = open_kernel(&ctx);
  add_guard(&ctx, k, "fixed == 8", 31);
  kernel_call call = new_call(&ctx, k);
  call.size[3][0] = 9;
  assert_int_equal(kernel_bind_call(&ctx, k, &call), LOOM_EINPUT);
  assert_int_equal(ctx.diag.first->span.line, 31);
  loom_ctx_done(&ctx);
}

static void test_every_guard_is_checked_at_its_place(void **state) {
  (void)state;
  const double z[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const double *const contents[5] = {NULL, NULL, z, NULL, NULL};
  const sym_binding tile = {"tile", 16};
  static const struct { const char *holds; bool with_contents; const char *text; } guards[] = {
      {"n == y.0", false, NULL},
      {"n == y.0 && m < n", false, NULL},
      {"m > n", false, "kernel 'open' was compiled for calls where m > n; this one has m = 24, n = 40"},
      {"m mod tile == 0", false, "kernel 'open' was compiled for calls where m mod tile == 0; this one has m = 24, tile = 16"},
      {"m + m == 3 * m", false, "kernel 'open' was compiled for calls where m + m == 3 * m; this one has m = 24"},
      {"`z[5]` == 5", true, NULL},
      {"`z[5]` == 6", false, NULL},   /* nothing is known of it yet */
      {"`z[5]` == 6", true, "kernel 'open' was compiled for calls where `z[5]` == 6; this one has z[5] = 5"},
      {"`z[12]` == 0", true, "kernel 'open' was compiled for calls where `z[12]` == 0; this one has z[12] = -1"},   /* behind the end */
      {"m floordiv (n - k) == 1", false, ""},
  };
  for (size_t i = 0; i < COUNT_OF(guards); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = open_kernel(&ctx);
    kernel_call call = new_call(&ctx, k);
    kernel_add_symbol(&ctx.mem, k, "tile", KERNEL_SYM_BLOCK);
    assert_int_equal(kernel_bind_call(&ctx, k, &call), LOOM_OK);
    add_guard(&ctx, k, guards[i].holds, 17);
    loom_status st = kernel_check_guards(&ctx, k, &call, guards[i].with_contents ? contents : NULL, &tile, 1);
    assert_int_equal(st, guards[i].text ? LOOM_EINPUT : LOOM_OK);
    if (guards[i].text && *guards[i].text) {
      assert_string_equal(ctx.diag.first->text, guards[i].text);
      assert_int_equal(ctx.diag.first->span.line, 17);
    }
    loom_ctx_done(&ctx);
  }
}

/* Blocks of open extents have a size of their own, so that code does not depend on the example. */
static void test_blocks_of_open_extents_do_not_follow_the_example(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = open_kernel(&ctx);
  static const struct { const char *name, *extent; int64_t preferred, want; } blocks[] = {{"a", "m", 0, 64}, {"b", "n", 32, 32}, {"c", "fixed", 0, 8}, {"d", "fixed * m + 1", 0, 64}};
  for (size_t i = 0; i < COUNT_OF(blocks); i++) {
    const sym_expr *extent;
    assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, blocks[i].extent, &extent), LOOM_OK);
    kernel_symbol *s = kernel_add_symbol(&ctx.mem, k, blocks[i].name, KERNEL_SYM_BLOCK);
    s->extent = extent;
    s->preferred = blocks[i].preferred;
  }
  const sym_binding *out;
  size_t n;
  assert_int_equal(kernel_block_sizes(&ctx, k, NULL, 0, &out, &n), LOOM_OK);
  assert_int_equal(n, COUNT_OF(blocks));
  for (size_t i = 0; i < n; i++)
    assert_int_equal(out[i].value, blocks[i].want);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_guards_and_open_sizes_survive_the_round_trip),
      cmocka_unit_test(test_broken_guards_are_refused),
      cmocka_unit_test(test_a_call_gives_open_sizes_their_values),
      cmocka_unit_test(test_sizes_that_do_not_fit_are_refused),
      cmocka_unit_test(test_a_number_is_refused_where_the_code_needs_it),
      cmocka_unit_test(test_every_guard_is_checked_at_its_place),
      cmocka_unit_test(test_blocks_of_open_extents_do_not_follow_the_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
