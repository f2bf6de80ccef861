/* Oracles: which arrays a tensor takes, from a table of types; bytes that were written, read back. */
#include "base/file.h"
#include "base/testing.h"
#include "run/run.h"

/* NumPy has no bf16 and no float8: float32 is rounded to them, and bytes are float8's bits. */
static void test_arrays_that_a_tensor_takes(void **state) {
  loom_ctx *ctx = *state;
  int64_t two[] = {2};
  for (int a = 0; a < DTYPE_COUNT; a++)
    for (int t = 0; t < DTYPE_COUNT; t++) {
      uint8_t zero[16] = {0};
      npy_array array = {.type = (dtype)a, .rank = 1, .shape = {2}, .elems = 2, .data = zero};
      const run_binding b = {.name = "x", .file = "x.npy", .array = &array};
      void *bytes = NULL;
      const bool fits = a == t || (a == DTYPE_F32 && (t == DTYPE_BF16 || t == DTYPE_F8E4M3 || t == DTYPE_F8E5M2)) || (a == DTYPE_U8 && (t == DTYPE_F8E4M3 || t == DTYPE_F8E5M2));
      const diag_mark before = diag_save(ctx);
      assert_int_equal(run_read_tensor(ctx, &b, (dtype)t, 1, two, &bytes), fits ? LOOM_OK : LOOM_EINPUT);
      if (!fits)
        assert_non_null(strstr((*before.last)->text, dtype_torch((dtype)a)));
      if (fits)
        assert_int_equal(*(uint8_t *)bytes, 0);
      diag_drop(ctx, before);
    }
}

static void test_shapes_are_those_of_the_tensor(void **state) {
  loom_ctx *ctx = *state;
  static const struct { int rank; int64_t shape[2]; const char *says; } rows[] = {
      {2, {2, 3}, NULL}, {2, {3, 2}, "input 'x' is float32 [2, 3]; the kernel takes float32 [3, 2]"}, {1, {2, 0}, "the kernel takes float32 [2]"}, {0, {0}, "the kernel takes float32 []"}, {2, {2, 4}, "[2, 4]"}};
  float data[6] = {1, 2, 3, 4, 5, 6};
  npy_array array = {.type = DTYPE_F32, .rank = 2, .shape = {2, 3}, .elems = 6, .data = data};
  const run_binding b = {.name = "x", .file = "x.npy", .array = &array};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    void *bytes;
    const diag_mark before = diag_save(ctx);
    assert_int_equal(run_read_tensor(ctx, &b, DTYPE_F32, rows[i].rank, rows[i].shape, &bytes), rows[i].says ? LOOM_EINPUT : LOOM_OK);
    if (rows[i].says)
      assert_non_null(strstr((*before.last)->text, rows[i].says));
    else
      assert_ptr_equal(bytes, data);
    diag_drop(ctx, before);
  }
}

static void test_float32_is_rounded_to_bf16(void **state) {
  loom_ctx *ctx = *state;
  float data[2] = {1.00390625f, -3};      /* half way between 1 and 1.0078125: to even */
  npy_array array = {.type = DTYPE_F32, .rank = 1, .shape = {2}, .elems = 2, .data = data};
  const run_binding b = {.name = "x", .file = "x.npy", .array = &array};
  const int64_t two[] = {2};
  void *bytes;
  assert_int_equal(run_read_tensor(ctx, &b, DTYPE_BF16, 1, two, &bytes), LOOM_OK);
  assert_true(dtype_load(DTYPE_BF16, bytes) == 1 && dtype_load(DTYPE_BF16, (char *)bytes + 2) == -3);
}

static void test_what_is_written_reads_back(void **state) {
  loom_ctx *ctx = *state;
  const char *path = LOOM_TESTS_DIR "/run_tensor_test.npy";
  const int64_t shape[] = {1, 3};
  const int32_t data[] = {7, -8, 9};
  npy_array kept;
  void *bytes;
  const run_binding file = {.name = "x", .file = path}, memory = {.name = "x", .file = path, .kept = &kept}, nowhere = {.name = "x", .file = LOOM_TESTS_DIR "/no/such/folder.npy"};
  assert_int_equal(file_make_dirs(ctx, LOOM_TESTS_DIR), LOOM_OK);
  assert_int_equal(run_write_tensor(ctx, &file, DTYPE_I32, 2, shape, data), LOOM_OK);
  assert_int_equal(run_read_tensor(ctx, &file, DTYPE_I32, 2, shape, &bytes), LOOM_OK);
  assert_memory_equal(bytes, data, sizeof data);
  assert_int_equal(run_write_tensor(ctx, &memory, DTYPE_I32, 2, shape, data), LOOM_OK);
  assert_true(kept.data == data && kept.elems == 3 && kept.shape[1] == 3);
  assert_int_equal(run_read_tensor(ctx, &nowhere, DTYPE_I32, 2, shape, &bytes), LOOM_EIO);
}

static loom_status round_trip(loom_ctx *ctx, void *data) {
  float values[3] = {1, 2, 3};
  npy_array kept, array = {.type = DTYPE_F32, .rank = 1, .shape = {3}, .elems = 3, .data = values};
  const run_binding in = {.name = "x", .file = "x", .array = &array}, out = {.name = "y", .file = "y", .kept = &kept};
  const int64_t three[] = {3};
  void *bytes;
  (void)data;
  LOOM_TRY(run_read_tensor(ctx, &in, DTYPE_F8E5M2, 1, three, &bytes));
  return run_write_tensor(ctx, &out, DTYPE_F8E5M2, 1, three, bytes);
}
static void test_tensors_survive_running_out_of_memory(void **state) {
  (void)state;
  testing_sweep_memory(round_trip, NULL);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_arrays_that_a_tensor_takes), T(test_shapes_are_those_of_the_tensor), T(test_float32_is_rounded_to_bf16), T(test_what_is_written_reads_back),
                                     T(test_tensors_survive_running_out_of_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
