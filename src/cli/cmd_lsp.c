/* `loom lsp`: a language server on standard input and output.  The protocol is lsp/lsp.h; this is what moves bytes between the editor, the server and loom-worker, which does what a hostile file may
 * break, and is started again when it dies. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/cli.h"
#include "frontend/helion/helion.h"
#include "lsp/lsp.h"
#include "machine/machine.h"
#include "run/run_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 1 << 16, WRITE_PIECE = 4096 /* a pipe that can be written to takes as much at once */ };
typedef struct host { loom_ctx *ctx; const cli_options *o; lsp_server *s; pid_t worker; int to, from; /* of the worker; 0: there is none */ bool is_deaf; /* the editor is gone */ } host;

/* ---- words that the server offers ---- */

static void read_words(loom_ctx *ctx, lsp_setup *out) {
  arena *m = &ctx->mem;
  size_t n;
  const helion_function *functions = helion_functions(m, &n);
  lsp_word *words = ARENA_NEW_N(m, lsp_word, n);
  for (size_t i = 0; i < n; i++)
    words[i] = (lsp_word){functions[i].name, functions[i].arguments, ""};
  out->functions = words;
  out->n_functions = n;
  const machine_key *keys = machine_keys(m, &n);
  words = ARENA_NEW_N(m, lsp_word, n);
  for (size_t i = 0; i < n; i++)
    words[i] = (lsp_word){keys[i].path, keys[i].unit, keys[i].what};
  out->keys = words;
  out->n_keys = n;
}

/* The contract of the command line says what codes mean. */
static const char *find_code_page(arena *m) {
  static const char *const pages[] = {"../docs/cli.md", "../share/doc/loom/docs/cli.md"};
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    char *path = realpath(file_join(m, cli_self_dir(m), pages[i]), NULL);      /* an absolute one, without links */
    const char *kept = path ? arena_strdup(m, path) : NULL;
    alloc_free(path);
    if (kept)
      return kept;
  }
  return NULL;
}

/* ---- the worker ---- */

static char **worker_words(loom_ctx *ctx, const host *h, const char *worker) {
  arena *m = &ctx->mem;
  VEC_OF(char *) argv = {0};
  size_t n_options, n_roots;
  const cli_option *options = cli_option_table(&n_options);
  const cli_command *lsp = cli_find_command("lsp");
  const char *const *roots = lsp_server_roots(h->s, &n_roots);
  vec_push(m, &argv, arena_strdup(m, worker));
  vec_push(m, &argv, arena_strdup(m, "lsp"));
  for (size_t i = 0; i < n_options; i++) {
    const char *const *values = options[i].argument && cli_takes(lsp, &options[i]) ? cli_option_values(m, h->o, &options[i]) : NULL;
    for (; values && *values; values++)
      vec_push(m, &argv, arena_printf(m, "--%s=%s", options[i].name, *values));
  }
  vec_push(m, &argv, arena_strdup(m, "--"));
  for (size_t i = 0; i < h->o->files.n; i++)
    vec_push(m, &argv, arena_strdup(m, h->o->files.at[i]));
  for (size_t i = 0; i < n_roots; i++)
    vec_push(m, &argv, arena_strdup(m, roots[i]));
  vec_push(m, &argv, NULL);
  return argv.at;
}

static const char *start_with(loom_ctx *ctx, host *h, const int in[2], const int out[2]) {
  posix_spawn_file_actions_t files;
  const char *worker = cli_find_worker(&ctx->mem);
  if (!worker)
    return "loom-worker is neither beside loom nor in " LOOM_LIBEXECDIR;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
  const int error = posix_spawn(&h->worker, worker, &files, NULL, worker_words(ctx, h, worker), environ);
  posix_spawn_file_actions_destroy(&files);
  h->worker = error ? 0 : h->worker;
  return error ? strerror(error) : NULL;
}

static void start_worker(host *h) {
  loom_ctx ctx;
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  loom_ctx_init(&ctx);
  ctx.mem.guard = h->ctx->mem.guard;
  const bool has_pipes = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;
  const char *why = has_pipes ? start_with(&ctx, h, in, out) : strerror(errno);
  h->to = in[1];
  h->from = out[0];
  close(in[0]);
  close(out[1]);
  if (why) {
    close(h->to);
    close(h->from);
    lsp_server_log(h->s, 1, why);
    lsp_server_lost_worker(h->s, why, clock_ms());
  }
  loom_ctx_done(&ctx);
}

static void lose_worker(host *h) {
  int status = 0;
  char why[128];
  close(h->to);
  close(h->from);
  kill(h->worker, SIGKILL);
  (void)process_wait(h->worker, &status);
  if (WIFSIGNALED(status))
    snprintf(why, sizeof why, "loom-worker was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    snprintf(why, sizeof why, "loom-worker ended with code %d", WEXITSTATUS(status));
  h->worker = 0;
  lsp_server_log(h->s, 1, why);
  lsp_server_lost_worker(h->s, why, clock_ms());
}

/* ---- bytes ---- */

/* false: the other side is gone. */
static bool read_from(host *h, int fd, lsp_peer peer) {
  static char piece[PIECE];
  const ssize_t n = read(fd, piece, sizeof piece);
  if (n > 0)
    lsp_server_take(h->s, peer, piece, (size_t)n, clock_ms());
  return n > 0 || (n < 0 && errno == EINTR);
}

static bool write_to(host *h, int fd, lsp_peer peer) {
  size_t n;
  const char *bytes = lsp_server_output(h->s, peer, &n);
  const ssize_t wrote = write(fd, bytes, n < WRITE_PIECE ? n : WRITE_PIECE);
  if (wrote > 0)
    lsp_server_wrote(h->s, peer, (size_t)wrote);
  return wrote > 0 || errno == EINTR || errno == EAGAIN;
}

static bool has_output(const host *h, lsp_peer peer) {
  size_t n;
  lsp_server_output(h->s, peer, &n);
  return n > 0;
}

/* An editor that no longer reads what it is told is gone. */
static bool is_heard(const host *h) {
  static const size_t waiting_max = 256 << 20;
  size_t n;
  lsp_server_output(h->s, LSP_CLIENT, &n);
  return n <= waiting_max;
}

/* One round of waiting.  What the editor has sent is read before anything is begun: the newest text is the one to look at. */
static void turn(host *h) {
  enum { CLIENT_IN, CLIENT_OUT, WORKER_IN, WORKER_OUT, N };
  struct pollfd p[N] = {{.fd = STDIN_FILENO, .events = POLLIN}};
  double wait = poll(p, 1, 0) > 0 ? 0 : lsp_server_tick(h->s, clock_ms());
  if (!h->worker && has_output(h, LSP_WORKER))
    start_worker(h);
  p[CLIENT_OUT] = (struct pollfd){.fd = has_output(h, LSP_CLIENT) ? STDOUT_FILENO : -1, .events = POLLOUT};
  p[WORKER_IN] = (struct pollfd){.fd = h->worker ? h->from : -1, .events = POLLIN};
  p[WORKER_OUT] = (struct pollfd){.fd = h->worker && has_output(h, LSP_WORKER) ? h->to : -1, .events = POLLOUT};
  p[CLIENT_IN].revents = 0;
  if (poll(p, N, wait < 0 ? -1 : (int)wait + (wait > (int)wait)) < 0)
    return;
  if (p[CLIENT_OUT].revents && !write_to(h, STDOUT_FILENO, LSP_CLIENT))
    h->is_deaf = true;
  if (p[WORKER_OUT].revents)
    (void)write_to(h, h->to, LSP_WORKER);      /* that it is gone shows when it is read from */
  if (p[WORKER_IN].revents && !read_from(h, h->from, LSP_WORKER))
    lose_worker(h);
  if (p[CLIENT_IN].revents && !read_from(h, STDIN_FILENO, LSP_CLIENT))
    h->is_deaf = true;
}

static void flush(host *h) {
  while (has_output(h, LSP_CLIENT) && write_to(h, STDOUT_FILENO, LSP_CLIENT))
    ;
}

loom_status cmd_lsp(loom_ctx *ctx, const cli_options *o) {
  lsp_setup setup = {.version = LOOM_VERSION, .code_page = find_code_page(&ctx->mem)};
  read_words(ctx, &setup);
  host h = {.ctx = ctx, .o = o, .s = lsp_server_new(&setup)};
  int code = 1;
  if (!h.s)
    return LOOM_EMEM;
  run_stage_open();
  while (!lsp_server_is_over(h.s, &code) && !h.is_deaf && is_heard(&h))
    turn(&h);
  flush(&h);
  if (h.worker) {
    close(h.to);
    kill(h.worker, SIGKILL);
    (void)process_wait(h.worker, NULL);
  }
  lsp_server_free(h.s);
  return code == 0 ? LOOM_OK : LOOM_EINPUT;      /* the protocol's exit codes */
}
