/* What the worker is asked, a job a lane at a time: checks, which are short, and costs of kernels, which are not.  The newest text is what counts. */
#include "lsp/lsp_private.h"

enum { LONG_CHECK_MS = 150 };

static data_value *job_head(lsp_server *s, arena *m, lsp_lane lane, const lsp_document *d) {
  lsp_job *j = &s->jobs[lane];
  data_value *v = data_object(m);
  *j = (lsp_job){.is_busy = true, .id = ++s->last_id, .document = d->number, .revision = d->revision, .began_ms = s->now_ms};
  data_set_int(m, v, "id", j->id);
  data_set_string(m, v, "kind", lane == LSP_CHECK ? "check" : "cost");
  data_set_string(m, v, "language", d->language == LSP_KERNELS ? "kernels" : "machine");
  data_set_string(m, v, "path", d->path);
  data_set_string(m, v, "text", arena_strndup(m, d->lines.text, d->lines.size));
  if (s->settings)
    data_set(m, v, "settings", (data_value *)(uintptr_t)s->settings);
  return v;
}

static bool is_later(const lsp_document *d, const lsp_document *than) { return than && d->due_ms >= than->due_ms; }

/* The document whose check is due for the longest time; *wait: when none is, the time until one will be, -1: none waits. */
static lsp_document *next_check(const lsp_server *s, double *wait) {
  lsp_document *next = NULL;
  for (size_t i = 0; i < s->n_documents; i++)
    if (s->documents[i]->revision != s->documents[i]->checked && !is_later(s->documents[i], next))
      next = s->documents[i];
  *wait = !next ? -1 : next->due_ms > s->now_ms ? next->due_ms - s->now_ms : 0;
  return *wait > 0 ? NULL : next;
}

static lsp_document *next_cost(const lsp_server *s, lsp_kernel **out, double *wait) {
  *wait = -1;
  for (size_t i = 0; i < s->n_documents; i++) {
    lsp_document *d = s->documents[i];
    for (size_t k = 0; d->revision == d->checked && k < d->kernels.n; k++) {
      if (!d->kernels.at[k].wants_cost)
        continue;
      const double left = d->cost_due_ms - s->now_ms;
      if (left <= 0) {
        *out = &d->kernels.at[k];
        *wait = 0;
        return d;
      }
      *wait = *wait < 0 || left < *wait ? left : *wait;
    }
  }
  return NULL;
}

static void finish_check(lsp_server *s, arena *m, lsp_document *d) {
  lsp_answer_waiting(s, m, d);
  if (s->has_lens_refresh && d->language == LSP_KERNELS) {
    data_value *v = data_object(m);
    data_set_string(m, v, "jsonrpc", "2.0");
    data_set_string(m, v, "id", "loom-lens");
    data_set_string(m, v, "method", "workspace/codeLens/refresh");
    lsp_send(s, LSP_CLIENT, m, v);
  }
}

/* The last analysis goes; its symbols stay when they are wanted. */
static void forget_found(lsp_document *d, bool keeps_symbols) {
  if (keeps_symbols && data_get(d->found, "symbols")) {
    loom_ctx_done(&d->tree);
    d->tree = d->answer;
  } else {
    loom_ctx_done(&d->answer);
  }
  if (!keeps_symbols) {
    loom_ctx_done(&d->tree);
    d->tree = (loom_ctx){0};
    d->symbols = NULL;
  }
  d->answer = (loom_ctx){0};
  d->found = NULL;
}

/* Documents that need no worker: other languages, and what is too large. */
static bool check_here(lsp_server *s, arena *m, lsp_document *d) {
  if (d->language != LSP_OTHER)
    return false;
  const bool had_found = d->found != NULL || d->is_too_large;
  d->checked = d->revision;
  forget_found(d, false);
  d->kernels.n = 0;
  if (d->is_too_large)
    lsp_publish_text(s, m, d, arena_printf(m, "the document has more than %d bytes; it is not looked at", LSP_DOCUMENT_BYTES_MAX));
  else if (had_found)
    lsp_publish(s, m, d);
  lsp_answer_waiting(s, m, d);
  return true;
}

static double sooner(double a, double b) { return a < 0 ? b : b < 0 || a < b ? a : b; }

double lsp_begin_jobs(lsp_server *s, arena *m) {
  double check_wait = -1, cost_wait = -1;
  lsp_document *d;
  lsp_kernel *k = NULL;
  while (!s->jobs[LSP_CHECK].is_busy && (d = next_check(s, &check_wait)))
    if (!check_here(s, m, d))
      lsp_send(s, LSP_WORKER, m, job_head(s, m, LSP_CHECK, d));
  if (!s->jobs[LSP_COST].is_busy && (d = next_cost(s, &k, &cost_wait))) {
    data_value *v = job_head(s, m, LSP_COST, d);
    data_set_string(m, v, "kernel", k->name);
    strncpy(s->jobs[LSP_COST].kernel, k->name, sizeof s->jobs[LSP_COST].kernel - 1);
    lsp_send(s, LSP_WORKER, m, v);
  }
  return sooner(s->jobs[LSP_CHECK].is_busy ? -1 : check_wait, s->jobs[LSP_COST].is_busy ? -1 : cost_wait);
}

static void cancel(lsp_server *s, arena *m, lsp_job *j) {
  data_value *v = data_object(m);
  data_set_int(m, v, "cancel", j->id);
  lsp_send(s, LSP_WORKER, m, v);
  j->is_cancelled = true;
}

/* A cost of a text that is no more; a check only if it takes long: while somebody types, each check in between is worth having. */
void lsp_cancel_stale(lsp_server *s, arena *m, const lsp_document *d) {
  lsp_job *check = &s->jobs[LSP_CHECK], *cost = &s->jobs[LSP_COST];
  if (cost->is_busy && !cost->is_cancelled && cost->document == d->number)
    cancel(s, m, cost);
  if (check->is_busy && !check->is_cancelled && check->document == d->number && s->now_ms - check->began_ms > (double)LONG_CHECK_MS)
    cancel(s, m, check);
}

/* ---- answers ---- */

static void read_kernels(lsp_server *s, lsp_document *d, const data_value *kernels) {
  VEC_OF(lsp_kernel) all = {0};
  arena *mem = &d->next;
  arena_done(mem);
  mem->guard = s->guard;
  for (size_t i = 0; kernels && i < kernels->n && i < LSP_KERNELS_MAX; i++) {
    const char *name = lsp_string(kernels->items[i], "name"), *title = lsp_string(kernels->items[i], "title");
    lsp_kernel k = {.name = arena_strdup(mem, name ? name : ""), .line = data_get_int(kernels->items[i], "line", 1), .title = title ? arena_strdup(mem, title) : NULL, .wants_cost = !title};
    for (size_t old = 0; old < d->kernels.n; old++)
      if (d->kernels.at[old].cost && text_eq(d->kernels.at[old].name, k.name))
        k.cost = arena_strdup(mem, d->kernels.at[old].cost);
    vec_push(mem, &all, k);
  }
  arena_done(&d->kernel_mem);
  d->kernel_mem = *mem;
  *mem = (arena){0};
  d->kernels.at = all.at;
  d->kernels.n = all.n;
  d->kernels.room = all.room;
}

static void take_failure(lsp_server *s, arena *m, lsp_document *d, const char *why) {
  forget_found(d, true);
  d->checked = d->revision;
  d->kernels.n = 0;
  lsp_publish_text(s, m, d, arena_printf(m, "the analysis of this file ended: %s; it is tried again when the file changes", why));
  lsp_show(s, m, 2, arena_printf(m, "loom: the analysis of %s ended: %s", d->path, why));
}

static void take_check(lsp_server *s, arena *m, lsp_document *d, data_value *v) {
  const bool has_symbols = data_get(v, "symbols") != NULL;
  if (lsp_string(v, "died")) {
    take_failure(s, m, d, lsp_string(v, "died"));
  } else {
    if (has_symbols)
      read_kernels(s, d, data_get(v, "kernels"));
    for (size_t i = 0; !has_symbols && i < d->kernels.n; i++)
      d->kernels.at[i].wants_cost = false;
    forget_found(d, !has_symbols);
    d->checked = d->revision;
    d->answer = lsp_keep_incoming(s);
    d->found = v;
    if (has_symbols)
      d->symbols = data_get(v, "symbols");
    lsp_publish(s, m, d);
  }
  finish_check(s, m, d);
}

static void take_cost(lsp_server *s, arena *m, lsp_document *d, const char *kernel, const data_value *v) {
  const char *title = lsp_string(v, "title"), *died = lsp_string(v, "died");
  d->kernel_mem.guard = s->guard;
  for (size_t i = 0; i < d->kernels.n; i++)
    if (text_eq(d->kernels.at[i].name, kernel)) {
      d->kernels.at[i].wants_cost = false;
      d->kernels.at[i].cost = died ? arena_printf(&d->kernel_mem, "no prediction: the compiler ended, %s", died) : arena_strdup(&d->kernel_mem, title ? title : "");
    }
  finish_check(s, m, d);
}

void lsp_begin_incoming(lsp_server *s) {
  loom_ctx_done(&s->incoming);
  loom_ctx_init(&s->incoming);
  s->incoming.mem.guard = s->incoming.scratch.guard = s->guard;
}

/* Whoever keeps it reads it and says nothing more in it. */
loom_ctx lsp_keep_incoming(lsp_server *s) {
  loom_ctx kept = s->incoming;
  kept.diag = (diag_list){0};
  s->incoming = (loom_ctx){0};
  return kept;
}

static void take(lsp_server *s, arena *m, int lane, data_value *v) {
  lsp_job *j = &s->jobs[lane];
  lsp_document *d = lsp_find_number(s, j->document);
  const bool is_current = d && !j->is_cancelled && d->revision == j->revision;
  j->is_busy = false;
  if (is_current && lane == LSP_CHECK)
    take_check(s, m, d, v);
  else if (is_current)
    take_cost(s, m, d, j->kernel, v);
}

void lsp_take_answer(lsp_server *s, arena *m, const char *body, size_t n) {
  data_value *v = NULL;
  lsp_begin_incoming(s);
  const bool is_read = data_read_json(&s->incoming, "answer", arena_strndup(&s->incoming.mem, body, n), n, &v) == LOOM_OK;
  const data_value *id = is_read ? data_get(v, "id") : NULL;
  for (int lane = 0; id && id->kind == DATA_INT && lane < LSP_LANES; lane++)
    if (s->jobs[lane].is_busy && s->jobs[lane].id == id->integer)
      take(s, m, lane, v);
}

void lsp_drop_jobs(lsp_server *s, arena *m, const char *why) {
  data_value *v = data_object(m);
  data_set_string(m, v, "died", why);
  for (int lane = 0; lane < LSP_LANES; lane++)
    if (s->jobs[lane].is_busy)
      take(s, m, lane, v);
}
