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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_dumps_with_other_words), cmocka_unit_test(test_written_kernels_with_other_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
