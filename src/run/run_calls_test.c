/* Other programs, copies of the process, jobs and the cache while one of the system's calls is interrupted or fails.  Interrupted, nothing is different; a cache that cannot be
 * read or written is as if it were empty, and keeps nothing half.  This program's functions stand before those of libc. */
#include "base/hash.h"
#include "base/sanitize.h"
#include "base/testing.h"
#include "run/run_cache.h"
#include "run/run_child.h"
#include "run/run_jobs.h"
#include "run/run_process.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum call { WAIT, READ, WRITE, RENAME, STAT, CALLS } call;
#include "base/calls_testing.h"
#include "base/temporary.h"

SYSTEM pid_t waitpid(pid_t pid, int *status, int options) {
  sanitize_written(status, sizeof *status);
  return must_fail(WAIT) ? -1 : (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
}
SYSTEM int renameat(int from_dir, const char *from, int to_dir, const char *to) { return must_fail(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0); }
SYSTEM int fstat(int fd, struct stat *st) {
  sanitize_written(st, sizeof *st);
  return must_fail(STAT) ? -1 : (int)syscall(SYS_fstat, fd, st);
}

static void test_waiting_goes_on_when_it_is_interrupted(void **state) {
  loom_ctx *ctx = *state;
  for (int n = 0; n <= 2; n++) {
    int code = -1;
    fail_next(WAIT, n, EINTR);
    assert_int_equal(run_process(ctx, (const char *const[]){"/bin/sh", "-c", "exit 3", NULL}, NULL, NULL, &code), LOOM_OK);
    assert_true(code == 3 && has_failed == (n == 1));
  }
}

static int end_with_seven(void *data) {
  (void)data;
  return 7;
}

static void test_copies_are_waited_for_when_it_is_interrupted(void **state) {
  loom_ctx *ctx = *state;
  for (int64_t deadline = 0; deadline <= 60; deadline += 30) {
    pid_t pid;
    assert_int_equal(run_child_start(ctx, end_with_seven, NULL, &pid), LOOM_OK);
    fail_next(WAIT, 1, EINTR);
    const run_end end = run_child_wait(pid, deadline);
    assert_true(has_failed && end.exit == 7 && end.signal == 0 && !end.is_late);
    failing = CALLS;
  }
}

static bool digit(void *data, int i, const char **bytes, size_t *size) {
  static char text[1];
  (void)data;
  text[0] = (char)('0' + i);
  *bytes = text;
  *size = 1;
  return true;
}

static void test_jobs_hand_back_when_it_is_interrupted(void **state) {
  loom_ctx *ctx = *state;
  static const call calls[] = {WAIT, READ, WRITE};
  for (size_t c = 0; c < COUNT_OF(calls); c++)
    for (int n = 1; n <= 3; n++) {
      run_job out[5];
      fail_next(calls[c], n, EINTR);
      assert_int_equal(run_jobs(ctx, 5, 2, digit, NULL, out), LOOM_OK);
      failing = CALLS;
      for (int i = 0; i < 5; i++)
        assert_true(out[i].is_done && out[i].size == 1 && out[i].bytes[0] == '0' + i);
    }
}

static int entries_of(const char *path) {
  int n = 0;
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));)
    n += e->d_name[0] != '.';
  if (d)
    closedir(d);
  return n;
}

static void test_a_cache_that_fails_is_empty(void **state) {
  loom_ctx *ctx = *state;
  static const struct { call c; int n, error; bool puts, is_there; } rows[] = {
      {CALLS, 0, 0, true, true},    {WRITE, 1, EINTR, true, true}, {WRITE, 1, EIO, true, false},  {WRITE, 2, ENOSPC, true, false}, {RENAME, 1, EIO, true, false},
      {READ, 1, EINTR, false, true}, {READ, 1, EIO, false, false}, {STAT, 1, EIO, false, false}};
  char key[65];
  hash_sha256_hex("x", 1, key);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *base;
    char *bytes;
    size_t size;
    assert_int_equal(temporary_make(ctx, &base), LOOM_OK);
    run_cache c = {.dir = arena_printf(&ctx->mem, "%s/objects", base)};
    fail_next(rows[i].puts ? rows[i].c : CALLS, rows[i].n, rows[i].error);
    run_cache_put(ctx, &c, key, "contents", 8);
    assert_true(!rows[i].puts || rows[i].c == CALLS || has_failed);
    assert_int_equal(entries_of(c.dir), !rows[i].puts || rows[i].is_there);
    fail_next(rows[i].puts ? CALLS : rows[i].c, rows[i].n, rows[i].error);
    const bool is_there = run_cache_get(ctx, &c, key, &bytes, &size);
    if (is_there != rows[i].is_there || (is_there && (size != 8 || memcmp(bytes, "contents", 8) != 0)))
      fail_msg("row %zu: %s", i, is_there ? "there" : "not there");
    failing = CALLS;
    temporary_remove(base);
  }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_waiting_goes_on_when_it_is_interrupted), T(test_copies_are_waited_for_when_it_is_interrupted), T(test_jobs_hand_back_when_it_is_interrupted),
                                     T(test_a_cache_that_fails_is_empty)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
