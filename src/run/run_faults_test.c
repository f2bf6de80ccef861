/* Copies of the process, jobs, the cache and what is told of stages while the system refuses a call: the error is said, nothing is left open or half, and what can be done without is.
 * This program's functions stand before those of libc. */
#include "base/file.h"
#include "base/hash.h"
#include "base/sanitize.h"
#include "base/testing.h"
#include "run/run_cache.h"
#include "run/run_child.h"
#include "run/run_jobs.h"
#include "run/run_limits.h"
#include "run/run_stage.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum call { READ, WRITE, FORK, PARENT, MAP, MEMORY_FILE, TRUNCATE, TASKS, ENTRIES, PREAD, WAIT, STAT_AT, LIMIT, CALLS } call;
#include "base/calls_testing.h"
#include "base/temporary.h"

SYSTEM pid_t fork(void) { return must_fail(FORK) ? -1 : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
SYSTEM pid_t getppid(void) { return must_fail(PARENT) ? 1 : (pid_t)syscall(SYS_getppid); }
SYSTEM void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  return must_fail(MAP) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);      /* NOLINT: an address is a number here */
}
SYSTEM int memfd_create(const char *name, unsigned flags) { return must_fail(MEMORY_FILE) ? -1 : (int)syscall(SYS_memfd_create, name, flags); }
SYSTEM int ftruncate(int fd, off_t size) { return must_fail(TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
SYSTEM DIR *opendir(const char *path) {
  int fd = must_fail(TASKS) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? NULL : fdopendir(fd);
}
SYSTEM DIR *fdopendir(int fd) {
  static DIR *(*real)(int);
  if (must_fail(ENTRIES))
    return NULL;
  if (!real) {
    void *address = dlsym(RTLD_NEXT, "fdopendir");
    memcpy(&real, &address, sizeof real);
  }
  return real(fd);
}
SYSTEM ssize_t pread(int fd, void *to, size_t n, off_t at) {
  sanitize_written(to, n);
  return must_fail(PREAD) ? (with ? -1 : 0) : syscall(SYS_pread64, fd, to, n, at);
}
SYSTEM pid_t waitpid(pid_t pid, int *status, int options) {
  sanitize_written(status, sizeof *status);
  return must_fail(WAIT) ? -1 : (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
}
SYSTEM int fstatat(int dir, const char *path, struct stat *st, int flags) {
  sanitize_written(st, sizeof *st);
  return must_fail(STAT_AT) ? -1 : (int)syscall(SYS_newfstatat, dir, path, st, flags);
}
SYSTEM int getrlimit(__rlimit_resource_t resource, struct rlimit *now) {
  sanitize_written(now, sizeof *now);
  return must_fail(LIMIT) ? -1 : (int)syscall(SYS_getrlimit, resource, now);
}

/* ---- copies ---- */

static int end_with(void *data) { return *(int *)data; }

static void test_a_copy_that_cannot_be_made_is_said(void **state) {
  loom_ctx *ctx = *state;
  int seven = 7;
  pid_t pid;
  fail_next(FORK, 1, EAGAIN);
  assert_int_equal(run_child_start(ctx, end_with, &seven, &pid), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "no process can be started: Resource temporarily unavailable", 0, 0);
  fail_next(TASKS, 1, EACCES);      /* without /proc it is taken to have one thread */
  assert_int_equal(run_child_threads(), 0);
  fail_next(PARENT, 1, 0);      /* the process that it is a copy of died meanwhile: 7 is not reached */
  assert_int_equal(run_child_start(ctx, end_with, &seven, &pid), LOOM_OK);
  failing = CALLS;
  run_end end = run_child_wait(pid, 30);
  assert_true(end.signal == 0 && end.exit == 1);
  for (int64_t deadline = 0; deadline <= 30; deadline += 30) {      /* somebody else waited for it: nothing is known of its end */
    assert_int_equal(run_child_start(ctx, end_with, &seven, &pid), LOOM_OK);
    fail_next(WAIT, 1, ECHILD);
    end = run_child_wait(pid, deadline);
    failing = CALLS;
    assert_true(end.signal == 0 && end.exit == 0 && !end.is_late);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
  }
}

static void *sleep_on(void *data) {
  (void)data;
  for (;;)
    pause();
  return NULL;
}

static void test_a_process_of_threads_is_not_copied(void **state) {
  loom_ctx *ctx = *state;
  int seven = 7;
  pid_t pid;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, sleep_on, NULL), 0);
  assert_int_equal(run_child_start(ctx, end_with, &seven, &pid), LOOM_EBUG);
  testing_expect_error(ctx, LOOM_EBUG, "a process with 2 threads is to be copied", 0, 0);
  pthread_cancel(thread);
  pthread_join(thread, NULL);
}

/* Signals that end a process are passed on to the copy that it waits for. */
static int tell_parent_and_wait(void *data) {
  (void)signal(*(int *)data, SIG_DFL);
  usleep(100000);      /* it waits by then */
  kill((pid_t)syscall(SYS_getppid), *(int *)data);
  sleep(20);
  return 5;
}

static void do_nothing(int signal) { (void)signal; }

static void test_signals_are_passed_on(void **state) {
  loom_ctx *ctx = *state;
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  for (size_t i = 0; i < COUNT_OF(signals); i++) {
    int which = signals[i];
    pid_t pid;
    void (*before)(int) = signal(which, do_nothing);      /* what a process ignores, as SIGHUP under nohup, is not passed on */
    assert_int_equal(run_child_start(ctx, tell_parent_and_wait, &which, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, i ? 20 : 0);
    (void)signal(which, before);
    assert_true(end.signal == which && !end.is_late);
  }
}

static void fault(void *data) { (void)raise(*(int *)data); }
static void leave(void *data) { _exit(*(int *)data); }
static void finish(void *data) { (void)data; }
static volatile sig_atomic_t caught;
static void catch(int signal) { caught = signal; }

static void test_computing_that_ends_otherwise_is_said(void **state) {
  loom_ctx *ctx = *state;
  static const struct { void (*work)(void *); int with; bool confined; const char *says, *help; } rows[] = {
      {finish, 0, true, NULL, NULL}, {finish, 0, false, NULL, NULL}, {leave, 3, false, "it ended its process with code 3", NULL}, {fault, SIGSEGV, false, "it was ended by signal 11", "memory that is not its own"},
      {fault, SIGBUS, false, "it was ended by signal 7", "memory that is not its own"}, {fault, SIGFPE, false, "it was ended by signal 8", NULL}, {fault, SIGSYS, false, "asked the system for something", NULL}};
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    int number = rows[i].with;
    run_child_set_confined(rows[i].confined);
    assert_int_equal(run_child_compute(ctx, "it", rows[i].work, &number), rows[i].says ? LOOM_ENUMERIC : LOOM_OK);
    if (rows[i].says)
      testing_expect_error(ctx, LOOM_ENUMERIC, rows[i].says, 0, 0);
    assert_true(!rows[i].help || strstr(ctx->diag.first->help, rows[i].help));
    diag_drop(ctx, mark);
  }
  run_child_set_confined(true);
}

/* Those three signals kill the copy: then they end its process as well. */
static void kill_self(void *data) {
  (void)signal(*(int *)data, SIG_DFL);
  (void)raise(*(int *)data);
}
static void test_what_ends_a_copy_from_outside_ends_its_process(void **state) {
  loom_ctx *ctx = *state;
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  run_child_set_confined(false);
  for (size_t i = 0; i < COUNT_OF(signals); i++) {
    const diag_mark mark = diag_save(ctx);
    int number = signals[i];
    caught = 0;
    (void)signal(number, catch);
    assert_int_equal(run_child_compute(ctx, "it", kill_self, &number), LOOM_ENUMERIC);
    assert_int_equal(caught, number);
    (void)signal(number, SIG_DFL);
    diag_drop(ctx, mark);
  }
  run_child_set_confined(true);
}

/* ---- jobs ---- */

static bool digit(void *data, int i, const char **bytes, size_t *size) {
  static char text[1];
  (void)data;
  text[0] = (char)('0' + i);
  *bytes = text;
  *size = 1;
  return i != 3;
}
static bool die_in_stage(void *data, int i, const char **bytes, size_t *size) {
  run_stage_enter("dying");
  return i == 1 ? (void)raise(SIGKILL), false : digit(data, i, bytes, size);
}

static void test_jobs_without_processes_or_memory(void **state) {
  loom_ctx *ctx = *state;
  static const struct { call c; int n, error, processes; loom_status status; const char *says; } rows[] = {
      {CALLS, 0, 0, 2, LOOM_OK, NULL}, {CALLS, 0, 0, 0, LOOM_OK, NULL}, {CALLS, 0, 0, 9, LOOM_OK, NULL},
      {MAP, 1, ENOMEM, 2, LOOM_EIO, "no memory can be shared with other processes: Cannot allocate memory"}, {FORK, 1, EAGAIN, 2, LOOM_EIO, "no process can be started: Resource temporarily unavailable"},
      {MEMORY_FILE, 1, EMFILE, 2, LOOM_EIO, "no process can be started: Too many open files"}, {FORK, 2, EAGAIN, 2, LOOM_OK, NULL}, {MEMORY_FILE, 2, EMFILE, 2, LOOM_OK, NULL},
      {PREAD, 1, EIO, 1, LOOM_EIO, "what a process handed back cannot be read: Input/output error"}, {PREAD, 1, EINTR, 1, LOOM_OK, NULL}, {PREAD, 1, 0, 1, LOOM_EIO, "what a process handed back cannot be read"},
      {WAIT, 1, ECHILD, 2, LOOM_OK, NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    run_job out[5];
    fail_next(rows[i].c, rows[i].n, rows[i].error);
    const loom_status st = run_jobs(ctx, 5, rows[i].processes, digit, NULL, out);
    failing = CALLS;
    if (st != rows[i].status)
      fail_msg("row %zu: status %d", i, (int)st);
    if (st != LOOM_OK)
      testing_expect_error(ctx, LOOM_EIO, rows[i].says, 0, 0);
    for (int k = 0; st == LOOM_OK && rows[i].c != WAIT && k < 5; k++)
      assert_true(k == 3 ? !out[k].is_done && !out[k].is_lost : out[k].is_done && out[k].bytes[0] == '0' + k);
    while (waitpid(-1, NULL, 0) > 0)
      ;
    diag_drop(ctx, mark);
  }
}

static void test_a_lost_job_says_where_it_was(void **state) {
  loom_ctx *ctx = *state;
  run_job out[3];
  run_stage_open();
  assert_int_equal(run_jobs(ctx, 3, 1, die_in_stage, NULL, out), LOOM_OK);
  assert_true(out[0].is_done && out[1].is_lost && out[1].signal == SIGKILL && !out[2].is_done && !out[2].is_lost);
  assert_string_equal(out[1].stage, "dying");
  fail_next(WRITE, 1, ENOSPC);      /* in the copy */
  assert_int_equal(run_jobs(ctx, 2, 1, digit, NULL, out), LOOM_OK);
  failing = CALLS;
  assert_true(!out[0].is_done && !out[0].is_lost && out[1].is_done);
  fail_next(PARENT, 1, 0);
  assert_int_equal(run_jobs(ctx, 2, 1, digit, NULL, out), LOOM_OK);
  failing = CALLS;
  assert_true(!out[0].is_done && !out[1].is_done);
}

/* ---- stages ---- */

static int open_stages(void *data) {
  loom_ctx ctx;
  run_place p;
  loom_ctx_init(&ctx);
  const int how = *(int *)data;
  unsetenv("LOOM_STAGE_FD");
  fail_next(how == 0 ? MEMORY_FILE : how == 1 ? TRUNCATE : MAP, 1, ENOMEM);
  if (how <= 2)
    run_stage_open();
  else if (run_stage_join(&ctx) != LOOM_OK)
    return 1;
  run_stage_enter("stage");
  return run_stage_find(getpid(), &p) ? 2 : 0;
}

static void test_stages_are_not_told_without_memory(void **state) {
  loom_ctx *ctx = *state;
  for (int how = 0; how < 4; how++) {
    pid_t pid;
    assert_int_equal(run_child_start(ctx, open_stages, &how, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, 30);
    if (end.signal || end.exit)
      fail_msg("way %d: signal %d, code %d", how, end.signal, end.exit);
  }
}

/* ---- the cache ---- */

static void test_a_cache_whose_directory_cannot_be_listed_grows(void **state) {
  loom_ctx *ctx = *state;
  char key[65], name[200];
  const char *base;
  hash_sha256_hex("x", 1, key);
  assert_int_equal(temporary_make(ctx, &base), LOOM_OK);
  run_cache c = {.dir = base, .limit_bytes = 1};
  for (int i = 0; i < 3; i++) {
    static const call calls[] = {ENTRIES, STAT_AT, CALLS};
    char *bytes;
    size_t size;
    fail_next(calls[i], 1, EMFILE);
    run_cache_put(ctx, &c, key, "contents", 8);
    failing = CALLS;
    assert_int_equal(run_cache_get(ctx, &c, key, &bytes, &size), i < 2);      /* at last there is no room for it */
  }
  memset(name, 'a', sizeof name);      /* a name that is no entry's: left alone */
  memcpy(name + sizeof name - 6, ".loom", 6);
  const char *strange = file_join(&ctx->mem, base, name);
  assert_int_equal(file_write(ctx, strange, "x", 1), LOOM_OK);
  run_cache_put(ctx, &c, key, "contents", 8);
  assert_true(file_exists(strange));
  assert_int_equal(chmod(base, 0755), 0);
  char thousand[1000];
  memset(thousand, '0', sizeof thousand);
  for (int i = 0; i < 4; i++) {      /* of one second: the earlier nanosecond goes first, then the name; the limit leaves two */
    const struct timespec when[] = {{1000, 0}, {1000, i < 2 ? 7 - i : 7}};
    const char *path = file_join(&ctx->mem, base, arena_printf(&ctx->mem, "%c.loom", "dcba"[i]));
    assert_int_equal(file_write(ctx, path, thousand, sizeof thousand), LOOM_OK);
    assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
  }
  assert_int_equal(unlink(strange), 0);
  c.limit_bytes = 4000;
  run_cache_put(ctx, &c, key, "contents", 8);
  static const struct { const char *name; bool stays; } left[] = {{"a.loom", false}, {"b.loom", true}, {"c.loom", false}, {"d.loom", true}};
  for (size_t i = 0; i < COUNT_OF(left); i++)
    assert_int_equal(file_exists(file_join(&ctx->mem, base, left[i].name)), left[i].stays);
  temporary_remove(base);
  c = (run_cache){.dir = "/proc/self/fd/none/cache", .is_named = true};
  run_cache_put(ctx, &c, key, "contents", 8);
  run_cache_put(ctx, &c, key, "contents", 8);      /* said once */
  assert_int_equal(ctx->diag.warnings, 1);
}

/* ---- limits ---- */

static int set_limits(void *data) {
  run_limits l = {.memory = 1 << 30, .files = 64};
  struct rlimit now;
  fail_next(*(int *)data ? LIMIT : CALLS, 2, EINVAL);      /* the second that is set: open files */
  run_limits_set(&l);
  failing = CALLS;
  return getrlimit(RLIMIT_NOFILE, &now) == 0 && (now.rlim_cur == 64) == !*(int *)data ? 0 : 1;
}

static void test_limits_that_cannot_be_read_stay(void **state) {
  loom_ctx *ctx = *state;
  for (int fails = 0; fails < 2; fails++) {
    pid_t pid;
    assert_int_equal(run_child_start(ctx, set_limits, &fails, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, 30);
    assert_true(end.signal == 0 && end.exit == 0);
  }
  run_limits l = run_limits_default();
  assert_int_equal(run_limits_parse(ctx, "--limits", "memory=300x", &l), LOOM_EUSAGE);
  testing_expect_error(ctx, LOOM_EUSAGE, "--limits: memory=300x is not 0 (none)", 0, 0);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_a_copy_that_cannot_be_made_is_said), T(test_a_process_of_threads_is_not_copied), T(test_signals_are_passed_on), T(test_computing_that_ends_otherwise_is_said),
                                     T(test_what_ends_a_copy_from_outside_ends_its_process), T(test_jobs_without_processes_or_memory), T(test_stages_are_not_told_without_memory), T(test_a_lost_job_says_where_it_was),
                                     T(test_a_cache_whose_directory_cannot_be_listed_grows), T(test_limits_that_cannot_be_read_stay)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
