/* A table in shared memory says who took which job and where its bytes are; the bytes go to a file in memory for each process. */
#include "run/run_jobs.h"
#include "base/file.h"
#include "base/progress.h"
#include "run/run_child.h"
#include "run/run_stage.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef enum slot_state { SLOT_FREE, SLOT_STARTED, SLOT_EMPTY, SLOT_FULL } slot_state;
typedef struct slot { slot_state state; int process; size_t offset, size; } slot;
typedef struct table { atomic_int next; slot slots[]; } table;
typedef struct worker { pid_t pid; int file, status; } worker;

static _Noreturn void work_off(table *t, int n, int process, int file, pid_t parent, run_job_fn work, void *data) {
  size_t written = 0;
  run_child_end_with(parent);
  progress_listen(NULL, NULL);      /* the parent tells of all */
  for (int i; (i = atomic_fetch_add(&t->next, 1)) < n;) {
    slot *s = &t->slots[i];
    const char *bytes = NULL;
    size_t size = 0;
    s->process = process;
    s->state = SLOT_STARTED;
    bool has_bytes = work(data, i, &bytes, &size) && file_write_all(file, bytes, size);
    s->offset = written;
    s->size = size;
    written += has_bytes ? size : 0;
    s->state = has_bytes ? SLOT_FULL : SLOT_EMPTY;
  }
  _exit(0);      /* what is buffered for standard output belongs to the process that this is a copy of */
}

static pid_t start(table *t, int n, int process, int file, run_job_fn work, void *data) {
  const pid_t parent = getpid(), pid = fork();
  switch (pid) {
  case 0:
    work_off(t, n, process, file, parent, work, data);
  default:
    return pid;
  }
}

static bool read_at(int file, size_t offset, char *out, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t got = pread(file, out + done, size - done, (off_t)(offset + done));
    if (got == 0 || (got < 0 && errno != EINTR))
      return false;
    done += got > 0 ? (size_t)got : 0;
  }
  return true;
}

static loom_status collect(loom_ctx *ctx, const slot *s, const worker *w, run_job *out) {
  *out = (run_job){.is_done = s->state == SLOT_FULL, .is_lost = s->state == SLOT_STARTED};
  if (out->is_lost && WIFSIGNALED(w->status))
    out->signal = WTERMSIG(w->status);
  else if (out->is_lost)
    out->exit = WEXITSTATUS(w->status);
  run_place place;
  out->stage = out->is_lost && run_stage_find(w->pid, &place) ? arena_strdup(&ctx->mem, place.stage) : "";
  if (!out->is_done)
    return LOOM_OK;
  char *bytes = arena_alloc(&ctx->mem, s->size + 1);
  if (!read_at(w->file, s->offset, bytes, s->size))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "what a process handed back cannot be read: %s", strerror(errno));
  bytes[s->size] = 0;
  out->bytes = bytes;
  out->size = s->size;
  return LOOM_OK;
}

/* Looks up now and then where somebody wants to know how far it is. */
static void wait_for(worker *w, const table *t, int n) {
  static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
  pid_t ended;
  while ((ended = waitpid(w->pid, &w->status, progress_is_heard() ? WNOHANG : 0)) == 0 || (ended < 0 && errno == EINTR)) {
    int done = 0;
    for (int i = 0; i < n; i++)
      done += t->slots[i].state >= SLOT_EMPTY;
    progress_tell("compiled kernels", done, n);
    if (ended == 0)
      nanosleep(&pause, NULL);
  }
}

static loom_status run_on(loom_ctx *ctx, table *t, int n, int processes, worker *w, run_job_fn work, void *data, run_job *out) {
  int started = 0;
  fflush(NULL);
  for (; started < processes; started++) {
    w[started] = (worker){.pid = -1, .file = memfd_create("loom-job", MFD_CLOEXEC)};
    if (w[started].file >= 0)
      w[started].pid = start(t, n, started, w[started].file, work, data);
    if (w[started].pid < 0)
      break;
  }
  const int error = errno;
  for (int i = 0; i < started; i++)
    wait_for(&w[i], t, n);
  loom_status st = LOOM_OK;
  if (started == 0)
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "no process can be started: %s", strerror(error));
  for (int i = 0; i < n && st == LOOM_OK; i++)
    st = collect(ctx, &t->slots[i], &w[t->slots[i].process], &out[i]);
  for (int i = 0; i <= started && i < processes; i++)
    if (w[i].file >= 0)
      close(w[i].file);
  return st;
}

loom_status run_jobs(loom_ctx *ctx, int n, int processes, run_job_fn work, void *data, run_job *out) {
  const size_t bytes = sizeof(table) + (size_t)n * sizeof(slot);
  table *t = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (t == MAP_FAILED)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no memory can be shared with other processes: %s", strerror(errno));
  processes = processes > n ? n : processes < 1 ? 1 : processes;
  loom_status st = run_on(ctx, t, n, processes, ARENA_NEW_N(&ctx->mem, worker, processes), work, data, out);
  munmap(t, bytes);
  return st;
}
