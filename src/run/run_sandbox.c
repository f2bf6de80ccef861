#include "run/run_sandbox.h"
#include "base/process.h"
#include "base/sanitize.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Landlock ---- */
/* Rights by the version that brought them; headers may be older than the kernel. */
enum { FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15, NET_BIND = 1, NET_CONNECT = 2, SCOPE_UNIX = 1, SCOPE_SIGNAL = 2, ABI_FULL = 6 };
enum {
  FS_FIRST = (1 << 13) - 1,      /* of version 1: all of them */
  FS_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
  FS_MAKE = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
            LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER | FS_TRUNCATE,
  FS_OF_FILE = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE,      /* that a file can have, too */
};
typedef struct ruleset { uint64_t fs, net, scoped; } ruleset;
typedef struct __attribute__((packed)) rule { uint64_t allowed; int32_t fd; } rule;
enum { SYS_CREATE = 444, SYS_ADD = 445, SYS_RESTRICT = 446, OF_PATH = 1, ASK_VERSION = 1 };

static int landlock_version(void) {
  long v = syscall(SYS_CREATE, NULL, 0, ASK_VERSION);
  return v < 0 ? 0 : (int)v;
}

static ruleset handled_by(int version) {
  const uint64_t fs = FS_FIRST | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) | (version >= 5 ? FS_IOCTL_DEV : 0);
  return (ruleset){fs, version >= 4 ? NET_BIND | NET_CONNECT : 0, version >= 6 ? SCOPE_UNIX | SCOPE_SIGNAL : 0};
}

static void allow_fd(int rules, int fd, uint64_t what, uint64_t handled) {
  struct stat st;
  if (fstat(fd, &st) != 0)
    return;
  const rule r = {what & handled & (S_ISDIR(st.st_mode) ? ~UINT64_C(0) : (uint64_t)FS_OF_FILE), fd};
  (void)syscall(SYS_ADD, rules, OF_PATH, &r, 0);      /* pipes and sockets have no place, and need none */
}

static void allow(int rules, const run_places *places, uint64_t what, uint64_t handled) {
  for (size_t i = 0; i < places->n; i++) {
    int fd;
    do
      fd = open(places->at[i], O_PATH | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
      continue;
    allow_fd(rules, fd, what, handled);
    close(fd);
  }
}

static int restrict_files(const run_sandbox *s) {
  const int version = landlock_version();
  const ruleset handled = handled_by(version);
  if (!version)
    return 0;
  long rules = syscall(SYS_CREATE, &handled, version >= 6 ? sizeof handled : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t), 0);
  if (rules < 0)
    return 0;
  allow((int)rules, &s->reads, FS_READ, handled.fs);
  allow((int)rules, &s->writes, FS_READ | FS_MAKE, handled.fs);
  if (s->calls == RUN_CALLS_BUILD)
    allow((int)rules, &s->programs, FS_READ | LANDLOCK_ACCESS_FS_EXECUTE, handled.fs);
  for (int fd = 1; fd <= 2; fd++)      /* what is printed may be a file, and opened by its name in /dev */
    allow_fd((int)rules, fd, LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE, handled.fs);
  const bool done = syscall(SYS_RESTRICT, (int)rules, 0) == 0;
  close((int)rules);
  return done ? version : 0;
}

/* ---- all of it ---- */

loom_status run_sandbox_read_mode(loom_ctx *ctx, run_sandbox_mode *out) {
  static const char *const names[] = {"on", "log", "off"};
  const char *v = getenv("LOOM_SANDBOX");
  *out = LOOM_SANITIZED ? RUN_SANDBOX_OFF : RUN_SANDBOX_ON;
  for (int i = 0; v && *v && i < 3; i++)
    if (text_eq(v, names[i])) {
      *out = (run_sandbox_mode)i;
      return LOOM_OK;
    }
  if (v && *v)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "LOOM_SANDBOX is '%s'; expected on, log or off", v);
  return LOOM_OK;
}

void run_sandbox_enter(const run_sandbox *s, run_sandbox_level *out) {
  *out = (run_sandbox_level){.has_limits = true};
  run_limits_set(&s->limits);
  if (s->mode == RUN_SANDBOX_OFF || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return;
  if (s->mode == RUN_SANDBOX_ON)
    out->landlock = restrict_files(s);
  out->has_seccomp = run_seccomp(s->calls, s->mode == RUN_SANDBOX_LOG) == 0 && s->mode == RUN_SANDBOX_ON;
}

/* ---- what there is here ---- */

/* In a copy: nothing may be opened, and there are no sockets. */
static _Noreturn void try_here(void) {
  const run_sandbox nothing = {.calls = RUN_CALLS_COMPILE, .limits = run_limits_default()};
  run_sandbox_level level;
  run_sandbox_enter(&nothing, &level);
  const bool opens = open("/proc/self/exe", O_RDONLY | O_CLOEXEC) >= 0, talks = socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
  _exit((opens ? 0 : level.landlock) | (!talks && level.has_seccomp ? 0x40 : 0) | 0x20);
}

run_sandbox_level run_sandbox_probe(void) {
  run_sandbox_level none = {0};
  int status = 0;
  const pid_t pid = fork();
  switch (pid) {
  case -1:
    return none;
  case 0:
    try_here();
  default:
    break;
  }
  (void)process_wait(pid, &status);
  if (!WIFEXITED(status))
    return none;
  const int code = WEXITSTATUS(status);
  return (run_sandbox_level){.has_limits = (code & 0x20) != 0, .has_seccomp = (code & 0x40) != 0, .landlock = code & 0x1f};
}

bool run_sandbox_is_full(const run_sandbox_level *l) { return l->landlock > 0 && l->has_seccomp; }

const char *run_sandbox_text(arena *m, const run_sandbox_level *l) {
  if (l->landlock >= ABI_FULL && l->has_seccomp)
    return "full";
  if (l->landlock)
    return arena_printf(m, "landlock ABI %d%s", l->landlock, l->has_seccomp ? " + seccomp" : " only");
  return l->has_seccomp ? "seccomp only" : l->has_limits ? "rlimits only" : "none";
}
