/* Messages on their way out. */
#include "lsp/lsp_private.h"

void lsp_send(lsp_server *s, lsp_peer to, arena *m, const data_value *v) {
  lsp_out *out = &s->out[to];
  text frame = text_new(m);      /* whole, or not at all: memory may run out */
  lsp_frame_write(&frame, v);
  out->mem.guard = s->guard;
  out->bytes.mem = &out->mem;
  text_add_bytes(&out->bytes, frame.data, frame.size);
}

static data_value *message(arena *m) {
  data_value *v = data_object(m);
  data_set_string(m, v, "jsonrpc", "2.0");
  return v;
}

void lsp_reply(lsp_server *s, arena *m, const data_value *id, data_value *result) {
  data_value *v = message(m);
  data_set(m, v, "id", (data_value *)(uintptr_t)id);
  data_set(m, v, "result", result ? result : data_null(m));
  lsp_send(s, LSP_CLIENT, m, v);
}

void lsp_reply_error(lsp_server *s, arena *m, const data_value *id, int code, const char *words) {
  data_value *v = message(m), *error = data_object(m);
  data_set(m, v, "id", id ? (data_value *)(uintptr_t)id : data_null(m));
  data_set_int(m, error, "code", code);
  data_set_string(m, error, "message", words);
  data_set(m, v, "error", error);
  lsp_send(s, LSP_CLIENT, m, v);
}

void lsp_notify(lsp_server *s, arena *m, const char *method, data_value *params) {
  data_value *v = message(m);
  data_set_string(m, v, "method", method);
  data_set(m, v, "params", params);
  lsp_send(s, LSP_CLIENT, m, v);
}

static void tell(lsp_server *s, arena *m, const char *method, int type, const char *words) {
  data_value *params = data_object(m);
  data_set_int(m, params, "type", type);
  data_set_string(m, params, "message", words);
  lsp_notify(s, m, method, params);
}

void lsp_show(lsp_server *s, arena *m, int type, const char *words) { tell(s, m, "window/showMessage", type, words); }

typedef struct logged { lsp_server *s; int type; const char *words; } logged;

static loom_status log_body(loom_ctx *ctx, void *data) {
  const logged *l = data;
  l->s->guard = ctx->mem.guard;
  tell(l->s, &ctx->mem, "window/logMessage", l->type, l->words);
  return LOOM_OK;
}

void lsp_server_log(lsp_server *s, int type, const char *words) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  (void)loom_ctx_run(&ctx, log_body, &(logged){s, type, words});      /* without memory nothing is logged */
  loom_ctx_done(&ctx);
}

data_value *lsp_member(const data_value *v, const char *path) {
  data_value *at = (data_value *)(uintptr_t)v;
  char key[64];
  for (const char *p = path; at && *p;) {
    const size_t n = strcspn(p, ".");
    memcpy(key, p, n);
    key[n] = 0;
    at = data_get(at, key);
    p += n + (p[n] == '.');
  }
  return at;
}

const char *lsp_string(const data_value *v, const char *path) {
  const data_value *x = lsp_member(v, path);
  return x && x->kind == DATA_STRING ? x->string : NULL;
}
