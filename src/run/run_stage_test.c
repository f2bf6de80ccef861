/* Oracles: what another process reads of what one said; the signal that ends a process which dies on purpose. */
#include "base/sanitize.h"
#include "base/testing.h"
#include "run/run_child.h"
#include "run/run_stage.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- telling ---- */

#define run_copy(...) run_copy_at(__VA_ARGS__, __LINE__)

/* Before anything is made: nothing is told, and nothing fails. */
static int say_without_memory(void *data) {
  run_place p;
  (void)data;
  run_stage_enter("read");
  run_stage_of("kernel");
  run_stage_lacks_memory();
  return run_stage_find(getpid(), &p) || p.pid != getpid() || *p.stage ? 1 : 0;
}

static int say_much(void *data) {
  run_place p;
  (void)data;
  run_stage_enter("a stage whose name is longer than there is room for");
  run_stage_of("this and that");
  run_stage_lacks_memory();
  return run_stage_find(getpid(), &p) && p.lacked_memory && strlen(p.stage) == sizeof p.stage - 1 && strcmp(p.what, "this and that") == 0 ? 0 : 1;
}

/* A copy tells from its first word on where its process was. */
static int say_what_only(void *data) {
  run_place p;
  (void)data;
  run_stage_of("of a copy");
  return run_stage_find(getpid(), &p) && strcmp(p.stage, "parent's") == 0 && !p.lacked_memory ? 0 : 1;
}

static int say_something(void *data) { return (void)data, run_stage_enter("something"), 0; }

/* Joins what LOOM_STAGE_FD names, or makes its own. */
static int join_and_say(void *data) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  (void)data;
  if (run_stage_join(&ctx) != LOOM_OK || getenv("LOOM_STAGE_FD"))
    return 1;
  run_stage_enter("joined");
  run_place p;
  return run_stage_find(getpid(), &p) ? 0 : 2;
}

static pid_t run_copy_at(loom_ctx *ctx, int (*work)(void *), void *data, int line) {
  pid_t pid;
  assert_int_equal(run_child_start(ctx, work, data, &pid), LOOM_OK);
  const run_end end = run_child_wait(pid, 30);
  if (end.signal || end.exit)
    fail_msg("%d: signal %d, code %d", line, end.signal, end.exit);
  return pid;
}

static void test_what_is_said_outlives_who_said_it(void **state) {
  loom_ctx *ctx = *state;
  run_place p;
  run_copy(ctx, say_without_memory, NULL);
  assert_false(run_stage_find(getpid(), &p));
  for (int i = 0; i < 3; i++) {      /* a file that is no page, a number that is none, none: it makes its own */
    static const char *const fds[] = {"0", "x", NULL};
    if (fds[i])
      setenv("LOOM_STAGE_FD", fds[i], 1);
    run_copy(ctx, join_and_say, NULL);
    unsetenv("LOOM_STAGE_FD");
  }
  const int other = memfd_create("other", 0);      /* of another size */
  setenv("LOOM_STAGE_FD", arena_printf(&ctx->mem, "%d", other), 1);
  run_copy(ctx, join_and_say, NULL);
  setenv("LOOM_STAGE_FD", "999", 1);
  run_copy(ctx, join_and_say, NULL);
  run_stage_open();
  assert_non_null(getenv("LOOM_STAGE_FD"));
  run_stage_open();      /* once is enough */
  pid_t pid = run_copy(ctx, say_much, NULL);
  assert_true(run_stage_find(pid, &p) && p.pid == pid && p.lacked_memory);
  run_stage_enter("parent's");
  pid = run_copy(ctx, say_what_only, NULL);
  assert_true(run_stage_find(pid, &p) && strcmp(p.what, "of a copy") == 0);
  pid = run_copy(ctx, join_and_say, NULL);
  assert_true(run_stage_find(pid, &p) && strcmp(p.stage, "joined") == 0);
  for (int i = 0; i < 70; i++)      /* 64 places: the oldest ones are taken */
    run_copy(ctx, say_something, NULL);
  assert_false(run_stage_find(pid, &p));
  run_stage_enter("again");      /* and so is its own */
  assert_true(run_stage_find(getpid(), &p) && strcmp(p.stage, "again") == 0);
}

/* A program that was started finds the page by the number in its environment; its process is the copy's. */
static int open_and_become(void *data) {
  unsetenv("LOOM_STAGE_FD");
  run_stage_open();
  execl("/proc/self/exe", "run_stage_test", "--join", (char *)NULL);
  return (void)data, 9;
}

static void test_a_program_that_is_started_is_heard(void **state) {
  loom_ctx *ctx = *state;
  run_copy(ctx, open_and_become, NULL);
}

/* ---- dying on purpose ---- */

static int enter_with_little_memory(void *data) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  (void)data;
  const struct rlimit little = {2u << 30, 2u << 30}, none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  (void)signal(SIGSEGV, SIG_DFL);      /* not the test driver's */
  (void)signal(SIGABRT, SIG_DFL);
  if (run_stage_join(&ctx) != LOOM_OK)
    return 1;
  run_stage_enter("elsewhere");
  setrlimit(RLIMIT_AS, &little);
  run_stage_enter("here");
  return 0;
}

static void test_a_process_dies_as_it_is_told(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *at; int signal; bool is_late; } rows[] = {
      {"", 0, false}, {"other:segv", 0, false}, {"here:segv", SIGSEGV, false}, {"here:abort", SIGABRT, false}, {"here:memory", SIGABRT, false}, {"here:busy", SIGKILL, true}, {"here:sleep", SIGKILL, true}};
  if (LOOM_SANITIZED)
    skip();      /* their memory is more than the limit, and signals are theirs */
  setenv("LOOM_TESTING", "1", 1);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    setenv("LOOM_CRASH_AT", rows[i].at, 1);
    pid_t pid;
    assert_int_equal(run_child_start(ctx, enter_with_little_memory, NULL, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, rows[i].is_late ? 1 : 60);
    if (end.signal != rows[i].signal || end.is_late != rows[i].is_late || end.exit != 0)
      fail_msg("%s: signal %d, code %d", rows[i].at, end.signal, end.exit);
  }
  unsetenv("LOOM_CRASH_AT");
  unsetenv("LOOM_TESTING");
}

static void test_dying_on_purpose_is_for_tests(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *at, *testing, *says; } rows[] = {
      {"here:segv", NULL, "it is for Loom's own tests"}, {"here:segv", "0", "it is for Loom's own tests"}, {"here", "1", "LOOM_CRASH_AT is 'here'; expected STAGE:segv"}, {"here:fire", "1", "LOOM_CRASH_AT is 'here:fire'"},
      {"a stage whose name is longer than there is room for:segv", "1", "expected STAGE:segv"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    setenv("LOOM_CRASH_AT", rows[i].at, 1);
    if (rows[i].testing)
      setenv("LOOM_TESTING", rows[i].testing, 1);
    assert_int_equal(run_stage_join(ctx), LOOM_EUSAGE);
    testing_expect_error(ctx, LOOM_EUSAGE, rows[i].says, 0, 0);
    diag_drop(ctx, mark);
    unsetenv("LOOM_TESTING");
  }
  unsetenv("LOOM_CRASH_AT");
  assert_int_equal(run_stage_join(ctx), LOOM_OK);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--join") == 0) {
    const char *number = getenv("LOOM_STAGE_FD");
    const int fd = number ? (int)strtol(number, NULL, 10) : -1;
    return join_and_say(NULL) ? 1 : fcntl(fd, F_GETFD) >= 0 ? 2 : 0;      /* mapped, and closed */
  }
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_a_program_that_is_started_is_heard), T(test_what_is_said_outlives_who_said_it), T(test_a_process_dies_as_it_is_told), T(test_dying_on_purpose_is_for_tests)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
