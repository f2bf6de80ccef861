/* .npz archives: what is written is read, and what is no archive, damaged or too large is refused.  The oracle are the arrays that went in, and offsets of the zip format (APPNOTE 4.3). */
#include "base/testing.h"
#include "base/file.h"
#include "base/sanitize.h"
#include "npz/npz.h"
#if LOOM_ASAN
#include <sanitizer/lsan_interface.h>
#endif
#include <unistd.h>
#include <zip.h>

static float first[] = {1, 2.5f, -3};
static int32_t second[] = {7};
static const npz_array arrays[] = {{"x", {.type = DTYPE_F32, .rank = 1, .shape = {3}, .elems = 3, .data = first}}, {"größe", {.type = DTYPE_I32, .rank = 0, .elems = 1, .data = second}}};

/* Bytes of an archive with these members; `stored`: as they are, else deflated. */
typedef struct member { const char *name; const void *bytes; size_t size; } member;
static char *make(arena *m, const member *members, size_t n, bool stored, size_t *size) {
  zip_error_t e;
  zip_stat_t st;
  zip_source_t *buffer = zip_source_buffer_create(NULL, 0, 0, &e);
  zip_t *z = zip_open_from_source(buffer, ZIP_TRUNCATE, &e);
  zip_source_keep(buffer);
  for (size_t i = 0; i < n; i++) {
    const zip_int64_t at = zip_file_add(z, members[i].name, zip_source_buffer(z, members[i].bytes, members[i].size, 0), 0);
    assert_true(at >= 0);
    assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 0), 0);
  }
  assert_int_equal(zip_close(z), 0);
  assert_int_equal(zip_source_stat(buffer, &st), 0);
  assert_int_equal(zip_source_open(buffer), 0);
  char *bytes = arena_alloc(m, (size_t)st.size + 1);
  assert_int_equal(zip_source_read(buffer, bytes, st.size), st.size);
  zip_source_close(buffer);
  zip_source_free(buffer);
  *size = (size_t)st.size;
  return bytes;
}

static char *sample(arena *m, bool stored, size_t *size) {
  size_t npy;
  const char *bytes = npy_to_bytes(m, &arrays[0].array, &npy);
  return make(m, (member[]){{"x.npy", bytes, npy}, {"notes.txt", "no array", 8}}, 2, stored, size);
}

static void test_what_is_written_is_read(void **state) {
  loom_ctx *ctx = *state;
  char path[] = "npz_test_XXXXXX.npz";
  npz_array *got;
  size_t n;
  const int fd = mkstemps(path, 4);
  assert_true(fd >= 0);
  close(fd);
  for (size_t count = 0; count <= COUNT_OF(arrays); count++) {
    assert_int_equal(npz_write(ctx, path, arrays, count), LOOM_OK);
    assert_int_equal(npz_read(ctx, path, &got, &n), LOOM_OK);
    assert_int_equal(n, count);
    for (size_t i = 0; i < n; i++) {
      assert_string_equal(got[i].name, arrays[i].name);
      assert_int_equal(got[i].array.elems, arrays[i].array.elems);
      assert_memory_equal(got[i].array.data, arrays[i].array.data, (size_t)got[i].array.elems * 4);
    }
  }
  unlink(path);
  assert_int_equal(npz_read(ctx, path, &got, &n), LOOM_EIO);
  assert_int_equal(npz_write(ctx, "npz_test_no_such_directory/a.npz", arrays, 1), LOOM_EIO);
}

static void test_members_that_are_no_arrays_are_passed_over(void **state) {
  loom_ctx *ctx = *state;
  for (int stored = 0; stored < 2; stored++) {
    size_t size, n;
    npz_array *got;
    const char *bytes = sample(&ctx->mem, stored, &size);
    assert_int_equal(npz_read_bytes(ctx, "a.npz", bytes, size, &got, &n), LOOM_OK);
    assert_int_equal(n, 1);
    assert_string_equal(got[0].name, "x");
    assert_memory_equal(got[0].array.data, first, sizeof first);
  }
}

/* Each byte of the archive changed, and each beginning of it: refused, or read as what it holds; never more, and never beyond its end (under a sanitizer). */
static void test_damaged_archives(void **state) {
  loom_ctx *all = *state;
  int refused = 0;
  size_t size;
  const char *bytes = sample(&all->mem, true, &size);
  for (size_t i = 0; i < 2 * size; i++) {
    loom_ctx ctx;
    npz_array *got;
    size_t n, left = i < size ? size : i - size;
    loom_ctx_init(&ctx);
    char *copy = arena_alloc(&ctx.mem, left + 1);
    memcpy(copy, bytes, left);
    if (i < size)
      copy[i] = (char)(copy[i] ^ 0x41);
    const loom_status st = npz_read_bytes(&ctx, "a.npz", copy, left, &got, &n);
    if (st != LOOM_OK && !(st == LOOM_EINPUT && ctx.diag.first) && st != LOOM_EUNSUP && st != LOOM_ELIMIT)
      fail_msg("byte %zu: status %d", i, (int)st);
    if (st == LOOM_OK && n == 1 && got[0].array.elems == 3)      /* the checksum holds what is in it */
      assert_memory_equal(got[0].array.data, first, sizeof first);
    refused += st != LOOM_OK;
    loom_ctx_done(&ctx);
  }
  assert_true(refused > (int)size);
}

static void put32(char *at, uint32_t v) {
  for (int i = 0; i < 4; i++)
    at[i] = (char)(v >> (8 * i));
}

static void test_what_is_too_large_is_refused(void **state) {
  loom_ctx *ctx = *state;
  enum { MEMBERS = 4097, CENTRAL_SIZE = 24, LOCAL_SIZE = 22 };
  size_t size, n;
  npz_array *got;
  member *many = ARENA_NEW_N(&ctx->mem, member, MEMBERS);
  for (int i = 0; i < MEMBERS; i++)
    many[i] = (member){arena_printf(&ctx->mem, "%d", i), "", 0};
  const char *bytes = make(&ctx->mem, many, MEMBERS, true, &size);
  assert_int_equal(npz_read_bytes(ctx, "a.npz", bytes, size, &got, &n), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "more than 4096 members", 0, 0);
  bytes = make(&ctx->mem, many, MEMBERS - 1, true, &size);
  assert_int_equal(npz_read_bytes(ctx, "a.npz", bytes, size, &got, &n), LOOM_OK);
  assert_int_equal(n, 0);

  /* a deflated member that says it had almost 4 GiB: its bytes end before */
  char *claims = sample(&ctx->mem, false, &size), *central = memmem(claims, size, "PK\1\2", 4);
  put32(claims + LOCAL_SIZE, 0x10000000);
  put32(central + CENTRAL_SIZE, 0x10000000);
  assert_int_equal(npz_read_bytes(ctx, "a.npz", claims, size, &got, &n), LOOM_EINPUT);
}

static loom_status round_trip(loom_ctx *ctx, void *data) {
  npz_array *got;
  size_t n;
  LOOM_TRY(npz_write(ctx, data, arrays, COUNT_OF(arrays)));
  return npz_read(ctx, data, &got, &n);
}

/* Handles of libzip that are open when memory runs out stay so: the process that reads archives, loom-worker, ends then. */
static void expect_leaks(bool begin) {
#if LOOM_ASAN
  (begin ? __lsan_disable : __lsan_enable)();
#else
  (void)begin;
#endif
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  char path[] = "npz_sweep_XXXXXX.npz";
  const int fd = mkstemps(path, 4);
  assert_true(fd >= 0);
  close(fd);
  expect_leaks(true);
  testing_sweep_memory(round_trip, path);
  expect_leaks(false);
  unlink(path);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      T(test_what_is_written_is_read), T(test_members_that_are_no_arrays_are_passed_over), T(test_damaged_archives), T(test_what_is_too_large_is_refused), cmocka_unit_test(test_memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
