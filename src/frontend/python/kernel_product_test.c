/* What is taken for one matrix product is one: kernels as they are written and with every edit of a list at every place.  Oracle: a kernel that is said
 * to be a product gives, run by the interpreter on small whole numbers, exactly the sums of products of the dims that were named; those of `products`
 * are found, those of `others` are not. */
#include "frontend/python/helion_testing.h"
#include "kernel/kernel_product.h"

enum { M = 6, K = 5, N = 4, B = 2, BLOCK = 3 };

#define ARGS "x: torch.Tensor, y: torch.Tensor"
#define SIZES "  m, k = x.size()\n  n = y.size(1)\n  out = torch.empty([m, n], dtype=x.dtype)\n"
#define TILES "  for tm, tn in hl.tile([m, n]):\n    acc = hl.zeros([tm, tn], dtype=torch.float32)\n    for tk in hl.tile(k):\n"
#define STORE "    out[tm, tn] = acc\n  return out\n"
#define BATCHED "  b, m, k = x.size()\n  n = y.size(2)\n  out = torch.empty([b, m, n], dtype=x.dtype)\n"

typedef struct source { const char *body; dtype type; int rank; bool x_turned, y_turned; } source;   /* rank of x and y; [k, m], [n, k] instead */

static const source products[] = {
    {SIZES TILES "      acc = acc + x[tm, tk] @ y[tk, tn]\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = x[tm, tk] @ y[tk, tn] + acc\n" STORE, DTYPE_F16, 2, false, false},
    {SIZES TILES "      acc = torch.addmm(acc, x[tm, tk], y[tk, tn])\n" STORE, DTYPE_BF16, 2, false, false},
    {SIZES TILES "      acc += torch.matmul(x[tm, tk].to(torch.float32), y[tk, tn].to(torch.float32))\n    out[tm, tn] = acc.to(x.dtype)\n  return out\n", DTYPE_F16, 2, false, false},
    {SIZES "  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = x[tm, :] @ y[:, tn]\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES "  for tm in hl.tile(m):\n    for tn in hl.tile(n):\n      acc = hl.zeros([tm, tn], dtype=torch.float32)\n      for tk in hl.tile(k):\n        acc = torch.addmm(acc, x[tm, tk], y[tk, tn])\n      out[tm, tn] = acc\n  return out\n", DTYPE_F32, 2, false, false},
    {"  k, m = x.size()\n  n = y.size(0)\n  out = torch.empty([m, n], dtype=x.dtype)\n" TILES "      acc = acc + x[tk, tm].T @ y[tn, tk].T\n" STORE, DTYPE_F32, 2, true, true},
    {"  m, k = x.size()\n  n = y.size(1)\n  out = torch.empty([n, m], dtype=x.dtype)\n" TILES "      acc = acc + x[tm, tk] @ y[tk, tn]\n    out[tn, tm] = acc.T\n  return out\n", DTYPE_F32, 2, false, false},
    {BATCHED "  for tb, tm, tn in hl.tile([b, m, n]):\n    acc = hl.zeros([tb, tm, tn], dtype=torch.float32)\n    for tk in hl.tile(k):\n      acc = torch.baddbmm(acc, x[tb, tm, tk], y[tb, tk, tn])\n    out[tb, tm, tn] = acc\n  return out\n", DTYPE_F32, 3, false, false},
    {BATCHED "  for tb, tm, tn in hl.tile([b, m, n]):\n    out[tb, tm, tn] = torch.bmm(x[tb, tm, :], y[tb, :, tn])\n  return out\n", DTYPE_F16, 3, false, false},
    {BATCHED "  for i in hl.grid(b):\n    for tm, tn in hl.tile([m, n]):\n      acc = hl.zeros([tm, tn], dtype=torch.float32)\n      for tk in hl.tile(k):\n        acc = torch.addmm(acc, x[i, tm, tk], y[i, tk, tn])\n      out[i, tm, tn] = acc\n  return out\n", DTYPE_F32, 3, false, false},
};

static const source others[] = {
    {SIZES TILES "      acc = acc - x[tm, tk] @ y[tk, tn]\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = acc + acc\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = acc + 2 * (x[tm, tk] @ y[tk, tn])\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = acc + x[tm, tk] @ y[tk, tn]\n    out[tm, tn] = torch.relu(acc)\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = acc + x[tm, tk] @ y[tk, tn]\n    out[tm, tn] = acc\n    out[tm, tn] = acc\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = acc + x[tm, tk] @ y[tk, tn]\n    hl.atomic_add(out, [tm, tn], acc)\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES "  for tm, tn in hl.tile([m, n]):\n    acc = hl.full([tm, tn], 1.0, dtype=torch.float32)\n    for tk in hl.tile(k):\n      acc = torch.addmm(acc, x[tm, tk], y[tk, tn])\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES "  for tm, tn in hl.tile([m, n]):\n    acc = hl.zeros([tm, tn], dtype=torch.float32)\n    for tk in hl.tile(1, k):\n      acc = torch.addmm(acc, x[tm, tk], y[tk, tn])\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES "  for tm in hl.tile(m):\n    out[tm, :] = x[tm, :] + x[tm, :]\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES "  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = x[tm, 0:3] @ y[0:3, tn]\n  return out\n", DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = torch.addmm(acc, torch.relu(x[tm, tk]), y[tk, tn])\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES TILES "      acc = torch.addmm(acc, hl.load(x, [tm, tk], extra_mask=(tm.index < 3)[:, None]), y[tk, tn])\n" STORE, DTYPE_F32, 2, false, false},
    {SIZES "  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = x[tm, :] @ y[:, tn]\n  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = x[tm, :] @ y[:, tn]\n  return out\n", DTYPE_F32, 2, false, false},
};

/* One `from` at a time becomes `to`, at every place. */
static const struct { const char *from, *to; } edits[] = {
    {"tm", "tn"}, {"tn", "tm"}, {"tk", "tm"}, {"tk", "tn"}, {"tm", "tk"}, {"tk", ":"}, {"tm", ":"}, {"tn", ":"}, {"tk", "0"}, {"tm", "0"}, {"tm", "tm.index"}, {"tk", "tk.index"}, {"tm", "tm.begin"},
    {"x", "y"}, {"y", "x"}, {"x[", "out["}, {"hl.zeros(", "hl.ones("}, {"float32", "float16"}, {"float32", "int32"}, {"x.dtype", "torch.float32"}, {"x.dtype", "torch.int32"}, {"acc +", "acc -"}, {"acc +", "acc *"},
    {"acc,", "x[tm, tk],"}, {"acc =", "acc +="}, {"= acc", "= acc + 1"}, {"= acc", "= acc + acc"}, {"= acc", "= -acc"}, {"= acc", "= acc.to(torch.int32)"}, {"= acc", "= acc.to(torch.bfloat16).to(torch.float32)"},
    {"] = ", "] += "}, {"hl.tile(k)", "hl.tile(1, k)"}, {"hl.tile(k)", "hl.tile(k - 1)"}, {"hl.tile(k)", "hl.tile(0, k, block_size=2)"}, {"hl.tile(k)", "hl.grid(k)"}, {"hl.tile(k)", "hl.tile(m)"}, {"hl.tile(k)", "range(2)"},
    {"hl.tile(m)", "hl.tile(1, m)"}, {"hl.tile(m)", "hl.grid(m)"}, {"[m, n]", "[n, m]"}, {"[m, n]", "[m - 1, n]"}, {"[m, n]", "[m, n, 2]"}, {"b, m, n", "b, n, m"}, {"grid(b)", "grid(1, b)"}, {"grid(b)", "grid(0, b, 2)"},
    {"grid(b)", "tile(b)"}, {"[i, ", "[0, "}, {"[i, ", "[i + 1, "}, {"[i, ", "[1 - i, "}, {"[tb, ", "[0, "}, {":", "0:3"}, {":", "1:"}, {".T", ""}, {"]", "].T"}, {"]", "] * 2"}, {"]", "].to(torch.float32)"},
    {"]", "].to(torch.int32)"}, {"]", "].sum(-1)"}, {" @ ", " * "}, {" @ ", " + "}, {"torch.bmm", "torch.add"}, {"    acc = ", "    out[0, 0] = 0\n    acc = "}, {"out[", "x["}, {"out = torch.empty", "out = torch.ones"},
    {"return out", "return x"}, {"  out =", "  q = torch.empty_like(x)\n  out ="}, {"    out[", "    x[0, 0] = 1.0\n    out["}, {"    out[", "    if tm.begin > 0:\n     out["}};

static double small(int64_t at) { return (double)((at * 7 + 3) % 5 - 2); }

static int64_t element_at(const interp_tensor *t, const kernel_product *p, int i, const int64_t *index) {
  int64_t of[KERNEL_RANK_MAX] = {0}, at = 0;
  for (int d = 0; d < p->rank; d++)
    if (p->dim[i][d] >= 0)
      of[p->dim[i][d]] = index[d];
  for (int d = 0; d < t->rank; d++)
    at = at * t->shape[d] + of[d];
  return at;
}

/* The value of C at `index` by definition. */
static double sum_at(const helion_run *r, const kernel_product *p, const int64_t *index) {
  int64_t a[KERNEL_RANK_MAX], b[KERNEL_RANK_MAX];
  double sum = 0;
  memcpy(a, index, sizeof a);
  memcpy(b, index, sizeof b);
  for (int64_t k = 0; k < p->size[0][p->rank - 1]; k++) {
    a[p->rank - 1] = b[p->rank - 2] = k;
    const interp_tensor *x = &r->t[p->tensor[0]], *y = &r->t[p->tensor[1]];
    sum += x->value[element_at(x, p, 0, a)] * y->value[element_at(y, p, 1, b)];
  }
  return sum;
}

/* Is it said to be a product?  Then it is one. */
static bool is_product(const char *code, const source *s) {
  helion_run r;
  kernel_product p;
  helion_input in[2] = {{"x", s->type, s->rank, {B, M, K}, small}, {"y", s->type, s->rank, {B, K, N}, small}};
  for (int i = 0; i < 2; i++) {
    bool turned = i ? s->y_turned : s->x_turned;
    const int64_t rows = i ? K : M, columns = i ? N : K;
    in[i].shape[s->rank - 2] = turned ? columns : rows;
    in[i].shape[s->rank - 1] = turned ? rows : columns;
  }
  helion_run_text(&r, code, in, 2, BLOCK, true);
  bool found = false;
  if (r.status == LOOM_OK) {
    VEC_OF(sym_binding) blocks = {0};
    for (size_t i = 0; i < r.k->symbols.n; i++)
      if (r.k->symbols.at[i].kind == KERNEL_SYM_BLOCK && r.k->symbols.at[i].value < 0)
        vec_push(&r.ctx.mem, &blocks, ((sym_binding){r.k->symbols.at[i].name, BLOCK}));
    found = kernel_is_product(&r.ctx, r.k, blocks.at, blocks.n, &p);
    assert_int_equal(r.ctx.diag.errors, 0);
  }
  if (found) {
    const interp_tensor *c = &r.t[p.tensor[2]];
    int64_t index[KERNEL_RANK_MAX] = {0};
    for (int64_t at = 0; at < c->elems; at++) {
      int64_t rest = at;
      for (int d = p.rank - 1; d >= 0; d--) {
        index[d] = rest % p.size[2][d];
        rest /= p.size[2][d];
      }
      double got = c->value[element_at(c, &p, 2, index)], want = sum_at(&r, &p, index);
      if (got != want)
        fail_msg("element %d is %g; the product that it was taken for has %g\n%s", (int)at, got, want, code);
    }
  }
  loom_ctx_done(&r.ctx);
  return found;
}

static const char *code_of(arena *mem, const source *s) { return arena_printf(mem, HELION_KERNEL(ARGS) "%s", s->body); }

static void test_products_are_found_and_are_products(void **state) {
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(products); i++)
    if (!is_product(code_of(&ctx->mem, &products[i]), &products[i]))
      fail_msg("not taken for a product:\n%s", products[i].body);
}

static void test_what_does_more_is_no_product(void **state) {
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(others); i++)
    if (is_product(code_of(&ctx->mem, &others[i]), &others[i]))
      fail_msg("taken for a product:\n%s", others[i].body);
}

static void test_what_an_edit_makes_is_never_taken_for_another_product(void **state) {
  loom_ctx *ctx = *state;
  int found = 0, n = 0;
  for (size_t i = 0; i < COUNT_OF(products); i++)
    for (size_t e = 0; e < COUNT_OF(edits); e++)
      for (const char *body = products[i].body, *at = body; (at = strstr(at, edits[e].from)) != NULL; at++, n++) {
        source s = products[i];
        s.body = arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - body), body, edits[e].to, at + strlen(edits[e].from));
        found += is_product(code_of(&ctx->mem, &s), &s);
      }
  assert_true(n > 1000 && found > 20 && found < n / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_products_are_found_and_are_products, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_does_more_is_no_product, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_an_edit_makes_is_never_taken_for_another_product, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
