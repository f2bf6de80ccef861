/* System calls that fail when a test says so: a program's own functions stand before the C library's.
 * Include it behind `typedef enum call { .. CALLS } call`, which has READ and WRITE and whatever else the test makes fail. */
#ifndef LOOM_BASE_CALLS_TESTING_H
#define LOOM_BASE_CALLS_TESTING_H
#include "base/sanitize.h"
#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYSTEM __attribute__((visibility("default")))
static call failing = CALLS;
static int countdown, with;      /* the call that fails, counted from 1; its errno */
static bool has_failed;

static bool must_fail(call c) {
  if (c != failing || countdown == 0 || --countdown > 0)
    return false;
  errno = with;
  return has_failed = true;
}
static void fail_next(call c, int n, int error) { failing = c, countdown = n, with = error, has_failed = false; }

SYSTEM ssize_t read(int fd, void *to, size_t n) {
  sanitize_written(to, n);
  return must_fail(READ) ? -1 : syscall(SYS_read, fd, to, n);
}
SYSTEM ssize_t write(int fd, const void *from, size_t n) { return must_fail(WRITE) ? -1 : syscall(SYS_write, fd, from, n); }
#endif
