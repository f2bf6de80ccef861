#include "base/file.h"
#include "base/process.h"
#include "base/testing.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/loom_file_test_XXXXXX";
static loom_ctx ctx;

static int make_dir(void **state) {
  (void)state;
  return mkdtemp(dir) ? 0 : -1;
}
static int remove_dir(void **state) {
  (void)state;
  return rmdir(dir);   /* fails when a test, or a failed write, left a file behind */
}
static int setup(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  loom_ctx_done(&ctx);
  return 0;
}

static void test_written_files_read_back_at_all_sizes(void **state) {
  (void)state;
  const size_t sizes[] = {0, 1, 4095, 4096, 4097, 300000};
  const char *path = file_join(&ctx.mem, dir, "f");
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    char *bytes = arena_alloc(&ctx.mem, sizes[i]), *back;
    for (size_t k = 0; k < sizes[i]; k++)
      bytes[k] = (char)(k * 7 + i);
    size_t size;
    assert_int_equal(file_write(&ctx, path, bytes, sizes[i]), LOOM_OK);
    assert_int_equal(file_read(&ctx, path, sizes[i], &back, &size), LOOM_OK);
    assert_int_equal(size, sizes[i]);
    assert_memory_equal(bytes, back, size);
    assert_int_equal(back[size], 0);
  }
  assert_int_equal(unlink(path), 0);
}

static void test_reading_stops_at_the_limit(void **state) {
  (void)state;
  const char *path = file_join(&ctx.mem, dir, "f");
  char *back;
  size_t size;
  assert_int_equal(file_write(&ctx, path, "12345", 5), LOOM_OK);
  assert_int_equal(file_read(&ctx, path, 4, &back, &size), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "larger than the limit of 4 bytes", 0, 0);
  assert_string_equal(ctx.diag.first->span.source->path, path);
  assert_int_equal(unlink(path), 0);
}

/* Files that a dead process of the same number left are neither in the way nor touched. */
static void test_leftovers_of_a_dead_process_do_not_matter(void **state) {
  (void)state;
  const char *path = file_join(&ctx.mem, dir, "f"), *next;
  int fd = file_open_temporary(&ctx.mem, AT_FDCWD, path, 0600, &next);
  assert_true(fd >= 0 && file_close(fd, true));
  assert_int_equal(unlink(next), 0);
  unsigned number;
  long pid;
  assert_int_equal(sscanf(next + strlen(path), ".%ld.%u.tmp", &pid, &number), 2);
  for (unsigned i = 1; i <= 3; i++)
    assert_int_equal(file_write(&ctx, arena_printf(&ctx.mem, "%s.%ld.%u.tmp", path, pid, number + 2 * i), "left", 4), LOOM_OK);   /* every second: their own writing counts too */
  for (int i = 0; i < 6; i++)
    assert_int_equal(file_write(&ctx, path, "new", 3), LOOM_OK);
  assert_int_equal(unlink(path), 0);
  for (unsigned i = 1; i <= 3; i++) {
    char *bytes;
    size_t size;
    const char *left = arena_printf(&ctx.mem, "%s.%ld.%u.tmp", path, pid, number + 2 * i);
    assert_int_equal(file_read(&ctx, left, 10, &bytes, &size), LOOM_OK);
    assert_true(size == 4 && memcmp(bytes, "left", 4) == 0);
    assert_int_equal(unlink(left), 0);
  }
}

static void test_files_of_unknown_size_are_read_whole(void **state) {
  (void)state;
  char *back;
  size_t size;
  assert_int_equal(file_read(&ctx, "/proc/self/status", 1 << 20, &back, &size), LOOM_OK);   /* claims 0 bytes */
  assert_true(size > 100 && size == strlen(back) && strstr(back, "Pid:"));
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "from a pipe", 11), 11);
  close(ends[1]);
  int kept = dup(0);
  dup2(ends[0], 0);
  assert_int_equal(file_read(&ctx, "-", 100, &back, &size), LOOM_OK);
  dup2(kept, 0);
  close(kept);
  close(ends[0]);
  assert_int_equal(size, 11);
  assert_string_equal(back, "from a pipe");
  kept = dup(0);   /* a file may be read twice: first to see what it is */
  FILE *f = tmpfile();
  assert_true(f && fputs("from a file", f) >= 0 && fflush(f) == 0);
  dup2(fileno(f), 0);
  for (int time = 0; time < 2; time++) {
    assert_int_equal(file_read(&ctx, "-", 100, &back, &size), LOOM_OK);
    assert_string_equal(back, "from a file");
  }
  dup2(kept, 0);
  close(kept);
  fclose(f);
}

/* A pipe holds less than the text, and gives it in pieces: the whole comes out; asked for more than there is, the end is found. */
static void test_all_of_a_pipe_is_read_and_written(void **state) {
  (void)state;
  enum { N = 1 << 20 };
  int ends[2], status;
  char *got = arena_alloc(&ctx.mem, N + 1), *sent = arena_alloc(&ctx.mem, N);
  for (int i = 0; i < N; i++)
    sent[i] = (char)(i * 7 / 5);
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    _exit(file_write_all(ends[1], sent, N) ? 0 : 1);
  }
  close(ends[1]);
  assert_true(child > 0 && file_read_all(ends[0], got, N - 3) && file_read_all(ends[0], got + N - 3, 2));
  got[N - 1] = 0;
  assert_false(file_read_all(ends[0], got + N - 1, 2));
  assert_int_equal(errno, 0);
  assert_memory_equal(got, sent, N);
  close(ends[0]);
  const int directory = file_open(dir, O_RDONLY);
  assert_true(directory >= 0);
  assert_false(file_read_all(directory, got, 1));
  assert_int_equal(errno, EISDIR);
  close(directory);
  assert_true(process_wait(child, &status));
  assert_int_equal(process_exit_code(status), 0);
}

static void test_io_errors_name_the_file_and_the_reason(void **state) {
  (void)state;
  char *back;
  size_t size;
  const char *missing = file_join(&ctx.mem, dir, "none/f");
  assert_int_equal(file_read(&ctx, missing, 10, &back, &size), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot open the file: No such file", 0, 0);
  assert_string_equal(ctx.diag.first->span.source->path, missing);
  loom_ctx_done(&ctx);
  assert_int_equal(file_read(&ctx, dir, 10, &back, &size), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot read the file: Is a directory", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_write(&ctx, "none/such/f", "x", 1), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot write the file: No such file", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_write(&ctx, dir, "x", 1), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot write the file: Is a directory", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_write(&ctx, "/dev/full", "x", 1), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot write the file: No space left", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_write(&ctx, "/dev/null", "x", 1), LOOM_OK);
  const char *plain = file_join(&ctx.mem, dir, "f");
  assert_int_equal(file_write(&ctx, plain, "x", 1), LOOM_OK);
  assert_int_equal(file_make_dirs(&ctx, file_join(&ctx.mem, plain, "sub")), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot make the directory: Not a directory", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_make_dirs(&ctx, file_join(&ctx.mem, dir, "f")), LOOM_EIO);
  loom_ctx_done(&ctx);
  const char *link = file_join(&ctx.mem, dir, "to-nowhere");      /* what mkdir says of it counts, not what stat says then */
  assert_int_equal(symlink("nowhere", link), 0);
  assert_int_equal(file_make_dirs(&ctx, link), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot make the directory: Not a directory", 0, 0);
  assert_int_equal(unlink(file_join(&ctx.mem, dir, "to-nowhere")), 0);
  assert_int_equal(unlink(file_join(&ctx.mem, dir, "f")), 0);
}

static void test_writing_keeps_the_mode_of_the_file_it_replaces(void **state) {
  (void)state;
  const char *path = file_join(&ctx.mem, dir, "f");
  struct stat st;
  assert_int_equal(file_write(&ctx, path, "old", 3), LOOM_OK);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(file_write(&ctx, path, "new", 3), LOOM_OK);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(unlink(path), 0);
}

static void test_directories_are_made_with_their_parents(void **state) {
  (void)state;
  const char *deep = file_join(&ctx.mem, dir, "a//b/c/");
  assert_int_equal(file_make_dirs(&ctx, deep), LOOM_OK);
  assert_int_equal(file_make_dirs(&ctx, deep), LOOM_OK);
  assert_true(file_is_dir(deep) && file_exists(deep));
  assert_int_equal(rmdir(file_join(&ctx.mem, dir, "a/b/c")), 0);
  assert_int_equal(rmdir(file_join(&ctx.mem, dir, "a/b")), 0);
  assert_int_equal(rmdir(file_join(&ctx.mem, dir, "a")), 0);
  assert_false(file_exists(deep) || file_is_dir(deep));
}

/* Oracle: dirname and basename of POSIX. */
static void test_paths_take_apart_and_join(void **state) {
  (void)state;
  const struct { const char *path, *dir, *base, *stem; } cases[] = {
    {"a/b.tar.gz", "a", "b.tar.gz", "b.tar"}, {"b.py", ".", "b.py", "b"}, {"/b", "/", "b", "b"}, {"/", "/", "/", "/"}, {"a/b/", "a", "b", "b"},
    {"a//b", "a", "b", "b"}, {"//", "/", "/", "/"}, {".profile", ".", ".profile", ".profile"}, {"", ".", "", ""}, {"x/.", "x", ".", "."},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_string_equal(file_dirname(&ctx.mem, cases[i].path), cases[i].dir);
    assert_string_equal(file_basename(&ctx.mem, cases[i].path), cases[i].base);
    assert_string_equal(file_stem(&ctx.mem, cases[i].path), cases[i].stem);
  }
  assert_string_equal(file_join(&ctx.mem, "a", "b"), "a/b");
  assert_string_equal(file_join(&ctx.mem, "a/", "b"), "a/b");
  assert_string_equal(file_join(&ctx.mem, "a", "/b"), "/b");
  assert_string_equal(file_join(&ctx.mem, "", "b"), "b");
}

static loom_status read_status(loom_ctx *c, void *data) {
  size_t size;
  return file_read(c, "/proc/self/status", 1 << 20, data, &size);
}

static void test_slices_lie_inside(void **state) {
  (void)state;
  static const struct { uint64_t offset, n, item_bytes; bool ok; } rows[] = {
      {0, 10, 1, true}, {0, 0, 8, true}, {10, 0, 8, true}, {2, 2, 4, true}, {3, 2, 4, false}, {11, 0, 1, false}, {0, UINT64_MAX / 2, 4, false}, {UINT64_MAX, 1, 1, false}, {1, UINT64_MAX, 1, false}};
  static const char bytes[10];
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_ptr_equal(file_slice(bytes, sizeof bytes, rows[i].offset, rows[i].n, rows[i].item_bytes), rows[i].ok ? bytes + rows[i].offset : NULL);
}

static void test_reading_survives_running_out_of_memory(void **state) {
  (void)state;
  char *back;
  int before = dup(0);
  close(before);
  testing_sweep_memory(read_status, &back);
  int after = dup(0);
  close(after);
  assert_int_equal(after, before);   /* no file stayed open */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_written_files_read_back_at_all_sizes, setup, teardown),
    cmocka_unit_test_setup_teardown(test_reading_stops_at_the_limit, setup, teardown),
    cmocka_unit_test_setup_teardown(test_leftovers_of_a_dead_process_do_not_matter, setup, teardown),
    cmocka_unit_test_setup_teardown(test_files_of_unknown_size_are_read_whole, setup, teardown),
    cmocka_unit_test_setup_teardown(test_all_of_a_pipe_is_read_and_written, setup, teardown),
    cmocka_unit_test_setup_teardown(test_io_errors_name_the_file_and_the_reason, setup, teardown),
    cmocka_unit_test_setup_teardown(test_writing_keeps_the_mode_of_the_file_it_replaces, setup, teardown),
    cmocka_unit_test_setup_teardown(test_directories_are_made_with_their_parents, setup, teardown),
    cmocka_unit_test_setup_teardown(test_paths_take_apart_and_join, setup, teardown),
    cmocka_unit_test_setup_teardown(test_slices_lie_inside, setup, teardown),
    cmocka_unit_test_setup_teardown(test_reading_survives_running_out_of_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
