/* Dumps of Device IR against the Python source of the same kernel.  Oracle: the graph of the source, compared operation by operation
 * (kernel_same), and the interpreter on both.  LOOM_HELION_MLIR=<checkout of helion-mlir> does the same for its eight dumps. */
#include "base/file.h"
#include "base/testing.h"
#include "frontend/device_ir/device_ir.h"
#include "kernel/interp.h"
#include "kernel/kernel_same.h"
#include <stdlib.h>

#define DATA LOOM_SOURCE_DIR "/tests/data/device_ir/"

static loom_status read_python(loom_ctx *ctx, const char *path, const char *function, dtype type, const helion_shape *shapes, size_t n, kernel_graph **out) {
  char *text_;
  size_t size;
  syn_node *tree;
  LOOM_TRY(file_read(ctx, path, 1 << 22, &text_, &size));
  LOOM_TRY(python_parse(ctx, path, text_, size, &tree));
  return helion_read(ctx, tree, &(helion_options){.shapes = shapes, .n_shapes = n, .function = function, .has_dtype = true, .dtype = type}, out);
}

static loom_status read_dump(loom_ctx *ctx, const char *path, const helion_shape *shapes, size_t n, kernel_graph **out) {
  char *text_;
  size_t size;
  LOOM_TRY(file_read(ctx, path, 1 << 22, &text_, &size));
  return device_ir_read(ctx, path, text_, size, &(device_ir_options){.shapes = shapes, .n_shapes = n}, out);
}

static void print_errors(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_message("%s:%d:%d: %s\n", d->span.source ? d->span.source->path : "", d->span.line, d->span.col, d->text);
}

/* ---- the interpreter on both ---- */
static interp_tensor *make_inputs(loom_ctx *ctx, const kernel_graph *k) {
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      assert_int_equal(interp_make_input(ctx, k, (kernel_tensor)i, 11 + i, false, &t[i]), LOOM_OK);
  return t;
}

static void run(loom_ctx *ctx, const kernel_graph *k, interp_tensor *t) {
  VEC_OF(sym_binding) blocks = {0};
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].value < 0)
      vec_push(&ctx->mem, &blocks, ((sym_binding){k->symbols.at[i].name, 3}));
  interp_options o = {.blocks = blocks.at, .n_blocks = blocks.n, .op_budget = 100000000};
  loom_status st = interp_run(ctx, k, t, &o);
  if (st != LOOM_OK)
    print_errors(ctx);
  assert_int_equal(st, LOOM_OK);
}

/* Both compute the same numbers from the same inputs: an argument of the dump is the tensor or view of the source that stands for it. */
static void expect_same_results(loom_ctx *ctx, const kernel_graph *dump, const kernel_graph *source, const kernel_tensor *partner) {
  interp_tensor *x = make_inputs(ctx, source), *y = make_inputs(ctx, dump);
  for (size_t i = 0; i < dump->tensors.n; i++)
    if (dump->tensors.at[i].role == KERNEL_ARG) {
      assert_true(partner[i] >= 0);
      assert_int_equal(interp_read_tensor(ctx, source, x, partner[i], &y[i]), LOOM_OK);
    }
  run(ctx, source, x);
  run(ctx, dump, y);
  for (size_t i = 0; i < dump->returns.n; i++) {
    interp_tensor a, b;
    assert_int_equal(interp_read_tensor(ctx, dump, y, dump->returns.at[i], &a), LOOM_OK);
    assert_int_equal(interp_read_tensor(ctx, source, x, source->returns.at[i], &b), LOOM_OK);
    assert_int_equal(a.elems, b.elems);
    for (int64_t e = 0; e < a.elems; e++)
      if (a.value[e] < b.value[e] || a.value[e] > b.value[e] || isnan(a.value[e]) || isnan(b.value[e]))
        fail_msg("element %d of result %zu of %s is %g from the dump and %g from the source", (int)e, i, dump->name, a.value[e], b.value[e]);
  }
}

/* ---- our dumps ---- */
typedef struct sample { const char *dump, *function; dtype type; helion_shape shapes[4]; size_t n_shapes; bool loose; } sample;
#define SQUARE {{"x.0", 7}, {"x.1", 5}}, 2
static const sample samples[] = {
    {"scaled_matmul.txt", "scaled_matmul", DTYPE_F16, {{"x.0", 6}, {"x.1", 5}, {"y.0", 5}, {"y.1", 4}}, 4, true},
    {"scaled_matmul.fx.txt", "scaled_matmul", DTYPE_F16, {{"x.0", 6}, {"x.1", 5}, {"y.0", 5}, {"y.1", 4}}, 4, false},
    {"branch_else.txt", "branch_else", DTYPE_F32, SQUARE, true},
    {"branch_else.json", "branch_else", DTYPE_F32, SQUARE, false},
    {"branch.txt", "branch", DTYPE_F32, SQUARE, true},
    {"two_phases.txt", "two_phases", DTYPE_F32, SQUARE, true},
    {"nominal.txt", "nominal", DTYPE_F32, SQUARE, true},
    {"counted.txt", "counted", DTYPE_F32, SQUARE, true},
    {"counted_rows.json", "counted_rows", DTYPE_F32, SQUARE, false},
    {"running.fx.txt", "running", DTYPE_F32, SQUARE, false},
    {"transposed.json", "transposed", DTYPE_F32, SQUARE, false},
};

static void test_dumps_give_the_graph_and_the_numbers_of_their_source(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(samples); i++) {
    const sample *s = &samples[i];
    loom_ctx ctx;
    kernel_graph *dump = NULL, *source = NULL;
    const char *why = NULL;
    loom_ctx_init(&ctx);
    loom_status a = read_dump(&ctx, arena_printf(&ctx.mem, DATA "%s", s->dump), NULL, 0, &dump);
    loom_status b = read_python(&ctx, DATA "kernels.py", s->function, s->type, s->shapes, s->n_shapes, &source);
    print_errors(&ctx);
    assert_int_equal(a, LOOM_OK);
    assert_int_equal(b, LOOM_OK);
    kernel_tensor *partner = ARENA_NEW_N(&ctx.mem, kernel_tensor, dump->tensors.n);
    if (!kernel_same(&ctx.mem, source, dump, s->loose, &why, NULL) || !kernel_same(&ctx.mem, dump, source, s->loose, &why, partner))
      fail_msg("%s: %s\n%s\n%s", s->dump, why, kernel_print(&ctx.mem, dump), kernel_print(&ctx.mem, source));
    expect_same_results(&ctx, dump, source, partner);
    loom_ctx_done(&ctx);
  }
}

static void test_dumps_differ_from_the_sources_of_other_kernels(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t i = 0; i < COUNT_OF(samples); i++)
    for (size_t j = 0; j < COUNT_OF(samples); j++) {
      kernel_graph *dump = NULL, *source = NULL;
      const char *why = NULL;
      if (text_eq(samples[i].function, samples[j].function))
        continue;
      assert_int_equal(read_dump(&ctx, arena_printf(&ctx.mem, DATA "%s", samples[i].dump), NULL, 0, &dump), LOOM_OK);
      assert_int_equal(read_python(&ctx, DATA "kernels.py", samples[j].function, samples[j].type, samples[j].shapes, samples[j].n_shapes, &source), LOOM_OK);
      assert_false(kernel_same(&ctx.mem, dump, source, true, &why, NULL));
      assert_non_null(why);
    }
  loom_ctx_done(&ctx);
}

/* ---- what counts as the same ---- */
#define HEAD "import torch, helion\nimport helion.language as hl\n@helion.kernel()\ndef f(x, y):\n  m, n = x.size()\n  m2, n2 = y.size()\n"
#define BODY(code) HEAD "  out = torch.empty([m, n], dtype=x.dtype)\n  more = torch.empty([m, n], dtype=x.dtype)\n  for a, b in hl.tile([m, n]):\n" code "  return out\n"
typedef struct twin { const char *name, *a, *b; bool same; } twin;
static const twin twins[] = {
    {"names and dead code", BODY("    p = x[a, b]\n    q = p * 3\n    out[a, b] = p + 1\n"), BODY("    out[a, b] = x[a, b] + 1\n"), true},
    {"order of the ranges", BODY("    out[a, b] = x[a, b]\n"),
     HEAD "  out = torch.empty([m, n], dtype=x.dtype)\n  for b, a in hl.tile([n, m]):\n    out[a, b] = x[a, b]\n  return out\n", true},
    {"order of carried values",
     BODY("    p = x[a, b]\n    q = y[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n      q = q * 2\n    out[a, b] = p - q\n"),
     BODY("    p = x[a, b]\n    q = y[a, b]\n    for k in hl.tile(n):\n      q = q * 2\n      p = p + 1\n    out[a, b] = p - q\n"), true},
    {"carried values exchanged",
     BODY("    p = x[a, b]\n    q = y[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n      q = q * 2\n    out[a, b] = p - q\n"),
     BODY("    p = x[a, b]\n    q = y[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n      q = q * 2\n    out[a, b] = q - p\n"), false},
    {"a carried value that starts elsewhere",
     BODY("    p = x[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n    out[a, b] = p\n"), BODY("    p = y[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n    out[a, b] = p + x[a, b]\n"), false},
    {"numbers", BODY("    out[a, b] = x[a, b] + 1\n"), BODY("    out[a, b] = x[a, b] + 2\n"), false},
    {"functions", BODY("    out[a, b] = x[a, b] + 1\n"), BODY("    out[a, b] = x[a, b] * 1\n"), false},
    {"order of operands", BODY("    out[a, b] = x[a, b] - y[a, b]\n"), BODY("    out[a, b] = y[a, b] - x[a, b]\n"), true},   /* the arguments exchange their names */
    {"one tensor for two", BODY("    out[a, b] = x[a, b] - y[a, b]\n"), BODY("    out[a, b] = x[a, b] - x[a, b]\n"), false},
    {"types", BODY("    out[a, b] = x[a, b].to(torch.float32) + 1\n"), BODY("    out[a, b] = x[a, b] + 1\n"), false},
    {"results", BODY("    out[a, b] = x[a, b]\n    more[a, b] = y[a, b]\n"), BODY("    more[a, b] = x[a, b]\n    out[a, b] = y[a, b]\n"), false},
    {"stores", BODY("    out[a, b] = x[a, b]\n    more[a, b] = y[a, b]\n"), BODY("    out[a, b] = x[a, b]\n"), false},
    {"a load in front of a store", BODY("    p = x[a, b]\n    x[a, b] = y[a, b]\n    out[a, b] = p\n"), BODY("    x[a, b] = y[a, b]\n    p = x[a, b]\n    out[a, b] = p\n"), false},
    {"ranges", BODY("    p = x[a, b]\n    for k in hl.tile(n):\n      p = p + 1\n    out[a, b] = p\n"), BODY("    p = x[a, b]\n    for k in hl.tile(m):\n      p = p + 1\n    out[a, b] = p\n"), false},
    {"conditions", BODY("    if a.id == 0:\n      out[a, b] = x[a, b]\n"), BODY("    if a.id == 1:\n      out[a, b] = x[a, b]\n"), false},
    {"branches", BODY("    if a.id == 0:\n      out[a, b] = x[a, b]\n    else:\n      out[a, b] = y[a, b]\n"),
     BODY("    if a.id == 0:\n      out[a, b] = x[a, b]\n    else:\n      out[a, b] = x[a, b]\n"), false},
    {"fixed block sizes", BODY("    p = x[a, b]\n    for k in hl.tile(n, block_size=2):\n      p = p + 1\n    out[a, b] = p\n"),
     BODY("    p = x[a, b]\n    for k in hl.tile(n, block_size=3):\n      p = p + 1\n    out[a, b] = p\n"), false},
    {"offsets", BODY("    out[a, b] = hl.load(x, [a.index + 1, b], extra_mask=(a.index < 3)[:, None])\n"),
     BODY("    out[a, b] = hl.load(x, [a.index + 2, b], extra_mask=(a.index < 3)[:, None])\n"), false},
    {"axes", BODY("    out[a, b] = x[a, b].sum(0)[None, :] + x[a, b]\n"), BODY("    out[a, b] = x[a, b].sum(1)[:, None] + x[a, b]\n"), false},
    {"scans", BODY("    out[a, b] = hl.associative_scan(lambda p, q: p + q, x[a, b], dim=1)\n"), BODY("    out[a, b] = hl.associative_scan(lambda p, q: p * q, x[a, b], dim=1)\n"), false},
};

static void test_same_looks_at_what_is_computed_and_at_nothing_else(void **state) {
  (void)state;
  static const helion_shape shapes[] = {{"x.0", 8}, {"x.1", 6}, {"y.0", 8}, {"y.1", 6}};
  for (size_t i = 0; i < COUNT_OF(twins); i++) {
    loom_ctx ctx;
    kernel_graph *k[2];
    const char *code[] = {twins[i].a, twins[i].b}, *why = "";
    loom_ctx_init(&ctx);
    for (int j = 0; j < 2; j++) {
      syn_node *tree;
      assert_int_equal(python_parse(&ctx, "k.py", code[j], strlen(code[j]), &tree), LOOM_OK);
      loom_status st = helion_read(&ctx, tree, &(helion_options){.shapes = shapes, .n_shapes = 4}, &k[j]);
      print_errors(&ctx);
      assert_int_equal(st, LOOM_OK);
      assert_true(kernel_same(&ctx.mem, k[j], k[j], false, NULL, NULL));
    }
    if (kernel_same(&ctx.mem, k[0], k[1], false, &why, NULL) != twins[i].same)
      fail_msg("%s: %s\n%s\n%s", twins[i].name, twins[i].same ? why : "taken for the same", kernel_print(&ctx.mem, k[0]), kernel_print(&ctx.mem, k[1]));
    loom_ctx_done(&ctx);
  }
}

/* ---- helion-mlir's dumps ---- */
/* dump_shapes: of the symbols that are sizes; none: those of the dump. */
typedef struct upstream { const char *name; dtype type; helion_shape shapes[40], dump_shapes[40]; } upstream;
static const upstream upstreams[] = {
    {"matmul", DTYPE_F16, {{"x.0", 7}, {"x.1", 5}, {"y.0", 5}, {"y.1", 4}}, {{"s77", 7}, {"s27", 5}, {"s17", 5}, {"s94", 4}}},
    {"batch_matmul", DTYPE_F16, {{"x.0", 2}, {"x.1", 7}, {"x.2", 5}, {"y.0", 2}, {"y.1", 5}, {"y.2", 4}},
     {{"s77", 2}, {"s27", 7}, {"s53", 5}, {"s17", 2}, {"s94", 5}, {"s48", 4}}},
    {"matmul_split_k", DTYPE_F16, {{"a.0", 4}, {"a.1", 7}, {"b.0", 7}, {"b.1", 5}}, {{"s97", 4}, {"s98", 7}, {"s52", 7}, {"s20", 5}}},
    {"matmul_split_k_gather", DTYPE_F16, {{"a.0", 4}, {"a.1", 7}, {"b.0", 7}, {"b.1", 5}}, {{"s97", 4}, {"s98", 7}, {"s52", 7}, {"s20", 5}}},
    {"matmul_split_k_barrier", DTYPE_F32, {{"a.0", 4}, {"a.1", 100}, {"b.0", 100}, {"b.1", 5}},
     {{"s97", 4}, {"s98", 100}, {"s52", 100}, {"s20", 5}, {"u0", 64}, {"u2", 2}}},
    {"flash_attention", DTYPE_F16, {{"q_in.0", 2}, {"q_in.1", 5}, {"q_in.2", 128}, {"k_in.0", 2}, {"k_in.1", 7}, {"k_in.2", 128}, {"v_in.0", 2}, {"v_in.1", 7}, {"v_in.2", 128}},
     {{"s30", 2}, {"s48", 5}, {"s35", 2}, {"s34", 7}, {"s80", 2}}},
    {"mqa_decode", DTYPE_F16, {{"q_in.0", 2}, {"q_in.1", 1}, {"q_in.2", 32}, {"q_in.3", 128}, {"k_in.0", 2}, {"k_in.1", 1}, {"k_in.2", 7}, {"k_in.3", 128}, {"v_in.0", 2}, {"v_in.1", 1}, {"v_in.2", 7}, {"v_in.3", 128}},
     {{"s30", 2}, {"s4", 7}}},
    {"mamba_chunk_scan", DTYPE_F16, {{"cb.0", 2}, {"cb.1", 2}, {"cb.2", 1}, {"cb.3", 4}, {"cb.4", 4}, {"x.0", 2}, {"x.1", 8}, {"x.2", 3}, {"x.3", 5}, {"dt.0", 2}, {"dt.1", 3}, {"dt.2", 2}, {"dt.3", 4},
      {"dA_cumsum.0", 2}, {"dA_cumsum.1", 3}, {"dA_cumsum.2", 2}, {"dA_cumsum.3", 4}, {"C.0", 2}, {"C.1", 8}, {"C.2", 1}, {"C.3", 6}, {"prev_states.0", 2}, {"prev_states.1", 2}, {"prev_states.2", 3},
      {"prev_states.3", 5}, {"prev_states.4", 6}, {"D.0", 3}},
     {{"s64", 2}, {"s65", 2}, {"s56", 4}, {"s50", 4}, {"s77", 2}, {"s27", 8}, {"s53", 3}, {"s0", 5}, {"s41", 2}, {"s99", 3}, {"s89", 2}, {"s68", 4}, {"s12", 2}, {"s96", 3}, {"s42", 2}, {"s33", 4},
      {"s26", 2}, {"s16", 8}, {"s92", 2}, {"s28", 2}, {"s61", 3}, {"s46", 5}, {"s22", 6}, {"s29", 3}}},
};

static size_t count_shapes(const helion_shape *s) {
  size_t n = 0;
  while (n < 40 && s[n].name)
    n++;
  return n;
}

static void test_upstream_dumps_give_the_graph_and_the_numbers_of_their_source(void **state) {
  (void)state;
  const char *root = getenv("LOOM_HELION_MLIR");
  if (!root)
    skip();
  for (size_t i = 0; i < COUNT_OF(upstreams); i++) {
    const upstream *u = &upstreams[i];
    loom_ctx ctx;
    kernel_graph *dump = NULL, *source = NULL;
    const char *why = NULL;
    loom_ctx_init(&ctx);
    loom_status a = read_dump(&ctx, arena_printf(&ctx.mem, "%s/examples/outputs/%s.mlir", root, u->name), u->dump_shapes, count_shapes(u->dump_shapes), &dump);
    loom_status b = read_python(&ctx, arena_printf(&ctx.mem, "%s/examples/scripts/%s.py", root, u->name), NULL, u->type, u->shapes, count_shapes(u->shapes), &source);
    print_errors(&ctx);
    assert_int_equal(a, LOOM_OK);
    assert_int_equal(b, LOOM_OK);
    kernel_tensor *partner = ARENA_NEW_N(&ctx.mem, kernel_tensor, dump->tensors.n);
    if (!kernel_same(&ctx.mem, dump, source, true, &why, partner))
      fail_msg("%s: %s\n%s\n%s", u->name, why, kernel_print(&ctx.mem, dump), kernel_print(&ctx.mem, source));
    expect_same_results(&ctx, dump, source, partner);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dumps_give_the_graph_and_the_numbers_of_their_source),
      cmocka_unit_test(test_dumps_differ_from_the_sources_of_other_kernels),
      cmocka_unit_test(test_same_looks_at_what_is_computed_and_at_nothing_else),
      cmocka_unit_test(test_upstream_dumps_give_the_graph_and_the_numbers_of_their_source),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
