/* What a file is after one of the system's calls failed: each call of a read, a write and a piecewise write once, interrupted or with an error.  Interrupted, nothing
 * is different; else the error is told with its words, the old contents are whole and no other file is left.  This program's functions stand before those of libc. */
#include "base/file.h"
#include "base/file_writer.h"
#include "base/sanitize.h"
#include "base/testing.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef enum call { OPEN, READ, WRITE, SYNC, CLOSE, RENAME, CALLS } call;
#include "base/calls_testing.h"

static const char *const call_names[] = {"open", "read", "write", "fsync", "close", "rename"};

SYSTEM int open(const char *path, int flags, ...) { return must_fail(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0666); }
SYSTEM int openat(int dir, const char *path, int flags, ...) { return must_fail(OPEN) ? -1 : (int)syscall(SYS_openat, dir, path, flags, 0666); }
SYSTEM int fsync(int fd) { return must_fail(SYNC) ? -1 : (int)syscall(SYS_fsync, fd); }
SYSTEM int close(int fd) {
  const bool fails = must_fail(CLOSE);
  const int error = errno, st = (int)syscall(SYS_close, fd);      /* it is closed all the same */
  errno = fails ? error : errno;
  return fails ? -1 : st;
}
SYSTEM int rename(const char *from, const char *to) { return must_fail(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }

static char dir[] = "/tmp/loom_file_calls_XXXXXX";

static loom_status write_whole(loom_ctx *ctx, const char *path) { return file_write(ctx, path, "new contents", 12); }
static loom_status write_pieces(loom_ctx *ctx, const char *path) {
  file_writer *w;
  LOOM_TRY(file_writer_open(ctx, path, &w));
  file_writer_add(w, "new ", 4);
  file_writer_add(w, "contents", 8);
  return file_writer_close(ctx, w);
}
static loom_status read_back(loom_ctx *ctx, const char *path) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, 100, &bytes, &size));
  assert_string_equal(bytes, "old");
  return LOOM_OK;
}
static loom_status read_of_unknown_size(loom_ctx *ctx, const char *path) {
  char *bytes;
  size_t size;
  (void)path;
  LOOM_TRY(file_read(ctx, "/proc/self/comm", 100, &bytes, &size));
  assert_int_equal(size, strlen(bytes));
  return LOOM_OK;
}
static loom_status write_device(loom_ctx *ctx, const char *path) {
  (void)path;
  return file_write(ctx, "/dev/null", "x", 1);
}
static loom_status write_device_in_pieces(loom_ctx *ctx, const char *path) {
  (void)path;
  return write_pieces(ctx, "/dev/null");
}

static int files_in(const char *path) {
  int n = 0;
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d)) != NULL;)
    n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

static void test_each_call_fails_once(void **state) {
  (void)state;
  static const struct { const char *name; loom_status (*run)(loom_ctx *, const char *); bool writes; } tasks[] = {
      {"write", write_whole, true}, {"pieces", write_pieces, true}, {"read", read_back, false}, {"read of unknown size", read_of_unknown_size, false}, {"device", write_device, false},
      {"pieces to a device", write_device_in_pieces, false}};
  int struck = 0;
  for (size_t t = 0; t < COUNT_OF(tasks); t++)
    for (int c = 0; c < CALLS; c++)
      for (int n = 1; n <= 3; n++)
        for (int interrupted = 0; interrupted < 2; interrupted++) {
          loom_ctx ctx;
          char *bytes;
          size_t size;
          loom_ctx_init(&ctx);
          const char *path = file_join(&ctx.mem, dir, "f");
          assert_int_equal(file_write(&ctx, path, "old", 3), LOOM_OK);
          fail_next((call)c, n, interrupted ? EINTR : EIO);
          const loom_status st = tasks[t].run(&ctx, path);
          failing = CALLS;
          struck += has_failed;
          const bool may_pass = !has_failed || (interrupted && c != RENAME) || c == CLOSE || (c >= SYNC && n > 1) || (c == OPEN && n > 1);      /* the folder's own sync is for luck */
          if (st != LOOM_OK && (st != LOOM_EIO || !has_failed || (interrupted && c != RENAME)))
            fail_msg("%s: call %d of %s fails with %d: status %d, %s", tasks[t].name, n, call_names[c], with, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
          if (st == LOOM_OK && !may_pass)
            fail_msg("%s: call %d of %s fails with %d, and nobody says so", tasks[t].name, n, call_names[c], with);
          if (st != LOOM_OK)
            assert_non_null(strstr(ctx.diag.first->text, strerror(with)));
          assert_int_equal(file_read(&ctx, path, 100, &bytes, &size), LOOM_OK);
          assert_string_equal(bytes, tasks[t].writes && st == LOOM_OK ? "new contents" : "old");
          assert_int_equal(files_in(dir), 1);
          loom_ctx_done(&ctx);
        }
  print_message("%d calls failed\n", struck);
  assert_true(struck > 30);
  char left[sizeof dir + 2];
  snprintf(left, sizeof left, "%s/f", dir);
  assert_int_equal(unlink(left), 0);
}

static void test_closing_says_what_failed_first(void **state) {
  (void)state;
  static const struct { call c; int with; bool sync, ok; int error; } rows[] = {
      {CALLS, 0, true, true, 0}, {SYNC, EIO, true, false, EIO}, {SYNC, EIO, false, true, 0}, {SYNC, EINTR, true, true, 0}, {CLOSE, EIO, false, false, EIO}, {CLOSE, EINTR, false, true, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const int fd = file_open("/proc/self/comm", O_RDONLY), null = file_open("/dev/null", O_WRONLY);
    fail_next(rows[i].c, 1, rows[i].with);
    /* a device cannot be synced; that is told rather than what closing says */
    const bool ok = file_close(fd, false) || rows[i].c == CLOSE;
    assert_true(ok);
    failing = CALLS;
    errno = 0;
    assert_false(file_close(null, true));
    assert_int_equal(errno, EINVAL);
    FILE *f = tmpfile();
    const int own = dup(fileno(f));
    fail_next(rows[i].c, 1, rows[i].with);
    assert_true(file_close(own, rows[i].sync) == rows[i].ok);
    assert_true(rows[i].ok || errno == rows[i].error);
    failing = CALLS;
    fclose(f);
  }
}

static int make_dir(void **state) {
  (void)state;
  return mkdtemp(dir) ? 0 : -1;
}
static int remove_dir(void **state) {
  (void)state;
  return rmdir(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_call_fails_once), cmocka_unit_test(test_closing_says_what_failed_first)};
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
