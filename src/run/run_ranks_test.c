/* Oracle: a process of the test's own that answers by the rules of run_ranks.h, as rank 0 of two; the other rank's bytes are made up. */
#include "base/file.h"
#include "base/testing.h"
#include "run/run_ranks.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int socket, const void *bytes, int64_t size) {
  (void)file_write_all(socket, &size, sizeof size);
  (void)file_write_all(socket, bytes, (size_t)size);
}

/* Says who is who, doubles i32 that are to be added up, and gives the other rank's part the contents "other"; then it goes away. */
static _Noreturn void answer(int socket, int requests) {
  static const int32_t who[] = {0, 2};
  for (int i = 0; i < requests; i++) {
    run_ranks_request q;
    char bytes[64];
    if (!file_read_all(socket, &q, sizeof q) || q.bytes > (int64_t)sizeof bytes || !file_read_all(socket, bytes, (size_t)q.bytes))
      _exit(1);
    if (q.what == RUN_RANKS_HELLO)
      say(socket, who, sizeof who);
    if (q.what == RUN_RANKS_REDUCE) {
      int32_t *v = (int32_t *)(void *)bytes;
      for (int64_t k = 0; k < q.bytes / 4; k++)
        v[k] *= 2;
      say(socket, bytes, q.type == RUN_RANKS_I32 && q.op == RUN_RANKS_SUM ? q.bytes : -1);
    }
    if (q.what == RUN_RANKS_SEND)
      say(socket, NULL, q.type == 1 && q.bytes == 5 ? 0 : -1);
    if (q.what == RUN_RANKS_RECEIVE)
      say(socket, "news", q.type == 1 ? 4 : -1);
    if (q.what == RUN_RANKS_GATHER) {
      say(socket, NULL, 0);
      say(socket, bytes, q.bytes);
      say(socket, "other", 5);
    }
  }
  _exit(0);
}

static void open_pair(loom_ctx *ctx, int requests, run_ranks *out) {
  int ends[2];
  char number[16];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  if (fork() == 0) {
    close(ends[0]);
    answer(ends[1], requests);
  }
  close(ends[1]);
  snprintf(number, sizeof number, "%d", ends[0]);
  setenv(RUN_RANKS_VARIABLE, number, 1);
  assert_int_equal(run_ranks_open(ctx, out), LOOM_OK);
  unsetenv(RUN_RANKS_VARIABLE);
}

static void test_a_rank_alone_has_everything(void **state) {
  (void)state;
  loom_ctx ctx;
  run_ranks r;
  void *all[1];
  size_t size;
  int32_t v[2] = {3, 4};
  loom_ctx_init(&ctx);
  unsetenv(RUN_RANKS_VARIABLE);
  assert_int_equal(run_ranks_open(&ctx, &r), LOOM_OK);
  assert_int_equal(r.size, 1);
  assert_int_equal(run_ranks_reduce(&r, RUN_RANKS_I32, RUN_RANKS_SUM, v, sizeof v), LOOM_OK);
  assert_int_equal(v[1], 4);
  assert_int_equal(run_ranks_gather(&ctx, &r, "mine", 4, all, &size), LOOM_OK);
  assert_memory_equal(all[0], "mine", 4);
  loom_ctx_done(&ctx);
}

static void test_requests_are_answered_and_an_end_is_an_error(void **state) {
  (void)state;
  loom_ctx ctx;
  run_ranks r;
  void *all[2];
  size_t size[2];
  int status;
  int32_t v[3] = {1, -2, 3};
  loom_ctx_init(&ctx);
  open_pair(&ctx, 3, &r);
  assert_int_equal(r.number, 0);
  assert_int_equal(r.size, 2);
  assert_int_equal(run_ranks_reduce(&r, RUN_RANKS_I32, RUN_RANKS_SUM, v, sizeof v), LOOM_OK);
  assert_int_equal(v[0] + v[1] + v[2], 4);
  assert_int_equal(run_ranks_gather(&ctx, &r, "mine", 4, all, size), LOOM_OK);
  assert_memory_equal(all[0], "mine", 4);
  assert_int_equal(size[1], 5);
  assert_memory_equal(all[1], "other", 5);
  wait(&status);
  (void)signal(SIGPIPE, SIG_IGN);
  assert_int_equal(run_ranks_reduce(&r, RUN_RANKS_I32, RUN_RANKS_SUM, v, sizeof v), LOOM_EWORKER);
  assert_int_equal(run_ranks_gather(&ctx, &r, "mine", 4, all, size), LOOM_EWORKER);
  close(r.socket);
  loom_ctx_done(&ctx);
}

static void test_messages_go_to_a_rank_and_come_from_one(void **state) {
  (void)state;
  loom_ctx ctx;
  run_ranks r;
  void *bytes;
  size_t size;
  int status;
  loom_ctx_init(&ctx);
  open_pair(&ctx, 4, &r);
  assert_int_equal(run_ranks_send(&ctx, &r, 1, "hello", 5), LOOM_OK);
  assert_int_equal(run_ranks_receive(&ctx, &r, 1, &bytes, &size), LOOM_OK);
  assert_int_equal(size, 4);
  assert_memory_equal(bytes, "news", 4);
  assert_int_equal(run_ranks_receive(&ctx, &r, 0, &bytes, &size), LOOM_EWORKER);      /* it has ended */
  testing_expect_error(&ctx, LOOM_EWORKER, "rank 0 has ended, and this one waits for what it found", 0, 0);
  wait(&status);
  (void)signal(SIGPIPE, SIG_IGN);
  assert_int_equal(run_ranks_send(&ctx, &r, 1, "hello", (size_t)RUN_RANKS_BYTES_MAX + 1), LOOM_ELIMIT);
  assert_int_equal(run_ranks_send(&ctx, &r, 1, "hello", 5), LOOM_EWORKER);
  close(r.socket);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_rank_alone_has_everything), cmocka_unit_test(test_requests_are_answered_and_an_end_is_an_error),
                                     cmocka_unit_test(test_messages_go_to_a_rank_and_come_from_one)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
