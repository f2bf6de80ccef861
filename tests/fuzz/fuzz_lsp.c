/* The language server, given what a client may say; its worker finds nothing in any document. */
#include "fuzz.h"
#include "base/text.h"
#include "lsp/lsp.h"
#include <stdlib.h>
#include <string.h>

/* All that waits for `to` is frames of JSON objects; the jobs among them are answered. */
static void read_output(loom_ctx *ctx, lsp_server *s, lsp_peer to, double now) {
  lsp_frames f = {0};
  char *body;
  size_t n, left = 0;
  const char *bytes = lsp_server_output(s, to, &n);
  lsp_frames_add(&f, bytes, n);
  lsp_server_wrote(s, to, n);
  for (size_t size; lsp_frames_next(&f, &body, &size) == LSP_FRAME_BODY; left = f.size - f.from) {
    data_value *v;
    if (data_read_json(ctx, "said", arena_strndup(&ctx->mem, body, size), size, &v) != LOOM_OK || v->kind != DATA_OBJECT)
      fuzz_broken(ctx, "a message that is no JSON object");
    fuzz_compiled++;
    if (to != LSP_WORKER || !data_get(v, "id"))
      continue;
    const char *answer = arena_printf(&ctx->mem, "{\"id\":%" PRId64 ",\"diagnostics\":[],\"kernels\":[{\"name\":\"f\",\"line\":1}],\"names\":[],\"symbols\":[],\"title\":\"1 cycle\"}", data_get(v, "id")->integer);
    const char *frame = arena_printf(&ctx->mem, "Content-Length: %zu\r\n\r\n%s", strlen(answer), answer);
    lsp_server_take(s, LSP_WORKER, frame, strlen(frame), now);
  }
  lsp_frames_done(&f);
  if (left)
    fuzz_broken(ctx, "bytes that are no message");
}

static void give(loom_ctx *ctx, lsp_server *s, const char *bytes, size_t n, double now) {
  lsp_server_take(s, LSP_CLIENT, bytes, n, now);
  for (int i = 0; i < 2; i++) {      /* a check, a cost */
    (void)lsp_server_tick(s, now);
    read_output(ctx, s, LSP_WORKER, now);
  }
  read_output(ctx, s, LSP_CLIENT, now);
}

/* A line '{..' begins a list of messages, a line each, which are framed here; else the bytes are the stream, in pieces whose size the first one says.  A second goes by in between. */
void fuzz_lsp(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  static const lsp_word functions[] = {{"torch.exp", "input", ""}, {"helion.language.tile", "begin", ""}}, keys[] = {{"clock_hz", "Hz", "clock"}, {"core.memory.bytes", "bytes", "size"}};
  static const lsp_setup setup = {"1", functions, 2, keys, 2, NULL};
  if (size < 2 || size > FUZZ_BYTES_MAX)
    return;
  lsp_server *s = lsp_server_new(&setup);
  const bool is_list = bytes[0] == '{';
  const size_t piece = bytes[0] ? (size_t)bytes[0] * bytes[0] : size;
  double now = 0;
  for (size_t at = is_list ? 0 : 1, n; s && at < size; at += n, now += 1000) {
    const uint8_t *end = is_list ? memchr(bytes + at, '\n', size - at) : NULL;
    n = !is_list ? (size - at < piece ? size - at : piece) : end ? (size_t)(end - bytes) - at + 1 : size - at;
    text frame = text_new(&ctx->mem);
    if (is_list)
      text_addf(&frame, "Content-Length: %zu\r\n\r\n", n);
    text_add_bytes(&frame, (const char *)bytes + at, n);
    give(ctx, s, frame.data, frame.size, now);
  }
  lsp_server_free(s);
}
