/* Oracle: what the children do, which is written here. */
#include "base/process.h"
#include "base/testing.h"
#include <signal.h>
#include <unistd.h>

static pid_t child_that(int exits, int signals) {
  const pid_t child = fork();
  if (child == 0) {
    if (signals)
      (void)raise(signals);
    _exit(exits);
  }
  assert_true(child > 0);
  return child;
}

static void test_a_process_ends_with_its_code_or_that_of_a_signal(void **state) {
  (void)state;
  static const struct { int exits, signals, code; } rows[] = {{0, 0, 0}, {3, 0, 3}, {255, 0, 255}, {0, SIGKILL, 137}, {0, SIGTERM, 143}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int status = -1;
    assert_true(process_wait(child_that(rows[i].exits, rows[i].signals), &status));
    assert_int_equal(process_exit_code(status), rows[i].code);
  }
  assert_true(process_wait(child_that(1, 0), NULL));
}

static volatile sig_atomic_t interruptions;
static void interrupt(int signal) {
  (void)signal;
  interruptions++;
}

/* The child ends when it has interrupted us, which it repeats: the first may come before we wait. */
static void test_signals_do_not_end_the_waiting(void **state) {
  (void)state;
  struct sigaction before, handler = {.sa_handler = interrupt};      /* without SA_RESTART */
  assert_int_equal(sigaction(SIGUSR1, &handler, &before), 0);
  const pid_t us = getpid(), child = fork();
  if (child == 0) {
    for (int i = 0; i < 20; i++) {
      usleep(5000);
      kill(us, SIGUSR1);
    }
    _exit(7);
  }
  int status;
  assert_true(child > 0 && process_wait(child, &status));
  assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
  assert_int_equal(process_exit_code(status), 7);
  assert_true(interruptions > 0);
}

static void test_there_may_be_nothing_to_wait_for(void **state) {
  (void)state;
  int status = -1;
  const pid_t child = child_that(1, 0);
  assert_true(process_wait(child, NULL));
  assert_false(process_wait(child, &status));
  assert_true(errno == ECHILD && status == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_process_ends_with_its_code_or_that_of_a_signal),
      cmocka_unit_test(test_signals_do_not_end_the_waiting),
      cmocka_unit_test(test_there_may_be_nothing_to_wait_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
