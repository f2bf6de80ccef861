/* Oracles: which calls are a product, from a table of calls that differ in one thing from one that is; offsets of the matrices of a batch, counted out. */
#include "base/testing.h"
#include "run/provider_product.h"

typedef struct tensor { int32_t rank; int64_t sizes[4], strides[4], offset; int at; } tensor;      /* at: byte of the memory; -1: none yet */

static void test_calls_that_are_products(void **state) {
  (void)state;
  static float memory[512];
  static const struct { tensor t[3]; uint32_t n; const char *says; int64_t m, n_, k, batches; } rows[] = {
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 3, NULL, 2, 4, 3, 1},
      {{{4, {5, 2, 2, 3}, {12, 6, 3, 1}, 0, 0}, {4, {5, 2, 3, 4}, {24, 12, 4, 1}, 0, 240}, {4, {5, 2, 2, 4}, {16, 8, 4, 1}, 0, 720}}, 3, NULL, 2, 4, 3, 10},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 2, "three tensors", 0, 0, 0, 0},
      {{{1, {3}, {1}, 0, 0}, {1, {3}, {1}, 0, 64}, {1, {3}, {1}, 0, 160}}, 3, "or are no matrices", 0, 0, 0, 0},
      {{{9, {0}, {0}, 0, 0}, {9, {0}, {0}, 0, 64}, {9, {0}, {0}, 0, 160}}, 3, "different ranks", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {3, {1, 3, 4}, {4, 4, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 3, "different ranks", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 64}, {3, {1, 2, 4}, {4, 4, 1}, 0, 160}}, 3, "different ranks", 0, 0, 0, 0},
      {{{3, {6, 2, 3}, {6, 3, 1}, 0, 0}, {3, {5, 3, 4}, {12, 4, 1}, 0, 240}, {3, {5, 2, 4}, {8, 4, 1}, 0, 720}}, 3, "the batch sizes differ", 0, 0, 0, 0},
      {{{3, {5, 2, 3}, {6, 3, 1}, 0, 0}, {3, {6, 3, 4}, {12, 4, 1}, 0, 240}, {3, {5, 2, 4}, {8, 4, 1}, 0, 720}}, 3, "the batch sizes differ", 0, 0, 0, 0},
      {{{2, {3, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 3, "do not fit each other", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {4, 4}, {4, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 3, "do not fit each other", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 5}, {5, 1}, 0, 64}, {2, {2, 4}, {4, 1}, 0, 160}}, 3, "do not fit each other", 0, 0, 0, 0},
      /* overlap: C's first byte behind A's last, then one element earlier; the same of B; strides below zero; an offset; no memory yet; no elements */
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 640}, {2, {2, 4}, {4, 1}, 0, 24}}, 3, NULL, 2, 4, 3, 1},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 640}, {2, {2, 4}, {4, 1}, 0, 20}}, 3, "the result overlaps an input", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 640}, {2, {3, 4}, {4, 1}, 0, 32}, {2, {2, 4}, {4, 1}, 0, 0}}, 3, NULL, 2, 4, 3, 1},
      {{{2, {2, 3}, {3, 1}, 0, 640}, {2, {3, 4}, {4, 1}, 0, 28}, {2, {2, 4}, {4, 1}, 0, 0}}, 3, "the result overlaps an input", 0, 0, 0, 0},
      {{{2, {2, 3}, {-3, 1}, 3, 640}, {2, {3, 4}, {4, 1}, 0, 32}, {2, {2, 4}, {4, 1}, 0, 0}}, 3, NULL, 2, 4, 3, 1},
      {{{2, {2, 3}, {-3, 1}, 0, 640}, {2, {3, 4}, {4, 1}, 0, 32}, {2, {2, 4}, {4, 1}, 0, 600}}, 3, "the result overlaps an input", 0, 0, 0, 0},
      {{{2, {2, 3}, {3, 1}, 0, 0}, {2, {3, 4}, {4, 1}, 0, 640}, {2, {2, 4}, {4, 1}, 6, 0}}, 3, NULL, 2, 4, 3, 1},
      {{{2, {2, 3}, {3, 1}, 0, -1}, {2, {3, 4}, {4, 1}, 0, -1}, {2, {2, 4}, {4, 1}, 0, -1}}, 3, NULL, 2, 4, 3, 1},
      {{{2, {2, 0}, {3, 1}, 0, 0}, {2, {0, 4}, {4, 1}, 0, 0}, {2, {2, 4}, {4, 1}, 0, 0}}, 3, NULL, 2, 4, 0, 1},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_kernel_tensor_v1 t[3];
    const loom_kernel_tensor_v1 *all[3];
    for (int k = 0; k < 3; k++) {
      const tensor *x = &rows[i].t[k];
      t[k] = (loom_kernel_tensor_v1){.aligned = x->at < 0 ? NULL : (char *)memory + x->at, .offset = x->offset, .rank = x->rank, .dtype = {.bits = 32, .lanes = 1}, .sizes = x->sizes, .strides = x->strides};
      all[k] = &t[k];
    }
    const loom_kernel_call_v1 call = {.n_tensors = rows[i].n, .tensors = all};
    provider_product p;
    char why[PROVIDER_WHY_BYTES] = "";
    const bool is = provider_read_product(&call, &p, why);
    if (is != !rows[i].says || (rows[i].says && !strstr(why, rows[i].says)))
      fail_msg("row %zu: %s", i, is ? "a product" : why);
    assert_true(provider_read_product(&call, &p, NULL) == is);
    if (is)
      assert_true(p.m == rows[i].m && p.n == rows[i].n_ && p.k == rows[i].k && p.batches == rows[i].batches);
  }
}

static void test_matrices_of_a_batch_lie_in_order(void **state) {
  (void)state;
  const int64_t sizes[] = {3, 2, 4, 5}, strides[] = {100, 1000, 5, 1};
  const loom_kernel_tensor_v1 t = {.offset = 7, .rank = 4, .sizes = sizes, .strides = strides};
  const provider_product p = {.n_batch = 2, .batch = {3, 2}, .batches = 6};
  for (int64_t i = 0; i < 6; i++)
    assert_int_equal(provider_matrix_offset(&t, &p, i), 7 + i / 2 * 100 + i % 2 * 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls_that_are_products), cmocka_unit_test(test_matrices_of_a_batch_lie_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
