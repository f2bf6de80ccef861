/* Oracles: what copies of the process can still do after they gave up the rest, tried one by one; errno of the system.  A kernel without Landlock or seccomp skips what it cannot do, and
 * the level must say so. */
#include "base/temporary.h"
#include "base/testing.h"
#include "base/text.h"
#include "run/run_child.h"
#include "run/run_sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static run_sandbox_level here;
static const char *dir;      /* with a/file, b/, c/file */

static const char *in(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  return path;
}

static void touch(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0 && write(fd, "x", 1) == 1);
  close(fd);
}

static int open_all(void **state) {
  testing_open_context(state);
  assert_int_equal(temporary_make(*state, &dir), LOOM_OK);
  const char *const dirs[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++)
    assert_int_equal(mkdir(in(dirs[i]), 0700), 0);
  touch(in("a/file"));
  touch(in("b/old"));
  touch(in("c/file"));
  here = run_sandbox_probe();
  return 0;
}

static int close_all(void **state) {
  temporary_remove(dir);
  return testing_close_context(state);
}

/* ---- files ---- */

static bool fails(long result, int want) { return result < 0 && errno == want; }

static int use_files(void *data) {
  run_sandbox_level level;
  run_sandbox_enter(data, &level);
  char to[512], from[512];
  snprintf(to, sizeof to, "%s", in("c/moved"));
  snprintf(from, sizeof from, "%s", in("b/old"));
  const bool claims[] = {
      open(in("a/file"), O_RDONLY) >= 0,
      fails(open(in("a/file"), O_WRONLY), EACCES),
      fails(open(in("a/new"), O_WRONLY | O_CREAT, 0600), EACCES),
      fails(unlink(in("a/file")), EACCES),
      fails(open(in("c/file"), O_RDONLY), EACCES),
      fails(open("/etc/passwd", O_RDONLY), EACCES),
      fails(open("/root/.profile", O_RDONLY), EACCES) || errno == ENOENT,
      open(in("b/new"), O_RDWR | O_CREAT, 0600) >= 0,
      fails(rename(from, to), EACCES) || errno == EXDEV,
      mkdir(in("b/sub"), 0700) == 0,
      rename(from, in("b/renamed")) == 0,
      unlink(in("b/renamed")) == 0,
      fails(mkdir(in("c/sub"), 0700), EACCES),
      fails(mknod(in("b/fifo"), S_IFIFO | 0600, 0), here.has_seccomp ? EPERM : EACCES),
      fails(execl("/bin/true", "true", (char *)NULL), here.has_seccomp ? EPERM : EACCES),
      level.landlock == here.landlock,
  };
  for (int i = 0; i < (int)COUNT_OF(claims); i++)
    if (!claims[i])
      return i + 1;
  return 0;
}

static void test_a_process_reaches_the_files_it_was_given(void **state) {
  loom_ctx *ctx = *state;
  if (!here.landlock)
    skip();
  run_sandbox s = {.calls = RUN_CALLS_COMPILE};
  pid_t pid;
  vec_push(&ctx->mem, &s.reads, in("a"));
  s.reads.at[0] = arena_strdup(&ctx->mem, in("a"));
  vec_push(&ctx->mem, &s.writes, arena_strdup(&ctx->mem, in("b")));
  vec_push(&ctx->mem, &s.writes, "/no/such/place");
  assert_int_equal(run_child_start(ctx, use_files, &s, &pid), LOOM_OK);
  const run_end end = run_child_wait(pid, 30);
  if (end.signal || end.exit)
    fail_msg("signal %d, claim %d", end.signal, end.exit - 1);
}

/* ---- system calls ---- */

static int make_calls(void *data) {
  run_sandbox_level level;
  struct { uint64_t words[16]; } room = {{0}};
  run_sandbox_enter(data, &level);
  const bool claims[] = {
      fails(socket(AF_UNIX, SOCK_STREAM, 0), EPERM),
      fails(socket(AF_INET, SOCK_STREAM, 0), EPERM),
      fails(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, &room), EPERM),
      fails(syscall(SYS_connect, 0, &room, 16), EPERM),
      fails(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM),
      fails(syscall(SYS_process_vm_readv, getppid(), &room, 1, &room, 1, 0), EPERM),
      fails(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM),
      fails(syscall(SYS_umount2, "/tmp", 0), EPERM),
      fails(syscall(SYS_chroot, "/tmp"), EPERM),
      fails(syscall(SYS_unshare, CLONE_NEWUSER), EPERM),
      fails(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM),
      fails(syscall(SYS_clone3, &room, 64), ENOSYS),
      fails(syscall(SYS_bpf, 0, &room, 16), EPERM),
      fails(syscall(SYS_perf_event_open, &room, 0, -1, -1, 0), EPERM),
      fails(syscall(SYS_keyctl, 0, 0), EPERM),
      fails(syscall(SYS_userfaultfd, 0), EPERM),
      fails(syscall(SYS_io_uring_setup, 1, &room), EPERM),
      fails(syscall(SYS_init_module, &room, 1, ""), EPERM),
      fails(syscall(SYS_kexec_load, 0, 0, 0, 0), EPERM),
      fails(syscall(SYS_reboot, 0, 0, 0, 0), EPERM),
      fails(syscall(SYS_personality, 0xffffffff), EPERM),
      fails(syscall(SYS_setuid, 0), EPERM),
      fails(syscall(SYS_execve, "/bin/true", NULL, NULL), EPERM),
      fails(syscall(SYS_shmget, 0, 4096, 0600), EPERM),
      fails(ioctl(0, TIOCSTI, "x"), EPERM),
      fails(syscall(1000), ENOSYS),
      getpid() > 0 && memfd_create("loom", 0) >= 0,
      level.has_seccomp,
  };
  for (int i = 0; i < (int)COUNT_OF(claims); i++)
    if (!claims[i])
      return i + 1;
  return 0;
}

static void test_a_process_makes_the_calls_it_was_given(void **state) {
  loom_ctx *ctx = *state;
  if (!here.has_seccomp)
    skip();
  pid_t pid;
  assert_int_equal(run_child_start(ctx, make_calls, &(run_sandbox){.calls = RUN_CALLS_COMPILE}, &pid), LOOM_OK);
  const run_end end = run_child_wait(pid, 30);
  if (end.signal || end.exit)
    fail_msg("signal %d, claim %d", end.signal, end.exit - 1);
}

static int start_program(void *data) {
  run_sandbox_level level;
  run_sandbox_enter(data, &level);
  execl("/bin/true", "true", (char *)NULL);
  return errno;
}

static void test_programs_start_where_they_may(void **state) {
  loom_ctx *ctx = *state;
  static const char *const system[] = {"/usr", "/bin", "/lib", "/lib64"};
  run_sandbox s = {.calls = RUN_CALLS_BUILD};
  pid_t pid;
  for (size_t i = 0; i < COUNT_OF(system); i++)
    vec_push(&ctx->mem, &s.programs, system[i]);
  assert_int_equal(run_child_start(ctx, start_program, &s, &pid), LOOM_OK);
  run_end end = run_child_wait(pid, 30);
  assert_true(end.signal == 0 && end.exit == 0);
  s.programs.n = 0;
  assert_int_equal(run_child_start(ctx, start_program, &s, &pid), LOOM_OK);
  end = run_child_wait(pid, 30);
  assert_true(end.signal == 0 && end.exit == (here.landlock ? EACCES : 0));
}

/* ---- the mode and the level ---- */

static void test_the_mode_is_read(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *said; run_sandbox_mode mode; } rows[] = {{"on", RUN_SANDBOX_ON}, {"log", RUN_SANDBOX_LOG}, {"off", RUN_SANDBOX_OFF}};
  run_sandbox_mode mode;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    setenv("LOOM_SANDBOX", rows[i].said, 1);
    assert_int_equal(run_sandbox_read_mode(ctx, &mode), LOOM_OK);
    assert_int_equal(mode, rows[i].mode);
  }
  setenv("LOOM_SANDBOX", "maybe", 1);
  assert_int_equal(run_sandbox_read_mode(ctx, &mode), LOOM_EUSAGE);
  testing_expect_error(ctx, LOOM_EUSAGE, "LOOM_SANDBOX is 'maybe'; expected on, log or off", 0, 0);
  unsetenv("LOOM_SANDBOX");
  assert_int_equal(run_sandbox_read_mode(ctx, &mode), LOOM_OK);
}

static int do_as_before(void *data) {
  run_sandbox_level level;
  run_sandbox_enter(data, &level);
  return open("/etc/passwd", O_RDONLY) >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 && !level.landlock && !level.has_seccomp ? 0 : 1;
}

static void test_log_and_off_refuse_nothing(void **state) {
  loom_ctx *ctx = *state;
  for (run_sandbox_mode mode = RUN_SANDBOX_LOG; mode <= RUN_SANDBOX_OFF; mode++) {
    pid_t pid;
    assert_int_equal(run_child_start(ctx, do_as_before, &(run_sandbox){.mode = mode}, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, 30);
    assert_true(end.signal == 0 && end.exit == 0);
  }
}

static void test_levels_have_names(void **state) {
  loom_ctx *ctx = *state;
  static const struct { run_sandbox_level level; const char *says; bool is_full; } rows[] = {
      {{true, true, 6}, "full", true}, {{true, true, 7}, "full", true}, {{true, true, 2}, "landlock ABI 2 + seccomp", true}, {{true, false, 1}, "landlock ABI 1 only", false},
      {{true, true, 0}, "seccomp only", false}, {{true, false, 0}, "rlimits only", false}, {{false, false, 0}, "none", false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    assert_string_equal(run_sandbox_text(&ctx->mem, &rows[i].level), rows[i].says);
    assert_int_equal(run_sandbox_is_full(&rows[i].level), rows[i].is_full);
  }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
  const struct CMUnitTest tests[] = {
      T(test_a_process_reaches_the_files_it_was_given), T(test_a_process_makes_the_calls_it_was_given), T(test_programs_start_where_they_may),
      T(test_the_mode_is_read), T(test_log_and_off_refuse_nothing), T(test_levels_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
