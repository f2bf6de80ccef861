/* Shared by the files of this room only. */
#ifndef LOOM_LSP_PRIVATE_H
#define LOOM_LSP_PRIVATE_H
#include "base/vec.h"
#include "lsp/lsp.h"

/* ---- positions (lsp_position.c) ---- */
typedef enum lsp_encoding { LSP_UTF8, LSP_UTF16, LSP_UTF32 } lsp_encoding;
/* 0-based; `unit` counts code units of the encoding from the start of the line. */
typedef struct lsp_position { int64_t line, unit; } lsp_position;
/* A text by lines, which end with \n, \r\n or \r; starts[i] is the first byte of line i. */
typedef struct lsp_lines { const char *text; size_t size; size_t *starts; size_t n; } lsp_lines;
lsp_lines lsp_lines_of(arena *m, const char *text, size_t size);
/* Bytes of line `line` without its end. */
size_t lsp_line_length(const lsp_lines *l, size_t line);
/* What lies behind the line's or the text's end is its end; a unit inside of a character is its start. */
size_t lsp_offset_of(const lsp_lines *l, lsp_position p, lsp_encoding e);
/* Of a place as diagnostics say it: 1-based line, 1-based column in bytes; 0: not told. */
lsp_position lsp_position_of(const lsp_lines *l, int64_t line, int64_t col, lsp_encoding e);
data_value *lsp_position_to_data(arena *m, lsp_position p);
bool lsp_position_from_data(const data_value *v, lsp_position *out);
/* From (line, col) to (end_line, end_col); an end that is not told or lies before the start: one character, or the whole line where col is not told. */
data_value *lsp_range(arena *m, const lsp_lines *l, const int64_t place[4], lsp_encoding e);

/* ---- text (lsp_text.c) ---- */
/* JSON that a reader takes: bytes that are no UTF-8, surrogates without their other half and \u0000 become U+FFFD, which counts one UTF-16 unit as they do.  `s` itself when it needs nothing. */
const char *lsp_clean_json(arena *m, const char *s, size_t n, size_t *out_n);
/* The path of a file: URI, %XX decoded; of another URI the URI itself. */
const char *lsp_path_of_uri(arena *m, const char *uri);
const char *lsp_uri_of_path(arena *m, const char *path);
/* The identifier around byte `at` with the names before it: "hl.tile" for `tile`; false: there is none. */
typedef struct lsp_span { size_t from, to; } lsp_span;
bool lsp_name_at(const char *text, size_t size, size_t at, lsp_span *out_name, lsp_span *out_dotted);
/* A dotted name with its first part as the imports of the file say: "hl.tile" is "helion.language.tile". */
const char *lsp_full_name(arena *m, const lsp_lines *l, const char *dotted);

/* ---- keys of machine files (lsp_yaml.c) ---- */
/* The path of keys around byte `at`: "core.memory.bytes" where it is on the key `bytes` or its value.  *out_key: the key's bytes; `prefix`: the path without the word at `at`, which is being typed. */
typedef struct lsp_key_place { const char *path, *parent; lsp_span key; } lsp_key_place;
bool lsp_key_at(arena *m, const lsp_lines *l, size_t at, lsp_key_place *out);
/* The row of a path: "perf.*.source" for "perf.newest.source"; NULL: unknown. */
const lsp_word *lsp_key_find(const lsp_setup *setup, const char *path);
bool lsp_key_matches(const char *pattern, const char *path);
/* Keys of blocks, two levels deep, as DocumentSymbol[]. */
data_value *lsp_key_symbols(arena *m, const lsp_lines *l, lsp_encoding e);

/* ---- documents (lsp_document.c) ---- */
typedef enum lsp_language { LSP_OTHER, LSP_KERNELS, LSP_MACHINE } lsp_language;
enum { LSP_DOCUMENT_BYTES_MAX = 4 << 20, LSP_DOCUMENTS_MAX = 1000, LSP_KERNELS_MAX = 64 };

/* A kernel and what is shown above it: why there is no cost, or the cost; until there is one, that of the text before. */
typedef struct lsp_kernel { const char *name; int64_t line; const char *title, *cost; bool wants_cost; } lsp_kernel;
/* A request that waits for the analysis of its document. */
typedef struct lsp_waiting { data_value *id; int method; lsp_position at; } lsp_waiting;

typedef struct lsp_document {
  int64_t number;              /* of this opening */
  arena names;                 /* uri, path, language */
  const char *uri, *path, *language_id;
  arena mem, next;             /* the text, and the next one while it is made */
  lsp_lines lines;
  int64_t version;             /* the client's */
  bool is_too_large;           /* its text is not kept */
  lsp_language language;
  int64_t revision, checked;   /* counts changes; the last whose analysis is known */
  double due_ms, first_ms, cost_due_ms;   /* when its analysis may begin; of the oldest change that waits */
  loom_ctx answer;             /* the last analysis, of text `checked` */
  data_value *found;           /* it; NULL: there is none */
  loom_ctx tree;               /* the last analysis with symbols, where that is an older one */
  data_value *symbols;
  arena kernel_mem; VEC_OF(lsp_kernel) kernels;
  arena waiting_mem; VEC_OF(lsp_waiting) waiting;
} lsp_document;

void lsp_document_set(lsp_document *d, const char *text, size_t size);
/* One change of textDocument/didChange: all of the text, or `range` of it. */
void lsp_document_change(lsp_document *d, const data_value *range, const char *text, lsp_encoding e);
void lsp_document_free(lsp_document *d);

/* ---- the server's parts ---- */
/* X(id, method) */
#define LSP_REQUEST_LIST(X)                                 \
  X(INITIALIZE, "initialize")                               \
  X(SHUTDOWN, "shutdown")                                   \
  X(HOVER, "textDocument/hover")                            \
  X(SYMBOLS, "textDocument/documentSymbol")                 \
  X(LENS, "textDocument/codeLens")                          \
  X(COMPLETION, "textDocument/completion")
/* X(id, method): what has no answer */
#define LSP_NOTICE_LIST(X)                                     \
  X(INITIALIZED, "initialized")                                \
  X(EXIT, "exit")                                              \
  X(CANCEL, "$/cancelRequest")                                 \
  X(DID_OPEN, "textDocument/didOpen")                          \
  X(DID_CHANGE, "textDocument/didChange")                      \
  X(DID_SAVE, "textDocument/didSave")                          \
  X(DID_CLOSE, "textDocument/didClose")                        \
  X(CONFIGURATION, "workspace/didChangeConfiguration")
typedef enum lsp_method {
#define X(id, ...) LSP_##id,
  LSP_REQUEST_LIST(X)
  LSP_REQUESTS_END,
  LSP_NOTICE_LIST(X)
#undef X
  LSP_METHODS
} lsp_method;

enum { LSP_PARSE_ERROR = -32700, LSP_INVALID_REQUEST = -32600, LSP_METHOD_NOT_FOUND = -32601, LSP_INVALID_PARAMS = -32602, LSP_INTERNAL_ERROR = -32603,
       LSP_NOT_INITIALIZED = -32002, LSP_CONTENT_MODIFIED = -32801, LSP_REQUEST_CANCELLED = -32800 };

typedef enum lsp_lane { LSP_CHECK, LSP_COST, LSP_LANES } lsp_lane;
typedef struct lsp_job { bool is_busy, is_cancelled; int64_t id, document, revision; char kernel[256]; double began_ms; } lsp_job;
typedef struct lsp_out { arena mem; text bytes; size_t at; } lsp_out;

struct lsp_server {
  const lsp_setup *setup;
  jmp_buf *guard;              /* of the message at hand */
  lsp_frames in[LSP_PEERS];
  lsp_out out[LSP_PEERS];
  enum { LSP_NEW, LSP_RUNNING, LSP_SHUT } state;
  bool is_over, has_roots;
  lsp_encoding encoding;
  bool has_related, has_code_pages, has_lens_refresh, has_configuration, has_hierarchy;
  arena root_mem; VEC_OF(const char *) roots;
  loom_ctx settings_ctx; const data_value *settings;     /* NULL: none */
  loom_ctx incoming;           /* what is being read and may be kept */
  lsp_document *documents[LSP_DOCUMENTS_MAX]; size_t n_documents;
  lsp_job jobs[LSP_LANES];
  int64_t last_id, last_document;
  double now_ms;
};

/* lsp_send.c */
void lsp_reply(lsp_server *s, arena *m, const data_value *id, data_value *result);
void lsp_reply_error(lsp_server *s, arena *m, const data_value *id, int code, const char *message);
void lsp_notify(lsp_server *s, arena *m, const char *method, data_value *params);
void lsp_send(lsp_server *s, lsp_peer to, arena *m, const data_value *v);
void lsp_show(lsp_server *s, arena *m, int type, const char *message);
data_value *lsp_member(const data_value *v, const char *path);      /* "a.b.c"; NULL */
const char *lsp_string(const data_value *v, const char *path);      /* NULL: none, or no string */

/* lsp_start.c: initialize and settings */
void lsp_initialize(lsp_server *s, arena *m, const data_value *id, const data_value *params);
void lsp_initialized(lsp_server *s, arena *m);
void lsp_set_settings(lsp_server *s, const data_value *settings);
void lsp_ask_settings(lsp_server *s, arena *m);

/* lsp_sync.c: documents as the client tells of them */
lsp_document *lsp_find(const lsp_server *s, const char *uri);
lsp_document *lsp_find_number(const lsp_server *s, int64_t number);
void lsp_sync(lsp_server *s, arena *m, lsp_method method, const data_value *params);
void lsp_check_again(lsp_server *s, lsp_document *d, double delay_ms);
void lsp_close_all(lsp_server *s);

/* lsp_publish.c: what the analysis says */
void lsp_publish(lsp_server *s, arena *m, const lsp_document *d);
void lsp_publish_text(lsp_server *s, arena *m, const lsp_document *d, const char *message);

/* lsp_jobs.c */
void lsp_begin_incoming(lsp_server *s);
loom_ctx lsp_keep_incoming(lsp_server *s);
void lsp_take_answer(lsp_server *s, arena *m, const char *body, size_t n);
double lsp_begin_jobs(lsp_server *s, arena *m);
void lsp_drop_jobs(lsp_server *s, arena *m, const char *why);
void lsp_cancel_stale(lsp_server *s, arena *m, const lsp_document *d);

/* lsp_answer.c: requests about a document; those that wait */
void lsp_request(lsp_server *s, arena *m, lsp_method method, const data_value *id, const data_value *params);
void lsp_answer_waiting(lsp_server *s, arena *m, lsp_document *d);
void lsp_fail_waiting(lsp_server *s, arena *m, lsp_document *d, int code, const char *message);
bool lsp_cancel_waiting(lsp_server *s, arena *m, const data_value *id);
data_value *lsp_complete(const lsp_server *s, arena *m, const lsp_document *d, lsp_position at);     /* lsp_completion.c */
#endif
