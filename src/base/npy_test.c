#include "base/file.h"
#include "base/npy.h"
#include "base/testing.h"
#include "base/text.h"
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/loom_npy_test_XXXXXX";
static loom_ctx ctx;

static int make_file(void **state) {
  (void)state;
  int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}
static int remove_file(void **state) {
  (void)state;
  return unlink(path);
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

/* Writes a file of format `version` with this header text and these elements. */
static void put(int version, const char *header, const void *elements, size_t size) {
  text t = text_new(&ctx.mem);
  size_t n = strlen(header);
  text_add_bytes(&t, "\x93NUMPY", 6);
  text_add_bytes(&t, (const char[]){(char)version, 0}, 2);
  text_add_bytes(&t, (const char[]){(char)n, (char)(n >> 8), 0, 0}, version == 1 ? 2 : 4);
  text_add(&t, header);
  text_add_bytes(&t, elements, size);
  assert_int_equal(file_write(&ctx, path, t.data, t.size), LOOM_OK);
}

static void test_arrays_of_every_type_and_rank_round_trip(void **state) {
  (void)state;
  for (int t = 0; t < DTYPE_COUNT; t++)
    for (int rank = 0; rank <= NPY_RANK_MAX; rank++) {
      npy_array a = {.type = (dtype)t, .rank = rank, .elems = 1}, b;
      for (int d = 0; d < rank; d++)
        a.elems *= a.shape[d] = d % 3 + 1;
      size_t bytes = (size_t)a.elems * dtype_bytes(a.type);
      a.data = arena_alloc(&ctx.mem, bytes);
      for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)a.data)[i] = (unsigned char)(t == DTYPE_BOOL ? i & 1 : i * 5);
      assert_int_equal(npy_write(&ctx, path, &a), LOOM_OK);
      assert_int_equal(npy_read(&ctx, path, &b), LOOM_OK);
      assert_true(b.type == (dtype_is_f8(a.type) ? DTYPE_U8 : a.type) && b.rank == rank && b.elems == a.elems && memcmp(a.shape, b.shape, sizeof a.shape) == 0);
      assert_memory_equal(a.data, b.data, bytes);
      assert_int_equal((uintptr_t)b.data % 16, 0);
    }
}

/* Oracle: the definition of format 1.0 spelled out for [[1, 2, 3], [4, 5, 6]] as f16: dictionary padded to 128 bytes, then the halves. */
static void test_written_bytes_are_those_of_the_format(void **state) {
  (void)state;
  uint16_t halves[6];
  for (int i = 0; i < 6; i++)
    halves[i] = dtype_f64_to_f16(i + 1);
  const npy_array a = {DTYPE_F16, 2, {2, 3}, 6, halves};
  assert_int_equal(npy_write(&ctx, path, &a), LOOM_OK);
  char *got, want[128 + 12];
  size_t size;
  memset(want, ' ', 127);
  want[127] = '\n';
  memcpy(want, "\x93NUMPY\x01\x00\x76\x00", 10);
  const char *dictionary = "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }";
  memcpy(want + 10, dictionary, strlen(dictionary));
  memcpy(want + 128, "\x00\x3c\x00\x40\x00\x42\x00\x44\x00\x45\x00\x46", 12);
  assert_int_equal(file_read(&ctx, path, 1000, &got, &size), LOOM_OK);
  assert_int_equal(size, sizeof want);
  assert_memory_equal(got, want, sizeof want);
}

static void test_headers_of_all_formats_are_read(void **state) {
  (void)state;
  const struct { int version; const char *header; dtype type; int rank; int64_t shape[3]; } cases[] = {
    {1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }        \n", DTYPE_I16, 2, {2, 3}},
    {2, "{\"shape\": (6,), \"descr\": \"<f2\", \"fortran_order\": False}\n", DTYPE_F16, 1, {6}},
    {3, "{'shape':(1,6L),'fortran_order':True,'descr':'<V2'}", DTYPE_BF16, 2, {1, 6}},
    {1, "{'descr': '|V2', 'fortran_order': False, 'shape': (3, 2, 1)}", DTYPE_BF16, 3, {3, 2, 1}},
    {1, "{'descr': '=i4', 'fortran_order': False, 'shape': (3)}", DTYPE_I32, 1, {3}},
    {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (12,)}", DTYPE_U8, 1, {12}},
    {1, "{'descr': '<i1', 'fortran_order': False, 'shape': (12,)}", DTYPE_I8, 1, {12}},
  };
  const unsigned char elements[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    npy_array a;
    put(cases[i].version, cases[i].header, elements, sizeof elements);
    assert_int_equal(npy_read(&ctx, path, &a), LOOM_OK);
    assert_true(a.type == cases[i].type && a.rank == cases[i].rank && memcmp(a.shape, cases[i].shape, sizeof cases[i].shape) == 0);
    assert_memory_equal(a.data, elements, sizeof elements);   /* also copied to aligned memory where the header left it odd */
    assert_int_equal((uintptr_t)a.data % 16, 0);
  }
}

/* Oracle: element (i, j, k) was given the value 100i + 10j + k and stored first index fastest. */
static void test_fortran_order_is_turned_into_c_order(void **state) {
  (void)state;
  int16_t stored[24];
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 4; k++)
        stored[i + 2 * (j + 3 * k)] = (int16_t)(100 * i + 10 * j + k);
  npy_array a;
  put(1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 4), }", stored, sizeof stored);
  assert_int_equal(npy_read(&ctx, path, &a), LOOM_OK);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 4; k++)
        assert_int_equal(((int16_t *)a.data)[(i * 3 + j) * 4 + k], 100 * i + 10 * j + k);
}

static void test_empty_arrays_and_odd_booleans(void **state) {
  (void)state;
  npy_array a;
  put(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 0, 9), }", "", 0);
  assert_int_equal(npy_read(&ctx, path, &a), LOOM_OK);
  assert_int_equal(a.elems, 0);
  put(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", "\x00\x01\x07", 3);
  assert_int_equal(npy_read(&ctx, path, &a), LOOM_OK);
  assert_memory_equal(a.data, "\x00\x01\x01", 3);
}

static void test_wrong_files_are_refused(void **state) {
  (void)state;
#define GOOD_END "'fortran_order': False, 'shape': (2,)}"
  const struct { int version; const char *header; size_t size; loom_status status; const char *message, *help; } cases[] = {
    {1, "{'descr': '>f2', " GOOD_END, 4, LOOM_EUNSUP, "big-endian ('>f2')", "astype('<f2')"}, {1, "{'descr': '|O', " GOOD_END, 4, LOOM_EUNSUP, "Python objects", "numbers"},
    {1, "{'descr': '<c8', " GOOD_END, 4, LOOM_EUNSUP, "type '<c8' are not supported", "bf16"}, {1, "{'descr': '<f2x', " GOOD_END, 4, LOOM_EUNSUP, "not supported", NULL},
    {1, "{'descr': '', " GOOD_END, 4, LOOM_EUNSUP, "type ''", NULL}, {1, "{'descr': [('a', '<f2')], " GOOD_END, 4, LOOM_EUNSUP, "records", "each field"},
    {4, "{'descr': '<f2', " GOOD_END, 4, LOOM_EUNSUP, ".npy format 4.0", NULL}, {1, "{'descr': '<f2', " GOOD_END, 3, LOOM_EINPUT, "has 3 bytes of elements; its shape needs 4", NULL},
    {1, "{'descr': '<f2', " GOOD_END, 5, LOOM_EINPUT, "has 5 bytes", NULL}, {1, "__import__('os')", 4, LOOM_EINPUT, "expected a dictionary; found '__import__('", NULL},
    {1, "{'descr': f2, " GOOD_END, 4, LOOM_EINPUT, "expected a quoted string; found 'f2", NULL}, {1, "{'descr': '<f2, ", 4, LOOM_EINPUT, "a quoted string that ends", NULL},
    {1, "{'descr' '<f2', " GOOD_END, 4, LOOM_EINPUT, "expected ':'", NULL}, {1, "{'descr': '<f2', 'descr': '<f2', " GOOD_END, 4, LOOM_EINPUT, "'descr' is unknown or occurs twice", NULL},
    {1, "{'descr': '<f2', 'fortran_order': 1, 'shape': (2,)}", 4, LOOM_EINPUT, "expected True or False", NULL}, {1, "{'descr': '<f2' " GOOD_END, 4, LOOM_EINPUT, "expected ',' or '}'", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': 2}", 4, LOOM_EINPUT, "a shape in parentheses", NULL}, {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (-2,)}", 4, LOOM_EINPUT, "expected an extent", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2 2)}", 4, LOOM_EINPUT, "',' or ')'", NULL}, {1, "{'descr': '<f2', 'fortran_order': False}", 4, LOOM_EINPUT, "'shape' is missing", NULL},
    {1, "{'fortran_order': False, 'shape': (2,)}", 4, LOOM_EINPUT, "'descr' is missing", NULL}, {1, "{'descr': '<f2', 'shape': (2,)}", 4, LOOM_EINPUT, "'fortran_order' is missing", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'fortran_order': False, 'shape': (2,)}", 4, LOOM_EINPUT, "'fortran_order' is unknown or occurs twice", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", 4, LOOM_EINPUT, "'shape' is unknown or occurs twice", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2", 4, LOOM_EINPUT, "',' or ')'", NULL}, {0, "{'descr': '<f2', " GOOD_END, 4, LOOM_EUNSUP, ".npy format 0.0", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (9223372036854775808,)}", 4, LOOM_ELIMIT, "does not fit 64 bits", NULL}, {1, "{'descr':", 4, LOOM_EINPUT, "a quoted string", NULL},
    {1, "{'descr': '<f2', 'extra': 1, " GOOD_END, 4, LOOM_EINPUT, "'extra' is unknown", NULL}, {1, "{'descr': '<f2', " GOOD_END " x", 4, LOOM_EINPUT, "the end of the header", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}", 4, LOOM_ELIMIT, "more than 8 dimensions", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, LOOM_ELIMIT, "does not fit 64 bits", NULL},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 4, LOOM_ELIMIT, "more than 2^63 bytes", NULL},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}", 4, LOOM_ELIMIT, "more than 2^63 bytes", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    npy_array a;
    put(cases[i].version, cases[i].header, "\1\2\3\4\5", cases[i].size);
    assert_int_equal(npy_read(&ctx, path, &a), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].message, 0, 0);
    if (cases[i].help)
      assert_non_null(strstr(ctx.diag.first->help, cases[i].help));
    loom_ctx_done(&ctx);
  }
  const struct { const char *bytes; size_t size; loom_status status; const char *message; } raw[] = {
    {"PK\3\4", 4, LOOM_EINPUT, "not a .npy file"}, {"", 0, LOOM_EINPUT, "not a .npy file"}, {"\x93NUMPX\1\0\0\0", 10, LOOM_EINPUT, "not a .npy file"},
    {"\x93NUMPY\1\0\xff\0{}", 12, LOOM_EINPUT, "ends inside its header"}, {"\x93NUMPY\2\0\1\0", 10, LOOM_EINPUT, "ends inside its header"},
  };
  for (size_t i = 0; i < COUNT_OF(raw); i++) {
    npy_array a;
    assert_int_equal(file_write(&ctx, path, raw[i].bytes, raw[i].size), LOOM_OK);
    assert_int_equal(npy_read(&ctx, path, &a), raw[i].status);
    testing_expect_error(&ctx, raw[i].status, raw[i].message, 0, 0);
    loom_ctx_done(&ctx);
  }
  char *long_header = arena_alloc(&ctx.mem, 65538);   /* 65537 bytes: 1 | 1 << 16, one above the limit */
  memset(long_header, ' ', 65537);
  text t = text_new(&ctx.mem);
  text_add_bytes(&t, "\x93NUMPY\2\0\1\0\1\0", 12);
  text_add_bytes(&t, long_header, 65537);
  npy_array a;
  assert_int_equal(file_write(&ctx, path, t.data, t.size), LOOM_OK);
  assert_int_equal(npy_read(&ctx, path, &a), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "header has 65537 bytes", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(npy_read(&ctx, "/nonexistent.npy", &a), LOOM_EIO);
}

static loom_status write_and_read(loom_ctx *c, void *data) {
  npy_array a = {DTYPE_U8, 2, {100, 1000}, 100000, data}, b;
  LOOM_TRY(npy_write(c, path, &a));
  LOOM_TRY(npy_read(c, path, &b));
  return memcmp(a.data, b.data, 100000) == 0 ? LOOM_OK : LOOM_EBUG;
}

static void test_arrays_survive_running_out_of_memory(void **state) {
  (void)state;
  static unsigned char elements[100000];
  for (size_t i = 0; i < sizeof elements; i++)
    elements[i] = (unsigned char)(i * 3);
  testing_sweep_memory(write_and_read, elements);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_arrays_of_every_type_and_rank_round_trip, setup, teardown),
    cmocka_unit_test_setup_teardown(test_written_bytes_are_those_of_the_format, setup, teardown),
    cmocka_unit_test_setup_teardown(test_headers_of_all_formats_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(test_fortran_order_is_turned_into_c_order, setup, teardown),
    cmocka_unit_test_setup_teardown(test_empty_arrays_and_odd_booleans, setup, teardown),
    cmocka_unit_test_setup_teardown(test_wrong_files_are_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(test_arrays_survive_running_out_of_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
