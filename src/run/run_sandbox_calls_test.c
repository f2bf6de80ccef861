/* The sandbox on kernels of every version: what is asked of Landlock, and the level that holds when the kernel refuses.  This program's functions stand before those of libc; nothing is
 * given up for real.  Oracle: the rights of each version of Landlock's ABI (landlock(7)), as numbers. */
#include "base/testing.h"
#include "run/run_sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
enum { CREATE = 444, ADD = 445, RESTRICT = 446 };
static struct {
  int version;                /* of the kernel; -1: without Landlock */
  bool no_rules, no_restriction, no_privileges, no_filter, no_process, lost;
  int interrupted;            /* opens that are, before one is not */
  /* what was asked */
  uint64_t asked[3];
  size_t asked_bytes;
  uint64_t allowed[8];
  int n_allowed, filters;
} kernel;
static bool is_faked;

static long real_call(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result < 0 && result > -4096 ? errno = (int)-result, -1 : result;
}

static long refuse(int error) {
  errno = error;
  return -1;
}

__attribute__((visibility("default"))) long syscall(long n, ...) {
  long arg[6];
  va_list args;
  va_start(args, n);
  for (int i = 0; i < 6; i++)
    arg[i] = va_arg(args, long);
  va_end(args);
  if (!is_faked || n < CREATE || n > RESTRICT)
    return real_call(n, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
  if (n == CREATE && arg[0] == 0)
    return kernel.version < 0 ? refuse(ENOSYS) : kernel.version;
  if (n == CREATE) {
    memcpy(kernel.asked, (const void *)arg[0], (size_t)arg[1]);      /* NOLINT: an address is a number here */
    kernel.asked_bytes = (size_t)arg[1];
    return kernel.no_rules ? refuse(EMFILE) : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
  }
  if (n == ADD) {
    memcpy(&kernel.allowed[kernel.n_allowed++ % 8], (const void *)arg[2], sizeof(uint64_t));      /* NOLINT */
    return 0;
  }
  return kernel.no_restriction ? refuse(EPERM) : 0;
}

__attribute__((visibility("default"))) int prctl(int option, ...) {
  long arg[4];
  va_list args;
  va_start(args, option);
  for (int i = 0; i < 4; i++)
    arg[i] = va_arg(args, long);
  va_end(args);
  if (is_faked && option == PR_SET_NO_NEW_PRIVS)
    return kernel.no_privileges ? (int)refuse(EINVAL) : 0;
  if (is_faked && option == PR_SET_SECCOMP) {
    kernel.filters++;
    return kernel.no_filter ? (int)refuse(EINVAL) : 0;
  }
  return (int)real_call(157, option, arg[0], arg[1], arg[2], arg[3], 0);
}

__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const int mode = flags & O_CREAT ? va_arg(args, int) : 0;
  va_end(args);
  if (is_faked && kernel.interrupted > 0 && flags & O_PATH) {
    kernel.interrupted--;
    return (int)refuse(EINTR);
  }
  return (int)real_call(257, AT_FDCWD, (long)(uintptr_t)path, flags, mode, 0, 0);
}

__attribute__((visibility("default"))) pid_t fork(void) { return is_faked && kernel.no_process ? (pid_t)refuse(EAGAIN) : (pid_t)real_call(57, 0, 0, 0, 0, 0, 0); }
__attribute__((visibility("default"))) pid_t waitpid(pid_t pid, int *status, int options) {
  if (is_faked && kernel.interrupted > 0) {
    kernel.interrupted--;
    return (pid_t)refuse(EINTR);
  }
  const pid_t got = (pid_t)real_call(61, pid, (long)(uintptr_t)status, options, 0, 0, 0);
  if (is_faked && kernel.lost)
    *status = 9;      /* killed */
  return got;
}

/* Limits stay those of the test. */
__attribute__((visibility("default"))) int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
  return is_faked ? 0 : (int)real_call(160, resource, (long)(uintptr_t)limit, 0, 0, 0, 0);
}

static run_sandbox_level enter(run_sandbox_mode mode, run_calls calls) {
  run_sandbox s = {.mode = mode, .calls = calls};
  static const char *const places[] = {"/tmp", "/dev/null", "/no/such/place"};
  s.reads.at = s.writes.at = s.programs.at = (const char **)(uintptr_t)places;
  s.reads.n = s.writes.n = s.programs.n = COUNT_OF(places);
  run_sandbox_level level;
  is_faked = true;
  run_sandbox_enter(&s, &level);
  is_faked = false;
  return level;
}

static void test_each_version_is_asked_what_it_knows(void **state) {
  (void)state;
  static const struct { int version; uint64_t fs, net, scoped; size_t bytes; } rows[] = {
      {1, 0x1fff, 0, 0, 8}, {2, 0x3fff, 0, 0, 8}, {3, 0x7fff, 0, 0, 8}, {4, 0x7fff, 3, 0, 16}, {5, 0xffff, 3, 0, 16}, {6, 0xffff, 3, 3, 24}, {7, 0xffff, 3, 3, 24}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    memset(&kernel, 0, sizeof kernel);
    kernel.version = rows[i].version;
    const run_sandbox_level level = enter(RUN_SANDBOX_ON, RUN_CALLS_COMPILE);
    assert_true(level.landlock == rows[i].version && level.has_limits && level.has_seccomp);
    assert_true(kernel.asked[0] == rows[i].fs && kernel.asked[1] == rows[i].net && kernel.asked[2] == rows[i].scoped && kernel.asked_bytes == rows[i].bytes);
    /* /tmp and /dev/null to read, the same to write, standard output and error; a file has no rights of directories */
    assert_int_equal(kernel.n_allowed, 6);
    assert_true(kernel.allowed[0] == 0xc && kernel.allowed[1] == 0x4);
    assert_true((kernel.allowed[2] & ~rows[i].fs) == 0 && (kernel.allowed[2] & 2) && (kernel.allowed[3] & ~UINT64_C(0x4007)) == 0);
  }
}

static void test_what_the_kernel_refuses_is_missing_from_the_level(void **state) {
  (void)state;
  enum { VERSION = 6 };
  static const struct { run_sandbox_mode mode; run_calls calls; int version; bool no_rules, no_restriction, no_privileges, no_filter; int interrupted, landlock; bool seccomp; int allowed; } rows[] = {
      {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, false, false, false, false, 0, 6, true, 6}, {RUN_SANDBOX_ON, RUN_CALLS_BUILD, VERSION, false, false, false, false, 0, 6, true, 8},
      {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, false, false, false, false, 3, 6, true, 6}, {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, -1, false, false, false, false, 0, 0, true, 0},
      {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, 0, false, false, false, false, 0, 0, true, 0}, {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, true, false, false, false, 0, 0, true, 0},
      {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, false, true, false, false, 0, 0, true, 6}, {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, false, false, true, false, 0, 0, false, 0},
      {RUN_SANDBOX_ON, RUN_CALLS_COMPILE, VERSION, false, false, false, true, 0, 6, false, 6}, {RUN_SANDBOX_LOG, RUN_CALLS_COMPILE, VERSION, false, false, false, false, 0, 0, false, 0},
      {RUN_SANDBOX_LOG, RUN_CALLS_COMPUTE, VERSION, false, false, false, false, 0, 0, false, 0}, {RUN_SANDBOX_OFF, RUN_CALLS_COMPILE, VERSION, false, false, false, false, 0, 0, false, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    memset(&kernel, 0, sizeof kernel);
    kernel.version = rows[i].version;
    kernel.no_rules = rows[i].no_rules, kernel.no_restriction = rows[i].no_restriction, kernel.no_privileges = rows[i].no_privileges, kernel.no_filter = rows[i].no_filter, kernel.interrupted = rows[i].interrupted;
    const run_sandbox_level level = enter(rows[i].mode, rows[i].calls);
    if (level.landlock != rows[i].landlock || level.has_seccomp != rows[i].seccomp || kernel.n_allowed != rows[i].allowed)
      fail_msg("row %zu: Landlock %d, seccomp %d, %d places", i, level.landlock, level.has_seccomp, kernel.n_allowed);
    assert_int_equal(kernel.filters, rows[i].mode != RUN_SANDBOX_OFF && !rows[i].no_privileges);
  }
  memset(&kernel, 0, sizeof kernel);
  kernel.version = VERSION;
  const int output = dup(STDOUT_FILENO);      /* closed: it has no place, and needs none */
  close(STDOUT_FILENO);
  const run_sandbox_level level = enter(RUN_SANDBOX_ON, RUN_CALLS_COMPILE);
  dup2(output, STDOUT_FILENO);
  close(output);
  assert_true(level.landlock == VERSION && kernel.n_allowed == 5);
}

/* The copy that tries it opens what it should not: then nothing holds, whatever the kernel said. */
static void test_a_probe_believes_what_it_sees(void **state) {
  (void)state;
  static const struct { bool no_process, lost; int interrupted; run_sandbox_level is; } rows[] = {
      {false, false, 0, {true, false, 0}}, {false, false, 2, {true, false, 0}}, {true, false, 0, {false, false, 0}}, {false, true, 0, {false, false, 0}}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    memset(&kernel, 0, sizeof kernel);
    kernel.version = 6;
    kernel.no_process = rows[i].no_process, kernel.lost = rows[i].lost, kernel.interrupted = rows[i].interrupted;
    is_faked = true;
    const run_sandbox_level level = run_sandbox_probe();
    is_faked = false;
    if (level.has_limits != rows[i].is.has_limits || level.has_seccomp || level.landlock)
      fail_msg("row %zu", i);
  }
}

static void test_an_empty_mode_is_none(void **state) {
  loom_ctx *ctx = *state;
  run_sandbox_mode said, unsaid;
  setenv("LOOM_SANDBOX", "", 1);
  assert_int_equal(run_sandbox_read_mode(ctx, &said), LOOM_OK);
  unsetenv("LOOM_SANDBOX");
  assert_int_equal(run_sandbox_read_mode(ctx, &unsaid), LOOM_OK);
  assert_int_equal(said, unsaid);
  assert_string_equal(run_sandbox_text(&ctx->mem, &(run_sandbox_level){true, false, 6}), "landlock ABI 6 only");
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_each_version_is_asked_what_it_knows), T(test_what_the_kernel_refuses_is_missing_from_the_level), T(test_a_probe_believes_what_it_sees), T(test_an_empty_mode_is_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void) { return 0; }
#endif
