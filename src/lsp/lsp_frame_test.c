/* Frames out of bytes.  Oracle: the bodies that were put in, whatever the pieces they come in. */
#include "base/testing.h"
#include "lsp/lsp.h"

/* The events of `bytes`, given in pieces of `piece` bytes: "[body]", "!" broken, "#" too large. */
static const char *events(arena *m, const char *bytes, size_t n, size_t piece) {
  lsp_frames f = {0};
  text t = text_new(m);
  for (size_t at = 0; at < n; at += piece) {
    char *body;
    size_t length;
    lsp_frames_add(&f, bytes + at, n - at < piece ? n - at : piece);
    for (lsp_frame e; (e = lsp_frames_next(&f, &body, &length)) != LSP_FRAME_NONE;)
      if (e == LSP_FRAME_BODY)
        text_addf(&t, "[%.*s]", (int)length, body);
      else
        text_add(&t, e == LSP_FRAME_BROKEN ? "!" : "#");
  }
  lsp_frames_done(&f);
  return text_str(&t);
}

static const struct { const char *bytes, *want; } rows[] = {
    {"Content-Length: 2\r\n\r\n{}", "[{}]"},
    {"Content-Length: 0\r\n\r\n", "[]"},
    {"content-length:2  \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}Content-Length: 3\r\n\r\nabc", "[{}][abc]"},
    {"Content-Length: 2\n\n{}", "[{}]"},
    {"Content-Length: 1\r\nContent-Length:\t2\r\n\r\n{}", "[{}]"},
    {"noise\r\nContent-Length: 2\r\n\r\n{}", "[{}]"},
    {"Content-Type: x\r\n\r\n{}Content-Length: 2\r\n\r\n[]", "![[]]"},
    {"Content-Length: two\r\n\r\n{}Content-Length: 2\r\n\r\n[]", "![[]]"},
    {"Content-Length: -2\r\n\r\n{}Content-Length: 2\r\n\r\n[]", "![[]]"},
    {"Content-Length: 2 3\r\n\r\n{}Content-Length: 2\r\n\r\n[]", "![[]]"},
    {"Content-Length:\r\n\r\nContent-Length: 2\r\n\r\n[]", "![[]]"},
    {"Content-Length: 10\r\n\r\n{}", ""},
    {"Content-Length: \r\n\r\nContent-Length: 0\r\n\r\n", "![]"},
    {"Content-Length: 1 \t\n\r\n1\n\rContent-Length: 0\n\n", "[1]![]"},
    {"x: y\n\rContent-Length: 1\n\n2", "![2]"},
    {"Content-Len", ""},
    {"", ""},
};

static void test_bodies_do_not_depend_on_pieces(void **state) {
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (size_t piece = 1; piece < 100; piece += piece < 8 ? 1 : 30)
      assert_string_equal(events(&ctx->mem, rows[i].bytes, strlen(rows[i].bytes), piece), rows[i].want);
}

static void test_headers_are_bounded(void **state) {
  loom_ctx *ctx = *state;
  text t = text_new(&ctx->mem);
  for (int i = 0; i < LSP_HEADER_BYTES_MAX; i++)
    text_add(&t, "x");
  text_add(&t, "yContent-Length: 2\r\n\r\n[]");
  assert_string_equal(events(&ctx->mem, t.data, t.size, t.size), "![[]]");
  assert_string_equal(events(&ctx->mem, t.data, t.size, 1000), "![[]]");
  text many = text_new(&ctx->mem);
  for (int i = 0; i < LSP_HEADER_BYTES_MAX / 8; i++)
    text_add(&many, "name: x\r\n");
  text_add(&many, "Content-Length: 2\r\n\r\n[]Content-Length: 1\r\n\r\n1");
  for (size_t piece = 1; piece < 10000; piece *= 7)
    assert_string_equal(events(&ctx->mem, many.data, many.size, piece), "![[]][1]");
}

static void test_large_bodies_are_skipped(void **state) {
  loom_ctx *ctx = *state;
  lsp_frames f = {0};
  char *body, *piece = arena_alloc(&ctx->mem, 1 << 20);
  size_t n;
  const char *head = arena_printf(&ctx->mem, "Content-Length: %d\r\n\r\n12", LSP_BODY_BYTES_MAX + 1), next[] = "3Content-Length: 2\r\n\r\n{}";
  lsp_frames_add(&f, head, strlen(head));
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_TOO_LARGE);
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_NONE);
  for (size_t left = LSP_BODY_BYTES_MAX - 2; left; left -= left < 1 << 20 ? left : 1 << 20)
    lsp_frames_add(&f, piece, left < 1 << 20 ? left : 1 << 20);
  assert_true(f.room < 4096);      /* nothing of it was kept */
  lsp_frames_add(&f, next, sizeof next - 1);
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_BODY);
  assert_string_equal(body, "{}");
  const char *many = "Content-Length: 999999999999999999999\r\n\r\n";
  lsp_frames_add(&f, many, strlen(many));
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_TOO_LARGE);
  lsp_frames_done(&f);
}

static void test_memory_of_a_large_body_is_given_back(void **state) {
  loom_ctx *ctx = *state;
  lsp_frames f = {0};
  char *body, *large = arena_alloc(&ctx->mem, 3 << 20);
  size_t n;
  const char *head = arena_printf(&ctx->mem, "Content-Length: %d\r\n\r\n", 3 << 20);
  lsp_frames_add(&f, head, strlen(head));
  lsp_frames_add(&f, large, 3 << 20);
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_BODY);
  assert_int_equal(n, 3 << 20);
  lsp_frames_add(&f, "Content-Length: 2\r\n\r\n{}", 23);
  assert_true(f.room < 4096);
  assert_int_equal(lsp_frames_next(&f, &body, &n), LSP_FRAME_BODY);
  lsp_frames_done(&f);
}

static void test_what_is_written_is_read(void **state) {
  loom_ctx *ctx = *state;
  text t = text_new(&ctx->mem);
  data_value *v = data_object(&ctx->mem);
  data_set_string(&ctx->mem, v, "a", "\xC3\xA9");
  lsp_frame_write(&t, v);
  lsp_frame_write(&t, data_int(&ctx->mem, 1));
  assert_string_equal(events(&ctx->mem, t.data, t.size, 5), arena_printf(&ctx->mem, "[%s][1]", data_write_json(&ctx->mem, v, 0)));
}

static loom_status read_all(loom_ctx *ctx, void *data) {
  lsp_frames *f = data;
  char *body;
  size_t n;
  f->mem.guard = ctx->mem.guard;
  lsp_frames_add(f, "Content-Length: 2\r\n\r\n{}", 23);
  while (lsp_frames_next(f, &body, &n) != LSP_FRAME_NONE)
    ;
  (void)arena_alloc(&ctx->mem, 1);
  return LOOM_OK;
}

static void test_memory_runs_out(void **state) {
  (void)state;
  lsp_frames f = {0};
  testing_sweep_memory(read_all, &f);
  lsp_frames_done(&f);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_bodies_do_not_depend_on_pieces), T(test_headers_are_bounded), T(test_large_bodies_are_skipped), T(test_memory_of_a_large_body_is_given_back),
                                     T(test_what_is_written_is_read), T(test_memory_runs_out)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
