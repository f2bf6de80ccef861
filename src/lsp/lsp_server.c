/* The server: bytes in, messages told apart, bytes out.  A message is handled whole or, when memory runs out, not at all. */
#include "lsp/lsp_private.h"
#include "base/alloc.h"

lsp_server *lsp_server_new(const lsp_setup *setup) {
  lsp_server *s = alloc_zeroed(sizeof *s);
  if (s)
    s->setup = setup;
  return s;
}

void lsp_server_free(lsp_server *s) {
  if (!s)
    return;
  lsp_close_all(s);
  for (int p = 0; p < LSP_PEERS; p++) {
    lsp_frames_done(&s->in[p]);
    arena_done(&s->out[p].mem);
  }
  loom_ctx_done(&s->settings_ctx);
  loom_ctx_done(&s->incoming);
  arena_done(&s->root_mem);
  alloc_free(s);
}

/* ---- messages of the client ---- */

static lsp_method method_of(const char *name) {
  static const char *const names[LSP_METHODS] = {
#define X(id, name, ...) [LSP_##id] = name,
      LSP_REQUEST_LIST(X) LSP_NOTICE_LIST(X)
#undef X
  };
  int i = 0;
  while (i < LSP_METHODS && !text_eq(names[i], name))
    i++;
  return (lsp_method)i;
}

static void take_request(lsp_server *s, arena *m, const char *name, const data_value *id, const data_value *params) {
  const lsp_method method = method_of(name);
  if (s->state == LSP_NEW && method != LSP_INITIALIZE)
    lsp_reply_error(s, m, id, LSP_NOT_INITIALIZED, "the server is not initialized");
  else if (s->state == LSP_SHUT || (s->state == LSP_RUNNING && method == LSP_INITIALIZE))
    lsp_reply_error(s, m, id, LSP_INVALID_REQUEST, s->state == LSP_SHUT ? "the server is shut down" : "the server is initialized already");
  else if (method == LSP_INITIALIZE)
    lsp_initialize(s, m, id, params);
  else if (method == LSP_SHUTDOWN) {
    s->state = LSP_SHUT;
    lsp_reply(s, m, id, NULL);
  } else if (method < LSP_REQUESTS_END)
    lsp_request(s, m, method, id, params);
  else
    lsp_reply_error(s, m, id, LSP_METHOD_NOT_FOUND, arena_printf(m, "unknown method '%.100s'", name));
}

static void take_notice(lsp_server *s, arena *m, const char *name, const data_value *params) {
  const lsp_method method = method_of(name);
  if (method == LSP_EXIT)
    s->is_over = true;
  if (s->state != LSP_RUNNING || method <= LSP_REQUESTS_END)
    return;
  switch (method) {
  case LSP_INITIALIZED: lsp_initialized(s, m); break;
  case LSP_CANCEL:
    if (data_get(params, "id"))
      (void)lsp_cancel_waiting(s, m, data_get(params, "id"));
    break;
  case LSP_CONFIGURATION:
    lsp_set_settings(s, data_get(params, "settings"));
    lsp_ask_settings(s, m);
    break;
  case LSP_DID_OPEN: case LSP_DID_CHANGE: case LSP_DID_SAVE: case LSP_DID_CLOSE: lsp_sync(s, m, method, params); break;
  default: break;
  }
}

/* Answers of the client to what it was asked. */
static void take_reply(lsp_server *s, const data_value *id, const data_value *result) {
  if (s->state == LSP_RUNNING && id->kind == DATA_STRING && text_eq(id->string, "loom-settings") && result && result->kind == DATA_ARRAY && result->n)
    lsp_set_settings(s, result->items[0]);
}

static bool is_id(const data_value *id) { return id->kind == DATA_STRING || id->kind == DATA_INT || id->kind == DATA_REAL; }

static void take_message(lsp_server *s, loom_ctx *ctx, const char *body, size_t n) {
  data_value *v;
  size_t size;
  arena *m = &ctx->mem;
  const char *json = lsp_clean_json(m, body, n, &size);
  if (data_read_json(ctx, "message", json, size, &v) != LOOM_OK) {
    lsp_reply_error(s, m, NULL, LSP_PARSE_ERROR, ctx->diag.first ? ctx->diag.first->text : "not JSON");
    return;
  }
  const char *method = lsp_string(v, "method");
  const data_value *id = data_get(v, "id"), *params = data_get(v, "params");
  if (v->kind != DATA_OBJECT || (id && !is_id(id) && (method || !data_get(v, "error"))) || (!method && !id))
    lsp_reply_error(s, m, NULL, LSP_INVALID_REQUEST, "not a request, a notification or a response");
  else if (method && id)
    take_request(s, m, method, id, params);
  else if (method)
    take_notice(s, m, method, params);
  else
    take_reply(s, id, data_get(v, "result"));
}

/* ---- frames ---- */

typedef struct work { lsp_server *s; lsp_peer from; const char *bytes; size_t n; const char *why; double wait; bool is_done; } work;

static loom_status next_frame(loom_ctx *ctx, void *data) {
  work *w = data;
  lsp_server *s = w->s;
  char *body;
  size_t n;
  s->guard = ctx->mem.guard;
  const lsp_frame frame = lsp_frames_next(&s->in[w->from], &body, &n);
  w->is_done = frame == LSP_FRAME_NONE || s->is_over;
  if (frame == LSP_FRAME_BODY && w->from == LSP_WORKER)
    lsp_take_answer(s, &ctx->mem, body, n);
  else if (frame == LSP_FRAME_BODY && !s->is_over)
    take_message(s, ctx, body, n);
  else if (w->from == LSP_WORKER && frame != LSP_FRAME_NONE)
    lsp_drop_jobs(s, &ctx->mem, "its answer cannot be read");
  else if (frame == LSP_FRAME_BROKEN)
    lsp_reply_error(s, &ctx->mem, NULL, LSP_PARSE_ERROR, "a message without Content-Length");
  else if (frame == LSP_FRAME_TOO_LARGE)
    lsp_reply_error(s, &ctx->mem, NULL, LSP_INVALID_REQUEST, arena_printf(&ctx->mem, "a message of more than %d bytes", LSP_BODY_BYTES_MAX));
  return LOOM_OK;
}

static loom_status add_bytes(loom_ctx *ctx, void *data) {
  const work *w = data;
  lsp_frames *f = &w->s->in[w->from];
  f->mem.guard = ctx->mem.guard;
  lsp_frames_add(f, w->bytes, w->n);
  return LOOM_OK;
}

static loom_status lack_memory(loom_ctx *ctx, void *data) {
  const work *w = data;
  w->s->guard = ctx->mem.guard;
  lsp_reply_error(w->s, &ctx->mem, NULL, LSP_INTERNAL_ERROR, "out of memory");
  return LOOM_OK;
}

/* In a context of its own: what it made is gone behind it. */
static loom_status in_context(loom_status (*body)(loom_ctx *, void *), work *w) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const loom_status st = loom_ctx_run(&ctx, body, w);
  loom_ctx_done(&ctx);
  w->s->guard = NULL;
  return st;
}

static void run(loom_status (*body)(loom_ctx *, void *), work *w) {
  if (in_context(body, w) != LOOM_OK)
    (void)in_context(lack_memory, w);      /* not even for that: nothing is said */
}

void lsp_server_take(lsp_server *s, lsp_peer from, const char *bytes, size_t n, double now_ms) {
  work w = {.s = s, .from = from, .bytes = bytes, .n = n};
  s->now_ms = now_ms;
  run(add_bytes, &w);
  while (!w.is_done)
    run(next_frame, &w);
}

static loom_status begin(loom_ctx *ctx, void *data) {
  work *w = data;
  w->s->guard = ctx->mem.guard;
  w->wait = lsp_begin_jobs(w->s, &ctx->mem);
  return LOOM_OK;
}

double lsp_server_tick(lsp_server *s, double now_ms) {
  work w = {.s = s, .wait = -1};
  s->now_ms = now_ms;
  if (s->state == LSP_RUNNING)
    run(begin, &w);
  return w.wait;
}

static loom_status drop(loom_ctx *ctx, void *data) {
  const work *w = data;
  w->s->guard = ctx->mem.guard;
  lsp_drop_jobs(w->s, &ctx->mem, w->why);
  return LOOM_OK;
}

void lsp_server_lost_worker(lsp_server *s, const char *why, double now_ms) {
  work w = {.s = s, .why = why};
  lsp_frames_done(&s->in[LSP_WORKER]);
  arena_done(&s->out[LSP_WORKER].mem);
  s->out[LSP_WORKER] = (lsp_out){0};
  s->now_ms = now_ms;
  run(drop, &w);
}

/* ---- the other way ---- */

const char *lsp_server_output(const lsp_server *s, lsp_peer to, size_t *n) {
  const lsp_out *out = &s->out[to];
  *n = out->bytes.size - out->at;
  return out->bytes.data ? out->bytes.data + out->at : "";
}

void lsp_server_wrote(lsp_server *s, lsp_peer to, size_t n) {
  lsp_out *out = &s->out[to];
  out->at += n;
  if (out->at < out->bytes.size)
    return;
  arena_done(&out->mem);
  *out = (lsp_out){0};
}

const char *const *lsp_server_roots(const lsp_server *s, size_t *n) {
  static const char *const none[1];
  *n = s->roots.n;
  return !s->has_roots ? NULL : s->roots.n ? (const char *const *)s->roots.at : none;
}

bool lsp_server_is_over(const lsp_server *s, int *code) {
  *code = s->state == LSP_SHUT ? 0 : 1;
  return s->is_over;
}
