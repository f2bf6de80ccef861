#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/temporary.h"
#include "cli/sweep_program.h"
#include "run/run_ranks.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES_MAX = 64 << 20 };

/* out, err: what it says, in memory; pid 0: free. */
typedef struct hand { pid_t pid; int out, err; size_t number; double started; const char *dir, *plans; } hand;
struct sweep_hands { loom_ctx *ctx; const char *loom, *dir; int n, busy; hand *all; };

loom_status sweep_hands_open(loom_ctx *ctx, int n, const char *dir, sweep_hands **out) {
  arena *m = &ctx->mem;
  sweep_hands *h = *out = ARENA_NEW(m, sweep_hands);
  *h = (sweep_hands){.ctx = ctx, .loom = cli_find_loom(m), .dir = arena_strdup(m, dir), .n = n, .all = ARENA_NEW_N(m, hand, n)};
  for (int i = 0; i < n; i++) {
    h->all[i].dir = arena_printf(m, "%s/%d.%d", dir, (int)getpid(), i);      /* processes that outlive a sweep that was killed have others */
    h->all[i].plans = arena_printf(m, "%s/plans.db", h->all[i].dir);
  }
  return LOOM_OK;
}

int sweep_hands_free(const sweep_hands *h) { return h->n - h->busy; }

/* ---- starting ---- */

static const char *const *command_of(const sweep_hands *h, const hand *a, const char *const *words) {
  arena *m = &h->ctx->mem;
  const bool plans = strcmp(words[0], "explore") != 0;
  VEC_OF(const char *) argv = {0};
  vec_push(m, &argv, h->loom);
  for (size_t i = 0; words[i]; i++)
    vec_push(m, &argv, words[i]);
  vec_push(m, &argv, "--njobs=1");
  if (plans)
    vec_push(m, &argv, arena_printf(m, "--tuning-db=%s", a->plans));
  if (strcmp(words[0], "compile") == 0)
    vec_push(m, &argv, arena_printf(m, "--output-path=%s/out", a->dir));
  vec_push(m, &argv, NULL);
  return argv.at;
}

static const char *const *environment(arena *m) {
  VEC_OF(const char *) out = {0};
  for (char **e = environ; *e; e++)
    if (strncmp(*e, "LOOM_CRASH_DIR=", 15) != 0 && strncmp(*e, "LOOM_CONFIG=", 12) != 0 && strncmp(*e, RUN_RANKS_VARIABLE "=", sizeof RUN_RANKS_VARIABLE) != 0)
      vec_push(m, &out, *e);
  vec_push(m, &out, RUN_RANKS_VARIABLE "=-1");      /* a point is searched by one process, in a job of many, too */
  vec_push(m, &out, "LOOM_CRASH_DIR=");
  vec_push(m, &out, "LOOM_CONFIG=");      /* what a user likes is no part of a point */
  vec_push(m, &out, NULL);
  return out.at;
}

static loom_status spawn(const sweep_hands *h, hand *a, const char *const *argv) {
  arena *m = &h->ctx->mem;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);      /* an interrupt of the terminal is for us, who end them */
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, a->out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, a->err, STDERR_FILENO);
  const int error = posix_spawn(&a->pid, h->loom, &actions, &attributes, (char *const *)argv, (char *const *)environment(m));
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error) {
    a->pid = 0;
    LOOM_FAIL(h->ctx, diag_file_span(h->ctx, h->loom), LOOM_EIO, "loom cannot be started: %s", strerror(error));
  }
  return LOOM_OK;
}

static void close_texts(hand *a) {
  if (a->out > 0)
    close(a->out);
  if (a->err > 0)
    close(a->err);
  a->out = a->err = 0;
}

loom_status sweep_hands_start(sweep_hands *h, const char *const *words, size_t number) {
  hand *a = h->all;
  while (a->pid)
    a++;
  arena_mark before = arena_save(&h->ctx->mem);
  temporary_remove(a->dir);
  LOOM_TRY(file_make_dirs(h->ctx, a->dir));
  a->number = number;
  a->started = clock_seconds();
  a->out = memfd_create("output", MFD_CLOEXEC);
  a->err = memfd_create("messages", MFD_CLOEXEC);
  loom_status st = a->out > 0 && a->err > 0 ? spawn(h, a, command_of(h, a, words)) : diag_error(h->ctx, LOOM_NOSPAN, LOOM_EIO, "no file in memory can be made: %s", strerror(errno));
  if (st != LOOM_OK)
    close_texts(a);
  h->busy += st == LOOM_OK;
  arena_release(&h->ctx->mem, before);
  return st;
}

/* ---- what was done ---- */

static loom_status read_text(loom_ctx *ctx, int fd, char **out, size_t *size) {
  const off_t end = lseek(fd, 0, SEEK_END);
  *out = NULL;
  *size = 0;
  if (end > OUTPUT_BYTES_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a point printed more than %d bytes", OUTPUT_BYTES_MAX);
  *out = ARENA_NEW_N(&ctx->mem, char, end + 1);
  const ssize_t got = pread(fd, *out, (size_t)end, 0);
  *size = got > 0 ? (size_t)got : 0;
  return LOOM_OK;
}

/* Did somebody kill the worker (SIGKILL: an administrator, or the system that lacks memory)?  That is nothing a point does, and no result of it.  `messages`: of cli_tell_death. */
static bool was_worker_killed(arena *m, int code, const char *messages, size_t size) {
  const char *sign = arena_printf(m, "signal %d (", SIGKILL);
  return code == loom_status_exit(LOOM_EWORKER) && size && memmem(messages, size, sign, strlen(sign));
}

static loom_status read_done(loom_ctx *ctx, const hand *a, int status, sweep_done *out) {
  char *output, *messages;
  size_t output_size, messages_size;
  const int code = process_exit_code(status);
  *out = (sweep_done){.point = a->number, .is_lost = code >= PROCESS_CODE_OF_SIGNALS, .seconds = clock_seconds() - a->started};
  if (out->is_lost)
    return LOOM_OK;
  LOOM_TRY(read_text(ctx, a->out, &output, &output_size));
  LOOM_TRY(read_text(ctx, a->err, &messages, &messages_size));
  out->is_lost = was_worker_killed(&ctx->mem, code, messages, messages_size);
  if (out->is_lost)
    return LOOM_OK;
  LOOM_TRY(sweep_row_of(ctx, code, output, output_size, messages, messages_size, &out->row));
  return sweep_plans_read(ctx, a->plans, &out->plans);
}

loom_status sweep_hands_take(sweep_hands *h, loom_ctx *ctx, sweep_done *out, bool *out_found) {
  int status;
  *out_found = false;
  for (int i = 0; i < h->n && !*out_found; i++) {
    hand *a = &h->all[i];
    if (!a->pid || waitpid(a->pid, &status, WNOHANG) != a->pid)
      continue;
    const loom_status st = read_done(ctx, a, status, out);
    close_texts(a);
    a->pid = 0;
    h->busy--;
    LOOM_TRY(st);
    *out_found = true;
  }
  return LOOM_OK;
}

void sweep_hands_close(sweep_hands *h) {
  if (!h)
    return;
  for (int i = 0; i < h->n; i++)
    if (h->all[i].pid) {
      kill(-h->all[i].pid, SIGTERM);
      (void)process_wait(h->all[i].pid, NULL);
      close_texts(&h->all[i]);
    }
  for (int i = 0; i < h->n; i++)
    temporary_remove(h->all[i].dir);
  (void)rmdir(h->dir);      /* of the last of them */
}
