/* Products of a core's program, loaded, packed, summed over several turns and stored, on every width of vectors.  Oracles: a sum in double with the bound
 * (k + 1) * 2^-24 * sum |a||b|; bit for bit one chain of fmaf in the order of k, whatever the tiles; bytes behind the tensors and the workspace stay. */
#include "target/cpu/cpu_grid_testing.h"
#include "dialect/dialect.h"
#include <math.h>

/* The second call must find y's packed form where the first one left it: y is not what it was any more. */
static void call_with_kept(codegen_image *image, const cpu_grid *grid, void *x, unsigned char *y, size_t y_bytes, unsigned char *o, size_t o_bytes, void *w) {
  float *kept = (float *)memory((size_t)grid->kept_bytes);
  unsigned char *first = arena_alloc(&ctx.mem, o_bytes), *was = arena_alloc(&ctx.mem, y_bytes);
  void *const buffers[] = {x, y, o, kept, w};
  memset(kept, 0, (size_t)grid->kept_bytes);
  for (int i = 0; i < 2; i++)      /* packs twice, since nobody said that all is there */
    tile(image, CPU_CORE_NAME)(buffers, (const int64_t[]){0});
  memcpy(first, o, o_bytes);
  memcpy(was, y, y_bytes);
  memset(o, 0, o_bytes);
  memset(y, 0xFF, y_bytes);
  *kept = 1;
  tile(image, CPU_CORE_NAME)(buffers, (const int64_t[]){0});
  assert_memory_equal(o, first, o_bytes);
  assert_canary((unsigned char *)kept, (size_t)grid->kept_bytes);
  memcpy(y, was, y_bytes);
}

static void check_product(const product *p, const char *cpu) {
  cpu_grid grid;
  codegen_image *image = compile_product(p, cpu, &grid);
  dtype out = p->narrow_out ? p->type : DTYPE_F32;
  size_t in_bytes = dtype_bytes(p->type), bytes[3] = {(size_t)(p->m * p->k) * in_bytes, (size_t)(p->k * p->n) * in_bytes, (size_t)(p->m * p->n) * dtype_bytes(out)};
  unsigned char *x = memory(bytes[0]), *y = memory(bytes[1]), *o = memory(bytes[2]), *w = memory((size_t)grid.workspace_bytes);
  for (int64_t i = 0; i < p->m * p->k; i++)
    dtype_store(p->type, x + (size_t)i * in_bytes, (double)next_random() / 1073741824.0 - 1.0);
  for (int64_t i = 0; i < p->k * p->n; i++)
    dtype_store(p->type, y + (size_t)i * in_bytes, (double)next_random() / 1073741824.0 - 1.0);
  assert_int_equal(grid.n_dims, 1);
  assert_int_equal(grid.count[0], 1);
  assert_int_equal(grid.kept_bytes > 0, p->constants != 0);
  if (grid.kept_bytes)
    call_with_kept(image, &grid, x, y, bytes[1], o, bytes[2], w);
  else
    tile(image, CPU_CORE_NAME)((void *const[]){x, y, o, w}, (const int64_t[]){0});
  assert_canary(x, bytes[0]);
  assert_canary(y, bytes[1]);
  assert_canary(o, bytes[2]);
  assert_canary(w, (size_t)grid.workspace_bytes);
  bool has_bits = p->type != DTYPE_F32 || codegen_vector_bytes(cpu) > 16;   /* products of half types are exact; only f32 without fused operations may differ */
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      double sum = 0, magnitude = 0;
      float fused = 0;
      for (int64_t l = 0; l < p->k; l++) {
        double a = dtype_load(p->type, x + (size_t)(i * p->k + l) * in_bytes), b = dtype_load(p->type, y + (size_t)(p->transposed ? j * p->k + l : l * p->n + j) * in_bytes);
        fused = fmaf((float)a, (float)b, fused);
        sum += a * b;
        magnitude += fabs(a * b);
      }
      double got = dtype_load(out, o + (size_t)(i * p->n + j) * dtype_bytes(out)), rounding = out == DTYPE_F32 ? 0 : dtype_unit_roundoff(out) * fabs(sum) * 1.01;
      unsigned char want[8];
      dtype_store(out, want, (double)fused);
      if (!(fabs(got - sum) <= (double)(p->k + 1) * 0x1p-24 * magnitude + rounding) || (has_bits && memcmp(want, o + (size_t)(i * p->n + j) * dtype_bytes(out), dtype_bytes(out)) != 0))
        fail_msg("%s%s %dx%dx%d in tiles of %dx%dx%d: element %d, %d is %a, expected %a", dtype_mlir(p->type), p->transposed ? " transposed" : "", (int)p->m, (int)p->n, (int)p->k,
                 (int)p->tile[0], (int)p->tile[1], (int)p->tile[2], (int)i, (int)j, got, (double)fused);
    }
  codegen_unlink(image);
}

static void products_of_any_tiles_are_one_chain_of_sums(void **state) {
  (void)state;
  static const struct { int64_t m, n, k, tile[3]; } shapes[] = {
      {1, 1, 1, {1, 1, 1}}, {37, 70, 53, {16, 64, 32}}, {13, 129, 40, {13, 129, 40}}, {20, 64, 100, {7, 32, 33}}, {50, 200, 17, {50, 128, 16}}};
  static const dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  for (int c = 0; c < N_CPUS; c++)
    for (size_t s = 0; can_run(cpus[c]) && s < sizeof shapes / sizeof *shapes; s++) {
      product p = {.type = types[(s + (size_t)c) % 3], .transposed = (s + (size_t)c) % 2, .m = shapes[s].m, .n = shapes[s].n, .k = shapes[s].k};
      p.narrow_out = p.type != DTYPE_F32 && s % 2 == 0;
      memcpy(p.tile, shapes[s].tile, sizeof p.tile);
      check_product(&p, cpus[c]);
    }
}

/* Rows of their own for each tile that is ever loaded: of the only one, of a row of them, of a grid with ragged ends, which are loaded anew for every block of rows. */
static void packed_constants_are_kept(void **state) {
  (void)state;
  static const struct { int64_t m, n, k, tile[3]; } shapes[] = {{9, 1, 1, {9, 1, 1}}, {37, 70, 53, {16, 64, 32}}, {13, 129, 40, {13, 129, 40}}, {20, 64, 100, {7, 32, 33}}, {50, 200, 17, {50, 128, 16}}};
  static const dtype types[] = {DTYPE_F32, DTYPE_F32, DTYPE_BF16};
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  for (int c = 0; c < N_CPUS; c++)
    for (size_t s = 0; can_run(cpus[c]) && s < sizeof shapes / sizeof *shapes; s++) {
      product p = {.type = types[(s + (size_t)c) % 3], .transposed = shapes[s].tile[0] <= 8 || s % 2, .m = shapes[s].m, .n = shapes[s].n, .k = shapes[s].k, .constants = 2};
      memcpy(p.tile, shapes[s].tile, sizeof p.tile);
      check_product(&p, cpus[c]);
    }
}

/* A right-hand side that is read where it lies: the same chains, whatever the chunks. */
static void products_of_few_rows_are_the_same_chains(void **state) {
  (void)state;
  static const struct { int64_t m, n, k, tile[3]; } shapes[] = {{1, 70, 40, {1, 70, 24}}, {3, 1100, 19, {3, 1100, 19}}, {11, 530, 9, {8, 521, 4}}, {8, 16, 65, {8, 16, 65}}};
  static const dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  for (int c = 0; c < N_CPUS; c++)
    for (size_t s = 0; can_run(cpus[c]) && s < sizeof shapes / sizeof *shapes; s++) {
      product p = {.type = types[s == 1 ? 0 : (s + (size_t)c) % 3], .m = shapes[s].m, .n = shapes[s].n, .k = shapes[s].k};
      p.narrow_out = p.type != DTYPE_F32 && s == 0;
      memcpy(p.tile, shapes[s].tile, sizeof p.tile);
      check_product(&p, cpus[c]);
    }
}

static void check_refused(const char *what, const char *src) {
  MlirModule m, cores;
  cpu_grid grid;
  assert_int_equal(ir_parse(&ir, "refused.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = cpu_grid_from_bufferized(&ir, m, 64, (cpu_dots){0}, 0, &grid, &cores);
  assert_true(st == LOOM_EUNSUP || st == LOOM_EINPUT);
  if (!strstr(ctx.diag.first->text, what))
    fail_msg("said: %s", ctx.diag.first->text);
  diag_drop(&ctx, (diag_mark){&ctx.diag.first, 0, 0});
  ir_close_module(m);
}

static void what_only_chips_can_do_is_refused(void **state) {
  (void)state;
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  check_refused("no scf.parallel over the cores", "func.func @f() {\n  return\n}\n");
  check_refused("has no function", "module {}\n");
  check_refused("outside of the one scf.parallel", "func.func @f() {\n  %x = memref.alloc() : memref<4xf32>\n  return\n}\n");
  check_refused("must count from 0", "func.func @f(%n: index) {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"
                                     "  scf.parallel (%i) = (%c0) to (%n) step (%c1) {\n    scf.reduce\n  }\n  return\n}\n");
  check_refused("cores share the tensors", "func.func @f(%x: memref<4x4xf32>) {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n"
                                           "  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {\n"
                                           "    %a = \"loom.alloc\"() {alignment = 32 : i64, buffer_count = 1 : i64, memory = @L1, offset = 0 : i64, static_sizes = array<i64: 4, 4>} : () -> memref<4x4xf32>\n"
                                           "    \"loom.copy\"(%x, %a, %c0, %c1) {dst_mem_space = @mem_L1, operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>, src_mem_space = @mem_DRAM, "
                                           "static_area = array<i64: 2>} : (memref<4x4xf32>, memref<4x4xf32>, index, index) -> ()\n    scf.reduce\n  }\n  return\n}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {CPU_TEST(products_of_any_tiles_are_one_chain_of_sums), CPU_TEST(packed_constants_are_kept), CPU_TEST(products_of_few_rows_are_the_same_chains), CPU_TEST(what_only_chips_can_do_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
