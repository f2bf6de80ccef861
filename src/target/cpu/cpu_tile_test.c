/* Oracles: plain C in double with the bound (K+1) * 2^-24 * (|c| + sum |a||b|), and bit for bit a C loop of fmaf in the order of k; exact results for small integers and conversions; bytes
 * outside the extents and outside the buffers are compared with what was there.  Everything outside the extents of an input is NaN. */
#include "target/cpu/cpu_testing.h"
#include <math.h>

enum { CANARY_BYTES = 128 };

/* ---- buffers between canaries ---- */
typedef struct buffer { dtype type; int64_t rows, cols; unsigned char *all, *data, *before; size_t bytes; } buffer;

static buffer new_buffer(dtype type, int64_t rows, int64_t cols) {
  buffer b = {.type = type, .rows = rows, .cols = cols, .bytes = (size_t)(rows * cols) * dtype_bytes(type)};
  b.all = arena_alloc(&ctx.mem, b.bytes + 2 * CANARY_BYTES);
  memset(b.all, 0xC5, b.bytes + 2 * CANARY_BYTES);
  b.data = b.all + CANARY_BYTES;
  b.before = arena_alloc(&ctx.mem, b.bytes + 2 * CANARY_BYTES);
  return b;
}

static void *element(const buffer *b, int64_t i, int64_t j) { return b->data + (size_t)(i * b->cols + j) * dtype_bytes(b->type); }
static double get(const buffer *b, int64_t i, int64_t j) { return dtype_load(b->type, element(b, i, j)); }

typedef enum values { VALUES_REAL, VALUES_SMALL_INTEGERS } values;

/* Values inside rows x cols, NaN everywhere else. */
static void fill_buffer(buffer *b, int64_t rows, int64_t cols, values kind) {
  for (int64_t i = 0; i < b->rows; i++)
    for (int64_t j = 0; j < b->cols; j++) {
      double v = kind == VALUES_SMALL_INTEGERS ? (double)(next_random() % 9) - 4 : (double)next_random() / 1073741824.0 - 1.0;
      dtype_store(b->type, element(b, i, j), i < rows && j < cols ? v : NAN);
    }
}

static void remember(buffer *b) { memcpy(b->before, b->all, b->bytes + 2 * CANARY_BYTES); }
static double was(const buffer *b, int64_t i, int64_t j) {
  return dtype_load(b->type, b->before + CANARY_BYTES + (size_t)(i * b->cols + j) * dtype_bytes(b->type));
}

/* Everything but the elements of rows x cols is as it was. */
static void assert_untouched_outside(const buffer *b, int64_t rows, int64_t cols) {
  size_t size = dtype_bytes(b->type), row = (size_t)b->cols * size;
  assert_memory_equal(b->all, b->before, CANARY_BYTES);
  assert_memory_equal(b->data + b->bytes, b->before + CANARY_BYTES + b->bytes, CANARY_BYTES);
  for (int64_t i = 0; i < b->rows; i++) {
    size_t kept = i < rows ? (size_t)cols * size : 0;
    assert_memory_equal(b->data + (size_t)i * row + kept, b->before + CANARY_BYTES + (size_t)i * row + kept, row - kept);
  }
}

/* ---- matrix products ---- */
static const char *subviewed(const char *name, dtype t, int rows, int cols, const char *m, const char *n) {
  return arena_printf(&ctx.mem, "  %%%ss = memref.subview %%%s[0, 0] [%%%s, %%%s] [1, 1] : memref<%dx%dx%s> to memref<?x?x%s, strided<[%d, 1]>>\n",
                      name, name, m, n, rows, cols, dtype_mlir(t), dtype_mlir(t), cols);
}

static const char *ragged_type(dtype t, int cols) {
  return arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", dtype_mlir(t), cols);
}

static const char *matmul_tile(const char *name, dtype t, const int *s) {
  return arena_printf(&ctx.mem,
                      "func.func @%s(%%a: memref<%dx%dx%s>, %%b: memref<%dx%dx%s>, %%c: memref<%dx%dxf32>, %%m: index, %%n: index, %%k: index) "
                      "attributes {loom.tile_function} {\n%s%s%s  linalg.matmul ins(%%as, %%bs : %s, %s) outs(%%cs : %s)\n  return\n}\n",
                      name, s[0], s[2], dtype_mlir(t), s[2], s[1], dtype_mlir(t), s[0], s[1], subviewed("a", t, s[0], s[2], "m", "k"),
                      subviewed("b", t, s[2], s[1], "k", "n"), subviewed("c", DTYPE_F32, s[0], s[1], "m", "n"), ragged_type(t, s[2]),
                      ragged_type(t, s[1]), ragged_type(DTYPE_F32, s[1]));
}

/* `demand_bits`: the bits of a C loop of fmaf are demanded; products of half types are exact, so only f32 on CPUs without FMA may differ. */
static void check_matmul(cpu_tile_fn f, dtype t, const int *s, const int64_t *e, values kind, bool demand_bits) {
  int64_t m = e[0], n = e[1], k = e[2];
  buffer a = new_buffer(t, s[0], s[2]), b = new_buffer(t, s[2], s[1]), c = new_buffer(DTYPE_F32, s[0], s[1]);
  fill_buffer(&a, m, k, kind);
  fill_buffer(&b, k, n, kind);
  fill_buffer(&c, m, n, kind);
  remember(&a);
  remember(&b);
  remember(&c);
  f((void *const[]){a.data, b.data, c.data}, e);
  assert_untouched_outside(&a, 0, 0);
  assert_untouched_outside(&b, 0, 0);
  assert_untouched_outside(&c, m, n);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = was(&c, i, j), magnitude = fabs(sum);
      float fused = (float)sum;
      for (int64_t l = 0; l < k; l++) {
        fused = fmaf((float)get(&a, i, l), (float)get(&b, l, j), fused);
        sum += get(&a, i, l) * get(&b, l, j);
        magnitude += fabs(get(&a, i, l) * get(&b, l, j));
      }
      double bound = kind == VALUES_SMALL_INTEGERS ? 0 : (double)(k + 1) * 0x1p-24 * magnitude;
      if (!(fabs(get(&c, i, j) - sum) <= bound))
        fail_msg("%s %dx%dx%d, extents %d %d %d: element %d,%d is %.9g, expected %.9g within %.3g", dtype_mlir(t), s[0], s[1], s[2], (int)m,
                 (int)n, (int)k, (int)i, (int)j, get(&c, i, j), sum, bound);
      if (demand_bits && memcmp(element(&c, i, j), &fused, sizeof fused) != 0)
        fail_msg("%s %dx%dx%d, extents %d %d %d: element %d,%d is %a, expected the bits of %a", dtype_mlir(t), s[0], s[1], s[2], (int)m, (int)n,
                 (int)k, (int)i, (int)j, get(&c, i, j), (double)fused);
    }
}

static void test_matmul_is_right_for_every_type_and_extent(void **state) {
  (void)state;
  static const int sizes[][3] = {{64, 64, 32}, {7, 5, 3}, {32, 32, 32}, {192, 224, 64}, {17, 33, 150}};   /* M N K */
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16, DTYPE_F32};
  enum { N_SIZES = sizeof sizes / sizeof *sizes, N_TYPES = sizeof types / sizeof *types };
  for (size_t cpu = 0; cpu < N_CPUS; cpu++) {
    if (!can_run(cpus[cpu]))
      continue;
    text src = text_new(&ctx.mem);
    for (int i = 0; i < N_SIZES * N_TYPES; i++)
      text_add(&src, matmul_tile(arena_printf(&ctx.mem, "tile_%d", i), types[i / N_SIZES], sizes[i % N_SIZES]));
    codegen_image *image = compile_for(text_str(&src), cpus[cpu], NULL);
    for (int i = 0; i < N_SIZES * N_TYPES; i++) {
      cpu_tile_fn f = tile(image, arena_printf(&ctx.mem, "tile_%d", i));
      const int *s = sizes[i % N_SIZES];
      bool bits = types[i / N_SIZES] != DTYPE_F32 || codegen_vector_bytes(cpus[cpu]) > 16;
      const int64_t extents[][3] = {{s[0], s[1], s[2]}, {1, 1, 1},        {s[0], 1, s[2]},        {1, s[1], s[2]},          {s[0], s[1], 1},
                                    {0, s[1], s[2]},    {s[0], 0, s[2]},  {s[0], s[1], 0},        {s[0] - 1, s[1] - 1, s[2] - 1},
                                    {s[0] / 2 + 1, s[1] / 2 + 1, s[2] / 2 + 1}, {s[0] / 3, s[1] - s[1] / 4, s[2] / 2}};
      for (size_t e = 0; e < sizeof extents / sizeof *extents; e++) {
        check_matmul(f, types[i / N_SIZES], s, extents[e], VALUES_REAL, bits);
        check_matmul(f, types[i / N_SIZES], s, extents[e], VALUES_SMALL_INTEGERS, true);
      }
    }
    codegen_unlink(image);
  }
}

/* Column and row edges around the register blocks (32 columns, 8 rows, 16 lanes of k), exhaustively. */
static void test_matmul_is_right_for_every_extent_of_a_small_tile(void **state) {
  (void)state;
  static const int s[3] = {10, 37, 19};
  codegen_image *image = compile_for(matmul_tile("tile_0", DTYPE_F16, s), NULL, NULL);
  cpu_tile_fn f = tile(image, "tile_0");
  for (int64_t m = 0; m <= s[0]; m++)
    for (int64_t n = 0; n <= s[1]; n++)
      for (int64_t k = 14; k <= s[2]; k++) {
        arena_mark mark = arena_save(&ctx.mem);
        check_matmul(f, DTYPE_F16, s, (const int64_t[]){m, n, k}, VALUES_SMALL_INTEGERS, true);
        arena_release(&ctx.mem, mark);
      }
  codegen_unlink(image);
}

/* 2048 + 1 + 1 ... is 2048 in f16 and exact in f32: sums must not pass through f16. */
static void test_sums_are_kept_in_f32(void **state) {
  (void)state;
  static const int s[3] = {8, 32, 256};
  codegen_image *image = compile_for(matmul_tile("tile_0", DTYPE_F16, s), NULL, NULL);
  buffer a = new_buffer(DTYPE_F16, 8, 256), b = new_buffer(DTYPE_F16, 256, 32), c = new_buffer(DTYPE_F32, 8, 32);
  memset(c.data, 0, c.bytes);
  for (int64_t l = 0; l < 256; l++)
    for (int64_t i = 0; i < 32; i++) {
      if (i < 8)
        dtype_store(DTYPE_F16, element(&a, i, l), l == 0 ? 2048 : 1);
      dtype_store(DTYPE_F16, element(&b, l, i), 1);
    }
  tile(image, "tile_0")((void *const[]){a.data, b.data, c.data}, (const int64_t[]){8, 32, 256});
  for (int64_t i = 0; i < 8; i++)
    for (int64_t j = 0; j < 32; j++)
      assert_true(get(&c, i, j) == 2048.0 + 255.0);
  codegen_unlink(image);
}

/* 2048 + 1 + 1 ..: a sum that passes through the half type stays where it is. */
static void test_products_into_half_types_round_once(void **state) {
  (void)state;
  static const struct { const char *a, *b, *c, *op; int64_t elems; } forms[] = {
      {"8x256", "256x32", "8x32", "linalg.matmul", 8 * 32},
      {"2x4x256", "2x256x16", "2x4x16", "linalg.batch_matmul", 2 * 4 * 16},
      {"8x256", "32x256", "8x32", "linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]", 8 * 32},
      {"8x256", "256", "8", "linalg.matvec", 8},
      {"256", "256x32", "32", "linalg.vecmat", 32},
  };
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
      const char *e = dtype_mlir(types[t]), *a = arena_printf(&ctx.mem, "memref<%sx%s>", forms[i].a, e), *b = arena_printf(&ctx.mem, "memref<%sx%s>", forms[i].b, e),
                 *c = arena_printf(&ctx.mem, "memref<%sx%s>", forms[i].c, e);
      const char *src = arena_printf(&ctx.mem, "func.func @t(%%a: %s, %%b: %s, %%c: %s) attributes {loom.tile_function} {\n  %s ins(%%a, %%b : %s, %s) outs(%%c : %s)\n  return\n}\n",
                                     a, b, c, forms[i].op, a, b, c);
      codegen_image *image = compile_for(src, NULL, NULL);
      buffer x = new_buffer(types[t], 8, 256), y = new_buffer(types[t], 256, 32), z = new_buffer(types[t], 8, 32);
      memset(z.data, 0, z.bytes);
      for (int64_t k = 0; k < 256 * 32; k++) {
        dtype_store(types[t], element(&y, 0, k), 1);
        dtype_store(types[t], element(&x, 0, k % (8 * 256)), k % 256 ? 1 : 2048);
      }
      tile(image, "t")((void *const[]){x.data, y.data, z.data}, NULL);
      unsigned char sum[2];
      dtype_store(types[t], sum, 2048 + 255);
      for (int64_t k = 0; k < forms[i].elems; k++)
        if (memcmp(element(&z, 0, k), sum, 2) != 0)
          fail_msg("%s of %s: %g", forms[i].op, e, get(&z, 0, k));
      codegen_unlink(image);
    }
}

/* A product the micro-kernel does not take: a transposed operand through another map. */
static void test_other_products_become_loops(void **state) {
  (void)state;
  const char *src = "#a = affine_map<(m, n, k) -> (m, k)>\n#b = affine_map<(m, n, k) -> (n, k)>\n#c = affine_map<(m, n, k) -> (m, n)>\n"
                    "func.func @t(%a: memref<6x9xf16>, %b: memref<11x9xf16>, %c: memref<6x11xf32>) attributes {loom.tile_function} {\n"
                    "  linalg.matmul indexing_maps = [#a, #b, #c] ins(%a, %b : memref<6x9xf16>, memref<11x9xf16>) outs(%c : memref<6x11xf32>)\n"
                    "  return\n}\n";
  codegen_image *image = compile_for(src, NULL, NULL);
  buffer a = new_buffer(DTYPE_F16, 6, 9), b = new_buffer(DTYPE_F16, 11, 9), c = new_buffer(DTYPE_F32, 6, 11);
  fill_buffer(&a, 6, 9, VALUES_SMALL_INTEGERS);
  fill_buffer(&b, 11, 9, VALUES_SMALL_INTEGERS);
  fill_buffer(&c, 6, 11, VALUES_SMALL_INTEGERS);
  remember(&c);
  tile(image, "t")((void *const[]){a.data, b.data, c.data}, NULL);
  assert_untouched_outside(&c, 6, 11);
  for (int64_t i = 0; i < 6; i++)
    for (int64_t j = 0; j < 11; j++) {
      double sum = was(&c, i, j);
      for (int64_t k = 0; k < 9; k++)
        sum += get(&a, i, k) * get(&b, j, k);
      assert_true(get(&c, i, j) == sum);
    }
  codegen_unlink(image);
}

/* ---- elementwise tiles ---- */
static const char *map_tile(const char *name, dtype from, dtype to, const char *body) {
  return arena_printf(&ctx.mem,
                      "func.func @%s(%%a: memref<13x37x%s>, %%b: memref<13x37x%s>, %%m: index, %%n: index) attributes {loom.tile_function} {\n%s%s"
                      "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], "
                      "iterator_types = [\"parallel\", \"parallel\"]} ins(%%as : %s) outs(%%bs : %s) {\n  ^bb0(%%x: %s, %%o: %s):\n%s"
                      "    linalg.yield %%y : %s\n  }\n  return\n}\n",
                      name, dtype_mlir(from), dtype_mlir(to), subviewed("a", from, 13, 37, "m", "n"), subviewed("b", to, 13, 37, "m", "n"),
                      ragged_type(from, 37), ragged_type(to, 37), dtype_mlir(from), dtype_mlir(to), body, dtype_mlir(to));
}

static const int64_t map_extents[][2] = {{13, 37}, {12, 36}, {1, 1}, {0, 37}, {13, 0}, {13, 1}, {1, 37}, {5, 19}};
enum { N_MAP_EXTENTS = sizeof map_extents / sizeof *map_extents };

static void run_map(cpu_tile_fn f, buffer *a, buffer *b, const int64_t *e) {
  remember(a);
  remember(b);
  f((void *const[]){a->data, b->data}, e);
  assert_untouched_outside(a, 0, 0);
  assert_untouched_outside(b, e[0], e[1]);
}

static void test_rounding_to_half_types_is_exact(void **state) {
  (void)state;
  static const float hard[] = {0.0f, -0.0f, 1.0f, 65504.0f, 65519.99f, 65520.0f, 1e38f, INFINITY, -INFINITY, 5.9604645e-8f, 2.9802322e-8f, 2.98023259e-8f,
                               6.0975552e-5f, 1.00048828125f, 1.00146484375f, 1e-40f, -1e-40f, 3.3895314e38f, 0.1f, -0.3f};
  static const dtype to[] = {DTYPE_F16, DTYPE_BF16};
  for (size_t t = 0; t < 2; t++) {
    const char *body = arena_printf(&ctx.mem, "    %%y = arith.truncf %%x : f32 to %s\n", dtype_mlir(to[t]));
    codegen_image *image = compile_for(map_tile("round", DTYPE_F32, to[t], body), NULL, NULL);
    for (int e = 0; e < N_MAP_EXTENTS; e++) {
      buffer a = new_buffer(DTYPE_F32, 13, 37), b = new_buffer(to[t], 13, 37);
      fill_buffer(&a, map_extents[e][0], map_extents[e][1], VALUES_REAL);
      for (int64_t i = 0; i < map_extents[e][0]; i += 2)
        for (int64_t j = 0; j < map_extents[e][1]; j++)
          dtype_store(DTYPE_F32, element(&a, i, j), hard[(size_t)(i * 37 + j) % (sizeof hard / sizeof *hard)]);
      run_map(tile(image, "round"), &a, &b, map_extents[e]);
      for (int64_t i = 0; i < map_extents[e][0]; i++)
        for (int64_t j = 0; j < map_extents[e][1]; j++) {
          unsigned char expected[2];
          dtype_store(to[t], expected, get(&a, i, j));
          assert_memory_equal(element(&b, i, j), expected, 2);
        }
    }
    codegen_unlink(image);
  }
}

/* x + 0 is x, though it be subnormal. */
static void test_bf16_arithmetic_keeps_subnormals(void **state) {
  (void)state;
  const char *body = "    %c = arith.constant 0.0 : bf16\n    %y = arith.addf %x, %c : bf16\n";
  codegen_image *image = compile_for(map_tile("plus", DTYPE_BF16, DTYPE_BF16, body), NULL, NULL);
  for (int e = 0; e < N_MAP_EXTENTS; e++) {
    buffer a = new_buffer(DTYPE_BF16, 13, 37), b = new_buffer(DTYPE_BF16, 13, 37);
    for (int64_t i = 0; i < map_extents[e][0]; i++)
      for (int64_t j = 0; j < map_extents[e][1]; j++)
        dtype_store(DTYPE_BF16, element(&a, i, j), ldexp(1 + (double)(j % 2) / 2, (int)(-133 + i % 10)));
    run_map(tile(image, "plus"), &a, &b, map_extents[e]);
    for (int64_t i = 0; i < map_extents[e][0]; i++)
      for (int64_t j = 0; j < map_extents[e][1]; j++)
        assert_memory_equal(element(&b, i, j), element(&a, i, j), 2);
  }
  codegen_unlink(image);
}

static void test_functions_of_libm_are_within_four_ulp(void **state) {
  (void)state;
  static const struct { const char *op; double (*reference)(double); } rows[] = {{"exp", exp}, {"tanh", tanh}, {"erf", erf}, {"log1p", log1p}, {"expm1", expm1}, {"sin", sin}};
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    codegen_image *image = compile_for(map_tile("f", DTYPE_F32, DTYPE_F32, arena_printf(&ctx.mem, "    %%y = math.%s %%x : f32\n", rows[r].op)), NULL, NULL);
    for (int e = 0; e < N_MAP_EXTENTS; e++) {
      buffer a = new_buffer(DTYPE_F32, 13, 37), b = new_buffer(DTYPE_F32, 13, 37);
      fill_buffer(&a, map_extents[e][0], map_extents[e][1], VALUES_REAL);
      run_map(tile(image, "f"), &a, &b, map_extents[e]);
      for (int64_t i = 0; i < map_extents[e][0]; i++)
        for (int64_t j = 0; j < map_extents[e][1]; j++) {
          double expected = rows[r].reference(get(&a, i, j));
          if (!(fabs(get(&b, i, j) - expected) <= 4 * 0x1p-24 * fabs(expected)))
            fail_msg("%s(%.9g) is %.9g, expected %.9g", rows[r].op, get(&a, i, j), get(&b, i, j), expected);
        }
    }
    codegen_unlink(image);
  }
}

/* What a whole k step does: fill, accumulate twice, round and copy out; with a row sum beside it. */
static void test_a_run_of_operations_in_one_tile(void **state) {
  (void)state;
  const char *src =
      "func.func @run(%a: memref<8x16xf16>, %b: memref<16x24xf16>, %c: memref<8x24xf32>, %h: memref<8x24xf16>, %s: memref<8xf32>, "
      "%d: memref<8x24xf16>, %m: index, %n: index) attributes {loom.tile_function} {\n  %z = arith.constant 0.0 : f32\n"
      "  %as = memref.subview %a[0, 0] [%m, 16] [1, 1] : memref<8x16xf16> to memref<?x16xf16, strided<[16, 1]>>\n"
      "  %bs = memref.subview %b[0, 0] [16, %n] [1, 1] : memref<16x24xf16> to memref<16x?xf16, strided<[24, 1]>>\n"
      "  %cs = memref.subview %c[0, 0] [%m, %n] [1, 1] : memref<8x24xf32> to memref<?x?xf32, strided<[24, 1]>>\n"
      "  %hs = memref.subview %h[0, 0] [%m, %n] [1, 1] : memref<8x24xf16> to memref<?x?xf16, strided<[24, 1]>>\n"
      "  %ds = memref.subview %d[0, 0] [%m, %n] [1, 1] : memref<8x24xf16> to memref<?x?xf16, strided<[24, 1]>>\n"
      "  %ss = memref.subview %s[0] [%m] [1] : memref<8xf32> to memref<?xf32, strided<[1]>>\n"
      "  linalg.fill ins(%z : f32) outs(%cs : memref<?x?xf32, strided<[24, 1]>>)\n"
      "  linalg.fill ins(%z : f32) outs(%ss : memref<?xf32, strided<[1]>>)\n"
      "  linalg.matmul ins(%as, %bs : memref<?x16xf16, strided<[16, 1]>>, memref<16x?xf16, strided<[24, 1]>>) outs(%cs : memref<?x?xf32, strided<[24, 1]>>)\n"
      "  linalg.matmul ins(%as, %bs : memref<?x16xf16, strided<[16, 1]>>, memref<16x?xf16, strided<[24, 1]>>) outs(%cs : memref<?x?xf32, strided<[24, 1]>>)\n"
      "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]}\n"
      "    ins(%cs : memref<?x?xf32, strided<[24, 1]>>) outs(%ss : memref<?xf32, strided<[1]>>) {\n"
      "  ^bb0(%x: f32, %o: f32):\n    %t = arith.addf %o, %x : f32\n    linalg.yield %t : f32\n  }\n"
      "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]}\n"
      "    ins(%cs : memref<?x?xf32, strided<[24, 1]>>) outs(%hs : memref<?x?xf16, strided<[24, 1]>>) {\n"
      "  ^bb0(%x: f32, %o: f16):\n    %t = arith.truncf %x : f32 to f16\n    linalg.yield %t : f16\n  }\n"
      "  memref.copy %hs, %ds : memref<?x?xf16, strided<[24, 1]>> to memref<?x?xf16, strided<[24, 1]>>\n  return\n}\n";
  codegen_image *image;
  assert_int_equal(cpu_compile_tiles(&ir, src, &image), LOOM_OK);
  static const int64_t extents[][2] = {{8, 24}, {7, 23}, {1, 1}, {8, 0}, {0, 24}, {3, 17}};
  for (size_t e = 0; e < sizeof extents / sizeof *extents; e++) {
    int64_t m = extents[e][0], n = extents[e][1];
    buffer a = new_buffer(DTYPE_F16, 8, 16), b = new_buffer(DTYPE_F16, 16, 24), c = new_buffer(DTYPE_F32, 8, 24),
           h = new_buffer(DTYPE_F16, 8, 24), s = new_buffer(DTYPE_F32, 1, 8), d = new_buffer(DTYPE_F16, 8, 24);
    fill_buffer(&a, m, 16, VALUES_SMALL_INTEGERS);
    fill_buffer(&b, 16, n, VALUES_SMALL_INTEGERS);
    fill_buffer(&c, 0, 0, VALUES_REAL);   /* NaN: the fill must replace it */
    remember(&c), remember(&h), remember(&s), remember(&d);
    tile(image, "run")((void *const[]){a.data, b.data, c.data, h.data, s.data, d.data}, extents[e]);
    assert_untouched_outside(&c, m, n);
    assert_untouched_outside(&h, m, n);
    assert_untouched_outside(&d, m, n);
    assert_untouched_outside(&s, 1, m);
    for (int64_t i = 0; i < m; i++) {
      double row = 0;
      for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t k = 0; k < 16; k++)
          sum += 2 * get(&a, i, k) * get(&b, k, j);
        assert_true(get(&c, i, j) == sum && get(&h, i, j) == sum && get(&d, i, j) == sum);
        row += sum;
      }
      assert_true(get(&s, 0, i) == row);
    }
  }
  codegen_unlink(image);
}

/* ---- refusals ---- */
static void test_functions_of_another_form_are_refused(void **state) {
  (void)state;
  static const struct { const char *src, *needle; loom_status st; } rows[] = {
      {"func.func @f(%a: memref<?xf32>) attributes {loom.tile_function} { return }", "memref<?xf32>", LOOM_EINPUT},
      {"func.func @f(%a: memref<4xf32, strided<[2]>>) attributes {loom.tile_function} { return }", "strided<[2]>", LOOM_EINPUT},
      {"func.func @f(%a: f32) attributes {loom.tile_function} { return }", "is f32", LOOM_EINPUT},
      {"func.func @f(%n: index, %a: memref<4xf32>) attributes {loom.tile_function} { return }", "argument 1", LOOM_EINPUT},
      {"func.func @f(%n: index) -> index attributes {loom.tile_function} { return %n : index }", "results", LOOM_EINPUT},
      {"func.func private @getpid() -> i32\nfunc.func @f(%a: memref<1xi32>) attributes {loom.tile_function} {\n%c = arith.constant 0 : index\n"
       "%p = func.call @getpid() : () -> i32\nmemref.store %p, %a[%c] : memref<1xi32>\nreturn }", "getpid", LOOM_EINPUT},
      {"func.func @f(%a: memref<4xf32>) attributes {loom.tile_function} {\nllvm.inline_asm has_side_effects \"nop\", \"\" : () -> ()\nreturn }",
       "llvm.inline_asm", LOOM_EINPUT},
      {"func.func @f(%a: memref<4xf32>) attributes {loom.tile_function} {\n%p = memref.extract_aligned_pointer_as_index %a : memref<4xf32> -> index\nreturn }",
       "extract_aligned_pointer", LOOM_EINPUT},
      {"func.func @f(%a: memref<4xf32>) attributes {loom.tile_function} { retrun }", "retrun", LOOM_EINPUT},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ctx.diag.first = NULL;
    ctx.diag.last = &ctx.diag.first;
    codegen_image *image;
    assert_int_equal(cpu_compile_tiles(&ir, rows[i].src, &image), rows[i].st);
    assert_null(image);
    assert_non_null(strstr(ctx.diag.first->text, rows[i].needle));
  }
}

int main(void) {
#define T CPU_TEST
  const struct CMUnitTest tests[] = {
      T(test_matmul_is_right_for_every_type_and_extent), T(test_matmul_is_right_for_every_extent_of_a_small_tile), T(test_sums_are_kept_in_f32),
      T(test_products_into_half_types_round_once),
      T(test_other_products_become_loops), T(test_rounding_to_half_types_is_exact), T(test_bf16_arithmetic_keeps_subnormals),
      T(test_functions_of_libm_are_within_four_ulp),
      T(test_a_run_of_operations_in_one_tile), T(test_functions_of_another_form_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
