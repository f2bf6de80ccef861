/* Oracles: what is in shared memory afterwards; how the system says that a process ended. */
#include "base/testing.h"
#include "base/text.h"
#include "run/run_child.h"
#include "run/run_sandbox.h"
#include "run/run_shared_memory.h"
#include "run/run_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct work { int *shared, *private; int *seen; } work;

static void *add_seven(void *data) {
  *(int *)data += 7;
  return NULL;
}

/* Memory, threads and time are there. */
static void compute(void *data) {
  work *w = data;
  pthread_t t;
  if (pthread_create(&t, NULL, add_seven, w->shared) == 0)
    pthread_join(t, NULL);
  int *more = alloc_bytes(32 << 20);
  *w->shared += more ? 100 : 0;
  alloc_free(more);
  *w->private = 5;
}

static void test_what_computes_leaves_what_it_writes_to_shared_memory(void **state) {
  loom_ctx *ctx = *state;
  run_pieces pieces = {0};
  void *shared;
  int private = 1;
  assert_int_equal(run_pieces_add(ctx, &pieces, sizeof(int), &shared), LOOM_OK);
  work w = {shared, &private, NULL};
  assert_int_equal(run_child_compute(ctx, "kernel 'k'", compute, &w), LOOM_OK);
  assert_int_equal(*w.shared, 107);
  assert_int_equal(private, 1);
  run_pieces_close(&pieces);
}

static char *victim;      /* where what goes wrong is done */

static void write_behind(void *data) { ((volatile char *)data)[4096] = 1; }
static void write_before(void *data) { ((volatile char *)data)[-4096] = 1; }
static void read_behind(void *data) { *victim = ((volatile char *)data)[4096]; }
static volatile uintptr_t nowhere = 16;
static void write_nowhere(void *data) { (void)data; *(volatile char *)nowhere = 1; }
static void open_socket(void *data) { (void)data; socket(AF_INET, SOCK_STREAM, 0); }
static void start_program(void *data) { (void)data; execl("/bin/true", "true", (char *)NULL); }
static void copy_itself(void *data) { (void)data; fork(); }
static void make_code(void *data) { (void)data; mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void turn_to_code(void *data) { mprotect((void *)((uintptr_t)data & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC); }
static void kill_parent(void *data) { (void)data; kill(getppid(), SIGTERM); }
static void remove_file(void *data) { (void)data; unlink("/tmp/no such file"); }
static void end_itself(void *data) { (void)data; _exit(9); }
static void divide(void *data) { (void)data; raise(SIGFPE); }

static void test_what_goes_wrong_is_named_and_stays_there(void **state) {
  loom_ctx *ctx = *state;
  const bool has_seccomp = run_sandbox_probe().has_seccomp;
  static const struct { void (*work)(void *); const char *says; bool is_call; } rows[] = {
      {write_behind, "kernel 'k' was ended by signal 11", false},  {write_before, "signal 11", false}, {read_behind, "signal 11", false},
      {write_nowhere,  "signal 11", false},                        {divide, "signal 8", false},        {end_itself, "ended its process with code 9", false},
      {open_socket, "asked the system for something", true},       {start_program, "asked the system", true}, {copy_itself, "asked the system", true},
      {make_code, "asked the system", true},                       {turn_to_code, "asked the system", true}, {kill_parent, "asked the system", true},
      {remove_file, "asked the system", true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    run_pieces pieces = {0};
    void *shared;
    if (rows[i].is_call && !has_seccomp)
      continue;
    assert_int_equal(run_pieces_add(ctx, &pieces, 4096, &shared), LOOM_OK);
    victim = shared;
    const diag_mark before = diag_save(ctx);
    assert_int_equal(run_child_compute(ctx, "kernel 'k'", rows[i].work, shared), LOOM_ENUMERIC);
    if (!strstr((*before.last)->text, rows[i].says))
      fail_msg("row %zu: \"%s\"", i, (*before.last)->text);
    run_pieces_close(&pieces);
  }
}

/* Files are refused, and no file that was open is left. */
static void use_files(void *data) {
  int *seen = data;
  *seen = open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM ? 1 : 0;
  for (int fd = 0; fd < 64; fd++)
    *seen += fd != STDERR_FILENO && write(fd, "x", 1) >= 0 ? 100 : 0;
}

static void test_what_computes_has_no_files(void **state) {
  loom_ctx *ctx = *state;
  run_pieces pieces = {0};
  void *shared;
  if (!run_sandbox_probe().has_seccomp)
    skip();
  int fd = memfd_create("loom", 0);
  assert_int_equal(run_pieces_add(ctx, &pieces, sizeof(int), &shared), LOOM_OK);
  assert_int_equal(run_child_compute(ctx, "kernel 'k'", use_files, shared), LOOM_OK);
  assert_int_equal(*(int *)shared, 1);
  assert_int_equal(lseek(fd, 0, SEEK_END), 0);
  close(fd);
  run_pieces_close(&pieces);
}

static void test_pieces_end_with_their_page(void **state) {
  loom_ctx *ctx = *state;
  static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 4097, 5 << 20};
  run_pieces pieces = {0};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    void *p;
    assert_int_equal(run_pieces_add(ctx, &pieces, sizes[i], &p), LOOM_OK);
    assert_non_null(p);
    assert_true((uintptr_t)p % 64 == 0 && ((uintptr_t)p + (sizes[i] + 63) / 64 * 64) % 4096 == 0);
    for (size_t k = 0; k < sizes[i]; k += 1021)
      assert_int_equal(((char *)p)[k], 0);
    if (sizes[i])
      memset(p, 1, sizes[i]);
  }
  run_pieces_close(&pieces);
  void *none;
  assert_int_equal(run_pieces_add(ctx, &pieces, SIZE_MAX - 3, &none), LOOM_EMEM);
  assert_null(none);
  testing_expect_error(ctx, LOOM_EMEM, "no memory for a tensor", 0, 0);
}

/* ---- stages ---- */

static int work_in_stages(void *data) {
  (void)data;
  run_stage_of("gemm");
  run_stage_enter("solve");
  abort();
}

static void test_a_process_leaves_word_of_where_it_was(void **state) {
  loom_ctx *ctx = *state;
  pid_t pid;
  run_place place;
  run_stage_enter("nobody hears this");
  run_stage_open();
  assert_int_equal(run_stage_join(ctx), LOOM_OK);
  run_stage_enter("parent");
  for (int i = 0; i < 100; i++) {      /* more than there is room for at once */
    assert_int_equal(run_child_start(ctx, work_in_stages, NULL, &pid), LOOM_OK);
    const run_end end = run_child_wait(pid, 30);
    assert_int_equal(end.signal, SIGABRT);
    assert_true(run_stage_find(pid, &place));
    assert_string_equal(place.stage, "solve");
    assert_string_equal(place.what, "gemm");
  }
  run_stage_enter("a stage with a name that is longer than there is room for it");
  assert_true(run_stage_find(getpid(), &place));
  assert_string_equal(place.stage, "a stage with a name that is lon");
  run_stage_lacks_memory();
  assert_true(run_stage_find(getpid(), &place) && place.lacked_memory);
  assert_false(run_stage_find(1, &place));
}

static void *wait_for_end(void *data) {
  pthread_mutex_lock(data);
  return NULL;
}

static void test_a_process_with_threads_is_not_copied(void **state) {
  loom_ctx *ctx = *state;
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  pthread_t t;
  pid_t pid;
  pthread_mutex_lock(&m);
  assert_int_equal(pthread_create(&t, NULL, wait_for_end, &m), 0);
  assert_int_equal(run_child_threads(), 2);
  assert_int_equal(run_child_start(ctx, work_in_stages, NULL, &pid), LOOM_EBUG);
  testing_expect_error(ctx, LOOM_EBUG, "a process with 2 threads is to be copied", 0, 0);
  pthread_mutex_unlock(&m);
  pthread_join(t, NULL);
}

static _Noreturn int wait_to_be_asked(void *data) {
  (void)data;
  signal(SIGTERM, SIG_DFL);
  kill(getppid(), SIGTERM);      /* passed on to this process */
  for (;;)
    pause();
}

static void test_signals_are_passed_on(void **state) {
  loom_ctx *ctx = *state;
  sigset_t set, old;
  pid_t pid;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, &old);      /* until the handler is there */
  assert_int_equal(run_child_start(ctx, wait_to_be_asked, NULL, &pid), LOOM_OK);
  (void)old;
  struct sigaction now;
  signal(SIGTERM, SIG_IGN);      /* ignored before, ignored while it waits */
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  run_end end = run_child_wait(pid, 1);
  assert_true(end.is_late);
  sigaction(SIGTERM, NULL, &now);
  assert_true(now.sa_handler == SIG_IGN);
  signal(SIGTERM, SIG_DFL);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      T(test_what_computes_leaves_what_it_writes_to_shared_memory), T(test_what_goes_wrong_is_named_and_stays_there), T(test_what_computes_has_no_files),
      T(test_pieces_end_with_their_page), T(test_a_process_leaves_word_of_where_it_was), T(test_a_process_with_threads_is_not_copied), T(test_signals_are_passed_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
