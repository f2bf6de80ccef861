/* A kernel's stage 0 that reduces rows, written by hand; included by *_test.c only. */
#ifndef LOOM_SHARD_TESTING_H
#define LOOM_SHARD_TESTING_H
#include "base/testing.h"
#include "base/text.h"

/* out[m] = `start` and all of x[m, ..] by `op` (arith.addf), of rows x columns of `type`.  Line 7 is tile_m, 8 tile_k, 15 the loop over columns, 28 the store. */
static inline const char *shard_testing_rows(arena *m, int rows, int columns, const char *type, const char *op, const char *start) {
  return arena_printf(m,
      "func.func @sums(%%x: memref<%1$dx%2$dx%3$s>, %%out: memref<%1$dx%3$s>) {\n"
      "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%c6 = arith.constant %1$d : index\n  %%c10 = arith.constant %2$d : index\n  %%z = arith.constant %5$s : %3$s\n"
      "  %%m = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_m, upper_bound = %1$d : index} : () -> index\n"
      "  %%k = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_k, upper_bound = %2$d : index} : () -> index\n"
      "  %%tm = arith.ceildivui %%c6, %%m : index\n"
      "  affine.parallel (%%i) = (0) to (symbol(%%tm)) {\n"
      "    %%e = tensor.empty(%%m) : tensor<?x%3$s>\n    %%f = linalg.fill ins(%%z : %3$s) outs(%%e : tensor<?x%3$s>) -> tensor<?x%3$s>\n"
      "    %%tk = arith.ceildivui %%c10, %%k : index\n    %%om = arith.muli %%i, %%m : index\n"
      "    %%r = scf.for %%j = %%c0 to %%tk step %%c1 iter_args(%%a = %%f) -> (tensor<?x%3$s>) {\n"
      "      %%ok = arith.muli %%j, %%k : index\n"
      "      %%v = memref.subview %%x[%%om, %%ok] [%%m, %%k] [1, 1] : memref<%1$dx%2$dx%3$s> to memref<?x?x%3$s, strided<[%2$d, 1], offset: ?>>\n"
      "      %%t = bufferization.to_tensor %%v : memref<?x?x%3$s, strided<[%2$d, 1], offset: ?>> to tensor<?x?x%3$s>\n"
      "      %%s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%%t : tensor<?x?x%3$s>) outs(%%a : tensor<?x%3$s>) {\n"
      "      ^bb0(%%p: %3$s, %%q: %3$s):\n        %%w = %4$s %%p, %%q : %3$s\n        linalg.yield %%w : %3$s\n      } -> tensor<?x%3$s>\n"
      "      scf.yield %%s : tensor<?x%3$s>\n    }\n"
      "    %%o = memref.subview %%out[%%om] [%%m] [1] : memref<%1$dx%3$s> to memref<?x%3$s, strided<[1], offset: ?>>\n"
      "    %%b = bufferization.to_buffer %%r : tensor<?x%3$s> to memref<?x%3$s, strided<[1], offset: ?>>\n"
      "    memref.copy %%b, %%o : memref<?x%3$s, strided<[1], offset: ?>> to memref<?x%3$s, strided<[1], offset: ?>>\n  }\n  return\n}\n",
      rows, columns, type, op, start);
}
#endif
