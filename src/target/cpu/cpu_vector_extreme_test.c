/* Oracle: what the largest and the least number of a row are by definition, a NaN wherever it stands and infinities among them. */
#include "target/cpu/cpu_testing.h"
#include "target/cpu/cpu_private.h"
#include <math.h>

enum { COLS = 150 };

static codegen_image *compile_extremes(const char *cpu) {
  static const char *const ops[] = {"maximumf", "minimumf"};
  text all = text_new(&ctx.mem);
  for (int k = 0; k < 2; k++)
    text_addf(&all,
              "func.func @%s(%%a: memref<2x150xf32>, %%r: memref<2xf32>, %%n: index) attributes {loom.tile_function} {\n"
              "  %%as = memref.subview %%a[0, 0] [2, %%n] [1, 1] : memref<2x150xf32> to memref<2x?xf32, strided<[150, 1]>>\n"
              "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]}"
              " ins(%%as : memref<2x?xf32, strided<[150, 1]>>) outs(%%r : memref<2xf32>) {\n"
              "  ^bb0(%%x: f32, %%y: f32):\n    %%s = arith.%s %%x, %%y : f32\n    linalg.yield %%s : f32\n  }\n  return\n}\n",
              ops[k], ops[k]);
  return compile_for(text_str(&all), cpu, NULL);
}

/* `special` at column `at` of the first row; the second row has none. */
static void check(codegen_image *image, int64_t n, int64_t at, float special) {
  static float a[2 * COLS];
  float most[2] = {-INFINITY, -INFINITY}, least[2] = {INFINITY, INFINITY}, got_most[2], got_least[2];
  for (int i = 0; i < 2 * COLS; i++)
    a[i] = (float)(next_random() % 2000) - 1000;
  a[at] = special;
  memcpy(got_most, most, sizeof most);
  memcpy(got_least, least, sizeof least);
  for (int r = 0; r < 2; r++)
    for (int64_t j = 0; j < n; j++)
      most[r] = a[r * COLS + j] > most[r] ? a[r * COLS + j] : most[r], least[r] = a[r * COLS + j] < least[r] ? a[r * COLS + j] : least[r];
  tile(image, "maximumf")((void *[]){a, got_most}, (const int64_t[]){n});
  tile(image, "minimumf")((void *[]){a, got_least}, (const int64_t[]){n});
  for (int r = 0; r < 2; r++) {
    bool is_nan = r == 0 && isnan(special);
    if (is_nan ? !isnan(got_most[0]) || !isnan(got_least[0]) : got_most[r] != most[r] || got_least[r] != least[r])
      fail_msg("%g at %d of %d, row %d: %g and %g", (double)special, (int)at, (int)n, r, (double)got_most[r], (double)got_least[r]);
  }
}

static void test_a_nan_wins_wherever_it_stands(void **state) {
  (void)state;
  static const int64_t sizes[] = {1, 3, 16, 17, 31, 64, 65, 128, 150};
  for (int c = 0; c < N_CPUS; c++) {
    if (!can_run(cpus[c]))
      continue;
    codegen_image *image = compile_extremes(cpus[c]);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
      for (int64_t at = 0; at < sizes[s]; at++) {
        check(image, sizes[s], at, NAN);
        check(image, sizes[s], at, -NAN);
        check(image, sizes[s], at, INFINITY);
        check(image, sizes[s], at, -INFINITY);
      }
    codegen_unlink(image);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {CPU_TEST(test_a_nan_wins_wherever_it_stands)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
