/* What editors are told while a kernel is read.  Oracle: written down, place by place. */
#include "base/testing.h"
#include "base/text.h"
#include "base/vec.h"
#include "frontend/helion/helion.h"

typedef struct told { int line, col; const char *name, *is; } told;
typedef struct listener { arena *mem; VEC_OF(told) all; } listener;

static void take(void *data, loom_span at, const char *name, const char *is) {
  listener *l = data;
  for (size_t i = 0; i < l->all.n; i++)
    if (l->all.at[i].line == at.line && l->all.at[i].col == at.col) {
      l->all.at[i].is = is;
      return;
    }
  vec_push(l->mem, &l->all, ((told){at.line, at.col, name, is}));
}

static const char code[] = "import torch, helion\nimport helion.language as hl\n@helion.kernel()\ndef f(x, eps: float):\n  m, n = x.size()\n  out = torch.empty_like(x)\n"
                           "  for t in hl.tile(m):\n    a = x[t, :] * 2\n    s = a.sum(-1)\n    out[t, :] = a + s[:, None]\n  return out\n";

static const char *is_at(const listener *l, int line, int col, const char *name) {
  for (size_t i = 0; i < l->all.n; i++)
    if (l->all.at[i].line == line && l->all.at[i].col == col) {
      assert_string_equal(l->all.at[i].name, name);
      return l->all.at[i].is;
    }
  return "";
}

static loom_status read_with(loom_ctx *ctx, listener *l, helion_watch *w, const helion_shape *shapes, size_t n, const helion_given *given, size_t n_given) {
  syn_node *tree;
  kernel_graph *k;
  *l = (listener){.mem = &ctx->mem};
  *w = (helion_watch){take, l, NULL};
  const helion_options o = {.shapes = shapes, .n_shapes = n, .given = given, .n_given = n_given, .watch = w};
  LOOM_TRY(python_parse(ctx, "k.py", code, sizeof code - 1, &tree));
  return helion_read(ctx, tree, &o, &k);
}

static void test_names_have_types_and_symbols(void **state) {
  loom_ctx *ctx = *state;
  listener l;
  helion_watch w;
  const helion_shape shapes[] = {{"x.0", 64}, {"x.1", 32}};
  const helion_given eps = helion_parse_given(&ctx->mem, "eps", "0.5");
  assert_int_equal(read_with(ctx, &l, &w, shapes, 2, &eps, 1), LOOM_OK);
  assert_null(w.missing);
  assert_string_equal(is_at(&l, 4, 10, "eps"), "the float 0.5");
  assert_string_equal(is_at(&l, 5, 3, "m"), "the int m=64");
  assert_string_equal(is_at(&l, 6, 26, "x"), "host tensor float16 [m=64, n=32]");
  assert_string_equal(is_at(&l, 7, 7, "t"), "tile, block symbol t, of the range 0 .. m=64");
  assert_string_equal(is_at(&l, 8, 5, "a"), "tile value float16 [t, n=32]");
  assert_string_equal(is_at(&l, 9, 5, "s"), "tile value float16 [t]");
  assert_string_equal(is_at(&l, 11, 10, "out"), "host tensor float16 [m=64, n=32]");
}

static void test_fixed_block_sizes_are_told(void **state) {
  loom_ctx *ctx = *state;
  static const char fixed[] = "import torch, helion\nimport helion.language as hl\n@helion.kernel()\ndef f(x):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0), block_size=16):\n"
                              "    out[t] = x[t]\n  return out\n";
  syn_node *tree;
  kernel_graph *k;
  listener l = {.mem = &ctx->mem};
  helion_watch w = {take, &l, NULL};
  const helion_shape shapes[] = {{"x.0", 64}};
  const helion_options o = {.shapes = shapes, .n_shapes = 1, .watch = &w};
  assert_int_equal(python_parse(ctx, "k.py", fixed, sizeof fixed - 1, &tree), LOOM_OK);
  assert_int_equal(helion_read(ctx, tree, &o, &k), LOOM_OK);
  assert_non_null(strstr(is_at(&l, 6, 7, "t"), "; block size 16, fixed by the kernel"));
}

/* What is not known is told apart from what is wrong; stand-ins have no numbers. */
static void test_missing_sizes_are_no_errors(void **state) {
  loom_ctx *ctx = *state;
  listener l;
  helion_watch w;
  assert_int_equal(read_with(ctx, &l, &w, NULL, 0, NULL, 0), LOOM_EINPUT);
  assert_int_equal(ctx->diag.errors, 0);
  assert_string_equal(w.missing, "x.0, x.1, eps");
  assert_string_equal(is_at(&l, 6, 26, "x"), "host tensor float16 [m, n]");
  assert_string_equal(is_at(&l, 8, 5, "a"), "tile value float16 [t, n]");
}

static void test_kernels_have_places(void **state) {
  loom_ctx *ctx = *state;
  syn_node *tree;
  size_t n;
  assert_int_equal(python_parse(ctx, "k.py", code, sizeof code - 1, &tree), LOOM_OK);
  const helion_place *places = helion_places(ctx, tree, &n);
  assert_int_equal(n, 1);
  assert_string_equal(places[0].name, "f");
  assert_int_equal(places[0].line, 3);
  assert_int_equal(places[0].span.line, 4);
}

static void test_functions_have_arguments(void **state) {
  loom_ctx *ctx = *state;
  size_t n, found = 0;
  const helion_function *all = helion_functions(&ctx->mem, &n);
  static const helion_function want[] = {{"torch.sum", "input, dim?, keepdim?, *, dtype?"}, {"torch.relu", "input"}, {"torch.special.expit", "input"}};
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < COUNT_OF(want); k++)
      if (text_eq(all[i].name, want[k].name)) {
        assert_string_equal(all[i].arguments, want[k].arguments);
        found++;
      }
  assert_int_equal(found, COUNT_OF(want));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_names_have_types_and_symbols), T(test_fixed_block_sizes_are_told), T(test_missing_sizes_are_no_errors), T(test_kernels_have_places), T(test_functions_have_arguments)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
