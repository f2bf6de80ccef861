/* Oracle: the GNU build id as 40 or more hex digits, and of a library without one its size and time, which the file system knows too. */
#include "base/file.h"
#include "base/testing.h"
#include "run/run_build.h"
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_every_object_of_the_process_is_in_the_id(void **state) {
  loom_ctx *ctx = *state;
  char self[4096], path[] = "/tmp/loom-build-XXXXXX", *bytes;
  size_t size;
  struct stat st;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  const char *mute = file_join(&ctx->mem, file_dirname(&ctx->mem, file_dirname(&ctx->mem, self)), "test-providers/mute.so");
  assert_int_equal(file_read(ctx, mute, 1 << 24, &bytes, &size), LOOM_OK);
  const int fd = mkstemp(path);
  assert_int_equal(write(fd, bytes, size), (ssize_t)size);
  close(fd);
  const char *before = run_build_id(&ctx->mem);
  assert_true(strspn(before, "0123456789abcdef") >= 16 || strchr(before, '@'));
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  assert_non_null(library);
  assert_int_equal(stat(path, &st), 0);
  const char *own = arena_printf(&ctx->mem, " %" PRId64 "@%" PRId64 ".%09ld", (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec), *with = run_build_id(&ctx->mem);
  assert_non_null(strstr(with, own));
  assert_null(strstr(before, own));
  assert_int_equal(strlen(with), strlen(before) + strlen(own));
  assert_string_equal(run_build_id(&ctx->mem), with);
  unlink(path);      /* a file that is gone says nothing */
  assert_int_equal(strlen(run_build_id(&ctx->mem)), strlen(before) + 1);
  dlclose(library);
}

/* Oracle: the id of this process begins with its own. */
static void test_the_id_in_a_file_is_that_of_its_process(void **state) {
  loom_ctx *ctx = *state;
  static const char *const none[] = {"/no/such/file", "/etc/passwd", "/dev/null"};
  const char *own = run_build_id_of(&ctx->mem, "/proc/self/exe"), *all = run_build_id(&ctx->mem);
  const size_t first = strcspn(all, " ");
  if (memchr(all, '@', first))      /* its linker wrote none */
    assert_string_equal(own, "");
  else
    assert_true(strlen(own) == first && strncmp(own, all, first) == 0);
  for (size_t i = 0; i < COUNT_OF(none); i++)
    assert_string_equal(run_build_id_of(&ctx->mem, none[i]), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_every_object_of_the_process_is_in_the_id, testing_open_context, testing_close_context),
                                     cmocka_unit_test_setup_teardown(test_the_id_in_a_file_is_that_of_its_process, testing_open_context, testing_close_context)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
