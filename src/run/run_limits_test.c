/* Oracles: what is typed; getrlimit of a copy of the process; how copies end that go beyond. */
#include "base/testing.h"
#include "run/run_child.h"
#include "run/run_limits.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_limits_are_read(void **state) {
  loom_ctx *ctx = *state;
  run_limits l = run_limits_default();
  assert_true(l.cpu > 0 && l.files > 0 && l.file > 0 && l.deadline == 0);
  assert_int_equal(run_limits_parse(ctx, "--limits", "memory=4096,cpu=60,deadline=0", &l), LOOM_OK);
  assert_true(l.memory == 4096 && l.cpu == 60 && l.deadline == 0 && l.files == 1024);
  static const struct { const char *said, *message, *help; } rows[] = {
      {"memory", "'memory' is not NAME=NUMBER", NULL}, {"=3", "'=3' is not NAME=NUMBER", NULL},      {"memroy=3", "'memroy' is no limit", "did you mean 'memory'?"},
      {"cpu=x", "cpu=x is not 0 (none) or 1..", NULL}, {"cpu=-1", "cpu=-1 is not", NULL},            {"files=1", "files=1 is not 0 (none) or 32..", NULL},
      {"zzzzzzzz=1", "is no limit", "limits: memory"}, {"cpu=99999999999999999999", "is not 0", NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark before = diag_save(ctx);
    assert_int_equal(run_limits_parse(ctx, "--limits", rows[i].said, &l), LOOM_EUSAGE);
    assert_non_null(strstr((*before.last)->text, rows[i].message));
    if (rows[i].help)
      assert_non_null(strstr((*before.last)->help, rows[i].help));
  }
}

static int look(void *data) {
  const run_limits *l = data;
  struct rlimit r;
  run_limits_set(l);
  bool ok = getrlimit(RLIMIT_CPU, &r) == 0 && r.rlim_cur == 7 && getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 40 && getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0;
  run_limits_set(&(run_limits){.files = 4096, .cpu = 1000});      /* cannot be raised again */
  ok = ok && getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 40;
  int fd = open("/proc/self/exe", O_RDONLY), last = fd;
  while ((fd = dup(last)) >= 0)
    last = fd;
  return ok && errno == EMFILE && last == 39 ? 0 : 1;
}

static int grow_file(void *data) {
  char path[] = "/tmp/loom-limit-XXXXXX", part[4096] = {0};
  int fd = mkstemp(path), n = 0;
  (void)data;
  unlink(path);
  run_limits_set(&(run_limits){.file = 1});
  while (write(fd, part, sizeof part) == (ssize_t)sizeof part)
    n++;
  return errno == EFBIG && n == (1 << 20) / (int)sizeof part ? 0 : 1;
}

static _Noreturn int compute_for_ever(void *data) {
  volatile unsigned *spin = data;
  run_limits_set(&(run_limits){.cpu = 1});
  for (;;)
    ++*spin;
}

static _Noreturn int sleep_for_ever(void *data) {
  (void)data;
  for (;;)
    pause();
}

static void test_a_process_keeps_to_its_limits(void **state) {
  loom_ctx *ctx = *state;
  unsigned spin = 0;
  pid_t pid;
  assert_int_equal(run_child_start(ctx, look, &(run_limits){.cpu = 7, .files = 40}, &pid), LOOM_OK);
  run_end end = run_child_wait(pid, 0);
  assert_true(end.signal == 0 && end.exit == 0 && end.pid == pid);
  assert_int_equal(run_child_start(ctx, grow_file, NULL, &pid), LOOM_OK);
  end = run_child_wait(pid, 20);
  assert_true(end.signal == 0 && end.exit == 0);
  assert_int_equal(run_child_start(ctx, compute_for_ever, &spin, &pid), LOOM_OK);
  end = run_child_wait(pid, 0);
  assert_true(end.signal == SIGXCPU && !end.is_late);
  assert_int_equal(run_child_start(ctx, sleep_for_ever, NULL, &pid), LOOM_OK);
  end = run_child_wait(pid, 1);
  assert_true(end.signal == SIGKILL && end.is_late);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_limits_are_read), T(test_a_process_keeps_to_its_limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
