/* Oracles: parts are all of a range, once each; a hand-written stage 0 and what each rank must have of it. */
#include "base/testing.h"
#include "dialect/dialect.h"
#include "shard/shard.h"
#include "shard/shard_testing.h"

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

/* 6 rows of 10. */
static const char *sums(arena *m) { return shard_testing_rows(m, 6, 10, "f32", "arith.addf", "0.0"); }

static void make(const char *name, int rank, int ranks, void (*look)(const shard_function *)) {
  loom_ctx ctx;
  ir_ctx ir;
  MlirModule m;
  shard_function f;
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  assert_int_equal(ir_parse_own(&ir, "sums", sums(&ctx.mem), strlen(sums(&ctx.mem)), &m), LOOM_OK);
  assert_int_equal(shard_make(&ir, m, name, rank, ranks, &f), LOOM_OK);
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
  make("M", 1, 3, look_rows);
  make("tile_k", 3, 4, look_columns);
}

/* ---- refusals ---- */

/* The rows with parts replaced (each where it stands first), read, dealt out by `name` to `ranks`. */
typedef struct edited { const char *is, *becomes; } edited;
typedef struct refusal { edited edits[4]; const char *name; int ranks; loom_status status; const char *says; int line; const char *help; } refusal;
#define OPENED "'loom run' without --shard runs any kernel; docs/mpi.md says which can be dealt out"
#define TILES "kernels that are dealt out read and write tiles of their arguments: x[tile_m, tile_k], x[tile_m, :]"
#define OTHER "another block may do: docs/mpi.md says which operations can be dealt out along what"
#define VIEW "memref.subview %x[%om, %ok] [%m, %k] [1, 1] : memref<6x10xf32> to memref<?x?xf32, strided<[10, 1], offset: ?>>"
#define COPY "memref.copy %b, %o : memref<?xf32, strided<[1], offset: ?>> to memref<?xf32, strided<[1], offset: ?>>"
static const refusal refusals[] = {
    {{{NULL, NULL}}, "tile_n", 2, LOOM_EUSAGE, "--shard tile_n: the kernel has no such block", 0, "its blocks are tile_m, tile_k"},
    {{{NULL, NULL}}, "m", 7, LOOM_EUSAGE, "--shard m: 6 elements are too few for 7 ranks", 0, NULL},
    {{{"@tile_m", "@rows"}}, "tile_m", 2, LOOM_EUSAGE, "--shard tile_m: the kernel has no such block", 0, "its blocks are rows, tile_k"},
    {{{"upper_bound = 6", "upper_bound = 0"}, {"upper_bound = 10", "upper_bound = 0"}}, "m", 2, LOOM_EUSAGE, "--shard m: the kernel has no such block", 0, NULL},
    /* what is read and written */
    {{{"memref.copy %b", "memref.copy %o"}}, "m", 2, LOOM_EUNSUP, "--shard: memory is copied to memory", 28, OPENED},
    {{{VIEW, "memref.subview %y[%om, %ok] [%m, %k] [1, 1] : memref<6x10xf32> to memref<?x?xf32, strided<[10, 1], offset: ?>>"}, {"  %tm", "  %y = memref.alloc() : memref<6x10xf32>\n  %tm"}}, "m", 2, LOOM_EUNSUP,
     "--shard: a load or store is of no argument of known sizes", 19, TILES},
    {{{"%x: memref<6x10", "%x: memref<?x10"}, {"1] : memref<6x10", "1] : memref<?x10"}}, "m", 2, LOOM_EUNSUP, "a load or store is of no argument of known sizes", 18, TILES},
    {{{"[1, 1]", "[1, 2]"}, {"strided<[10, 1]", "strided<[10, 2]"}, {"strided<[10, 1]", "strided<[10, 2]"}}, "m", 2, LOOM_EUNSUP, "has a size or step that is no block's", 18, TILES},
    {{{"[%m, %k] [1, 1]", "[%m, %tm] [1, 1]"}}, "m", 2, LOOM_EUNSUP, "has a size or step that is no block's", 18, TILES},
    {{{"%x[%om, %ok]", "%x[%om, %j]"}}, "m", 2, LOOM_EUNSUP, "begins where no tile of its block does, or does not go over the whole dim", 18, TILES},
    {{{"%x[%om, %ok]", "%x[%om, 1]"}}, "m", 2, LOOM_EUNSUP, "begins where no tile of its block does, or does not go over the whole dim", 18, TILES},
    {{{"%x[%om, %ok]", "%x[%om, %om]"}}, "m", 2, LOOM_EUNSUP, "begins where no tile of its block does, or does not go over the whole dim", 18, TILES},
    {{{"%x: memref<6x10", "%x: memref<6x11"}, {"1] : memref<6x10", "1] : memref<6x11"}, {"strided<[10, 1]", "strided<[11, 1]"}, {"strided<[10, 1]", "strided<[11, 1]"}}, "m", 2, LOOM_EUNSUP,
     "begins where no tile of its block does, or does not go over the whole dim", 18, TILES},
    {{{VIEW "\n      %t = bufferization.to_tensor %v : memref<?x?xf32, strided<[10, 1], offset: ?>> to tensor<?x?xf32>",
       "memref.subview %x[%om, 3] [%m, 1] [1, 1] : memref<6x10xf32> to memref<?xf32, strided<[10], offset: ?>>\n      %t = bufferization.to_tensor %v : memref<?xf32, strided<[10], offset: ?>> to tensor<?xf32>"},
      {"[affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]", "[affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]"},
      {"ins(%t : tensor<?x?xf32>)", "ins(%t : tensor<?xf32>)"}}, "m", 2, LOOM_EUNSUP, "takes a row or an element at a place of its own", 18, TILES},
    /* loops */
    {{{"ceildivui %c10, %k", "ceildivui %c6, %k"}}, "m", 2, LOOM_EUNSUP, "--shard: a loop goes over a part of its range, or over one that other values decide", 13, OPENED},
    {{{"memref<6xf32>) {", "memref<6xf32>, %n: index) {"}, {"ceildivui %c10, %k", "ceildivui %n, %k"}}, "m", 2, LOOM_EUNSUP, "a loop goes over a part of its range, or over one that other values decide", 13, OPENED},
    {{{"memref<6xf32>) {", "memref<6xf32>, %n: index) {"}, {"%c0 to %tk", "%c0 to %n"}}, "m", 2, LOOM_EUNSUP, "operation 'scf.for' has no form on whole tensors that upstream's passes deal out", 15, OPENED},
    /* sizes and places as values */
    {{{"%om = arith", "%bad = arith.index_cast %m : index to i32\n    %om = arith"}}, "m", 2, LOOM_EUNSUP, "the kernel computes with the size or the place of its tiles of 'tile_m'", 7, OPENED},
    {{{"%r = scf", "%bad = arith.index_cast %om : index to i32\n    %r = scf"}}, "m", 2, LOOM_EUNSUP, "the kernel computes with the size or the place of its tiles of 'tile_m'", 7, OPENED},
    /* stores */
    {{{"memref<6xf32>) {", "memref<6xf32>, %if: i1) {"}, {COPY, "scf.if %if {\n " COPY "\n}"}}, "m", 2, LOOM_EUNSUP, "a store is in a loop that is left over, or depends on values", 29, OPENED},
    {{{"  %tm", "  %if = arith.constant false\n  %tm"}, {COPY, "scf.if %if {\n " COPY "\n}"}}, "m", 2, LOOM_EUNSUP, "--shard: a store never happens", 1, OPENED},
    {{{"%r = scf", "%one = memref.load %x[%c0, %c1] : memref<6x10xf32>\n %g = linalg.fill ins(%one : f32) outs(%f : tensor<?xf32>) -> tensor<?xf32>\n %r = scf"}, {"%a = %f", "%a = %g"}}, "m", 2, LOOM_EUNSUP,
     "operation 'memref.load' works on the memory of an argument, where tiles alone are read and written", 15, OPENED},
    /* what upstream cannot deal out */
    {{{VIEW, "memref.subview %x[0, %ok] [6, %k] [1, 1] : memref<6x10xf32> to memref<6x?xf32, strided<[10, 1], offset: ?>>\n %vv = memref.cast %v : memref<6x?xf32, strided<[10, 1], offset: ?>> to memref<?x?xf32, strided<[10, 1], offset: ?>>"},
      {"to_tensor %v :", "to_tensor %vv :"}}, "m", 2, LOOM_EUNSUP, "--shard: no load is tiled by 'tile_m'", 0, OTHER},
    {{{"memref<6x10xf32>, %out", "memref<6x6xf32>, %out"}, {VIEW, "memref.subview %x[%om, %om] [%m, %m] [1, 1] : memref<6x6xf32> to memref<?x?xf32, strided<[6, 1], offset: ?>>"},
      {"to_tensor %v : memref<?x?xf32, strided<[10, 1]", "to_tensor %v : memref<?x?xf32, strided<[6, 1]"}}, "m", 2, LOOM_EUNSUP, "two dims of one tensor are tiled by the block that is dealt out", 0, OTHER},
    {{{"arith.addf %p", "arith.maxnumf %p"}}, "k", 2, LOOM_EUNSUP, "a reduction over ranks by 'arith.maxnumf', which has no lowering to dialect mpi", 0, OTHER},
    {{{"%w = arith.addf %p, %q : f32", "%h = linalg.index 0 : index\n %h2 = arith.index_cast %h : index to i32\n %h3 = arith.sitofp %h2 : i32 to f32\n %h4 = arith.addf %p, %h3 : f32\n %w = arith.addf %h4, %q : f32"}}, "m", 2, LOOM_EUNSUP,
     "an element's place along the range that is dealt out is a value of the kernel (a mask, say)", 0, OTHER},
};

#define CAST "%y = memref.reinterpret_cast %x to offset: [0], sizes: "
#define ON_Y(type) VIEW, "memref.subview %y[%om, %ok] [%m, %k] [1, 1] : " type " to memref<?x?xf32, strided<[10, 1], offset: ?>>"
static const refusal more_refusals[] = {
    {{{COPY, "memref.copy %out, %out : memref<6xf32> to memref<6xf32>"}}, "m", 2, LOOM_EUNSUP, "--shard: memory is copied to memory", 28, OPENED},
    {{{"%out[%om] [%m]", "%out[%i] [%m]"}}, "m", 2, LOOM_EUNSUP, "begins where no tile of its block does, or does not go over the whole dim", 28, TILES},
    {{{"%om = arith.muli", "%om = arith.addi"}}, "k", 2, LOOM_EUNSUP, "begins where no tile of its block does, or does not go over the whole dim", 18, TILES},
    {{{"%x: memref<6x10xf32>", "%x: memref<1x1x1x1x1x1x1x6x10xf32>"}, {VIEW, "memref.subview %x[0, 0, 0, 0, 0, 0, 0, %om, %ok] [1, 1, 1, 1, 1, 1, 1, %m, %k] [1, 1, 1, 1, 1, 1, 1, 1, 1] : memref<1x1x1x1x1x1x1x6x10xf32> to "
      "memref<?x?xf32, strided<[10, 1], offset: ?>>"}}, "m", 2, LOOM_EUNSUP, "is of no argument of known sizes", 18, TILES},
    {{{"memref<6xf32>) {", "memref<6xf32>, %n: index) {"}, {"  %tm", CAST "[%n, 10], strides: [10, 1] : memref<6x10xf32> to memref<?x10xf32, strided<[10, 1]>>\n  %tm"}, {ON_Y("memref<?x10xf32, strided<[10, 1]>>")}}, "m", 2, LOOM_EUNSUP,
     "is of a view whose sizes are not known", 19, TILES},
    {{{"%x: memref<6x10xf32>", "%x: memref<?x10xf32>"}, {"  %tm", CAST "[6, 10], strides: [10, 1] : memref<?x10xf32> to memref<6x10xf32, strided<[10, 1]>>\n  %tm"}, {ON_Y("memref<6x10xf32, strided<[10, 1]>>")}}, "m", 2, LOOM_EUNSUP,
     "is of no argument of known sizes", 19, TILES},
    /* dealt out all the same, the text of the parts: a start that no block tiles, but rows that are */
    {{{"%out: memref<6xf32>) {", "%out: memref<6xf32>, %y: memref<6xf32>) {"}, {"%r = scf", "%ty = bufferization.to_tensor %y : memref<6xf32> to tensor<6xf32>\n    %g = tensor.cast %ty : tensor<6xf32> to tensor<?xf32>\n    %r = scf"}, {"%a = %f", "%a = %g"}}, "m", 2, LOOM_OK,
     "@sums(%arg0: tensor<3xf32>, %arg1: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    {{{"%om = arith.muli %i, %m", "%om = arith.muli %m, %i"}}, "m", 2, LOOM_OK, "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    {{{"  %tm", "  %other = arith.ceildivui %c10, %c6 : index\n  %tm"}}, "m", 2, LOOM_OK, "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    {{{"  %tm", "  %u = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_u, upper_bound = 0 : index} : () -> index\n  %tm"}}, "m", 2, LOOM_EUNSUP, "operation 'loom.sym' has no form on whole tensors", 9, OPENED},
    {{{"  %tm", CAST "[6, 10], strides: [10, 1] : memref<6x10xf32> to memref<6x10xf32, strided<[10, 1]>>\n  %tm"}, {ON_Y("memref<6x10xf32, strided<[10, 1]>>")}}, "k", 2, LOOM_OK, "@sums(%arg0: tensor<6x5xf32>) -> tensor<6xf32>", 0, NULL},
    {{{"%out: memref<6xf32>) {", "%out: memref<6xf32>, %y: memref<6xf32>) {"}, {"%r = scf", "%ty = bufferization.to_tensor %y : memref<6xf32> to tensor<6xf32>\n    %g = tensor.cast %ty : tensor<6xf32> to tensor<?xf32>\n    %r = scf"}, {"%a = %f", "%a = %g"}}, "k", 2, LOOM_OK,
     "@sums(%arg0: tensor<6xf32>, %arg1: tensor<6x5xf32>) -> tensor<6xf32>", 0, NULL},
    {{{"%b = bufferization.to_buffer %r : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>", "%whole = tensor.cast %r : tensor<?xf32> to tensor<6xf32>\n    %b = bufferization.to_buffer %whole : tensor<6xf32> to memref<6xf32>"},
      {COPY, "memref.copy %b, %out : memref<6xf32> to memref<6xf32>"}}, "k", 2, LOOM_OK, "@sums(%arg0: tensor<6x5xf32>) -> tensor<6xf32>", 0, NULL},
    {{{"%w = arith.addf %p, %q : f32", "%h = linalg.index 1 : index\n %h2 = arith.index_cast %h : index to i32\n %h3 = arith.sitofp %h2 : i32 to f32\n %h4 = arith.addf %p, %h3 : f32\n %w = arith.addf %h4, %q : f32"}}, "m", 2, LOOM_OK,
     "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    {{{"  %tm", CAST "[6, 10], strides: [10, 1] : memref<6x10xf32> to memref<6x10xf32, strided<[10, 1]>>\n  %all = bufferization.to_tensor %y : memref<6x10xf32, strided<[10, 1]>> to tensor<6x10xf32>\n  %tm"}}, "k", 2, LOOM_OK,
     "@sums(%arg0: tensor<6x5xf32>) -> tensor<6xf32>", 0, NULL},      /* it is used by nothing */
    {{{"  %tm", CAST "[1, 1, 1, 1, 1, 1, 1, 6, 10], strides: [60, 60, 60, 60, 60, 60, 60, 10, 1] : memref<6x10xf32> to memref<1x1x1x1x1x1x1x6x10xf32, strided<[60, 60, 60, 60, 60, 60, 60, 10, 1]>>\n"
       "  %all = bufferization.to_tensor %y : memref<1x1x1x1x1x1x1x6x10xf32, strided<[60, 60, 60, 60, 60, 60, 60, 10, 1]>> to tensor<1x1x1x1x1x1x1x6x10xf32>\n  %tm"}}, "k", 2, LOOM_EUNSUP,
     "is of a view whose sizes are not known", 10, TILES},
    {{{"linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>", "linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]} outs(%e : tensor<?xf32>) {\n    ^bb0(%p: f32):\n linalg.yield %z : f32\n } -> tensor<?xf32>"}},
     "m", 2, LOOM_OK, "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    /* all rows against all: what shard-partition makes of it is refused by MLIR's verifier (whom to blame is the caller's to say) */
    {{{"    %o = memref", "    %square = tensor.empty(%m, %m) : tensor<?x?xf32>\n    %outer = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], "
       "iterator_types = [\"parallel\", \"parallel\"]} ins(%r, %r : tensor<?xf32>, tensor<?xf32>) outs(%square : tensor<?x?xf32>) {\n    ^bb0(%p: f32, %q: f32, %s: f32):\n %w = arith.mulf %p, %q : f32\n linalg.yield %w : f32\n } -> "
       "tensor<?x?xf32>\n    %again = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%outer : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {\n"
       "    ^bb0(%p: f32, %q: f32):\n %w = arith.addf %p, %q : f32\n linalg.yield %w : f32\n } -> tensor<?xf32>\n    %o = memref"}, {"to_buffer %r", "to_buffer %again"}}, "m", 2, LOOM_EBUG,
     "has shape's dimension #0 to be 6, but found 3", 0, NULL},
    /* one fill for two sums */
    {{{"    %o = memref", "    %twice = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]} ins(%r, %f : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {\n"
       "    ^bb0(%p: f32, %q: f32, %s: f32):\n %w = arith.addf %p, %q : f32\n linalg.yield %w : f32\n } -> tensor<?xf32>\n    %o = memref"}, {"to_buffer %r", "to_buffer %twice"}}, "m", 2, LOOM_OK, "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
    /* rows broadcast along columns, and used twice */
    {{{"    %o = memref", "    %wide = tensor.empty(%m, %k) : tensor<?x?xf32>\n    %cp = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} ins(%r : tensor<?xf32>) outs(%wide : tensor<?x?xf32>) {\n"
       "    ^bb0(%p: f32, %q: f32):\n linalg.yield %p : f32\n } -> tensor<?x?xf32>\n    %twice = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} "
       "ins(%cp : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {\n    ^bb0(%p: f32, %q: f32):\n %w = arith.addf %p, %q : f32\n linalg.yield %w : f32\n } -> tensor<?xf32>\n    %thrice = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, "
       "affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%cp : tensor<?x?xf32>) outs(%twice : tensor<?xf32>) {\n    ^bb0(%p: f32, %q: f32):\n %w = arith.mulf %p, %q : f32\n linalg.yield %w : f32\n } -> tensor<?xf32>\n"
       "    %o = memref"}, {"to_buffer %r", "to_buffer %thrice"}}, "m", 2, LOOM_OK, "@sums(%arg0: tensor<3x10xf32>) -> tensor<3xf32>", 0, NULL},
};

/* Rows of another type, reduced by what MPI does not have or upstream takes for something else. */
static const struct { const char *type, *op, *start, *says; } reductions[] = {
    {"i32", "arith.andi", "-1", "a reduction over ranks by 'arith.andi', which has no lowering to dialect mpi"},
    {"i8", "arith.maxui", "0", "a reduction over ranks by 'arith.maxui', which has no lowering to dialect mpi"},
    {"i64", "arith.minui", "-1", "a reduction over ranks by 'arith.minui', which has no lowering to dialect mpi"},
    {"i1", "arith.ori", "0", "a reduction over ranks in a type that MPI does not have"},
    {"f16", "arith.maximumf", "0.0", "a reduction over ranks in a type that MPI does not have"},
};

static const char *edit(arena *m, const char *s, const edited *e) {
  const char *at = strstr(s, e->is);
  if (!at)
    fail_msg("there is no '%s'", e->is);
  return arena_printf(m, "%.*s%s%s", (int)(at - s), s, e->becomes, at + strlen(e->is));
}

/* The function takes and gives what loads and stores say: all of a tensor, or a part along one dim. */
static bool parts_agree(const shard_function *f, int ranks) {
  const MlirType type = mlirTypeAttrGetValue(ir_attr_of(ir_find_func(f->module, f->name), "function_type"));
  bool ok = true;
  for (int results = 0; results < 2; results++) {
    const shard_tensors *all = results ? &f->stores : &f->loads;
    for (size_t i = 0; i < all->n; i++)
      for (int d = 0; d < all->at[i].rank; d++) {
        int64_t start, count = all->at[i].size[d];
        if (d == all->at[i].split)
          shard_part(all->at[i].size[d], 0, ranks, &start, &count);
        ok = ok && count == mlirShapedTypeGetDimSize(results ? mlirFunctionTypeGetResult(type, (intptr_t)i) : mlirFunctionTypeGetInput(type, (intptr_t)i), d);
      }
  }
  return ok;
}

/* How many of the refusal's members are otherwise. */
static int differs(const char *source, const refusal *r) {
  loom_ctx ctx;
  ir_ctx ir;
  MlirModule m = {NULL};
  shard_function f = {0};
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  for (size_t e = 0; e < COUNT_OF(r->edits) && r->edits[e].is; e++)
    source = edit(&ctx.mem, source, &r->edits[e]);
  const loom_status read = ir_parse_own(&ir, "sums", source, strlen(source), &m);
  const loom_status st = read == LOOM_OK ? shard_make(&ir, m, r->name, 0, r->ranks, &f) : read;
  const diag_item *d = ctx.diag.first;
  const bool is_right = st == LOOM_OK && st == r->status && strstr(f.partitioned, r->says) && parts_agree(&f, r->ranks);
  const bool wrong = st == LOOM_OK ? !is_right : st != r->status || !d || !strstr(d->text, r->says) || (r->line && d->span.line != r->line) || !text_eq(d->help, r->help);
  if (wrong)
    print_error("status %d, %d: %s (%s); expected %d, %d: %s\n", (int)st, d ? d->span.line : 0, d ? d->text : f.partitioned ? f.partitioned : "", d && d->help ? d->help : "", (int)r->status, r->line, r->says);
  ir_close_module(f.module);
  ir_close_module(m);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return wrong;
}

static void test_what_cannot_be_dealt_out_is_said_with_its_place(void **state) {
  loom_ctx *ctx = *state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(refusals); i++)
    wrong += differs(sums(&ctx->mem), &refusals[i]);
  for (size_t i = 0; i < COUNT_OF(more_refusals); i++)
    wrong += differs(sums(&ctx->mem), &more_refusals[i]);
  for (size_t i = 0; i < COUNT_OF(reductions); i++)
    wrong += differs(shard_testing_rows(&ctx->mem, 6, 10, reductions[i].type, reductions[i].op, reductions[i].start), &(refusal){.name = "k", .ranks = 2, .status = LOOM_EUNSUP, .says = reductions[i].says, .help = OTHER});
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_are_all_of_a_range_once), cmocka_unit_test(test_each_rank_has_its_part),
                                     cmocka_unit_test_setup_teardown(test_what_cannot_be_dealt_out_is_said_with_its_place, testing_open_context, testing_close_context)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
