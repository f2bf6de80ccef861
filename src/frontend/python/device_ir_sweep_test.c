/* Dumps of Device IR with one or two words changed: left out, said twice, exchanged with another of the dump, or something else altogether.
 * Oracle: a dump is refused as wrong input, or gives a graph that verifies and comes back the same from Device IR.  What is said has a place in
 * the dump and none of our words.  That dumps are read rightly is device_ir_same_test's to say. */
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "frontend/device_ir/device_ir.h"
#include "frontend/helion/said_testing.h"

#define DATA LOOM_SOURCE_DIR "/tests/data/"

static const char *const dumps[] = {"branch.txt", "branch_else.json", "branch_else.txt", "counted.txt", "counted_rows.json", "grid_rows.json", "masked.fx.txt", "nominal.txt", "running.fx.txt",
                                    "scaled_matmul.fx.txt", "scaled_matmul.txt", "transposed.json", "two_phases.txt"};

/* Kernels whose Device IR is another source: between them they have every operation. */
typedef struct kernel { const char *file, *function; helion_given given[5]; size_t n; } kernel;
#define TENSOR(name_, type_, ...) {.name = name_, .kind = HELION_GIVEN_TENSOR, .type = type_, .rank = COUNT_OF(((const int64_t[]){__VA_ARGS__})), .shape = {__VA_ARGS__}}
#define LANGUAGE "kernels/language.py"
static const kernel kernels[] = {
    {LANGUAGE, "views", {TENSOR("x", DTYPE_F32, 9, 7)}, 1},
    {LANGUAGE, "host_math", {TENSOR("x", DTYPE_F32, 6, 5), TENSOR("y", DTYPE_F16, 5)}, 2},
    {LANGUAGE, "nominal_accumulator", {TENSOR("x", DTYPE_BF16, 5, 37)}, 1},
    {LANGUAGE, "gathers", {TENSOR("table", DTYPE_F32, 5, 6), TENSOR("rows", DTYPE_I64, 6), TENSOR("cols", DTYPE_I64, 4)}, 3},
    {LANGUAGE, "scatter", {TENSOR("x", DTYPE_F32, 11, 3), TENSOR("where", DTYPE_I32, 11), {.name = "n", .kind = HELION_GIVEN_INT, .integer = 5}}, 3},
    {LANGUAGE, "steps", {TENSOR("x", DTYPE_F32, 6, 9)}, 1},
    {LANGUAGE, "branches", {TENSOR("x", DTYPE_F32, 5, 6)}, 1},
    {LANGUAGE, "scans", {TENSOR("x", DTYPE_F32, 5, 11), TENSOR("ids", DTYPE_I64, 11)}, 2},
    {LANGUAGE, "integers", {TENSOR("a", DTYPE_I32, 11), TENSOR("b", DTYPE_I32, 11)}, 2},
    {LANGUAGE, "random_numbers", {TENSOR("x", DTYPE_F32, 6, 7), {.name = "seed", .kind = HELION_GIVEN_INT, .integer = 123}}, 2},
    {LANGUAGE, "jagged", {TENSOR("values", DTYPE_F32, 16), TENSOR("offsets", DTYPE_I64, 6)}, 2},
    {LANGUAGE, "read_after_write", {TENSOR("x", DTYPE_F64, 13)}, 1},
    {LANGUAGE, "shapes", {TENSOR("x", DTYPE_F32, 3, 5, 8)}, 1},
    {LANGUAGE, "every_second", {TENSOR("x", DTYPE_F32, 9, 6)}, 1},
    {LANGUAGE, "jagged_rows", {TENSOR("x", DTYPE_F32, 5, 5), TENSOR("widths", DTYPE_I64, 5)}, 2},
    {LANGUAGE, "filtered", {TENSOR("x", DTYPE_F32, 7, 11), TENSOR("w", DTYPE_F32, 4)}, 2},
    {LANGUAGE, "epilogue", {TENSOR("x", DTYPE_BF16, 13, 11), TENSOR("y", DTYPE_F16, 11, 9), TENSOR("bias", DTYPE_F32, 9)}, 3},
};

/* ---- words ---- */
typedef struct word { size_t at, n; } word;
typedef VEC_OF(word) word_list;

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }

/* Names and numbers, strings with their quotes in JSON, and single signs. */
static word_list words_of(arena *m, const char *s, bool is_json) {
  word_list out = {0};
  for (size_t i = 0; s[i];) {
    size_t n = 1;
    if (is_letter(s[i]))
      while (is_letter(s[i + n]))
        n++;
    else if (is_json && s[i] == '"')
      n = strcspn(s + i + 1, "\"") + 2;
    if (s[i] != ' ' && s[i] != '\n')
      vec_push(m, &out, ((word){i, n}));
    i += n;
  }
  return out;
}

static const char *const others_json[] = {"null", "true", "0", "-1", "1", "7", "1.5", "99999999999999", "\"\"", "\"x\"", "\"u0\"", "\"s77\"", "\"u0 + 1\"", "\"s77*\"", "\"helion.language.tile_ops.tile_begin\"",
                                          "\"aten.sum.dim_IntList\"", "\"aten.view.dtype\"", "\"helion.language.view_ops.subscript\"", "\"aten.scalar_tensor.default\"", "\"aten._to_copy.default\"",
                                          "\"aten.rsub.Scalar\"", "\"aten.full_like.default\"", "\"_operator.getitem\"", "\"placeholder\"", "\"output\"", "[]", "{}", "[1, 2]", "{\"n\": \"x\"}", "{\"s\": [null, 1, null]}",
                                          "{\"e\": \"u0 + 1\"}", "{\"d\": \"f16\"}", "{\"f\": \"inf\"}", "{\"block_id\": 0}", "{\"kind\": \"fixed\", \"value\": 2}", "[[0, 0], [1, 1]]", "{\"graph\": 0}", "\"f16\"", "\"i64\""};
static const char *const others_text[] = {"0", "-1", "1", "7", "1.5", "99999999999999", "x", "u0", "s77", "block_size_0", "None", "True", "''", "'x'", "aten.sum.dim_IntList", "aten.view.dtype", "aten.scalar_tensor.default",
                                          "aten._to_copy.default", "aten.rsub.Scalar", "placeholder", "output", "call_function", "[", "]", "(", ")", "{", "}", ",", ":", "=", "\"", "'", "+", "*", "//", "%", "[]", "()", "{}",
                                          "torch.float32", "f16", "slice(None, None, None)", "Max(u0, 1)", "Eq(u0, 0)", "\n"};

/* `s` with one word changed. */
static const char *changed(arena *m, const char *s, bool is_json, rng *r) {
  word_list w = words_of(m, s, is_json);
  const word *a = &w.at[rng_range(r, 0, (int64_t)w.n - 1)], *b = &w.at[rng_range(r, 0, (int64_t)w.n - 1)];
  const char *other = is_json ? others_json[rng_range(r, 0, COUNT_OF(others_json) - 1)] : others_text[rng_range(r, 0, COUNT_OF(others_text) - 1)];
  const char *rest = s + a->at + a->n;
  switch (rng_range(r, 0, 5)) {
  case 0: return arena_printf(m, "%.*s%s", (int)a->at, s, rest);
  case 1: return arena_printf(m, "%.*s%.*s %s", (int)(a->at + a->n), s, (int)a->n, s + a->at, rest);
  case 2: case 3: return arena_printf(m, "%.*s%.*s%s", (int)a->at, s, (int)b->n, s + b->at, rest);
  default: return arena_printf(m, "%.*s%s%s", (int)a->at, s, other, rest);
  }
}

/* `s` with one line left out, said twice or exchanged with the next. */
static const char *line_changed(arena *m, const char *s, rng *r) {
  size_t n = 0, lines = 0;
  for (const char *c = s; *c; c++)
    lines += *c == '\n';
  int64_t at = rng_range(r, 0, (int64_t)lines - 1);
  for (const char *c = s; at; c++, n++)
    at -= *c == '\n';
  const char *line = s + n, *next = line + strcspn(line, "\n"), *after;
  next += *next == '\n';
  after = next + strcspn(next, "\n");
  after += *after == '\n';
  switch (rng_range(r, 0, 2)) {
  case 0: return arena_printf(m, "%.*s%s", (int)n, s, next);
  case 1: return arena_printf(m, "%.*s%.*s%s", (int)(next - s), s, (int)(next - line), line, next);
  default: return arena_printf(m, "%.*s%.*s%.*s%s", (int)n, s, (int)(after - next), next, (int)(next - line), line, after);
  }
}

/* ---- reading ---- */
typedef struct sweep { const char *name; size_t n, accepted, written; int bad; } sweep;

static void complain(sweep *s, const char *what, const loom_ctx *ctx, const char *dump) {
  s->bad++;
  print_message("%s: %s\n", s->name, what);
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_message("  %d:%d status %d: %s\n", d->span.line, d->span.col, (int)d->status, d->text);
  if (s->bad < 20)
    print_message("%s\n", dump);
}

static void check_dump(sweep *s, const char *dump) {
  static const char *const words[] = {"SYN_", "HELION_", "KERNEL_", "LOOM_", "(null)", "an unknown value", "%s", "%d"};
  loom_ctx ctx;
  kernel_graph *k;
  const char *json;
  loom_ctx_init(&ctx);
  loom_status st = device_ir_read(&ctx, s->name, dump, strlen(dump), NULL, &k);
  s->n++;
  if (st == LOOM_OK && kernel_verify(&ctx, k) != LOOM_OK)
    complain(s, "the graph does not verify", &ctx, dump);
  else if (st == LOOM_OK && (st = device_ir_write(&ctx, k, &json)) != LOOM_OK && st != LOOM_EUNSUP)
    complain(s, "not written as Device IR", &ctx, dump);
  else if (st != LOOM_OK && st != LOOM_EINPUT && st != LOOM_EUNSUP && st != LOOM_ELIMIT)
    complain(s, "refused with another status", &ctx, dump);
  else if ((st == LOOM_OK) != (ctx.diag.errors == 0))
    complain(s, "the status says something else than the diagnostics", &ctx, dump);
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    for (size_t i = 0; i < COUNT_OF(words); i++)
      if (strstr(d->text, words[i]))
        complain(s, "a word of the implementation", &ctx, dump);
  s->accepted += st == LOOM_OK;
  loom_ctx_done(&ctx);
}

static void sweep_dump(sweep *s, const char *dump, int times) {
  rng r = rng_new((uint64_t)testing_number("LOOM_SWEEP_SEED", 1));
  bool is_json = dump[0] == '{';
  size_t before = s->accepted;
  check_dump(s, dump);
  assert_int_equal(s->accepted, before + 1);
  for (int i = 0; i < times; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const char *d = i % 8 ? changed(&ctx.mem, dump, is_json, &r) : line_changed(&ctx.mem, dump, &r);
    check_dump(s, i % 5 ? d : changed(&ctx.mem, d, is_json, &r));
    loom_ctx_done(&ctx);
  }
}

static void finish(const sweep *s) {
  print_message("%zu dumps, %zu accepted\n", s->n, s->accepted);
  assert_int_equal(s->bad, 0);
  assert_true(s->accepted > s->n / 50 && s->accepted < s->n);
}

static void test_dumps_with_other_words(void **state) {
  (void)state;
  sweep s = {0};
  for (size_t i = 0; i < COUNT_OF(dumps); i++) {
    loom_ctx ctx;
    char *dump;
    size_t size;
    loom_ctx_init(&ctx);
    s.name = dumps[i];
    assert_int_equal(file_read(&ctx, arena_printf(&ctx.mem, DATA "device_ir/%s", dumps[i]), 1 << 22, &dump, &size), LOOM_OK);
    sweep_dump(&s, dump, 2500);
    loom_ctx_done(&ctx);
  }
  finish(&s);
}

static void test_written_kernels_with_other_words(void **state) {
  (void)state;
  sweep s = {0};
  for (size_t i = 0; i < COUNT_OF(kernels); i++) {
    const kernel *t = &kernels[i];
    loom_ctx ctx;
    kernel_graph *k;
    syn_node *tree;
    char *code;
    size_t size;
    const char *json;
    loom_ctx_init(&ctx);
    s.name = t->function;
    assert_int_equal(file_read(&ctx, arena_printf(&ctx.mem, DATA "%s", t->file), 1 << 22, &code, &size), LOOM_OK);
    assert_int_equal(python_parse(&ctx, t->file, code, size, &tree), LOOM_OK);
    assert_int_equal(helion_read(&ctx, tree, &(helion_options){.given = t->given, .n_given = t->n, .function = t->function}, &k), LOOM_OK);
    assert_int_equal(device_ir_write(&ctx, k, &json), LOOM_OK);
    sweep_dump(&s, json, 700);
    loom_ctx_done(&ctx);
  }
  finish(&s);
}

/* ---- nodes ---- */
/* A grid over the rows of x with a loop over its columns; %s: nodes of the grid's graph, %s: nodes of the loop's, %s: what is stored. */
static const char template[] =
    "{\"schema\": \"loom.helion.v1\", \"kernel\": {\"name\": \"f\"}, \"symbols\": [{\"name\": \"s0\", \"kind\": \"size\", \"value\": 6}, {\"name\": \"s1\", \"kind\": \"size\", \"value\": 5},\n"
    " {\"name\": \"u0\", \"kind\": \"block\"}, {\"name\": \"u1\", \"kind\": \"block\"}, {\"name\": \"u2\", \"kind\": \"reduction\"}, {\"name\": \"e0\", \"kind\": \"size\", \"expr\": \"s0 + 1\"}],\n"
    "\"block_sizes\": [{\"id\": 0, \"var\": \"u0\", \"size\": \"s0\", \"reduction\": false, \"source\": {\"kind\": \"loop\"}}, {\"id\": 1, \"var\": \"u1\", \"size\": \"s1\", \"reduction\": false, \"source\": {\"kind\": \"loop\"}},\n"
    " {\"id\": 2, \"var\": \"u2\", \"size\": \"s1\", \"reduction\": true, \"source\": {\"kind\": \"reduction\"}}],\n"
    "\"host\": [{\"id\": \"x\", \"op\": \"arg\", \"dtype\": \"f32\", \"shape\": [\"s0\", \"s1\"]}, {\"id\": \"w\", \"op\": \"arg\", \"dtype\": \"i64\", \"shape\": [\"s0\"]}, {\"id\": \"out\", \"op\": \"alloc\", \"fill\": \"empty\", \"dtype\": \"f32\", \"shape\": [\"s0\", \"s1\"]}],\n"
    "\"graphs\": [\n"
    "{\"id\": 0, \"class\": \"ForLoopGraphInfo\", \"block_ids\": [1], \"nodes\": [\n"
    " {\"name\": \"arg0_1\", \"op\": \"placeholder\", \"val\": {\"dtype\": \"f32\", \"shape\": [\"u0\"]}},\n"
    " {\"name\": \"x\", \"op\": \"call_function\", \"target\": \"_host_tensor\", \"args\": [\"x\"]},\n"
    " {\"name\": \"rows\", \"op\": \"call_function\", \"target\": \"_get_symnode\", \"args\": [\"block_size_0\"], \"sym\": \"u0\"},\n"
    " {\"name\": \"cols\", \"op\": \"call_function\", \"target\": \"_get_symnode\", \"args\": [\"block_size_1\"], \"sym\": \"u1\"},\n"
    " {\"name\": \"part\", \"op\": \"call_function\", \"target\": \"load\", \"args\": [{\"n\": \"x\"}, [{\"n\": \"rows\"}, {\"n\": \"cols\"}], null, null], \"val\": {\"dtype\": \"f32\", \"shape\": [\"u0\", \"u1\"]}},\n"
    "%s"
    " {\"name\": \"sum_1\", \"op\": \"call_function\", \"target\": \"aten.sum.dim_IntList\", \"args\": [{\"n\": \"%s\"}, [1]]},\n"
    " {\"name\": \"acc_1\", \"op\": \"call_function\", \"target\": \"aten.add.Tensor\", \"args\": [{\"n\": \"arg0_1\"}, {\"n\": \"sum_1\"}]},\n"
    " {\"name\": \"output\", \"op\": \"output\", \"args\": [[{\"n\": \"acc_1\"}]]}]},\n"
    "{\"id\": 1, \"class\": \"HelperFunctionGraphInfo\", \"nodes\": [\n"
    " {\"name\": \"a\", \"op\": \"placeholder\"}, {\"name\": \"b\", \"op\": \"placeholder\"},\n"
    " {\"name\": \"c\", \"op\": \"call_function\", \"target\": \"aten.add.Tensor\", \"args\": [{\"n\": \"a\"}, {\"n\": \"b\"}]}, {\"name\": \"output\", \"op\": \"output\", \"args\": [[{\"n\": \"c\"}]]}]},\n"
    "{\"id\": 2, \"class\": \"RootGraphInfo\", \"block_ids\": [0], \"nodes\": [\n"
    " {\"name\": \"x\", \"op\": \"call_function\", \"target\": \"_host_tensor\", \"args\": [\"x\"]},\n"
    " {\"name\": \"w\", \"op\": \"call_function\", \"target\": \"_host_tensor\", \"args\": [\"w\"]},\n"
    " {\"name\": \"rows\", \"op\": \"call_function\", \"target\": \"_get_symnode\", \"args\": [\"block_size_0\"], \"sym\": \"u0\"},\n"
    " {\"name\": \"width\", \"op\": \"call_function\", \"target\": \"_get_symnode\", \"args\": [\"s1\"], \"sym\": \"s1\"},\n"
    " {\"name\": \"at\", \"op\": \"call_function\", \"target\": \"load\", \"args\": [{\"n\": \"w\"}, [{\"n\": \"rows\"}], null, null]},\n"
    " {\"name\": \"part\", \"op\": \"call_function\", \"target\": \"load\", \"args\": [{\"n\": \"x\"}, [{\"n\": \"rows\"}, {\"s\": [null, null, null]}], null, null], \"val\": {\"dtype\": \"f32\", \"shape\": [\"u0\", \"u2\"]}},\n"
    " {\"name\": \"id\", \"op\": \"call_function\", \"target\": \"tile_id\", \"args\": [{\"n\": \"rows\"}]},\n"
    " {\"name\": \"is_first\", \"op\": \"call_function\", \"target\": \"_operator.eq\", \"args\": [{\"n\": \"id\"}, 0]},\n"
    " {\"name\": \"acc\", \"op\": \"call_function\", \"target\": \"full\", \"args\": [[{\"n\": \"rows\"}], 0, {\"d\": \"f32\"}]},\n"
    " {\"name\": \"_for_loop\", \"op\": \"call_function\", \"target\": \"_for_loop\", \"args\": [0, [0], [{\"n\": \"width\"}], [{\"n\": \"acc\"}]]},\n"
    " {\"name\": \"getitem\", \"op\": \"call_function\", \"target\": \"_operator.getitem\", \"args\": [{\"n\": \"_for_loop\"}, 0]},\n"
    " {\"name\": \"_phi\", \"op\": \"call_function\", \"target\": \"_phi\", \"args\": [{\"n\": \"acc\"}, {\"n\": \"getitem\"}]},\n"
    "%s"
    " {\"name\": \"out\", \"op\": \"call_function\", \"target\": \"_host_tensor\", \"args\": [\"out\"]},\n"
    " {\"name\": \"wide\", \"op\": \"call_function\", \"target\": \"aten.unsqueeze.default\", \"args\": [{\"n\": \"_phi\"}, 1]},\n"
    " {\"name\": \"both\", \"op\": \"call_function\", \"target\": \"aten.add.Tensor\", \"args\": [{\"n\": \"wide\"}, {\"n\": \"%s\"}]},\n"
    " {\"name\": \"store\", \"op\": \"call_function\", \"target\": \"store\", \"args\": [{\"n\": \"out\"}, [{\"n\": \"rows\"}, {\"s\": [null, null, null]}], {\"n\": \"both\"}, null]},\n"
    " {\"name\": \"output\", \"op\": \"output\", \"args\": [null]}]}],\n"
    "\"roots\": [{\"graph\": 2, \"phase\": 0, \"block_ids\": [0]}], \"returns\": [\"out\"]}\n";

static const char *const targets[] = {
    "_new_var", "_mask_to", "aten.clone.default", "aten.contiguous.default", "load", "store", "subscript", "getitem", "_operator.getitem", "tile_begin", "tile_end", "tile_id", "tile_index", "tile_block_size", "tile_count",
    "loom.gather", "loom.lanes", "loom.broadcast", "loom.philox", "loom.philox", "_associative_scan", "_reduce", "full", "aten.full.default", "aten.scalar_tensor.default", "_constant_tensor", "aten.zeros.default", "aten.full_like.default",
    "aten.zeros_like.default", "prims.iota.default", "prims.convert_element_type.default", "aten._to_copy.default", "aten.to.dtype", "aten.add.Tensor", "aten.sub.Scalar", "aten.rsub.Scalar", "aten.mul.Tensor", "aten.div.Tensor_mode",
    "aten.remainder.Scalar", "aten.pow.Tensor_Scalar", "aten.neg.default", "aten.bitwise_not.default", "aten.__and__.Tensor", "aten.__lshift__.Scalar", "_operator.add", "_operator.truediv", "_operator.floordiv", "_operator.mod",
    "_operator.neg", "_and", "_not", "sym_not", "_operator.eq", "_operator.lt", "sym_max", "max", "min", "aten.view.dtype", "aten.view.default", "aten.expand.default", "aten.sum.dim_IntList", "aten.amax.default", "aten.where.self",
    "aten.permute.default", "aten.mm.default", "aten.addmm.default", "aten.exp.default", "aten.sym_size.int", "aten.sym_size.default", "atomic_add", "atomic_cas", "atomic_max", "aten.unbind.int", "aten.stack.default", "aten.cat.default",
    "_host_tensor", "_get_symnode", "_phi", "_for_loop", "_for_loop_step", "_while_loop", "_if", "_inductor_lowering_extra", "aten.", "aten.nothing.at_all", "nothing", "", "a b", "aten.gelu.default", "aten.cumsum.default", "aten.argmax.default",
    "aten.var.correction", "aten.topk.default", "hl.rand", "aten.rand.default", "rand", "arange", "dot", "zeros", "inline_triton", "device_print"};
static const char *const atoms[] = {"{\"n\": \"part\"}", "{\"n\": \"part\"}", "{\"n\": \"rows\"}", "{\"n\": \"cols\"}", "{\"n\": \"x\"}", "{\"n\": \"w\"}", "{\"n\": \"at\"}", "{\"n\": \"acc\"}", "{\"n\": \"id\"}", "{\"n\": \"is_first\"}", "{\"n\": \"width\"}",
                                    "{\"n\": \"_for_loop\"}", "{\"n\": \"getitem\"}", "{\"n\": \"nowhere\"}", "{\"n\": \"both\"}", "{\"n\": \"arg0_1\"}", "{\"n\": \"out\"}", "null", "true", "0", "1", "-1", "2.5", "\"trunc\"", "\"floor\"", "\"x\"", "\"s1\"", "\"block_size_0\"",
                                    "[]", "[1]", "[0, 1]", "[{\"n\": \"rows\"}]", "[{\"n\": \"rows\"}, 5]", "[{\"n\": \"rows\"}, {\"s\": [null, null, null]}]", "[{\"n\": \"part\"}, {\"n\": \"part\"}]", "[{\"n\": \"nowhere\"}]", "{\"s\": [0, 3, null]}", "{\"d\": \"f16\"}", "{\"d\": \"i64\"}",
                                    "{\"f\": \"-inf\"}", "{\"f\": \"nan\"}", "{\"e\": \"u0 + 1\"}", "{\"e\": \"e0\"}", "{\"e\": \"-u2 // 2\"}", "[{\"n\": \"acc\"}]", "[{\"n\": \"width\"}]"};
static const char *const keys[] = {"alpha", "dtype", "rounding_mode", "start", "step", "device", "pin_memory", "value", "keepdim", "dim", "sem"};

static const char *draw(const char *const *list, size_t n, rng *r) { return list[rng_range(r, 0, (int64_t)n - 1)]; }

/* A call with drawn arguments; the first stands for a tensor where one is wanted, half of the time. */
static const char *drawn_node(arena *m, const char *target, rng *r) {
  text t = text_new(m);
  int64_t n = rng_range(r, 0, 4);
  text_addf(&t, " {\"name\": \"drawn\", \"op\": \"call_function\", \"target\": \"%s\", \"args\": [", target);
  for (int64_t i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", !i && rng_range(r, 0, 1) ? "{\"n\": \"part\"}" : draw(atoms, COUNT_OF(atoms), r));
  text_add(&t, "]");
  if (rng_range(r, 0, 2) == 0)
    text_addf(&t, ", \"kwargs\": {\"%s\": %s}", draw(keys, COUNT_OF(keys), r), draw(atoms, COUNT_OF(atoms), r));
  if (rng_range(r, 0, 3) == 0)
    text_add(&t, rng_range(r, 0, 1) ? ", \"val\": {\"dtype\": \"f32\", \"shape\": [\"u0\", \"u1\"]}" : ", \"sym\": \"u0 + e0\"");
  text_add(&t, "},\n");
  return text_str(&t);
}

static void test_nodes_of_every_target(void **state) {
  (void)state;
  rng r = rng_new((uint64_t)testing_number("LOOM_SWEEP_SEED", 1));
  sweep s = {.name = "nodes"};
  for (size_t i = 0; i < COUNT_OF(targets); i++)
    for (int k = 0; k < 120; k++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      bool in_loop = k % 3 == 0, is_used = k % 4 != 0;
      const char *node = drawn_node(&ctx.mem, targets[i], &r), *used = is_used ? "drawn" : "part";
      check_dump(&s, arena_printf(&ctx.mem, template, in_loop ? node : "", in_loop ? used : "part", in_loop ? "" : node, in_loop ? "part" : used));
      loom_ctx_done(&ctx);
    }
  finish(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_dumps_with_other_words), cmocka_unit_test(test_written_kernels_with_other_words),
                                     cmocka_unit_test(test_nodes_of_every_target)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
