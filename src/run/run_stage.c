#include "run/run_stage.h"
#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES = 64 };      /* of the processes that spoke last; the oldest one's is taken by the next */
typedef struct page { atomic_uint next; run_place places[PLACES]; } page;

static const char variable[] = "LOOM_STAGE_FD";
static page *shared;
static run_place *own;      /* of the process `owner`, unless another one has taken it */
static pid_t owner;

/* ---- dying on purpose ---- */
static const char *const kinds[] = {"segv", "abort", "memory", "busy", "sleep"};
typedef struct crash { char stage[32]; const char *kind; } crash;
static crash wanted;

static loom_status read_crash(loom_ctx *ctx) {
  const char *at = getenv("LOOM_CRASH_AT"), *testing = getenv("LOOM_TESTING"), *colon = at ? strchr(at, ':') : NULL;
  if (!at || !*at)
    return LOOM_OK;
  if (!text_eq(testing, "1"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "LOOM_CRASH_AT makes a process die on purpose; it is for Loom's own tests, which set LOOM_TESTING=1");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (colon && text_eq(colon + 1, kinds[i]) && (size_t)(colon - at) < sizeof wanted.stage) {
      memcpy(wanted.stage, at, (size_t)(colon - at));
      wanted.kind = kinds[i];
      return LOOM_OK;
    }
  LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "LOOM_CRASH_AT is '%s'; expected STAGE:segv, :abort, :memory, :busy or :sleep", at);
}

static void take_all_memory(void) {
  enum { PART = 16 << 20 };
  for (char *p; (p = alloc_bytes(PART)) != NULL;)
    memset(p, 1, PART);
  abort();
}

static void die(void) {
  volatile unsigned spin = 0;
  if (text_eq(wanted.kind, "segv"))
    (void)raise(SIGSEGV);
  if (text_eq(wanted.kind, "abort"))
    abort();
  if (text_eq(wanted.kind, "memory"))
    take_all_memory();
  while (text_eq(wanted.kind, "busy"))
    spin++;
  for (;;)
    pause();
}

/* ---- telling ---- */

static page *map(int fd) {
  void *p = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
  return p == MAP_FAILED ? NULL : p;      /* without it nothing is told */
}

void run_stage_open(void) {
  char number[16];
  const int fd = shared ? -1 : memfd_create("loom-stage", 0);
  if (fd < 0)
    return;
  if (ftruncate(fd, sizeof(page)) == 0)
    shared = map(fd);
  snprintf(number, sizeof number, "%d", fd);
  setenv(variable, number, 1);
}

loom_status run_stage_join(loom_ctx *ctx) {
  const char *number = getenv(variable);
  const int fd = number ? number_of(number) : -1;
  struct stat st;
  if (!shared && fd > STDERR_FILENO && fstat(fd, &st) == 0 && st.st_size == sizeof(page)) {
    shared = map(fd);
    close(fd);
  }
  unsetenv(variable);
  if (!shared)
    shared = map(-1);
  return read_crash(ctx);
}

/* A copy begins where the process was that it is a copy of. */
static run_place *place(void) {
  const pid_t pid = getpid();
  if (!shared || (own && own->pid == pid))
    return own;
  run_place *mine = &shared->places[atomic_fetch_add(&shared->next, 1) % PLACES];
  *mine = own && own->pid == owner ? *own : (run_place){0};      /* else another's by now */
  mine->lacked_memory = false;
  mine->pid = owner = pid;
  return own = mine;
}

static void set(char *to, size_t room, const char *from) {
  size_t n = strnlen(from, room - 1);
  memcpy(to, from, n);
  to[n] = 0;
}

void run_stage_enter(const char *stage) {
  run_place *p = place();
  if (p)
    set(p->stage, sizeof p->stage, stage);
  if (wanted.kind && text_eq(stage, wanted.stage))
    die();
}

void run_stage_of(const char *what) {
  run_place *p = place();
  if (p)
    set(p->what, sizeof p->what, what);
}

void run_stage_lacks_memory(void) {
  run_place *p = place();
  if (p)
    p->lacked_memory = true;
}

bool run_stage_find(pid_t pid, run_place *out) {
  for (size_t i = 0; shared && i < PLACES; i++)
    if (shared->places[i].pid == pid) {
      *out = shared->places[i];
      out->stage[sizeof out->stage - 1] = out->what[sizeof out->what - 1] = 0;      /* another process wrote them */
      return true;
    }
  *out = (run_place){.pid = pid};
  return false;
}
