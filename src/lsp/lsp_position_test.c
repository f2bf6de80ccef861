/* Positions and changes of documents.  Oracle: counted by hand, and a plain model of the text (an array of lines of code points). */
#include "base/rng.h"
#include "base/testing.h"
#include "lsp/lsp_private.h"

/* a, e with acute (2 bytes), euro (3), an emoji (4 bytes, a surrogate pair), z */
#define MIXED "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"

static void test_units_of_every_encoding(void **state) {
  loom_ctx *ctx = *state;
  const lsp_lines l = lsp_lines_of(&ctx->mem, "x\n" MIXED "\n", strlen("x\n" MIXED "\n"));
  static const struct { int64_t bytes, utf8, utf16, utf32; } rows[] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {3, 3, 2, 2}, {6, 6, 3, 3}, {10, 10, 5, 4}, {11, 11, 6, 5}};
  assert_int_equal(l.n, 3);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const int64_t units[] = {rows[i].utf8, rows[i].utf16, rows[i].utf32};
    for (int e = 0; e < 3; e++) {
      assert_int_equal(lsp_offset_of(&l, (lsp_position){1, units[e]}, (lsp_encoding)e), 2 + rows[i].bytes);
      const lsp_position p = lsp_position_of(&l, 2, rows[i].bytes + 1, (lsp_encoding)e);
      assert_int_equal(p.line, 1);
      assert_int_equal(p.unit, units[e]);
    }
  }
  assert_int_equal(lsp_offset_of(&l, (lsp_position){1, 4}, LSP_UTF16), 2 + 6);      /* between the halves: before it */
  assert_int_equal(lsp_offset_of(&l, (lsp_position){1, 2}, LSP_UTF8), 2 + 1);
}

static void test_places_outside_are_the_nearest_inside(void **state) {
  loom_ctx *ctx = *state;
  const lsp_lines l = lsp_lines_of(&ctx->mem, "ab\r\ncd\re", 8);
  assert_int_equal(l.n, 3);
  assert_int_equal(lsp_line_length(&l, 0), 2);
  assert_int_equal(lsp_line_length(&l, 1), 2);
  assert_int_equal(lsp_line_length(&l, 2), 1);
  assert_int_equal(lsp_line_length(&l, 3), 0);
  assert_int_equal(lsp_offset_of(&l, (lsp_position){0, 99}, LSP_UTF16), 2);
  assert_int_equal(lsp_offset_of(&l, (lsp_position){9, 0}, LSP_UTF16), 8);
  assert_int_equal(lsp_offset_of(&l, (lsp_position){-1, 5}, LSP_UTF16), 0);
  assert_int_equal(lsp_offset_of(&l, (lsp_position){1, -5}, LSP_UTF16), 4);
  assert_int_equal(lsp_position_of(&l, 0, 0, LSP_UTF16).line, 0);
  assert_int_equal(lsp_position_of(&l, 77, 3, LSP_UTF16).line, 2);
  assert_int_equal(lsp_position_of(&l, 77, 3, LSP_UTF16).unit, 1);
  assert_int_equal(lsp_position_of(&l, 1, 99, LSP_UTF16).unit, 2);
  assert_int_equal(lsp_position_of(&l, 1, -1, LSP_UTF16).unit, 0);
  const lsp_lines empty = lsp_lines_of(&ctx->mem, "", 0);
  assert_int_equal(empty.n, 1);
  assert_int_equal(lsp_offset_of(&empty, (lsp_position){0, 1}, LSP_UTF8), 0);
  const lsp_lines odd = lsp_lines_of(&ctx->mem, "\xFF\xC3(", 3);      /* no UTF-8: a character a byte */
  for (int e = 0; e < 3; e++)
    assert_int_equal(lsp_offset_of(&odd, (lsp_position){0, 2}, (lsp_encoding)e), 2);
  const lsp_lines ends = lsp_lines_of(&ctx->mem, "a\r", 2);
  assert_int_equal(ends.n, 2);
  data_value *half = data_object(&ctx->mem);
  lsp_position p;
  data_set_int(&ctx->mem, half, "line", 1);
  assert_false(lsp_position_from_data(half, &p));
  const lsp_lines inside = lsp_lines_of(&ctx->mem, MIXED, strlen(MIXED));      /* a column inside of a character */
  assert_int_equal(lsp_position_of(&inside, 1, 3, LSP_UTF16).unit, 1);
}

static const char *range_text(loom_ctx *ctx, const lsp_lines *l, int64_t line, int64_t col, int64_t end_line, int64_t end_col) {
  return data_write_json(&ctx->mem, lsp_range(&ctx->mem, l, (int64_t[]){line, col, end_line, end_col}, LSP_UTF16), 0);
}

#define RANGE(a, b, c, d) "{\"start\":{\"line\":" #a ",\"character\":" #b "},\"end\":{\"line\":" #c ",\"character\":" #d "}}"

static void test_ranges_have_an_end(void **state) {
  loom_ctx *ctx = *state;
  const lsp_lines l = lsp_lines_of(&ctx->mem, "hello\nyou\n", 10);
  static const struct { int64_t at[4]; const char *want; } rows[] = {
      {{1, 2, 1, 4}, RANGE(0, 1, 0, 3)}, {{1, 2, 2, 2}, RANGE(0, 1, 1, 1)}, {{1, 2, 0, 0}, RANGE(0, 1, 0, 2)}, {{1, 2, 1, 2}, RANGE(0, 1, 0, 2)},
      {{2, 0, 0, 0}, RANGE(1, 0, 1, 3)}, {{0, 0, 0, 0}, RANGE(0, 0, 0, 0)}, {{2, 2, 1, 1}, RANGE(1, 1, 1, 2)},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char *want = arena_strdup(&ctx->mem, rows[i].want), *to = want;
    for (const char *c = want; *c; c++)      /* the macro's blanks */
      if (*c != ' ')
        *to++ = *c;
    *to = 0;
    text said = text_new(&ctx->mem);
    for (const char *c = range_text(ctx, &l, rows[i].at[0], rows[i].at[1], rows[i].at[2], rows[i].at[3]); *c; c++)
      if (*c != ' ')
        text_add_bytes(&said, c, 1);
    assert_string_equal(text_str(&said), want);
  }
}

static data_value *range_of(arena *m, lsp_position from, lsp_position to) {
  data_value *r = data_object(m);
  data_set(m, r, "start", lsp_position_to_data(m, from));
  data_set(m, r, "end", lsp_position_to_data(m, to));
  return r;
}

/* ---- changes against a model: an array of UTF-16 units ---- */

typedef struct units { uint16_t at[4096]; size_t n; } units;

static size_t index_of(const units *u, lsp_position p) {
  size_t i = 0;
  for (int64_t line = 0; line < p.line && i < u->n; i++)
    line += u->at[i] == '\n';
  for (int64_t k = 0; k < p.unit && i < u->n && u->at[i] != '\n'; k++)
    i++;
  return i > 0 && i < u->n && u->at[i] >= 0xDC00 && u->at[i] < 0xE000 ? i - 1 : i;
}

static const char *to_utf8(arena *m, const units *u) {
  text t = text_new(m);
  for (size_t i = 0; i < u->n; i++) {
    uint32_t c = u->at[i];
    if (c >= 0xD800 && c < 0xDC00)
      c = 0x10000 + ((c - 0xD800) << 10) + (u->at[++i] - 0xDC00u);
    const char bytes[4] = {(char)(c < 0x80 ? c : c < 0x800 ? 0xC0 | c >> 6 : c < 0x10000 ? 0xE0 | c >> 12 : 0xF0 | c >> 18), (char)(0x80 | (c < 0x800 ? c : c < 0x10000 ? c >> 6 : c >> 12) % 64),
                           (char)(0x80 | (c < 0x10000 ? c : c >> 6) % 64), (char)(0x80 | c % 64)};
    text_add_bytes(&t, bytes, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
  }
  return text_str(&t);
}

static void random_text(rng *r, units *u) {
  static const uint16_t pieces[][2] = {{'a', 0}, {'\n', 0}, {0xE9, 0}, {0x20AC, 0}, {0xD83D, 0xDE00}, {'z', 0}};
  u->n = 0;
  for (int64_t k = rng_range(r, 0, 5); k > 0; k--) {
    const uint16_t *p = pieces[rng_range(r, 0, (int64_t)COUNT_OF(pieces) - 1)];
    u->at[u->n++] = p[0];
    if (p[1])
      u->at[u->n++] = p[1];
  }
}

static void test_changes_are_those_of_a_model(void **state) {
  loom_ctx *ctx = *state;
  rng r = rng_new(7);
  static units model, piece;
  lsp_document d = {.path = "k.py", .language_id = "python"};
  model.n = 0;
  lsp_document_set(&d, "", 0);
  for (int i = 0; i < 20000; i++) {
    const arena_mark mark = arena_save(&ctx->mem);
    lsp_position a = {rng_range(&r, 0, 7), rng_range(&r, 0, 7)}, b = {rng_range(&r, 0, 7), rng_range(&r, 0, 7)};
    random_text(&r, &piece);
    const size_t from = index_of(&model, a), end = index_of(&model, b), to = end < from ? from : end;
    lsp_document_change(&d, range_of(&ctx->mem, a, b), to_utf8(&ctx->mem, &piece), LSP_UTF16);
    memmove(model.at + from + piece.n, model.at + to, (model.n - to) * sizeof model.at[0]);
    memcpy(model.at + from, piece.at, piece.n * sizeof model.at[0]);
    model.n = model.n - (to - from) + piece.n;
    const char *want = to_utf8(&ctx->mem, &model);
    assert_int_equal(d.lines.size, strlen(want));
    assert_memory_equal(d.lines.text, want, d.lines.size);
    if (model.n > 200) {
      model.n = 0;
      lsp_document_change(&d, NULL, "", LSP_UTF16);
    }
    arena_release(&ctx->mem, mark);
  }
  lsp_document_free(&d);
}

static void test_documents_have_a_language_and_a_limit(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *path, *id, *code; lsp_language want; } rows[] = {
      {"k.py", "", "import helion\n", LSP_KERNELS}, {"k", "python", "class A(LoomKernel): pass", LSP_KERNELS}, {"k.py", "python", "import os", LSP_OTHER},
      {"m.yaml", "", "schema: loom.machine.v1", LSP_MACHINE}, {"m.yml", "", "# loom.machine", LSP_MACHINE}, {"m", "yaml", "schema: loom.machine.v1", LSP_MACHINE},
      {"m.yaml", "yaml", "a: b", LSP_OTHER}, {"m.txt", "plaintext", "helion loom.machine", LSP_OTHER},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    lsp_document d = {.path = rows[i].path, .language_id = rows[i].id};
    lsp_document_set(&d, rows[i].code, strlen(rows[i].code));
    assert_int_equal(d.language, rows[i].want);
    lsp_document_free(&d);
  }
  lsp_document d = {.path = "k.py", .language_id = ""};
  char *large = arena_alloc(&ctx->mem, LSP_DOCUMENT_BYTES_MAX + 2);
  memset(large, 'x', LSP_DOCUMENT_BYTES_MAX + 1);
  lsp_document_set(&d, large, LSP_DOCUMENT_BYTES_MAX);
  assert_false(d.is_too_large);
  const data_value *start = range_of(&ctx->mem, (lsp_position){0, 0}, (lsp_position){0, 0});
  lsp_document_change(&d, start, "helion", LSP_UTF16);
  assert_true(d.is_too_large);
  assert_int_equal(d.lines.size, 0);
  lsp_document_change(&d, start, "more", LSP_UTF16);      /* what was there is not known */
  assert_int_equal(d.lines.size, 0);
  lsp_document_set(&d, large, LSP_DOCUMENT_BYTES_MAX + 1);
  assert_true(d.is_too_large);
  lsp_document_change(&d, NULL, "small", LSP_UTF16);
  assert_false(d.is_too_large);
  assert_int_equal(d.lines.size, 5);
  lsp_document_change(&d, data_object(&ctx->mem), "x", LSP_UTF16);      /* no range: nothing happens */
  data_value *half = data_object(&ctx->mem);
  data_set(&ctx->mem, half, "start", lsp_position_to_data(&ctx->mem, (lsp_position){0, 0}));
  lsp_document_change(&d, half, "x", LSP_UTF16);
  assert_int_equal(d.lines.size, 5);
  lsp_document_free(&d);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_units_of_every_encoding), T(test_places_outside_are_the_nearest_inside), T(test_ranges_have_an_end), T(test_changes_are_those_of_a_model),
                                     T(test_documents_have_a_language_and_a_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
