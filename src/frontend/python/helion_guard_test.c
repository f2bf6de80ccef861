/* Sizes that vary (static_shapes=False): which of them stay open, and which guards the reading of a kernel leaves.  Oracle: the conditions that
 * the lines of the kernel need, written down by hand; and, for each kernel, that they hold for the sizes it was read with. */
#include "base/testing.h"
#include "frontend/helion/helion.h"

#define IMPORTS "import torch\nimport helion\nimport helion.language as hl\nfrom torch import Tensor\n"
#define HEAD IMPORTS "@helion.kernel(static_shapes=False)\ndef f(x: Tensor, y: Tensor):\n  m, n = x.size()\n  k, l = y.size()\n"
/* Rows and columns of x alone. */
#define COPY "  out = torch.empty_like(x)\n  for t in hl.tile(m):\n    out[t, :] = x[t, :]\n  return out\n"

static const helion_shape shapes[] = {{"x.0", 24}, {"x.1", 40}, {"y.0", 40}, {"y.1", 24}};

static loom_status read_text(loom_ctx *ctx, const char *code, const helion_shape *s, size_t n, bool open, kernel_graph **out) {
  syn_node *tree;
  const helion_options o = {.shapes = s, .n_shapes = n, .open_sizes = open};
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  return helion_read(ctx, tree, &o, out);
}

static const char *open_sizes(arena *m, const kernel_graph *k) {
  text t = text_new(m);
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      text_addf(&t, "%s%s", t.size ? " " : "", k->symbols.at[i].name);
  return text_str(&t);
}

static const char *guards(arena *m, const kernel_graph *k) {
  text t = text_new(m);
  for (size_t i = 0; i < k->guards.n; i++)
    text_addf(&t, "%s%s", i ? "; " : "", sym_str(m, k->guards.at[i].holds));
  return text_str(&t);
}

typedef struct row { const char *name, *code, *open, *guards; } row;

static const row rows[] = {
    {"nothing is decided", HEAD COPY, "m n k l", ""},
    {"asserts make sizes equal, and name the second by its argument", HEAD "  assert n == k\n" COPY, "m n l", "n == y.0"},
    {"an assert of an order", HEAD "  assert m < n and l >= 2\n" COPY, "m n k l", "m < n"},
    {"an if that is taken", HEAD "  if m > 4:\n    pass\n" COPY, "m n k l", "m > 4"},
    {"an if that is not", HEAD "  if m > 100:\n    pass\n" COPY, "m n k l", "m <= 100"},
    {"sizes that differ", HEAD "  if m == n:\n    pass\n" COPY, "m n k l", "m != n"},
    {"a size compared with a number is that number from then on", HEAD "  if m == 24:\n    pass\n  if m > 3:\n    pass\n" COPY, "n k l", "m == 24"},
    {"truth and signs of sizes hold always", HEAD "  if m and n - 1 >= 0 and n > 1 and m - 1 < m:\n    pass\n" COPY, "m n k l", ""},
    {"a remainder", HEAD "  assert n % 8 == 0\n" COPY, "m n k l", "n mod 8 == 0"},
    {"the same question twice", HEAD "  assert n % 8 == 0\n  if n % 8 == 0:\n    pass\n" COPY, "m n k l", "n mod 8 == 0"},
    {"and, or and chains stop at what decides", HEAD "  if m > 100 and n > 200:\n    pass\n  if 4 < m < 30:\n    pass\n" COPY, "m n k l", "m <= 100; m > 4; m < 30"},
    {"hl.specialize", HEAD "  w = hl.specialize(n)\n" COPY, "m k l", "n == 40"},
    {"hl.specialize of a tuple", HEAD "  w = hl.specialize((m, n))\n" COPY, "k l", "m == 24; n == 40"},
    {"arithmetic on sizes stays open", HEAD "  w = (m + n) * 2 // 3 + m % 5\n" COPY, "m n k l", ""},
    {"floats of sizes are numbers", HEAD "  w = 1.0 / m\n" COPY, "n k l", "m == 24"},
    {"bit operations are on numbers", HEAD "  w = n & 7\n" COPY, "m k l", "n == 40"},
    {"min and max stay open", HEAD "  w = min(m, n)\n" COPY, "m n k l", ""},
    {"a power of two holds for its range", HEAD "  w = helion.next_power_of_2(n)\n" COPY, "m n k l", "n <= 64; n > 32"},
    {"python loops are unrolled", HEAD "  for i in range(m):\n    pass\n" COPY, "n k l", "m == 24"},
    {"an allocation is not negative", HEAD "  w = torch.empty([m - 10, n])\n" COPY, "m n k l", "m - 10 >= 0"},
    {"slices of the host count from both ends", HEAD "  w = x[2:, :-1]\n  v = x[5:7]\n" COPY, "m n k l", "m >= 5; m >= 7"},
    {"an element of the host", HEAD "  w = x[3, :]\n  v = x[-4]\n" COPY, "m n k l", "m > 3; m - 4 >= 0"},
    {"squeeze asks whether there is one row", HEAD "  w = x[: m - 3].squeeze(0)\n" COPY, "m n k l", "m - 3 >= 0; m - 3 != 1"},
    {"reshape needs the same number of elements", HEAD "  w = x.reshape(l, -1)\n" COPY, "m n k l", "m == l"},
    {"a loop over one tensor that reads another",
     HEAD "  out = torch.empty_like(x)\n  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = x[tm, tn] + y[tn, tm].T\n  return out\n", "m n k l", "n <= k; m <= l"},
    {"a product of matrices",
     HEAD "  out = torch.empty([m, l])\n  for tm, tl in hl.tile([m, l]):\n    acc = hl.zeros([tm, tl])\n    for tn in hl.tile(n):\n"
          "      acc = torch.addmm(acc, x[tm, tn], y[tn, tl])\n    out[tm, tl] = acc\n  return out\n",
     "m n k l", "n <= k; n == k"},
    {"an index that counts",
     HEAD "  out = torch.empty_like(x)\n  for i in hl.grid(m):\n    for t in hl.tile(n):\n      out[i, t] = x[i, t] + y[t, i]\n  return out\n", "m n k l",
     "n <= k; m <= l"},
    {"a slice in a loop", HEAD "  out = torch.empty([m, 4])\n  for t in hl.tile(m):\n    out[t, :] = x[t, 3:7]\n  return out\n", "m n k l", "n >= 3; n >= 7"},
    /* what holds for all sizes, which are 2 or more */
    {"sums and products of sizes", HEAD "  if m + n > 3 and m * n >= 4 and m + n - 3 > 0:\n    pass\n" COPY, "m n k l", ""},
    {"quotients of sizes", HEAD "  if helion.cdiv(m, 4) >= 1 and m // 2 >= 1 and m // n >= 0 and m % n >= 0 and helion.cdiv(m - 5, n) >= 0:\n    pass\n" COPY, "m n k l", "(m - 5) ceildiv n >= 0"},
    {"the least and the most of sizes", HEAD "  if min(m, n) >= 2 and max(m, 7) >= 7 and min(m, 1) > 0 and max(1, n) > 1:\n    pass\n" COPY, "m n k l", ""},
    {"what may be negative", HEAD "  if (m - 5) * n >= 0 and n * (m - 5) >= 0 and (m - 9) // 2 >= 0 and m - n < 0 and (m - n) + 2 < 0 and 3 + (m - n) < 0:\n    pass\n" COPY, "m n k l",
     "(m - 5) * n >= 0; n * (m - 5) >= 0; (m - 9) floordiv 2 >= 0; m - n < 0; m - n + 2 < 0; 3 + (m - n) < 0"},
    {"what may be divided by 0", HEAD "  if m % (n - 4) >= 0 and m // (n - 4) >= 0 and helion.cdiv(m, n - 4) > 0:\n    pass\n" COPY, "m n k l", "n - 4 > 0; m mod (n - 4) >= 0; m floordiv (n - 4) >= 0; n - 4 >= 1; m ceildiv (n - 4) > 0"},
    {"the number in front", HEAD "  if 4 < m and 100 > m and 2 <= m and 30 >= m and 1 != m and 1 < m:\n    pass\n" COPY, "m n k l", "m > 4; m < 100; m <= 30"},
    {"the number in front, and the size is it", HEAD "  if 24 == m and 25 != n:\n    pass\n" COPY, "n k l", "m == 24; n != 25"},
    {"the same on both sides", HEAD "  if m == m and m <= m and m >= m and m < m + 1 and m + 1 > m - 1 and m - 3 != m and not m > m and not m + 2 == m - 2 and not m != m:\n    pass\n" COPY, "m n k l", ""},
    {"large numbers on both sides", HEAD "  if m + 2000000000000 > m and m - 2000000000000 < m:\n    pass\n" COPY, "m n k l", "m + 2000000000000 > m; m - 2000000000000 < m"},
    {"a size and more than any", HEAD "  if m + 9223372036854775000 > n:\n    pass\n" COPY, "m n k l", "m + 9223372036854775000 > n"},
    {"the same two sizes, turned", HEAD "  if m != n:\n    pass\n  if n != m:\n    pass\n  if n == k:\n    pass\n  if k == n:\n    pass\n" COPY, "m n k l", "m != n; n == k"},
    {"a slice that begins at a size from the end", HEAD "  w = x[20 - m:, : m - 30]\n" COPY, "m n k l", "20 - m < 0; m + (20 - m) >= 0; m + (20 - m) <= m; m - 30 < 0; n + (m - 30) >= 0; n + (m - 30) <= n"},
    {"a slice that ends behind the end", HEAD "  w = x[: m + 5, n + 1:]\n" COPY, "m n k l", ""},
    {"a slice that begins behind its end", HEAD "  w = x[m - 2: 3]\n  v = x[5:3, None:None]\n" COPY, "m n k l", "m >= 3; m - 2 > 3; m >= 5"},
    {"a slice from before the beginning", HEAD "  w = x[-m - 5: -100]\n" COPY, "m n k l", "0 - m - 5 < 0; m + (0 - m - 5) < 0; m - 100 < 0"},
    {"a slice of a known size by sizes that vary", HEAD "  w = torch.empty([6, 7])[: m, : n - 38]\n" COPY, "m n k l", "m > 6; n - 38 >= 0; n - 38 <= 7"},
    {"an element at a place that is a size", HEAD "  w = x[m - 1]\n  v = x[m - 30]\n  u = x[0, k - 1]\n" COPY, "m n k l", "m - 30 < 0; m + (m - 30) < m; m + (m - 30) >= 0; k - 1 < n"},
    {"tiles of two sizes that have to be one", HEAD "  out = torch.empty_like(x)\n  b = hl.register_block_size(8)\n  for t in hl.tile(m):\n    v = hl.zeros([b, n]).reshape(b * n)\n    w = hl.zeros([b, k]).reshape(b * k)\n    out[t, :] = x[t, :] + (v + w).sum()\n  return out\n",
     "m n k l", "n == k"},
    {"a size as a value of the device", HEAD "  out = torch.empty_like(x)\n  for t in hl.tile(m):\n    out[t, :] = x[t, :] / n + m\n  return out\n", "m n k l", ""},
};

static void test_what_a_kernel_asks_of_its_sizes_becomes_guards(void **state) {
  (void)state;
  int bad = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    loom_ctx_init(&ctx);
    loom_status st = read_text(&ctx, rows[i].code, shapes, COUNT_OF(shapes), true, &k);
    if (st != LOOM_OK) {
      print_message("%s: %s\n", rows[i].name, ctx.diag.first ? ctx.diag.first->text : "fails");
      bad++;
    } else if (strcmp(open_sizes(&ctx.mem, k), rows[i].open) != 0 || strcmp(guards(&ctx.mem, k), rows[i].guards) != 0) {
      print_message("%s: open \"%s\", guards \"%s\"\n", rows[i].name, open_sizes(&ctx.mem, k), guards(&ctx.mem, k));
      bad++;
    } else {
      kernel_call call = {.size = arena_array(&ctx.mem, k->tensors.n, sizeof *call.size)};
      bad += kernel_bind_call(&ctx, k, &call) != LOOM_OK || kernel_check_guards(&ctx, k, &call, NULL, NULL, 0) != LOOM_OK;
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(bad, 0);
}

/* A guard says where the code is that rests on it. */
static void test_guards_have_the_place_of_their_code(void **state) {
  (void)state;
  loom_ctx ctx;
  kernel_graph *k;
  loom_ctx_init(&ctx);
  assert_int_equal(read_text(&ctx, HEAD "  assert n == k\n  if m > 4:\n    pass\n" COPY, shapes, COUNT_OF(shapes), true, &k), LOOM_OK);
  assert_int_equal(k->guards.n, 2);
  assert_int_equal(k->guards.at[0].span.line, 9);
  assert_int_equal(k->guards.at[0].span.col, 10);
  assert_int_equal(k->guards.at[1].span.line, 10);
  assert_int_equal(k->guards.at[1].span.col, 6);
  loom_ctx_done(&ctx);
}

/* One element is another kernel: it broadcasts. */
static void test_a_size_of_one_is_a_number(void **state) {
  (void)state;
  static const helion_shape one[] = {{"x.0", 1}, {"x.1", 40}, {"y.0", 40}, {"y.1", 24}};
  loom_ctx ctx;
  kernel_graph *k;
  int64_t n;
  loom_ctx_init(&ctx);
  assert_int_equal(read_text(&ctx, HEAD COPY, one, COUNT_OF(one), true, &k), LOOM_OK);
  assert_true(sym_is_const(k->tensors.at[0].shape.dim[0], &n) && n == 1);
  assert_string_equal(open_sizes(&ctx.mem, k), "n k l");
  loom_ctx_done(&ctx);
}

/* Sizes are open where the kernel says so and the caller can use it: not for a chip, not for a run of the source. */
static void test_sizes_stay_numbers_unless_both_sides_ask(void **state) {
  (void)state;
  static const struct { const char *maker; bool asked, open; } makers[] = {
      {"@helion.kernel(static_shapes=False)", true, true},   {"@helion.kernel(static_shapes=False)", false, false}, {"@helion.kernel(static_shapes=True)", true, false},
      {"@helion.kernel()", true, false},                     {"@helion.kernel", true, false},                       {"@helion.jit(static_shapes=False)", true, true},
      {"@helion.kernel(config=helion.Config(block_sizes=[8]), static_shapes=OPEN)", true, true}};
  for (size_t i = 0; i < COUNT_OF(makers); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    loom_ctx_init(&ctx);
    const char *code = arena_printf(&ctx.mem, "%sOPEN = False\n%s\ndef f(x: Tensor):\n  m, n = x.size()\n%s", IMPORTS, makers[i].maker, COPY);
    assert_int_equal(read_text(&ctx, code, shapes, 2, makers[i].asked, &k), LOOM_OK);
    if (kernel_is_open(k) != makers[i].open)
      fail_msg("%s: %s", makers[i].maker, makers[i].open ? "not open" : "open");
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_a_kernel_asks_of_its_sizes_becomes_guards),
      cmocka_unit_test(test_guards_have_the_place_of_their_code),
      cmocka_unit_test(test_a_size_of_one_is_a_number),
      cmocka_unit_test(test_sizes_stay_numbers_unless_both_sides_ask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
