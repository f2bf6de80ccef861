/* lsp: a language server (LSP 3.17) as a machine of states: frames of JSON-RPC, open documents, positions, what is answered and published.
 * Takes: bytes of the client, answers of the analysis, the time in milliseconds.  Leaves: bytes for the client, jobs for the analysis.
 * It reads no file, starts no process and computes nothing that depends on the contents of a document but its lines and keys: the analysis is somebody else's (cli/worker_lsp.c). */
#ifndef LOOM_LSP_LSP_H
#define LOOM_LSP_LSP_H
#include "base/data.h"
#include "base/text.h"

/* ---- frames (lsp_frame.c): "Content-Length: N", an empty line, N bytes ---- */
enum { LSP_HEADER_BYTES_MAX = 4096, LSP_BODY_BYTES_MAX = 32 << 20 };
typedef enum lsp_frame {
  LSP_FRAME_NONE,       /* more bytes are needed */
  LSP_FRAME_BODY,
  LSP_FRAME_BROKEN,     /* headers without a length; what follows is skipped up to the next that has one */
  LSP_FRAME_TOO_LARGE   /* over LSP_BODY_BYTES_MAX; its bytes are skipped as they come */
} lsp_frame;
/* Zero is a reader that has seen nothing.  `mem.guard` is the owner's to set. */
typedef struct lsp_frames { arena mem, next; char *bytes; size_t from, size, room; size_t skip; bool is_lost; } lsp_frames;
void lsp_frames_add(lsp_frames *f, const char *bytes, size_t n);
/* *body: NUL-terminated, good until the next call of this room with `f`. */
lsp_frame lsp_frames_next(lsp_frames *f, char **body, size_t *n);
void lsp_frames_done(lsp_frames *f);
/* `v` as a frame behind `out`. */
void lsp_frame_write(text *out, const data_value *v);

/* ---- the server (lsp_server.c) ---- */
/* name: a function ("torch.exp") with its arguments in `detail`; a key of machine files ("core.memory.bytes", "perf.*.source") with its unit in `detail` and its meaning in `what`. */
typedef struct lsp_word { const char *name, *detail, *what; } lsp_word;
typedef struct lsp_setup {
  const char *version;
  const lsp_word *functions; size_t n_functions;
  const lsp_word *keys; size_t n_keys;
  const char *code_page;       /* path of a page that says what codes of diagnostics mean; NULL: none */
} lsp_setup;
typedef enum lsp_peer { LSP_CLIENT, LSP_WORKER, LSP_PEERS } lsp_peer;
typedef struct lsp_server lsp_server;

/* `setup` is kept.  NULL: no memory. */
lsp_server *lsp_server_new(const lsp_setup *setup);
void lsp_server_free(lsp_server *s);
/* Bytes that came from the client or the worker.  When memory runs out the message at hand is lost, with an error for it; the server goes on. */
void lsp_server_take(lsp_server *s, lsp_peer from, const char *bytes, size_t n, double now_ms);
/* Begins the analyses that are due.  Milliseconds until the next one is; -1: none waits for a time. */
double lsp_server_tick(lsp_server *s, double now_ms);
/* What is to be written to the client or the worker, `*n` bytes; lsp_server_wrote takes the first `n` of them away. */
const char *lsp_server_output(const lsp_server *s, lsp_peer to, size_t *n);
void lsp_server_wrote(lsp_server *s, lsp_peer to, size_t n);
/* The worker is gone, `why` in words ("signal 9 (Killed)"): what it was doing is lost and not asked for again until the document changes; bytes for it are dropped.  Another may be started. */
void lsp_server_lost_worker(lsp_server *s, const char *why, double now_ms);
/* Says it in the client's log; 1 error .. 4 log. */
void lsp_server_log(lsp_server *s, int type, const char *message);
/* Directories that the client has open, once it has said so ("initialize"); NULL before. */
const char *const *lsp_server_roots(const lsp_server *s, size_t *n);
/* Has the client said "exit"?  *code: 0 when it said "shutdown" before, else 1.  At the end of its stream without "exit": the same code. */
bool lsp_server_is_over(const lsp_server *s, int *code);
#endif
