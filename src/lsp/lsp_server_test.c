/* Whole sessions without processes: what the client says, what the worker answers, the time.  Oracle: LSP 3.17, message by message. */
#include "base/testing.h"
#include "lsp/lsp_private.h"

static const lsp_word functions[] = {{"torch.exp", "input", ""}, {"torch.nn.functional.relu", "input", ""}, {"torch.nn.functional.silu", "input", ""}, {"helion.language.tile", "begin, end?", ""}};
static const lsp_word keys[] = {{"clock_hz", "Hz", "the clock"}, {"core.memory", "", "L1"}, {"core.memory.bytes", "bytes", "its size"}, {"core.units", "", "units"}, {"core.*", "", "own"}, {"*.value", "", "v"}, {"schema", "", "s"}};
static const lsp_setup setup = {"1.0", functions, COUNT_OF(functions), keys, COUNT_OF(keys), "/docs/cli.md"};

typedef struct session { loom_ctx ctx; lsp_server *s; double now; } session;

static void say(session *x, lsp_peer peer, const char *json) {
  const char *frame = arena_printf(&x->ctx.mem, "Content-Length: %zu\r\n\r\n%s", strlen(json), json);
  lsp_server_take(x->s, peer, frame, strlen(frame), x->now);
}

#define CLIENT(x, ...) say(x, LSP_CLIENT, arena_printf(&(x)->ctx.mem, __VA_ARGS__))
#define WORKER(x, ...) say(x, LSP_WORKER, arena_printf(&(x)->ctx.mem, __VA_ARGS__))

/* Without the blanks between its parts. */
static void add_dense(text *t, const char *json, size_t n) {
  bool is_quoted = false;
  for (size_t i = 0; i < n; i++) {
    is_quoted ^= json[i] == '"' && (i == 0 || json[i - 1] != '\\');
    if (is_quoted || json[i] != ' ')
      text_add_bytes(t, json + i, 1);
  }
  text_add(t, "\n");
}

/* All bodies that wait, a line each. */
static const char *heard(session *x, lsp_peer peer) {
  lsp_frames f = {0};
  text t = text_new(&x->ctx.mem);
  char *body;
  size_t n;
  const char *bytes = lsp_server_output(x->s, peer, &n);
  lsp_frames_add(&f, bytes, n);
  lsp_server_wrote(x->s, peer, n / 2);      /* in two parts */
  lsp_server_wrote(x->s, peer, n - n / 2);
  while (lsp_frames_next(&f, &body, &n) == LSP_FRAME_BODY)
    add_dense(&t, body, n);
  lsp_frames_done(&f);
  return text_str(&t);
}

static void hears(session *x, lsp_peer peer, const char *const *parts, size_t n) {
  const char *said = heard(x, peer);
  for (size_t i = 0; i < n; i++)
    if (!strstr(said, parts[i]))
      fail_msg("\"%s\" is not in\n%s", parts[i], said);
  if (n == 0)
    assert_string_equal(said, "");
}
#define HEARS(x, ...) hears(x, LSP_CLIENT, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define ASKED(x, ...) hears(x, LSP_WORKER, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define SILENT(x) hears(x, LSP_CLIENT, NULL, 0)
#define IDLE(x) hears(x, LSP_WORKER, NULL, 0)

static session *begin_with(const char *params) {
  static session x;
  loom_ctx_init(&x.ctx);
  x.now = 1000;
  x.s = lsp_server_new(&setup);
  CLIENT(&x, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":%s}", params);
  CLIENT(&x, "{\"jsonrpc\":\"2.0\",\"method\":\"initialized\",\"params\":{}}");
  (void)heard(&x, LSP_CLIENT);
  return &x;
}

static void end(session *x) {
  lsp_server_free(x->s);
  loom_ctx_done(&x->ctx);
}

#define DOC "\"textDocument\":{\"uri\":\"file:///k.py\"}"
#define AT(line, col) "\"position\":{\"line\":" #line ",\"character\":" #col "}"

static void open_kernel(session *x, int version, const char *code) {
  data_value *v = data_string(&x->ctx.mem, code);
  CLIENT(x, "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"languageId\":\"python\",\"version\":%d,\"text\":%s}}}", version, data_write_json(&x->ctx.mem, v, 0));
}

/* ---- life ---- */

static void test_life(void **state) {
  (void)state;
  session x = {.s = lsp_server_new(&setup), .now = 0};
  int code;
  size_t n;
  loom_ctx_init(&x.ctx);
  assert_null(lsp_server_roots(x.s, &n));
  CLIENT(&x, "{\"id\":1,\"method\":\"textDocument/hover\"}");
  HEARS(&x, "-32002", "\"id\":1");
  CLIENT(&x, "{\"method\":\"textDocument/didOpen\"}");
  SILENT(&x);
  assert_true(lsp_server_tick(x.s, 0) < 0);
  CLIENT(&x, "{\"id\":\"a\",\"method\":\"initialize\",\"params\":{\"rootUri\":\"file:///w\",\"capabilities\":{\"general\":{\"positionEncodings\":[\"utf-7\",5,\"utf-32\",\"utf-16\"]}}}}");
  HEARS(&x, "\"id\":\"a\"", "\"positionEncoding\":\"utf-32\"", "\"change\":2", "\"name\":\"loom\"", "\"version\":\"1.0\"");
  const char *const *roots = lsp_server_roots(x.s, &n);
  assert_int_equal(n, 1);
  assert_string_equal(roots[0], "/w");
  CLIENT(&x, "{\"id\":2,\"method\":\"initialize\"}");
  HEARS(&x, "-32600");
  CLIENT(&x, "{\"id\":3,\"method\":\"no/such\"}");
  HEARS(&x, "-32601", "no/such");
  CLIENT(&x, "{\"id\":3,\"method\":\"initialized\"}");
  HEARS(&x, "-32601");
  CLIENT(&x, "{\"method\":\"$/no/such\"}");
  CLIENT(&x, "{\"method\":\"shutdown\"}");
  SILENT(&x);
  assert_false(lsp_server_is_over(x.s, &code));
  assert_int_equal(code, 1);
  CLIENT(&x, "{\"id\":1.5,\"method\":\"shutdown\"}");
  HEARS(&x, "\"id\":1.5", "\"result\":null");
  CLIENT(&x, "{\"id\":4,\"method\":\"shutdown\"}");
  HEARS(&x, "-32600", "shut down");
  assert_true(lsp_server_tick(x.s, 0) < 0);
  CLIENT(&x, "{\"method\":\"exit\"}");
  assert_true(lsp_server_is_over(x.s, &code));
  assert_int_equal(code, 0);
  CLIENT(&x, "{\"id\":5,\"method\":\"shutdown\"}");
  SILENT(&x);
  end(&x);
  lsp_server_free(NULL);
}

static void test_exit_without_shutdown_is_1(void **state) {
  (void)state;
  session *x = begin_with("{}");
  int code;
  size_t n;
  assert_non_null(lsp_server_roots(x->s, &n));
  assert_int_equal(n, 0);
  CLIENT(x, "{\"method\":\"exit\"}");
  assert_true(lsp_server_is_over(x->s, &code));
  assert_int_equal(code, 1);
  end(x);
}

static void test_what_is_no_message(void **state) {
  (void)state;
  session *x = begin_with("{}");
  static const struct { const char *json, *want; } rows[] = {
      {"{", "-32700"}, {"", "-32700"}, {"[]", "-32600"}, {"7", "-32600"}, {"{}", "-32600"}, {"{\"id\":[],\"method\":\"shutdown\"}", "-32600"}, {"{\"id\":null,\"method\":\"shutdown\"}", "-32600"},
      {"{\"id\":{}}", "-32600"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    CLIENT(x, "%s", rows[i].json);
    HEARS(x, rows[i].want, "\"id\":null");
  }
  CLIENT(x, "{\"id\":null,\"error\":{\"code\":1}}");      /* an answer to what could not be read */
  CLIENT(x, "{\"id\":99,\"result\":1}");
  CLIENT(x, "{\"id\":\"loom-settings\",\"result\":[]}");
  SILENT(x);
  lsp_server_take(x->s, LSP_CLIENT, "Nothing: 1\r\n\r\n", 14, 0);
  HEARS(x, "-32700", "Content-Length");
  const char *large = arena_printf(&x->ctx.mem, "Content-Length: %d\r\n\r\n", LSP_BODY_BYTES_MAX + 1);
  lsp_server_take(x->s, LSP_CLIENT, large, strlen(large), 0);
  HEARS(x, "-32600", "33554432");
  lsp_server_take(x->s, LSP_WORKER, "Nothing: 1\r\n\r\n", 14, 0);
  WORKER(x, "{");
  WORKER(x, "{\"id\":1}");
  WORKER(x, "{\"id\":\"x\"}");
  SILENT(x);
  end(x);
}

/* ---- documents ---- */

static void test_roots_of_folders(void **state) {
  (void)state;
  size_t n;
  session *x = begin_with("{\"workspaceFolders\":[{\"uri\":\"file:///a\"},{\"uri\":\"http://b\"},{\"uri\":5},{\"uri\":\"file:///c%20d\"}],\"rootUri\":\"file:///w\"}");
  const char *const *roots = lsp_server_roots(x->s, &n);
  assert_int_equal(n, 2);
  assert_string_equal(roots[1], "/c d");
  end(x);
  x = begin_with("{\"workspaceFolders\":null,\"rootUri\":null,\"rootPath\":\"/old\"}");
  assert_string_equal(lsp_server_roots(x->s, &n)[0], "/old");
  end(x);
}

#define CODE "import helion\n@helion.kernel()\ndef f(x):\n  y\xC3\xA9 = x\n"

static void test_diagnostics_of_the_newest_text(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, CODE);
  assert_true(lsp_server_tick(x->s, x->now) < 0);
  ASKED(x, "\"id\":1", "\"kind\":\"check\"", "\"language\":\"kernels\"", "\"path\":\"/k.py\"", "def f(x)");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":2},\"contentChanges\":[{\"range\":{\"start\":{\"line\":3,\"character\":4},"
            "\"end\":{\"line\":3,\"character\":4}},\"text\":\"\\ud83d\\ude00\"}]}}");
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);      /* the first is still being looked at */
  WORKER(x, "{\"id\":1,\"diagnostics\":[{\"severity\":\"error\",\"message\":\"old\",\"line\":1}]}");
  SILENT(x);
  const double wait = lsp_server_tick(x->s, x->now);
  assert_true(wait > 0 && wait <= 40);
  IDLE(x);      /* somebody may be typing on */
  x->now += wait;
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"id\":2");
  WORKER(x, "{\"id\":2,\"diagnostics\":[{\"severity\":\"error\",\"code\":\"EINPUT\",\"message\":\"bad\",\"help\":\"do\",\"file\":\"/k.py\",\"line\":4,\"column\":11,\"end_line\":4,\"end_column\":12},"
            "{\"severity\":\"note\",\"message\":\"because\",\"line\":1,\"column\":1},{\"severity\":\"warning\",\"message\":\"hm\"},{\"severity\":\"note\",\"message\":\"so\"},"
            "{\"severity\":\"error\",\"message\":\"there\",\"file\":\"/m.yaml\",\"line\":3},{\"severity\":\"warning\",\"message\":\"odd\",\"file\":\"/m.yaml\",\"line\":3}]}");
  HEARS(x, "\"version\":2", "{\"line\":3,\"character\":7}", "{\"line\":3,\"character\":8}", "\"severity\":1", "\"code\":\"EINPUT\"", "bad\\nhelp: do\\nnote: because", "\"severity\":2", "\"severity\":3",
        "there (/m.yaml:3)");
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{" DOC "}}");
  HEARS(x, "\"diagnostics\":[]");
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{" DOC "}}");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{" DOC ",\"contentChanges\":[]}}");
  CLIENT(x, "{\"method\":\"textDocument/didOpen\",\"params\":{" DOC "}}");
  SILENT(x);
  end(x);
}

static void test_related_information_where_it_is_known(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"textDocument\":{\"publishDiagnostics\":{\"relatedInformation\":true,\"codeDescriptionSupport\":true}}}}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  (void)heard(x, LSP_WORKER);
  WORKER(x, "{\"id\":1,\"diagnostics\":[{\"severity\":\"error\",\"code\":\"EINPUT\",\"message\":\"bad\",\"help\":\"do\",\"line\":1,\"column\":2},{\"severity\":\"note\",\"message\":\"from\",\"line\":2,\"column\":1},"
            "{\"severity\":\"note\",\"message\":\"nowhere\"},{\"severity\":\"error\",\"message\":\"e\",\"file\":\"/m n.yaml\"}]}");
  HEARS(x, "\"code\":\"EINPUT\",\"codeDescription\":{\"href\":\"file:///docs/cli.md\"}", "\"message\":\"help: do\"", "\"message\":\"from\"", "bad\\nnote: nowhere", "file:///m%20n.yaml");
  end(x);
}

static void test_typing_is_looked_at_in_between(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, CODE);
  int checks = 0;
  for (int i = 0; i < 100; i++) {      /* a key every 5 ms, checks of 3 ms */
    (void)lsp_server_tick(x->s, x->now);
    if (*heard(x, LSP_WORKER)) {
      checks++;
      WORKER(x, "{\"id\":%d,\"diagnostics\":[]}", checks);
    }
    x->now += 5;
    CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":%d},\"contentChanges\":[{\"text\":\"import helion # %d\"}]}}", i + 2, i);
  }
  assert_true(checks >= 10 && checks <= 60);      /* every 40 ms at least */
  end(x);
}

static void test_other_documents_are_left_alone(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, "import os\n");
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);
  CLIENT(x, "{\"id\":7,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(0, 2) "}}");
  HEARS(x, "\"id\":7", "\"result\":null");
  CLIENT(x, "{\"id\":8,\"method\":\"textDocument/completion\",\"params\":{" DOC "," AT(0, 2) "}}");
  HEARS(x, "\"result\":[]");
  open_kernel(x, 2, "import helion\n");      /* opened again */
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "import helion");
  WORKER(x, "{\"id\":1,\"diagnostics\":[{\"severity\":\"error\",\"message\":\"bad\"}]}");
  HEARS(x, "bad");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":3},\"contentChanges\":[{\"text\":\"import os\"},{}]}}");
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);
  HEARS(x, "\"diagnostics\":[]");      /* what was said of it is taken back */
  char *large = arena_alloc(&x->ctx.mem, LSP_DOCUMENT_BYTES_MAX + 2);
  memset(large, ' ', LSP_DOCUMENT_BYTES_MAX + 1);
  open_kernel(x, 4, large);
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);
  HEARS(x, "more than 4194304 bytes");
  end(x);
}

static void test_too_many_documents(void **state) {
  (void)state;
  session *x = begin_with("{}");
  for (int i = 0; i < LSP_DOCUMENTS_MAX; i++)
    CLIENT(x, "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///%d\",\"text\":\"\"}}}", i);
  SILENT(x);
  open_kernel(x, 1, CODE);
  HEARS(x, "showMessage", "more than 1000 documents", "file:///k.py");
  end(x);
}

/* ---- requests ---- */

#define ANSWER                                                                                                                                                                                   \
  "{\"id\":%d,\"diagnostics\":[],\"kernels\":[{\"name\":\"f\",\"line\":2},{\"name\":\"g\",\"line\":9,\"title\":\"shape needed\"}],\"names\":[[3,7,\"x\",\"a tensor\"],[99,1,\"x\",\"?\"]],"          \
  "\"symbols\":[{\"name\":\"f\",\"kind\":\"function\",\"detail\":\"kernel\",\"range\":[3,1,4,9],\"name_range\":[3,5,3,6],\"children\":[{\"name\":\"C\",\"kind\":\"class\",\"range\":[4,1,4,2],"        \
  "\"name_range\":[4,1,4,2],\"children\":[]}]}]}"

static void test_requests_wait_for_the_analysis(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"textDocument\":{\"documentSymbol\":{\"hierarchicalDocumentSymbolSupport\":true}}}}");
  open_kernel(x, 1, CODE);
  CLIENT(x, "{\"id\":10,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 6) "}}");
  CLIENT(x, "{\"id\":\"h2\",\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(1, 5) "}}");
  CLIENT(x, "{\"id\":12,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  CLIENT(x, "{\"id\":13,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  CLIENT(x, "{\"id\":14,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  CLIENT(x, "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":14}}");
  CLIENT(x, "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":99}}");
  CLIENT(x, "{\"method\":\"$/cancelRequest\",\"params\":{}}");
  HEARS(x, "\"id\":14,\"error\":{\"code\":-32800");
  (void)lsp_server_tick(x->s, x->now);
  (void)heard(x, LSP_WORKER);
  SILENT(x);
  WORKER(x, ANSWER, 1);
  HEARS(x, "\"id\":10,\"result\":{\"contents\":{\"kind\":\"markdown\",\"value\":\"**x**: a tensor\"},\"range\":{\"start\":{\"line\":2,\"character\":6}", "\"id\":\"h2\",\"result\":null",
        "\"id\":12,\"result\":[{\"name\":\"f\",\"detail\":\"kernel\",\"kind\":12", "\"children\":[{\"name\":\"C\",\"kind\":5");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"kind\":\"cost\"", "\"kernel\":\"f\"");
  SILENT(x);      /* the lens waits for the cost */
  WORKER(x, "{\"id\":2,\"title\":\"100 cycles\"}");
  HEARS(x, "\"id\":13,\"result\":[{", "100 cycles", "shape needed", "\"command\":\"\"");
  assert_true(lsp_server_tick(x->s, x->now) < 0);
  IDLE(x);
  CLIENT(x, "{\"id\":15,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "100 cycles");
  CLIENT(x, "{\"id\":16,\"method\":\"textDocument/hover\",\"params\":{" DOC "}}");
  HEARS(x, "\"id\":16", "-32602");
  CLIENT(x, "{\"id\":17,\"method\":\"textDocument/hover\",\"params\":{\"textDocument\":{\"uri\":\"file:///none\"}," AT(0, 0) "}}");
  HEARS(x, "\"id\":17", "-32602", "not open");
  CLIENT(x, "{\"id\":18,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(3, 5) "}}");
  HEARS(x, "\"id\":18,\"result\":null");
  CLIENT(x, "{\"id\":19,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(0, 6) "}}");
  HEARS(x, "\"id\":19,\"result\":null");
  end(x);
}

static void test_an_edit_ends_what_waits(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"workspace\":{\"codeLens\":{\"refreshSupport\":true}}}}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  (void)heard(x, LSP_WORKER);
  WORKER(x, ANSWER, 1);
  HEARS(x, "workspace/codeLens/refresh");
  CLIENT(x, "{\"id\":10,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "being computed");      /* it will be asked again */
  CLIENT(x, "{\"id\":11,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  HEARS(x, "\"containerName\":\"f\"", "\"location\"");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"kind\":\"cost\"");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\"},\"contentChanges\":[{\"text\":\"import helion #\"}]}}");
  ASKED(x, "{\"cancel\":2}");
  CLIENT(x, "{\"id\":12,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 6) "}}");
  SILENT(x);
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":3},\"contentChanges\":[{\"text\":\"import helion ##\"}]}}");
  HEARS(x, "\"id\":12,\"error\":{\"code\":-32801");
  WORKER(x, "{\"id\":2,\"died\":\"cancelled\"}");
  SILENT(x);
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"id\":3", "##");
  x->now += 200;      /* a check that takes long is given up for a newer text */
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":4},\"contentChanges\":[{\"text\":\"import helion (\"}]}}");
  ASKED(x, "{\"cancel\":3}");
  WORKER(x, "{\"id\":3,\"died\":\"cancelled\"}");
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"id\":4");
  WORKER(x, "{\"id\":4,\"diagnostics\":[{\"severity\":\"error\",\"message\":\"syntax\",\"line\":1}]}");
  HEARS(x, "syntax");
  CLIENT(x, "{\"id\":13,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  HEARS(x, "\"name\":\"f\"");      /* those of the last text that could be read */
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":5},\"contentChanges\":[{\"text\":\"import helion ((\"}]}}");
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  (void)heard(x, LSP_WORKER);
  WORKER(x, "{\"id\":5,\"diagnostics\":[]}");
  CLIENT(x, "{\"id\":14,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  HEARS(x, "\"name\":\"f\"");
  CLIENT(x, "{\"id\":15,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "shape needed");
  (void)lsp_server_tick(x->s, x->now + 1000);
  IDLE(x);      /* no cost of what cannot be read */
  end(x);
}

static void test_costs_wait_for_quiet(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  (void)heard(x, LSP_WORKER);
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":2},\"contentChanges\":[{\"text\":\"import helion #\"}]}}");
  WORKER(x, "{\"id\":1,\"diagnostics\":[]}");
  x->now += 10;
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"id\":2");
  WORKER(x, ANSWER, 2);
  const double wait = lsp_server_tick(x->s, x->now);
  assert_true(wait > 100 && wait <= 300);
  IDLE(x);
  (void)lsp_server_tick(x->s, x->now + wait);
  ASKED(x, "\"kind\":\"cost\"");
  WORKER(x, "{\"id\":3,\"died\":\"signal 9\"}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":15,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "the compiler ended, signal 9");
  end(x);
}

static void test_too_many_requests_wait(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, CODE);
  for (int i = 0; i < 1000; i++)
    CLIENT(x, "{\"id\":%d,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}", i);
  SILENT(x);
  CLIENT(x, "{\"id\":1001,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  HEARS(x, "\"id\":1001", "-32603");
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{" DOC "}}");
  HEARS(x, "\"id\":0,\"error\"", "\"id\":999,\"error\"");
  end(x);
}

/* ---- the worker dies ---- */

static void test_the_server_outlives_its_worker(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, CODE);
  CLIENT(x, "{\"id\":10,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 6) "}}");
  (void)lsp_server_tick(x->s, x->now);
  lsp_server_lost_worker(x->s, "signal 9 (Killed)", x->now);
  IDLE(x);      /* nothing is left for it */
  HEARS(x, "the analysis of this file ended: signal 9 (Killed)", "window/showMessage", "\"id\":10,\"result\":null", "\"severity\":2");
  assert_true(lsp_server_tick(x->s, x->now) < 0);
  IDLE(x);      /* the same text would end it again */
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":2},\"contentChanges\":[{\"text\":\"import helion #\"}]}}");
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"id\":2");
  WORKER(x, ANSWER, 2);
  HEARS(x, "\"diagnostics\":[]");
  (void)lsp_server_tick(x->s, x->now + 1000);
  ASKED(x, "\"kind\":\"cost\"");
  lsp_server_lost_worker(x->s, "gone", x->now);
  CLIENT(x, "{\"id\":11,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "no prediction: the compiler ended, gone");
  lsp_server_lost_worker(x->s, "gone", x->now);
  SILENT(x);
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":3},\"contentChanges\":[{\"text\":\"import helion ##\"}]}}");
  (void)lsp_server_tick(x->s, x->now + 50);
  const char *large = arena_printf(&x->ctx.mem, "Content-Length: %d\r\n\r\n", LSP_BODY_BYTES_MAX + 1);
  lsp_server_take(x->s, LSP_WORKER, large, strlen(large), x->now);
  HEARS(x, "its answer cannot be read");
  lsp_server_log(x->s, 1, "words");
  HEARS(x, "window/logMessage", "words");
  end(x);
}

/* ---- settings ---- */

static void test_settings_go_to_the_worker(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"workspace\":{\"configuration\":true}},\"initializationOptions\":{\"machine\":\"single\"}}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"settings\":{\"machine\":\"single\"}");
  WORKER(x, "{\"id\":1,\"diagnostics\":[]}");
  CLIENT(x, "{\"id\":\"loom-settings\",\"result\":[{\"machine\":\"ring8\"}]}");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "ring8");
  WORKER(x, "{\"id\":2,\"diagnostics\":[]}");
  CLIENT(x, "{\"id\":\"loom-settings\",\"result\":[null]}");
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"method\":\"workspace/didChangeConfiguration\",\"params\":{\"settings\":{\"loom\":{\"machine\":\"torus4\"}}}}");
  HEARS(x, "workspace/configuration", "\"section\":\"loom\"");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "torus4");
  end(x);
}

/* ---- machine files ---- */

#define YAML "schema: loom.machine.v1\ncore:\n  memory: {bytes: {value: 3}}\n  mem\n"

static void test_machine_files(void **state) {
  (void)state;
  session *x = begin_with("{}");
  CLIENT(x, "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"languageId\":\"yaml\",\"version\":1,\"text\":%s}}}",
         data_write_json(&x->ctx.mem, data_string(&x->ctx.mem, YAML), 0));
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "\"language\":\"machine\"");
  WORKER(x, "{\"id\":1,\"diagnostics\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":1,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 13) "}}");
  HEARS(x, "**core.memory.bytes** (bytes)\\n\\nits size");
  CLIENT(x, "{\"id\":2,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 20) "}}");
  HEARS(x, "core.memory.bytes.value");
  CLIENT(x, "{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 26) "}}");
  HEARS(x, "\"result\":null");
  CLIENT(x, "{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(3, 3) "}}");
  HEARS(x, "\"result\":null");
  CLIENT(x, "{\"id\":4,\"method\":\"textDocument/completion\",\"params\":{" DOC "," AT(3, 5) "}}");
  const char *said = heard(x, LSP_CLIENT);
  assert_non_null(strstr(said, "\"label\":\"memory\""));
  assert_non_null(strstr(said, "\"label\":\"units\""));
  assert_null(strstr(said, "\"label\":\"*\""));
  assert_null(strstr(said, "clock_hz"));
  CLIENT(x, "{\"id\":5,\"method\":\"textDocument/completion\",\"params\":{" DOC "," AT(9, 0) "}}");
  said = heard(x, LSP_CLIENT);
  assert_non_null(strstr(said, "clock_hz"));
  assert_null(strstr(said, "\"value\""));
  CLIENT(x, "{\"id\":6,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}");
  HEARS(x, "\"name\":\"core\"", "\"name\":\"memory\"", "\"containerName\":\"core\"");
  CLIENT(x, "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///j.py\",\"languageId\":\"python\",\"version\":1,\"text\":\"import helion\"}}}");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "/j.py");
  WORKER(x, "{\"id\":2,\"diagnostics\":[]}");
  CLIENT(x, "{\"method\":\"textDocument/didSave\",\"params\":{" DOC "}}");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "/j.py");      /* its machine may have changed */
  CLIENT(x, "{\"method\":\"textDocument/didSave\",\"params\":{\"textDocument\":{\"uri\":\"file:///j.py\"}}}");
  (void)lsp_server_tick(x->s, x->now);
  IDLE(x);
  end(x);
}

static void test_completion_of_functions(void **state) {
  (void)state;
  session *x = begin_with("{}");
  open_kernel(x, 1, "import helion\nimport torch\ny = torch.e\ny = torch.nn.functional.\ny = torch.\ny = tor\ny = hl.t\n");
  static const struct { int line, col; const char *want, *not_want; } rows[] = {
      {2, 11, "\"label\":\"exp\"", "nn"}, {3, 24, "\"label\":\"silu\"", "exp"}, {4, 10, "\"label\":\"nn\",\"kind\":9", "silu"}, {5, 7, "[]", "label"}, {6, 8, "\"label\":\"tile\",\"kind\":3,\"detail\":\"(begin, end?)\"", "exp"}};
  (void)heard(x, LSP_CLIENT);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    CLIENT(x, "{\"id\":1,\"method\":\"textDocument/completion\",\"params\":{" DOC ",\"position\":{\"line\":%d,\"character\":%d}}}", rows[i].line, rows[i].col);
    const char *said = heard(x, LSP_CLIENT);
    if (!strstr(said, rows[i].want) || strstr(said, rows[i].not_want))
      fail_msg("row %zu: %s", i, said);
  }
  (void)lsp_server_tick(x->s, x->now);
  WORKER(x, "{\"id\":1,\"diagnostics\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":2,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(6, 8) "}}");
  HEARS(x, "\"result\":null");      /* hl.t is none */
  CLIENT(x, "{\"id\":2,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 7) "}}");
  HEARS(x, "\"result\":null");
  end(x);
}

/* ---- several documents, odd messages ---- */

#define OPEN(uri, language, code) "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"" uri "\",\"languageId\":\"" language "\",\"version\":\"1\",\"text\":\"" code "\"}}}"
#define CHANGE(uri, code) "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"" uri "\",\"version\":2},\"contentChanges\":[{\"text\":\"" code "\"}]}}"

/* One document after the other, the one that waits longest first. */
static void test_several_documents(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"workspace\":{\"codeLens\":{\"refreshSupport\":true}}}}");
  CLIENT(x, OPEN("file:///a.py", "python", "import helion"));
  x->now += 1;
  CLIENT(x, OPEN("file:///b.py", "python", "import helion"));
  CLIENT(x, OPEN("file:///c.yaml", "yaml", "schema: loom.machine.v1"));
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "/a.py");
  WORKER(x, "{\"id\":1,\"diagnostics\":[],\"kernels\":[{\"name\":\"f\"},{\"line\":3}],\"symbols\":[]}");
  (void)lsp_server_tick(x->s, x->now);
  ASKED(x, "/b.py", "\"kind\":\"cost\"", "\"kernel\":\"f\"");
  x->now += 200;
  CLIENT(x, CHANGE("file:///c.yaml", "schema: loom.machine.v1 "));      /* nothing of it runs */
  IDLE(x);
  WORKER(x, "{\"id\":2,\"diagnostics\":[],\"kernels\":[{\"name\":\"g\",\"line\":1}],\"symbols\":[]}");
  WORKER(x, "{\"id\":3}");      /* no title */
  (void)lsp_server_tick(x->s, x->now + 50);
  ASKED(x, "/c.yaml", "\"kernel\":\"\"");
  (void)heard(x, LSP_CLIENT);
  WORKER(x, "{\"id\":4,\"diagnostics\":[{\"message\":\"m\",\"severity\":\"warning\",\"line\":\"x\"},{\"severity\":\"error\"}]}");
  HEARS(x, "/c.yaml", "\"message\":\"m\"", "\"message\":\"\"");
  WORKER(x, "{\"id\":5,\"title\":\"1 cycle\"}");
  (void)lsp_server_tick(x->s, x->now + 1000);
  ASKED(x, "\"kernel\":\"g\"");
  CLIENT(x, CHANGE("file:///a.py", "import helion #"));
  (void)lsp_server_tick(x->s, x->now + 1100);
  ASKED(x, "\"id\":7");
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{\"textDocument\":{\"uri\":\"file:///b.py\"}}}");      /* while its cost is computed */
  ASKED(x, "{\"cancel\":6}");
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{\"textDocument\":{\"uri\":\"file:///a.py\"}}}");
  WORKER(x, "{\"id\":6,\"title\":\"late\"}");
  WORKER(x, "{\"id\":7,\"diagnostics\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, CHANGE("file:///c.yaml", "schema: loom.machine.v1 #"));
  (void)lsp_server_tick(x->s, x->now + 2000);
  (void)heard(x, LSP_WORKER);
  CLIENT(x, "{\"method\":\"textDocument/didClose\",\"params\":{\"textDocument\":{\"uri\":\"file:///c.yaml\"}}}");
  lsp_server_lost_worker(x->s, "gone", x->now);
  HEARS(x, "\"diagnostics\":[]");
  end(x);
}

/* The last cost stays until the next one is there. */
static void test_the_last_cost_stays(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"workspace\":{\"codeLens\":{\"refreshSupport\":true}}}}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  WORKER(x, ANSWER, 1);
  (void)lsp_server_tick(x->s, x->now);
  WORKER(x, "{\"id\":2,\"title\":\"100 cycles\"}");
  CLIENT(x, CHANGE("file:///k.py", "import helion\\n"));
  x->now += 50;
  (void)lsp_server_tick(x->s, x->now);
  WORKER(x, "{\"id\":3,\"diagnostics\":[],\"kernels\":[{\"name\":\"new\",\"line\":1},{\"name\":\"f\",\"line\":2}],\"symbols\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":4,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "being computed", "100 cycles");
  assert_true(lsp_server_tick(x->s, x->now) > 0);
  CLIENT(x, CHANGE("file:///k.py", "import helion #"));      /* an error, mended again */
  (void)lsp_server_tick(x->s, x->now + 50);
  WORKER(x, "{\"id\":4,\"diagnostics\":[],\"kernels\":[{\"name\":\"f\",\"line\":2,\"title\":\"has errors\"}],\"symbols\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":5,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "has errors");
  CLIENT(x, CHANGE("file:///k.py", "import helion ##"));
  (void)lsp_server_tick(x->s, x->now + 50);
  WORKER(x, "{\"id\":5,\"diagnostics\":[],\"kernels\":[{\"name\":\"f\",\"line\":2}],\"symbols\":[]}");
  (void)heard(x, LSP_CLIENT);
  CLIENT(x, "{\"id\":6,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}");
  HEARS(x, "100 cycles");
  end(x);
}

static void test_odd_messages_of_documents(void **state) {
  (void)state;
  session *x = begin_with("{\"capabilities\":{\"general\":{\"positionEncodings\":\"utf-8\"},\"workspace\":{\"configuration\":1}},\"initializationOptions\":7}");
  static const char *const rows[] = {
      "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\"}}}", "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"text\":\"\"}}}",
      "{\"method\":\"textDocument/didOpen\"}", "{\"method\":\"textDocument/didChange\",\"params\":{}}", "{\"method\":\"workspace/didChangeConfiguration\"}",
      "{\"id\":\"loom-settings\"}", "{\"id\":\"loom-settings\",\"result\":{}}", "{\"id\":\"other\",\"result\":[1]}", "{\"method\":\"$/cancelRequest\"}"};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    CLIENT(x, "%s", rows[i]);
  SILENT(x);
  CLIENT(x, OPEN("file:///k.py", "python", "import helion\\ny = torch.exp(1)\\n"));
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{" DOC "}}");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{" DOC ",\"contentChanges\":7}}");
  CLIENT(x, "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":\"x\"},\"contentChanges\":[{\"range\":{},\"text\":\"x\"}]}}");
  CLIENT(x, "{\"id\":1.5,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(1, 11) "}}");
  CLIENT(x, "{\"id\":2.5,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(0, 6) "}}");
  CLIENT(x, "{\"id\":\"s\",\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(0, 6) "}}");
  CLIENT(x, "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":2.5}}");
  HEARS(x, "\"id\":2.5,\"error\"");
  CLIENT(x, "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":\"s\"}}");
  HEARS(x, "\"id\":\"s\",\"error\"");
  CLIENT(x, "{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{" AT(1, 11) "}}");
  HEARS(x, "-32602");
  CLIENT(x, "{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{" DOC ",\"position\":{\"line\":\"1\",\"character\":0}}}");
  HEARS(x, "-32602");
  CLIENT(x, "{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{" DOC ",\"position\":{\"line\":1,\"character\":null}}}");
  HEARS(x, "-32602");
  (void)lsp_server_tick(x->s, x->now + 50);
  WORKER(x, "{\"id\":1,\"diagnostics\":[],\"names\":[[0,1,\"y\",\"?\"],[2,1,\"z\",\"?\"]]}");
  HEARS(x, "\"id\":1.5", "`torch.exp(input)`");
  end(x);
  x = begin_with("{\"capabilities\":{\"textDocument\":{\"publishDiagnostics\":{\"relatedInformation\":true}}}}");
  open_kernel(x, 1, CODE);
  (void)lsp_server_tick(x->s, x->now);
  WORKER(x, "{\"id\":1,\"diagnostics\":[{\"severity\":\"note\",\"message\":\"alone\",\"line\":1}]}");
  HEARS(x, "\"message\":\"alone\"}");
  end(x);
}

/* ---- memory ---- */

/* A session in which some allocation fails: the server goes on, and the message that was hit is answered with an error or, at worst, not at all. */
static void play_short_of_memory(session *x, const char *const frames[], size_t n) {
  for (size_t i = 0; i < n; i++) {
    const lsp_peer peer = strstr(frames[i], "\"method\"") ? LSP_CLIENT : LSP_WORKER;
    lsp_server_take(x->s, peer, frames[i], strlen(frames[i]), x->now);
    x->now += 500;
    (void)lsp_server_tick(x->s, x->now);
  }
}

static void test_memory_runs_out_and_the_server_goes_on(void **state) {
  (void)state;
  static const char *const messages[] = {
      "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"languageId\":\"python\",\"version\":1,\"text\":\"import helion\\n\\ndef f(x): pass\"}}}",
      "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///k.py\",\"version\":2},\"contentChanges\":[{\"text\":\"import helion # two\\n\\ndef f(x):\\n  pass\"}]}}",
      "{\"id\":10,\"method\":\"textDocument/hover\",\"params\":{" DOC "," AT(2, 6) "}}",
      ANSWER,
      "{\"id\":1,\"method\":\"textDocument/codeLens\",\"params\":{" DOC "}}",
      "{\"id\":2,\"title\":\"100 cycles\"}",
      "{\"method\":\"workspace/didChangeConfiguration\",\"params\":{\"settings\":{\"loom\":{\"machine\":\"torus4\"}}}}",
      "{\"id\":3,\"diagnostics\":[]}",
      "{\"id\":12,\"method\":\"textDocument/documentSymbol\",\"params\":{" DOC "}}",
  };
  const char *frames[COUNT_OF(messages)];
  loom_ctx kept;
  int struck_once = 0;
  loom_ctx_init(&kept);
  for (size_t i = 0; i < COUNT_OF(messages); i++) {
    const char *json = i == 3 ? arena_printf(&kept.mem, ANSWER, 1) : messages[i];
    frames[i] = arena_printf(&kept.mem, "Content-Length: %zu\r\n\r\n%s", strlen(json), json);
  }
  arena_set_block_bytes(16);
  for (long n = 1, struck = 1; struck; n += 1 + n / 50) {
    session *x = begin_with("{}");
    alloc_fail_at(n, 0);
    play_short_of_memory(x, frames, COUNT_OF(frames));
    struck = alloc_fail_at(0, 0);
    struck_once += struck > 0;
    (void)heard(x, LSP_CLIENT);
    open_kernel(x, 3, "import helion # three\n");
    CLIENT(x, "{\"id\":12,\"method\":\"no/such\"}");
    HEARS(x, "-32601");
    end(x);
  }
  arena_set_block_bytes(0);
  assert_true(struck_once > 100);
  alloc_fail_at(1, 0);
  assert_null(lsp_server_new(&setup));
  alloc_fail_at(0, 0);
  session *x = begin_with("{}");
  alloc_fail_at(1, 1);
  lsp_server_log(x->s, 1, "nothing");
  play_short_of_memory(x, frames, COUNT_OF(frames));
  alloc_fail_at(0, 0);
  end(x);
  loom_ctx_done(&kept);
}

int main(void) {
#define T(f) cmocka_unit_test(f)
  const struct CMUnitTest tests[] = {T(test_life), T(test_exit_without_shutdown_is_1), T(test_what_is_no_message), T(test_roots_of_folders), T(test_diagnostics_of_the_newest_text),
                                     T(test_related_information_where_it_is_known), T(test_typing_is_looked_at_in_between), T(test_other_documents_are_left_alone), T(test_too_many_documents),
                                     T(test_requests_wait_for_the_analysis), T(test_an_edit_ends_what_waits), T(test_costs_wait_for_quiet), T(test_too_many_requests_wait),
                                     T(test_the_server_outlives_its_worker), T(test_settings_go_to_the_worker), T(test_machine_files), T(test_completion_of_functions), T(test_several_documents), T(test_the_last_cost_stays), T(test_odd_messages_of_documents),
                                     T(test_memory_runs_out_and_the_server_goes_on)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
