/* The worker of `loom lsp`: stays, with its libraries loaded and its rights given up, and does each job in a copy of itself, which may die of it.  Jobs and answers are frames on standard input and
 * output (lsp/lsp.h): {"cancel": ID} ends a job; an answer is what the copy says, or {"died": words}. */
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/cli_diag.h"
#include "cli/worker_lsp.h"
#include "frontend/python/syntax.h"
#include "lsp/lsp.h"
#include "run/run_child.h"
#include "run/run_limits.h"
#include "run/run_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK, COST, LANES, CHECK_S = 10, COST_S = 60 };
typedef struct copy { pid_t pid; int fd; int64_t id; loom_ctx ctx; text said; double deadline; bool is_late; } copy;      /* pid 0: none */
typedef struct desk { const cli_options *o; lsp_frames in; copy at[LANES]; double limit_s; /* --limits deadline; 0: not given */ } desk;

/* ---- in the copy ---- */

typedef struct job { const cli_options *o; const data_value *v; int lane, fd; } job;

static bool is_said(const data_value *list, const data_value *d) {
  for (size_t i = 0; i < list->n; i++) {
    const data_value *x = list->items[i];
    if (text_eq(data_get_string(x, "message", ""), data_get_string(d, "message", "")) && data_get_int(x, "line", 0) == data_get_int(d, "line", 0) &&
        data_get_int(x, "column", 0) == data_get_int(d, "column", 0))
      return true;
  }
  return false;
}

/* Kernels of a file share functions: what several of them meet is said once.  Columns of the first line count the mark of the encoding that the parser leaves away. */
static data_value *diagnostics_of(loom_ctx *ctx, const char *source) {
  enum { DIAGNOSTICS_MAX = 1000 };
  arena *m = &ctx->mem;
  data_value *list = data_array(m);
  const bool has_mark = text_starts(source, "\xEF\xBB\xBF");
  for (diag_item *d = ctx->diag.first; d && list->n < DIAGNOSTICS_MAX; d = d->next) {
    d->span.col += has_mark && d->span.line == 1 && d->span.col > 0 ? 3 : 0;
    d->span.end_col += has_mark && d->span.end_line == 1 && d->span.end_col > 0 ? 3 : 0;
    data_value *v = cli_diag_to_data(m, d);
    v->n -= v->n && strcmp(v->members[v->n - 1].key, "source") == 0;      /* the line, which the editor has */
    if (!is_said(list, v))
      data_push(m, list, v);
  }
  return list;
}

static data_value *answer(loom_ctx *ctx, const job *j) {
  arena *m = &ctx->mem;
  data_value *out = data_object(m);
  const char *source = data_get_string(j->v, "text", "");
  const lsp_task t = {data_get_string(j->v, "path", ""), arena_strdup(m, source), strlen(source), data_get(j->v, "settings"), j->o};
  data_set_int(m, out, "id", data_get(j->v, "id")->integer);
  if (j->lane == COST) {
    data_set_string(m, out, "title", worker_lsp_cost(ctx, &t, data_get_string(j->v, "kernel", "")));
    return out;
  }
  if (strcmp(data_get_string(j->v, "language", ""), "machine") == 0)
    worker_lsp_check_machine(ctx, &t);
  else
    worker_lsp_check_kernels(ctx, &t, out);
  data_set(m, out, "diagnostics", diagnostics_of(ctx, source));
  return out;
}

static int work(void *data) {
  const job *j = data;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  close(STDIN_FILENO);
  run_stage_of(data_get_string(j->v, "path", ""));
  run_stage_enter(j->lane == COST ? "cost" : "check");
  const char *json = data_write_json(&ctx.mem, answer(&ctx, j), 0);
  return file_write_all(j->fd, json, strlen(json)) ? 0 : 1;
}

/* ---- around it ---- */

static void say(loom_ctx *ctx, const char *json, size_t n) {
  text t = text_new(&ctx->mem);
  text_addf(&t, "Content-Length: %zu\r\n\r\n", n);
  text_add_bytes(&t, json, n);
  if (!file_write_all(STDOUT_FILENO, t.data, t.size))
    exit(0);      /* nobody is there any more */
}

static void say_death(loom_ctx *ctx, int64_t id, const char *why) {
  data_value *v = data_object(&ctx->mem);
  data_set_int(&ctx->mem, v, "id", id);
  data_set_string(&ctx->mem, v, "died", why);
  const char *json = data_write_json(&ctx->mem, v, 0);
  say(ctx, json, strlen(json));
}

static void begin(desk *k, int lane, const data_value *v) {
  copy *c = &k->at[lane];
  job j = {k->o, v, lane, -1};
  int ends[2];
  loom_ctx_init(&c->ctx);
  c->said = text_new(&c->ctx.mem);
  c->id = data_get(v, "id")->integer;
  c->is_late = false;
  c->deadline = clock_seconds() + (k->limit_s > 0 ? k->limit_s : lane == COST ? COST_S : CHECK_S);
  if (pipe2(ends, O_CLOEXEC) != 0) {
    say_death(&c->ctx, c->id, strerror(errno));
    return;
  }
  j.fd = ends[1];
  if (run_child_start(&c->ctx, work, &j, &c->pid) != LOOM_OK) {
    say_death(&c->ctx, c->id, c->ctx.diag.first->text);
    c->pid = 0;
    close(ends[0]);
  }
  c->fd = ends[0];
  close(ends[1]);
}

static const char *death_of(arena *m, const copy *c, int status) {
  run_place at = {0};
  const bool is_known = run_stage_find(c->pid, &at) && *at.stage;
  const char *where = is_known ? arena_printf(m, " (stage %s)", at.stage) : "";
  if (c->is_late)
    return arena_printf(m, "it took longer than it may%s", where);
  if (is_known && at.lacked_memory)
    return arena_printf(m, "it ran out of memory%s", where);
  if (WIFSIGNALED(status))
    return arena_printf(m, "signal %d, %s%s", WTERMSIG(status), strsignal(WTERMSIG(status)), where);
  return arena_printf(m, "exit code %d%s", WEXITSTATUS(status), where);
}

/* What it says to its end; `is_wanted` false: nobody asks any more. */
static void finish(copy *c, bool is_wanted) {
  int status = 0;
  close(c->fd);
  (void)process_wait(c->pid, &status);
  if (is_wanted && WIFEXITED(status) && WEXITSTATUS(status) == 0 && c->said.size)
    say(&c->ctx, c->said.data, c->said.size);
  else
    say_death(&c->ctx, c->id, is_wanted ? death_of(&c->ctx.mem, c, status) : "cancelled");
  c->pid = 0;
  loom_ctx_done(&c->ctx);
}

static void end(copy *c) {
  if (!c->pid)
    return;
  kill(c->pid, SIGKILL);
  finish(c, false);
}

static void listen_to(copy *c) {
  char piece[1 << 16];
  const ssize_t n = read(c->fd, piece, sizeof piece);
  if (n > 0)
    text_add_bytes(&c->said, piece, (size_t)n);
  else if (n == 0 || errno != EINTR)
    finish(c, true);
}

static void take(desk *k, loom_ctx *ctx, const char *body, size_t n) {
  data_value *v;
  if (data_read_json(ctx, "job", body, n, &v) != LOOM_OK)
    return;
  const data_value *id = data_get(v, "id"), *cancel = data_get(v, "cancel");
  for (int lane = 0; cancel && lane < LANES; lane++)
    if (k->at[lane].pid && k->at[lane].id == cancel->integer)
      end(&k->at[lane]);
  if (!id || id->kind != DATA_INT)
    return;
  const int lane = strcmp(data_get_string(v, "kind", ""), "cost") == 0 ? COST : CHECK;
  end(&k->at[lane]);
  begin(k, lane, v);
}

/* false: whoever asks is gone. */
static bool read_jobs(desk *k) {
  static char piece[1 << 16];
  char *body;
  size_t n;
  const ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
  if (got <= 0)
    return got < 0 && errno == EINTR;
  lsp_frames_add(&k->in, piece, (size_t)got);
  for (lsp_frame f; (f = lsp_frames_next(&k->in, &body, &n)) != LSP_FRAME_NONE;) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    if (f == LSP_FRAME_BODY)
      take(k, &ctx, body, n);
    loom_ctx_done(&ctx);
  }
  return true;
}

static int wait_ms(desk *k) {
  double least = -1;
  for (int i = 0; i < LANES; i++) {
    copy *c = &k->at[i];
    const double left = c->deadline - clock_seconds();
    if (!c->pid || c->is_late)
      continue;
    if (left <= 0) {
      c->is_late = true;
      kill(c->pid, SIGKILL);
    } else if (least < 0 || left < least) {
      least = left;
    }
  }
  return least < 0 ? -1 : (int)(least * 1000) + 1;
}

static void serve(desk *k) {
  for (;;) {
    struct pollfd p[1 + LANES] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    const int wait = wait_ms(k);
    for (int i = 0; i < LANES; i++)
      p[1 + i] = (struct pollfd){.fd = k->at[i].pid ? k->at[i].fd : -1, .events = POLLIN};
    if (poll(p, 1 + LANES, wait) < 0)
      continue;
    for (int i = 0; i < LANES; i++)
      if (p[1 + i].revents)
        listen_to(&k->at[i]);
    if (p[0].revents && !read_jobs(k))
      break;
  }
  for (int i = 0; i < LANES; i++)
    if (k->at[i].pid)
      kill(k->at[i].pid, SIGKILL);
}

loom_status worker_lsp(loom_ctx *ctx, const cli_options *o) {
  desk k = {.o = o};
  syn_node *tree;
  run_limits limits = {0};
  for (size_t i = 0; i < o->limits.all.n; i++)
    LOOM_TRY(run_limits_parse(ctx, "--limits", o->limits.all.at[i], &limits));
  k.limit_s = (double)limits.deadline;
  LOOM_TRY(python_parse(ctx, "first", "0\n", 2, &tree));      /* starts Python, once for all copies */
  serve(&k);
  lsp_frames_done(&k.in);
  return LOOM_OK;
}
