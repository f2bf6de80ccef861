/* Oracles: parts are all of a range, once each; a hand-written stage 0 and what each rank must have of it. */
#include "base/testing.h"
#include "dialect/dialect.h"
#include "shard/shard.h"

static void test_parts_are_all_of_a_range_once(void **state) {
  (void)state;
  for (int64_t extent = 1; extent < 40; extent++)
    for (int ranks = 1; ranks <= extent && ranks < 9; ranks++) {
      int64_t next = 0, start, count, first;
      shard_part(extent, 0, ranks, &start, &first);
      for (int r = 0; r < ranks; r++) {
        shard_part(extent, r, ranks, &start, &count);
        assert_int_equal(start, next);
        assert_in_range(count, first - 1, first);
        assert_true(count > 0);
        next = start + count;
      }
      assert_int_equal(next, extent);
    }
}

/* out[m] = sum over k of x[m, k], 6 rows of 10 */
static const char sums[] =
    "func.func @sums(%x: memref<6x10xf32>, %out: memref<6xf32>) {\n"
    "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c6 = arith.constant 6 : index\n  %c10 = arith.constant 10 : index\n  %z = arith.constant 0.0 : f32\n"
    "  %m = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_m, upper_bound = 6 : index} : () -> index\n"
    "  %k = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_k, upper_bound = 10 : index} : () -> index\n"
    "  %tm = arith.ceildivui %c6, %m : index\n"
    "  affine.parallel (%i) = (0) to (symbol(%tm)) {\n"
    "    %e = tensor.empty(%m) : tensor<?xf32>\n    %f = linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"
    "    %tk = arith.ceildivui %c10, %k : index\n    %om = arith.muli %i, %m : index\n"
    "    %r = scf.for %j = %c0 to %tk step %c1 iter_args(%a = %f) -> (tensor<?xf32>) {\n"
    "      %ok = arith.muli %j, %k : index\n"
    "      %v = memref.subview %x[%om, %ok] [%m, %k] [1, 1] : memref<6x10xf32> to memref<?x?xf32, strided<[10, 1], offset: ?>>\n"
    "      %t = bufferization.to_tensor %v : memref<?x?xf32, strided<[10, 1], offset: ?>> to tensor<?x?xf32>\n"
    "      %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%t : tensor<?x?xf32>) outs(%a : tensor<?xf32>) {\n"
    "      ^bb0(%p: f32, %q: f32):\n        %w = arith.addf %p, %q : f32\n        linalg.yield %w : f32\n      } -> tensor<?xf32>\n"
    "      scf.yield %s : tensor<?xf32>\n    }\n"
    "    %o = memref.subview %out[%om] [%m] [1] : memref<6xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
    "    %b = bufferization.to_buffer %r : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
    "    memref.copy %b, %o : memref<?xf32, strided<[1], offset: ?>> to memref<?xf32, strided<[1], offset: ?>>\n  }\n  return\n}\n";

static void make(const char *name, int rank, int ranks, loom_status want, void (*look)(const shard_function *)) {
  loom_ctx ctx;
  ir_ctx ir;
  MlirModule m;
  shard_function f;
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  assert_int_equal(ir_parse_own(&ir, "sums", sums, sizeof sums - 1, &m), LOOM_OK);
  assert_int_equal(shard_make(&ir, m, name, rank, ranks, &f), want);
  if (look)
    look(&f);
  ir_close_module(f.module);
  ir_close_module(m);
  ir_close(&ir);
  loom_ctx_done(&ctx);
}

static void look_rows(const shard_function *f) {
  assert_int_equal(f->loads.n, 1);
  assert_int_equal(f->loads.at[0].split, 0);
  assert_int_equal(f->stores.at[0].split, 0);
  assert_int_equal(f->stores.at[0].arg, 1);
  assert_int_equal(f->reductions, 0);
  assert_non_null(strstr(f->partitioned, "@sums(%arg0: tensor<2x10xf32>) -> tensor<2xf32>"));
}

/* 10 columns on 4 ranks: 3, 3, 2, 2 */
static void look_columns(const shard_function *f) {
  assert_int_equal(f->loads.at[0].split, 1);
  assert_int_equal(f->loads.at[0].size[1], 10);
  assert_int_equal(f->stores.at[0].split, -1);
  assert_int_equal(f->reductions, 1);
  assert_non_null(strstr(f->partitioned, "@sums(%arg0: tensor<6x2xf32>) -> tensor<6xf32>"));
  assert_non_null(strstr(f->mpi, "mpi.allreduce"));
  assert_null(strstr(f->mpi, "shard.all_reduce"));
}

static void test_each_rank_has_its_part(void **state) {
  (void)state;
  make("M", 1, 3, LOOM_OK, look_rows);
  make("tile_k", 3, 4, LOOM_OK, look_columns);
  make("tile_n", 0, 2, LOOM_EUSAGE, NULL);
  make("m", 0, 7, LOOM_EUSAGE, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_are_all_of_a_range_once), cmocka_unit_test(test_each_rank_has_its_part)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
