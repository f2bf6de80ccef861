/* Products of a core's program, loaded, packed, summed over several turns and stored, on every width of vectors.  Oracles: a sum in double with the bound
 * (k + 1) * 2^-24 * sum |a||b|; bit for bit one chain of fmaf in the order of k, whatever the tiles; bytes behind the tensors and the workspace stay. */
#include "target/cpu/cpu_testing.h"
#include "dialect/dialect.h"
#include <math.h>

enum { CANARY = 64 };
typedef struct product { dtype type; bool transposed, narrow_out; int64_t m, n, k, tile[3]; } product;

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* One place of the workspace: a loom.alloc and its slot. */
static void add_slot(text *t, const char *name, int64_t offset, int64_t rows, int64_t cols, const char *element) {
  const char *type = arena_printf(&ctx.mem, "memref<%dx%dx%s>", (int)rows, (int)cols, element);
  text_addf(t, "  %%a%s = \"loom.alloc\"() {alignment = 32 : i64, buffer_count = 1 : i64, memory = @L1, offset = %d : i64, static_sizes = array<i64: %d, %d>} : () -> %s\n", name,
            (int)offset, (int)rows, (int)cols, type);
}

static void add_take(text *t, const char *name, int64_t rows, int64_t cols, const char *element, const char *m, const char *n) {
  const char *type = arena_printf(&ctx.mem, "memref<%dx%dx%s>", (int)rows, (int)cols, element);
  text_addf(t, "  %%t%s = \"loom.semaphore_take\"(%%a%s) : (%s) -> %s\n", name, name, type, type);
  text_addf(t, "  %%s%s = memref.subview %%t%s[0, 0] [%%%s, %%%s] [1, 1] : %s to memref<?x?x%s, strided<[%d, 1]>>\n", name, name, m, n, type, element, (int)cols);
}

static void add_copy(text *t, const char *from, const char *from_type, const char *to, const char *to_type, bool is_load) {
  text_addf(t, "  \"loom.copy\"(%%%s, %%%s, %%c0, %%c0, %%c0, %%c0) {dst_mem_space = @mem_%s, operandSegmentSizes = array<i32: 1, 1, 0, 2, 2>, src_mem_space = @mem_%s, "
               "static_area = array<i64: 1, 1>} : (%s, %s, index, index, index, index) -> ()\n", from, to, is_load ? "L1" : "DRAM", is_load ? "DRAM" : "L1", from_type, to_type);
}

static void add_extent(text *t, const char *name, const char *turn, int64_t tile, int64_t whole) {
  text_addf(t, "  %%%sT = arith.constant %d : index\n  %%%sW = arith.constant %d : index\n  %%%s0 = arith.muli %%%s, %%%sT : index\n"
               "  %%%sR = arith.subi %%%sW, %%%s0 : index\n  %%%s = arith.minsi %%%sT, %%%sR : index\n", name, (int)tile, name, (int)whole, name, turn, name, name, name, name, name, name, name);
}

static const char *bufferized(const product *p) {
  text t = text_new(&ctx.mem);
  const char *e = dtype_mlir(p->type), *o = p->narrow_out ? e : "f32";
  int64_t ks = p->transposed ? 1 : p->n, ns = p->transposed ? p->k : 1, bytes = (int64_t)dtype_bytes(p->type);
  int64_t a_bytes = ceil_div(p->tile[0] * p->tile[2] * bytes, 64) * 64, b_bytes = ceil_div(p->tile[2] * p->tile[1] * bytes, 64) * 64;
  text_addf(&t, "module {\nfunc.func @product(%%x: memref<%dx%dx%s>, %%y: memref<%dx%dx%s>, %%o: memref<%dx%dx%s>) {\n", (int)p->m, (int)p->k, e,
            (int)(p->transposed ? p->n : p->k), (int)(p->transposed ? p->k : p->n), e, (int)p->m, (int)p->n, o);
  text_addf(&t, "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%mt = arith.constant %d : index\n  %%nt = arith.constant %d : index\n  %%kt = arith.constant %d : index\n"
                "  scf.parallel (%%core) = (%%c0) to (%%c1) step (%%c1) {\n", (int)ceil_div(p->m, p->tile[0]), (int)ceil_div(p->n, p->tile[1]), (int)ceil_div(p->k, p->tile[2]));
  add_slot(&t, "x", 0, p->tile[0], p->tile[2], e);
  add_slot(&t, "y", a_bytes, p->tile[2], p->tile[1], e);
  add_slot(&t, "acc", a_bytes + b_bytes, p->tile[0], p->tile[1], "f32");
  if (p->narrow_out)
    add_slot(&t, "out", a_bytes + b_bytes + p->tile[0] * p->tile[1] * 4, p->tile[0], p->tile[1], o);
  text_add(&t, "  scf.for %i = %c0 to %mt step %c1 {\n  scf.for %j = %c0 to %nt step %c1 {\n");
  add_extent(&t, "m", "i", p->tile[0], p->m);
  add_extent(&t, "n", "j", p->tile[1], p->n);
  add_take(&t, "acc", p->tile[0], p->tile[1], "f32", "m", "n");
  const char *acc = arena_printf(&ctx.mem, "memref<?x?xf32, strided<[%d, 1]>>", (int)p->tile[1]);
  text_addf(&t, "  %%zero = arith.constant 0.0 : f32\n  linalg.fill ins(%%zero : f32) outs(%%sacc : %s)\n  scf.for %%l = %%c0 to %%kt step %%c1 {\n", acc);
  add_extent(&t, "k", "l", p->tile[2], p->k);
  add_take(&t, "x", p->tile[0], p->tile[2], e, "m", "k");
  add_take(&t, "y", p->tile[2], p->tile[1], e, "k", "n");
  const char *x = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1], offset: ?>>", e, (int)p->k), *sx = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", e, (int)p->tile[2]);
  const char *y = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, %d], offset: ?>>", e, (int)ks, (int)ns), *sy = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", e, (int)p->tile[1]);
  text_addf(&t, "  %%vx = memref.subview %%x[%%m0, %%k0] [%%m, %%k] [1, 1] : memref<%dx%dx%s> to %s\n", (int)p->m, (int)p->k, e, x);
  text_addf(&t, "  %%wy = memref.reinterpret_cast %%y to offset: [0], sizes: [%d, %d], strides: [%d, %d] : memref<%dx%dx%s> to memref<%dx%dx%s, strided<[%d, %d]>>\n", (int)p->k, (int)p->n,
            (int)ks, (int)ns, (int)(p->transposed ? p->n : p->k), (int)(p->transposed ? p->k : p->n), e, (int)p->k, (int)p->n, e, (int)ks, (int)ns);
  text_addf(&t, "  %%vy = memref.subview %%wy[%%k0, %%n0] [%%k, %%n] [1, 1] : memref<%dx%dx%s, strided<[%d, %d]>> to %s\n", (int)p->k, (int)p->n, e, (int)ks, (int)ns, y);
  add_copy(&t, "vx", x, "sx", sx, true);
  add_copy(&t, "vy", y, "sy", sy, true);
  text_addf(&t, "  linalg.matmul ins(%%sx, %%sy : %s, %s) outs(%%sacc : %s)\n  }\n", sx, sy, acc);
  const char *from = "sacc", *from_type = acc;
  if (p->narrow_out) {
    add_take(&t, "out", p->tile[0], p->tile[1], o, "m", "n");
    from_type = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", o, (int)p->tile[1]);
    text_addf(&t, "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(%%sacc : %s) outs(%%sout : %s) {\n"
                  "  ^bb0(%%in: f32, %%old: %s):\n    %%r = arith.truncf %%in : f32 to %s\n    linalg.yield %%r : %s\n  }\n", acc, from_type, o, o, o);
    from = "sout";
  }
  const char *out = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1], offset: ?>>", o, (int)p->n);
  text_addf(&t, "  %%vo = memref.subview %%o[%%m0, %%n0] [%%m, %%n] [1, 1] : memref<%dx%dx%s> to %s\n", (int)p->m, (int)p->n, o, out);
  add_copy(&t, from, from_type, "vo", out, false);
  text_add(&t, "  }\n  }\n  scf.reduce\n  } {loom.block_syms = [@m], loom.logical_levels = [0], loom.physical_dims = [@dim_x]}\n  return\n}\n}\n");
  return text_str(&t);
}

/* ---- running it ---- */
static codegen_image *compile_product(const product *p, const char *cpu, cpu_grid *grid) {
  MlirModule m, cores = {NULL};
  const char *src = bufferized(p);
  assert_int_equal(ir_parse(&ir, "bufferized.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = cpu_grid_from_bufferized(&ir, m, codegen_vector_bytes(cpu), grid, &cores);
  ir_close_module(m);
  return link_for(st, cores, cpu);
}

static unsigned char *memory(size_t bytes) {
  unsigned char *p = arena_alloc(&ctx.mem, bytes + 2 * CANARY + 64);
  p += 64 - (uintptr_t)p % 64;
  memset(p, 0xA5, bytes + CANARY);
  return p;
}

static void assert_canary(const unsigned char *p, size_t bytes) {
  for (int i = 0; i < CANARY; i++)
    assert_int_equal(p[bytes + (size_t)i], 0xA5);
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

static void check_refused(const char *what, const char *src) {
  MlirModule m, cores;
  cpu_grid grid;
  assert_int_equal(ir_parse(&ir, "refused.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = cpu_grid_from_bufferized(&ir, m, 64, &grid, &cores);
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
  const struct CMUnitTest tests[] = {CPU_TEST(products_of_any_tiles_are_one_chain_of_sums), CPU_TEST(what_only_chips_can_do_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
