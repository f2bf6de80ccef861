/* The machine code of NPU programs, run lane by lane by src/sim/rvv, which shares nothing with the lowering.
 * Oracles: products of small integers, exact in every type, by three loops; functions by libm; what is not the program's (poison) stays NaN and is never read: lanes of A behind
 * its columns are zero, as a load leaves them, every other place is NaN; a window ends where its tile ends. */
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "sim/rvv/rvv.h"
#include "target/npu/npt.h"

enum { STRIDE = 1 << 24, WORDS_MAX = 1 << 16, TILES_MAX = 3 };
static const uint64_t BASE = UINT64_C(0x123456789000);   /* anywhere in 64 bits */

typedef struct bench { loom_ctx ctx; ir_ctx ir; } bench;
static bench *b;

static int open_bench(void **state) {
  (void)state;
  b = calloc(1, sizeof *b);
  loom_ctx_init(&b->ctx);
  return ir_open(&b->ctx, &b->ir) == LOOM_OK ? 0 : 1;
}

static int close_bench(void **state) {
  (void)state;
  ir_close(&b->ir);
  loom_ctx_done(&b->ctx);
  free(b);
  return 0;
}

static void no_error(void) {
  if (b->ctx.diag.errors)
    fail_msg("%s", b->ctx.diag.first->text);
}

typedef struct tile { const char *name; int64_t lane_bytes; uint32_t *words; } tile;

static tile new_tile(const char *name, int64_t lane_bytes, int lanes) {
  tile t = {name, (lane_bytes + 3) / 4 * 4, NULL};
  t.words = arena_alloc(&b->ctx.mem, (size_t)(t.lane_bytes * lanes));
  memset(t.words, 0xff, (size_t)(t.lane_bytes * lanes));   /* a NaN of every type, -1 */
  return t;
}

static uint8_t *byte_of(const tile *t, int lanes, int64_t lane, int64_t at) { return (uint8_t *)(t->words + at / 4 * lanes + lane) + at % 4; }

static void put(const tile *t, dtype type, int lanes, int64_t lane, int64_t i, double v) {
  uint8_t bytes[8];
  int64_t n = (int64_t)dtype_bytes(type);
  dtype_store(type, bytes, v);
  for (int64_t k = 0; k < n; k++)
    *byte_of(t, lanes, lane, i * n + k) = bytes[k];
}

static double get(const tile *t, dtype type, int lanes, int64_t lane, int64_t i) {
  uint8_t bytes[8];
  int64_t n = (int64_t)dtype_bytes(type);
  for (int64_t k = 0; k < n; k++)
    bytes[k] = *byte_of(t, lanes, lane, i * n + k);
  return dtype_load(type, bytes);
}

/* Lowers, compiles, loads and calls `function` of a program; the fault, if it has one. */
static rvv_fault_kind run(const char *src, const char *function, int lanes, int vlen, const tile *tiles, int n, rvv_fault *fault) {
  MlirModule m;
  npt_riscv_code code;
  rvv_image *image;
  rvv_symbol symbols[TILES_MAX];
  rvv_window windows[TILES_MAX];
  const npt_vcix_options o = {.lanes = lanes, .vlen_bits = vlen};
  assert_int_equal(ir_parse(&b->ir, "t.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = npt_to_vcix(&b->ir, m, &o);
  if (st == LOOM_OK)
    st = npt_riscv_compile(&b->ir, m, vlen, false, &code);
  no_error();
  assert_int_equal(st, LOOM_OK);
  ir_close_module(m);
  for (int i = 0; i < n; i++) {
    symbols[i] = (rvv_symbol){tiles[i].name, BASE + (uint64_t)i * STRIDE};
    windows[i] = (rvv_window){.address = symbols[i].address, .lane_bytes = (uint64_t)tiles[i].lane_bytes, .words = tiles[i].words};
  }
  assert_int_equal(rvv_load(&b->ctx, "t.o", code.object, code.size, symbols, (size_t)n, &(rvv_config){.lanes = lanes, .vlen_bits = vlen}, &image), LOOM_OK);
  const rvv_job job = {.entry = rvv_find(image, function), .windows = windows, .n_windows = n, .array = rvv_array_new(&b->ctx.mem, lanes)};
  assert_true(job.entry != 0);
  return rvv_call(rvv_core_new(&b->ctx.mem, image), &job, NULL, fault);
}

typedef struct product { int64_t m, n, k; dtype type, c_type; int lanes, vlen; const char *attrs; } product;

static int64_t banks(int64_t columns, int lanes) { return (columns + lanes - 1) / lanes; }

static void check_product(const product *p) {
  const char *t = dtype_mlir(p->type), *ct = dtype_mlir(p->c_type);
  bool overwrites = strstr(p->attrs, "overwrite") != NULL;
  arena *mem = &b->ctx.mem;
  const char *a_type = arena_printf(mem, "memref<%" PRId64 "x%" PRId64 "x%s, 1>", p->m, p->k, t), *b_type = arena_printf(mem, "memref<%" PRId64 "x%" PRId64 "x%s, 1>", p->k, p->n, t),
             *c_type = arena_printf(mem, "memref<%" PRId64 "x%" PRId64 "x%s, 1>", p->m, p->n, ct);
  const char *src = arena_printf(mem, "memref.global \"private\" @A : %s\nmemref.global \"private\" @B : %s\nmemref.global \"private\" @C : %s\nfunc.func @node() {\n"
                                      "  %%a = memref.get_global @A : %s\n  %%b = memref.get_global @B : %s\n  %%c = memref.get_global @C : %s\n"
                                      "  linalg.matmul {npu.matmul%s} ins(%%a, %%b : %s, %s) outs(%%c : %s)\n  return\n}\n",
                                 a_type, b_type, c_type, a_type, b_type, c_type, p->attrs, a_type, b_type, c_type);
  const int64_t bytes = (int64_t)dtype_bytes(p->type), c_bytes = (int64_t)dtype_bytes(p->c_type);
  const tile tiles[] = {new_tile("A", p->m * banks(p->k, p->lanes) * bytes, p->lanes), new_tile("B", p->k * banks(p->n, p->lanes) * bytes, p->lanes),
                        new_tile("C", p->m * banks(p->n, p->lanes) * c_bytes, p->lanes)};
  double *av = arena_alloc(mem, sizeof(double) * (size_t)(p->m * p->k)), *bv = arena_alloc(mem, sizeof(double) * (size_t)(p->k * p->n)), *cv = arena_alloc(mem, sizeof(double) * (size_t)(p->m * p->n));
  rng r = rng_new(7);
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t k = 0; k < banks(p->k, p->lanes) * p->lanes; k++) {
      double v = k < p->k ? (double)rng_range(&r, -3, 3) : 0;
      put(&tiles[0], p->type, p->lanes, k % p->lanes, i + p->m * (k / p->lanes), v);
      if (k < p->k)
        av[i * p->k + k] = v;
    }
  for (int64_t k = 0; k < p->k; k++)
    for (int64_t j = 0; j < p->n; j++)
      put(&tiles[1], p->type, p->lanes, j % p->lanes, k + p->k * (j / p->lanes), bv[k * p->n + j] = (double)rng_range(&r, -2, 2));
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      cv[i * p->n + j] = overwrites ? 0 : (double)rng_range(&r, -5, 5);
      if (!overwrites)
        put(&tiles[2], p->c_type, p->lanes, j % p->lanes, i + p->m * (j / p->lanes), cv[i * p->n + j]);
    }
  rvv_fault fault = {0};
  if (run(src, "node", p->lanes, p->vlen, tiles, 3, &fault) != RVV_FINE)
    fail_msg("%" PRId64 " x %" PRId64 " x %" PRId64 " %s: %s", p->m, p->n, p->k, t, fault.text);
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      double want = cv[i * p->n + j], got = get(&tiles[2], p->c_type, p->lanes, j % p->lanes, i + p->m * (j / p->lanes));
      for (int64_t k = 0; k < p->k; k++)
        want += av[i * p->k + k] * bv[k * p->n + j];
      if (want != got)
        fail_msg("%" PRId64 " x %" PRId64 " x %" PRId64 " %s on %d lanes: C[%" PRId64 ", %" PRId64 "] is %g, must be %g", p->m, p->n, p->k, t, p->lanes, i, j, got, want);
    }
}

static void again(void) {
  close_bench(NULL);
  assert_int_equal(open_bench(NULL), 0);
}

#define PLAIN ""
#define STORED ", npu.overwrite"
static void test_products_are_exact(void **state) {
  (void)state;
  static const product rows[] = {
      {16, 16, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {128, 128, 128, DTYPE_F32, DTYPE_F32, 128, 256, PLAIN}, {48, 32, 64, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN},
      {16, 16, 48, DTYPE_F32, DTYPE_F32, 16, 256, STORED}, {16, 16, 16, DTYPE_F32, DTYPE_F32, 16, 256, STORED}, {32, 48, 32, DTYPE_F32, DTYPE_F32, 16, 256, STORED},
      {1, 16, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {1, 64, 64, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {2, 16, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {3, 32, 32, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN},
      {7, 16, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {13, 32, 48, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {16, 16, 1, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {16, 16, 5, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN},
      {16, 16, 12, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {16, 1, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {16, 5, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN}, {32, 12, 16, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN},
      {5, 3, 7, DTYPE_F32, DTYPE_F32, 16, 256, STORED}, {100, 77, 50, DTYPE_F32, DTYPE_F32, 128, 256, PLAIN}, {1, 1, 1, DTYPE_F32, DTYPE_F32, 16, 256, PLAIN},
      {16, 16, 16, DTYPE_F16, DTYPE_F32, 16, 256, PLAIN}, {48, 32, 64, DTYPE_F16, DTYPE_F32, 16, 256, PLAIN}, {48, 32, 64, DTYPE_F16, DTYPE_F16, 16, 256, STORED}, {9, 10, 11, DTYPE_F16, DTYPE_F16, 16, 256, PLAIN},
      {128, 128, 128, DTYPE_F16, DTYPE_F32, 128, 256, PLAIN}, {16, 32, 32, DTYPE_BF16, DTYPE_F32, 16, 256, PLAIN}, {10, 32, 48, DTYPE_BF16, DTYPE_F32, 16, 256, STORED}, {12, 7, 9, DTYPE_BF16, DTYPE_BF16, 16, 256, PLAIN},
      {16, 32, 32, DTYPE_I8, DTYPE_I32, 16, 256, PLAIN}, {9, 5, 13, DTYPE_I8, DTYPE_I32, 16, 256, PLAIN}, {32, 32, 32, DTYPE_I16, DTYPE_I32, 16, 256, STORED}, {16, 16, 48, DTYPE_I32, DTYPE_I32, 16, 256, PLAIN},
      {32, 16, 16, DTYPE_F32, DTYPE_F32, 8, 128, PLAIN}, {24, 40, 16, DTYPE_F32, DTYPE_F32, 8, 128, STORED}, {32, 32, 64, DTYPE_F32, DTYPE_F32, 32, 512, PLAIN}, {31, 32, 20, DTYPE_F16, DTYPE_F32, 32, 1024, PLAIN},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    again();
    check_product(&rows[i]);
  }
}

/* y[oh, ow][m, n] += sum over kh, kw, c of x[oh s + kh, ow + kw][m, c] w[kh, kw][c, n]: four loops marked inner_loop around a product, whose weights are pushed before the inner two. */
static void check_conv(int64_t m, int64_t c, int64_t n, int64_t s) {
  enum { KH = 3, KW = 2, OH = 3, OW = 4, LANES = 16 };
  const int64_t h = (OH - 1) * s + KH, w = OW + KW - 1, a_block = m * banks(c, LANES), b_block = c * banks(n, LANES), y_block = m * banks(n, LANES);
  const int64_t sizes[] = {h * w * a_block, KH * KW * b_block, OH * OW * y_block};
  text t = text_new(&b->ctx.mem);
  for (int i = 0; i < 3; i++)
    text_addf(&t, "memref.global \"private\" @T%d : memref<%" PRId64 "xf32, 1>\n", i, sizes[i]);
  text_add(&t, "func.func @node() {\n");
  for (int i = 0; i < 3; i++)
    text_addf(&t, "  %%t%d = memref.get_global @T%d : memref<%" PRId64 "xf32, 1>\n", i, i, sizes[i]);
  text_addf(&t, "  affine.for %%kh = 0 to %d {\n  affine.for %%kw = 0 to %d {\n    %%wo = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1 * %" PRId64 ")>(%%kh, %%kw)\n", KH, KW, KW * b_block, b_block);
  const int64_t rows[] = {m, c, m}, columns[] = {c, n, n};
  const char *view[3], *const offset[] = {"xo", "wo", "yo"};
  for (int i = 0; i < 3; i++)
    view[i] = arena_printf(&b->ctx.mem, "memref<%" PRId64 "x%" PRId64 "xf32, strided<[%" PRId64 ", 1], offset: ?>, 1>", rows[i], columns[i], columns[i]);
  for (int k = 0; k < 3; k++) {
    const int i = (const int[]){1, 0, 2}[k];
    if (k == 1)
      text_addf(&t, "  affine.for %%oh = 0 to %d {\n  affine.for %%ow = 0 to %d {\n    %%ih = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%oh, %%kh)\n    %%iw = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%%ow, %%kw)\n"
                    "    %%xo = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1 * %" PRId64 ")>(%%ih, %%iw)\n    %%yo = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1 * %" PRId64 ")>(%%oh, %%ow)\n",
                OH, OW, s, w * a_block, a_block, OW * y_block, y_block);
    text_addf(&t, "    %%v%d = memref.reinterpret_cast %%t%d to offset: [%%%s], sizes: [%" PRId64 ", %" PRId64 "], strides: [%" PRId64 ", 1] : memref<%" PRId64 "xf32, 1> to %s\n", i, i, offset[i], rows[i], columns[i], columns[i], sizes[i], view[i]);
  }
  text_addf(&t, "    linalg.matmul {npu.matmul} ins(%%v0, %%v1 : %s, %s) outs(%%v2 : %s)\n", view[0], view[1], view[2]);
  text_add(&t, "  } {inner_loop = true}\n  } {inner_loop = true}\n  } {inner_loop = true}\n  } {inner_loop = true}\n  return\n}\n");
  const tile tiles[] = {new_tile("T0", sizes[0] * 4, LANES), new_tile("T1", sizes[1] * 4, LANES), new_tile("T2", sizes[2] * 4, LANES)};
#define X(i, j, r, k) tiles[0], DTYPE_F32, LANES, (k) % LANES, ((i) * w + (j)) * a_block + (r) + m * ((k) / LANES)
#define W(i, j, k, l) tiles[1], DTYPE_F32, LANES, (l) % LANES, ((i) * KW + (j)) * b_block + (k) + c * ((l) / LANES)
#define Y(i, j, r, l) tiles[2], DTYPE_F32, LANES, (l) % LANES, ((i) * OW + (j)) * y_block + (r) + m * ((l) / LANES)
  for (int64_t i = 0; i < h * w * m; i++)
    for (int64_t k = 0; k < banks(c, LANES) * LANES; k++)
      put(&X(i / m / w, i / m % w, i % m, k), k < c ? (double)((i * 7 + k * 3) % 5 - 2) : 0);
  for (int64_t i = 0; i < KH * KW * c; i++)
    for (int64_t l = 0; l < n; l++)
      put(&W(i / c / KW, i / c % KW, i % c, l), (double)((i * 5 + l) % 7 - 3));
  for (int64_t i = 0; i < OH * OW * m; i++)
    for (int64_t l = 0; l < n; l++)
      put(&Y(i / m / OW, i / m % OW, i % m, l), (double)(l - i));
  rvv_fault fault = {0};
  if (run(text_str(&t), "node", LANES, 256, tiles, 3, &fault) != RVV_FINE)
    fail_msg("%s", fault.text);
  for (int64_t i = 0; i < OH * OW * m; i++)
    for (int64_t l = 0; l < n; l++) {
      const int64_t oh = i / m / OW, ow = i / m % OW, r = i % m;
      double want = (double)(l - i);
      for (int64_t k = 0; k < KH * KW * c; k++)
        want += get(&X(oh * s + k / c / KW, ow + k / c % KW, r, k % c)) * get(&W(k / c / KW, k / c % KW, k % c, l));
      if (get(&Y(oh, ow, r, l)) != want)
        fail_msg("y[%" PRId64 ", %" PRId64 "][%" PRId64 ", %" PRId64 "] is %g, must be %g", oh, ow, r, l, get(&Y(oh, ow, r, l)), want);
    }
#undef X
#undef W
#undef Y
}

static void test_convolutions_are_exact(void **state) {
  (void)state;
  static const int64_t rows[][4] = {{8, 16, 16, 1}, {8, 16, 16, 2}, {16, 32, 48, 1}, {5, 7, 3, 1}, {32, 16, 32, 2}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    again();
    check_conv(rows[i][0], rows[i][1], rows[i][2], rows[i][3]);
  }
}

/* Lanes of A behind its columns that vector code left as they were are masked: NaN times zero would be NaN. */
static void test_columns_that_a_does_not_have_count_as_zero(void **state) {
  (void)state;
  const tile tiles[] = {new_tile("A", 16, 16), new_tile("B", 16, 16), new_tile("C", 16, 16)};
  static const char src[] = "memref.global \"private\" @A : memref<4x4xf32, 1>\nmemref.global \"private\" @B : memref<4x4xf32, 1>\nmemref.global \"private\" @C : memref<4x4xf32, 1>\nfunc.func @node() {\n"
                            "  %a = memref.get_global @A : memref<4x4xf32, 1>\n  %b = memref.get_global @B : memref<4x4xf32, 1>\n  %c = memref.get_global @C : memref<4x4xf32, 1>\n"
                            "  affine.for %i = 0 to 1 {\n  affine.for %j = 0 to 1 {\n  affine.for %k = 0 to 1 {\n"
                            "    %f = memref.reinterpret_cast %a to offset: [0], sizes: [16], strides: [1] : memref<4x4xf32, 1> to memref<16xf32, strided<[1]>, 1>\n"
                            "    %g = memref.reinterpret_cast %b to offset: [0], sizes: [16], strides: [1] : memref<4x4xf32, 1> to memref<16xf32, strided<[1]>, 1>\n"
                            "    %v = affine.vector_load %f[0] : memref<16xf32, strided<[1]>, 1>, vector<4xf32>\n    %two = arith.constant dense<2.0> : vector<4xf32>\n"
                            "    %w = arith.mulf %v, %two : vector<4xf32>\n    affine.vector_store %w, %f[0] : memref<16xf32, strided<[1]>, 1>, vector<4xf32>\n"
                            "    %x = affine.vector_load %g[0] : memref<16xf32, strided<[1]>, 1>, vector<4xf32>\n    affine.vector_store %x, %g[0] : memref<16xf32, strided<[1]>, 1>, vector<4xf32>\n"
                            "    linalg.matmul ins(%a, %b : memref<4x4xf32, 1>, memref<4x4xf32, 1>) outs(%c : memref<4x4xf32, 1>)\n"
                            "  } {accumulation_loop = true}\n  } {outer_loop = true}\n  } {outer_loop = true}\n  return\n}\n";
  rvv_fault fault = {0};
  for (int64_t lane = 0; lane < 4; lane++)
    for (int64_t i = 0; i < 4; i++) {
      put(&tiles[0], DTYPE_F32, 16, lane, i, 1);
      put(&tiles[1], DTYPE_F32, 16, lane, i, 1);
      put(&tiles[2], DTYPE_F32, 16, lane, i, 0);
    }
  if (run(src, "node", 16, 256, tiles, 3, &fault) != RVV_FINE)
    fail_msg("%s", fault.text);
  for (int64_t i = 0; i < 4; i++)
    for (int64_t j = 0; j < 4; j++)
      assert_true(get(&tiles[2], DTYPE_F32, 16, j, i) == 8);
}

static double wanted(const char *f, double x) {
  static const struct { const char *name; double (*f)(double); } made[] = {{"exp2", exp2}, {"log2", log2}, {"log10", log10}, {"log1p", log1p}, {"expm1", expm1}, {"tan", tan}, {"sinh", sinh}, {"cosh", cosh}};
  for (size_t i = 0; i < COUNT_OF(made); i++)
    if (strcmp(f, made[i].name) == 0)
      return made[i].f(x);
  return strcmp(f, "exp") == 0 ? exp(x) : strcmp(f, "erf") == 0 ? erf(x) : strcmp(f, "tanh") == 0 ? tanh(x) : strcmp(f, "sin") == 0 ? sin(x) : strcmp(f, "cos") == 0 ? cos(x) : strcmp(f, "log") == 0 ? log(x) : atan(x);
}

static void check_function(const char *f, dtype type, int64_t n) {
  const char *t = dtype_mlir(type);
  const tile tiles[] = {new_tile("X", n * (int64_t)dtype_bytes(type), 8), new_tile("Y", n * (int64_t)dtype_bytes(type), 8)};
  const char *src = arena_printf(&b->ctx.mem, "memref.global \"private\" @X : memref<%" PRId64 "x%s, 1>\nmemref.global \"private\" @Y : memref<%" PRId64 "x%s, 1>\nfunc.func @node() {\n  %%i = arith.constant 0 : index\n"
                                              "  %%x = memref.get_global @X : memref<%" PRId64 "x%s, 1>\n  %%y = memref.get_global @Y : memref<%" PRId64 "x%s, 1>\n"
                                              "  %%v = vector.load %%x[%%i] : memref<%" PRId64 "x%s, 1>, vector<%" PRId64 "x%s>\n  %%r = math.%s %%v : vector<%" PRId64 "x%s>\n"
                                              "  vector.store %%r, %%y[%%i] : memref<%" PRId64 "x%s, 1>, vector<%" PRId64 "x%s>\n  return\n}\n",
                                 n, t, n, t, n, t, n, t, n, t, n, t, f, n, t, n, t, n, t);
  for (int64_t lane = 0; lane < 8; lane++)
    for (int64_t i = 0; i < n; i++)
      put(&tiles[0], type, 8, lane, i, 0.125 + 0.03125 * (double)(lane + 8 * i % 40));
  rvv_fault fault = {0};
  if (run(src, "node", 8, 256, tiles, 2, &fault) != RVV_FINE)
    fail_msg("%s: %s", f, fault.text);
  /* One unit in the last place of f32, and half of one of the type (its rounding). */
  double ulp = type == DTYPE_F32 ? 0x1p-23 : type == DTYPE_F16 ? 0x1p-10 : 0x1p-7;
  for (int64_t lane = 0; lane < 8; lane++)
    for (int64_t i = 0; i < n; i++) {
      double x = get(&tiles[0], type, 8, lane, i), want = wanted(f, x), got = get(&tiles[1], type, 8, lane, i);
      if (!(fabs(got - want) <= ulp * fabs(want) + 0x1p-24))
        fail_msg("%s(%g) of %s, element %" PRId64 " of lane %" PRId64 ": %.9g, must be %.9g", f, x, t, i, lane, got, want);
    }
}

static void test_functions_of_every_length(void **state) {
  (void)state;
  static const char *const functions[] = {"exp", "erf", "tanh", "sin", "cos", "log", "atan"};
  static const int64_t lengths[] = {1, 5, 8, 64, 100, 128};
  for (size_t f = 0; f < COUNT_OF(functions); f++)
    for (size_t k = 0; k < COUNT_OF(lengths); k++) {
      again();
      check_function(functions[f], DTYPE_F32, lengths[k]);
    }
  for (size_t k = 0; k < COUNT_OF(lengths); k++) {
    again();
    check_function("exp", DTYPE_F16, lengths[k]);
    check_function("exp", DTYPE_BF16, lengths[k]);
  }
}

static void test_functions_made_of_others(void **state) {
  (void)state;
  static const char *const functions[] = {"exp2", "log2", "log10", "log1p", "expm1", "tan", "sinh", "cosh"};
  for (size_t f = 0; f < COUNT_OF(functions); f++) {
    again();
    check_function(functions[f], DTYPE_F32, 8);
    check_function(functions[f], DTYPE_F16, 13);
  }
}

/* Two operands, all pairs of numbers that find what others do not; f32 by libm in f64 (remainders: exactly). */
static void check_pairs(const char *op, float (*want)(float, float), int64_t ulps) {
  static const float corners[] = {0.0f, -0.0f, 1, -1, 2, -2, 3, -3, 0.5f, -0.5f, 2.5f, -2.5f, 7, 1e-30f, 1e30f, -1e30f, 3.4028235e38f, 1e-45f, 1.17549435e-38f, INFINITY, -INFINITY, NAN, 0.99999994f, 16777218, -5e8f, 1.0000001f};
  enum { N = COUNT_OF(corners), LANES = 32 };
  const tile tiles[] = {new_tile("X", N * 4, LANES), new_tile("Y", N * 4, LANES)};
  const char *src = arena_printf(&b->ctx.mem, "memref.global \"private\" @X : memref<%dxf32, 1>\nmemref.global \"private\" @Y : memref<%dxf32, 1>\nfunc.func @node() {\n  %%i = arith.constant 0 : index\n"
                                              "  %%x = memref.get_global @X : memref<%dxf32, 1>\n  %%y = memref.get_global @Y : memref<%dxf32, 1>\n  %%v = vector.load %%x[%%i] : memref<%dxf32, 1>, vector<%dxf32>\n"
                                              "  %%w = vector.load %%y[%%i] : memref<%dxf32, 1>, vector<%dxf32>\n  %%r = %s %%v, %%w : vector<%dxf32>\n  vector.store %%r, %%y[%%i] : memref<%dxf32, 1>, vector<%dxf32>\n  return\n}\n",
                                 N, N, N, N, N, N, N, N, op, N, N, N);
  for (int64_t lane = 0; lane < LANES; lane++)
    for (int64_t i = 0; i < N; i++) {
      put(&tiles[0], DTYPE_F32, LANES, lane, i, (double)corners[i]);
      put(&tiles[1], DTYPE_F32, LANES, lane, i, (double)corners[lane % N]);
    }
  rvv_fault fault = {0};
  if (run(src, "node", LANES, 256, tiles, 2, &fault) != RVV_FINE)
    fail_msg("%s: %s", op, fault.text);
  for (int64_t lane = 0; lane < N; lane++)
    for (int64_t i = 0; i < N; i++) {
      float got = (float)get(&tiles[1], DTYPE_F32, LANES, lane, i), good = want(corners[i], corners[lane]);
      int32_t a, c;
      memcpy(&a, &got, 4);
      memcpy(&c, &good, 4);
      if (isnan(good) ? !isnan(got) : isnan(got) || llabs((long long)a - c) > ulps)
        fail_msg("%s of %.9g and %.9g is %.9g, must be %.9g", op, (double)corners[i], (double)corners[lane], (double)got, (double)good);
    }
}

static float power(float x, float y) { return (float)pow((double)x, (double)y); }
static void test_powers_and_remainders_of_corners(void **state) {
  (void)state;
  check_pairs("math.powf", power, 1);
  again();
  check_pairs("arith.remf", fmodf, 0);
}

/* Sums, extremes and what is computed from them, in every lane for itself: y = (x - mean) * max. */
static void check_reduction(int64_t n) {
  const tile tiles[] = {new_tile("X", n * 4, 8), new_tile("Y", n * 4, 8)};
  const char *src = arena_printf(&b->ctx.mem, "memref.global \"private\" @X : memref<%" PRId64 "xf32, 1>\nmemref.global \"private\" @Y : memref<%" PRId64 "xf32, 1>\nfunc.func @node() {\n  %%i = arith.constant 0 : index\n"
                                              "  %%x = memref.get_global @X : memref<%" PRId64 "xf32, 1>\n  %%y = memref.get_global @Y : memref<%" PRId64 "xf32, 1>\n  %%v = vector.load %%x[%%i] : memref<%" PRId64 "xf32, 1>, vector<%" PRId64 "xf32>\n"
                                              "  %%s = vector.reduction <add>, %%v : vector<%" PRId64 "xf32> into f32\n  %%n = arith.constant %" PRId64 ".0 : f32\n  %%m = arith.divf %%s, %%n : f32\n"
                                              "  %%t = vector.reduction <maxnumf>, %%v : vector<%" PRId64 "xf32> into f32\n  %%mv = vector.broadcast %%m : f32 to vector<%" PRId64 "xf32>\n  %%tv = vector.broadcast %%t : f32 to vector<%" PRId64 "xf32>\n"
                                              "  %%d = arith.subf %%v, %%mv : vector<%" PRId64 "xf32>\n  %%r = arith.mulf %%d, %%tv : vector<%" PRId64 "xf32>\n  vector.store %%r, %%y[%%i] : memref<%" PRId64 "xf32, 1>, vector<%" PRId64 "xf32>\n  return\n}\n",
                                 n, n, n, n, n, n, n, n, n, n, n, n, n, n, n);
  rng r = rng_new((uint64_t)n);
  for (int64_t lane = 0; lane < 8; lane++)
    for (int64_t i = 0; i < n; i++)
      put(&tiles[0], DTYPE_F32, 8, lane, i, (double)rng_range(&r, -9, 9));
  rvv_fault fault = {0};
  if (run(src, "node", 8, 256, tiles, 2, &fault) != RVV_FINE)
    fail_msg("%" PRId64 " elements: %s", n, fault.text);
  for (int64_t lane = 0; lane < 8; lane++) {
    float sum = 0, most = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
      sum += (float)get(&tiles[0], DTYPE_F32, 8, lane, i);
      most = fmaxf(most, (float)get(&tiles[0], DTYPE_F32, 8, lane, i));
    }
    for (int64_t i = 0; i < n; i++) {
      float want = ((float)get(&tiles[0], DTYPE_F32, 8, lane, i) - sum / (float)n) * most;
      assert_true((float)get(&tiles[1], DTYPE_F32, 8, lane, i) == want);   /* sums of small integers are exact in any order */
    }
  }
}

static void test_reductions_stay_in_their_lane(void **state) {
  (void)state;
  static const int64_t lengths[] = {1, 2, 3, 5, 8, 13, 16, 33};
  for (size_t i = 0; i < COUNT_OF(lengths); i++) {
    again();
    check_reduction(lengths[i]);
  }
}

/* The same of what a flipped immediate does: the simulator takes the code at its word. */
static void test_a_push_of_the_wrong_kind_is_seen(void **state) {
  (void)state;
  const tile tiles[] = {new_tile("A", 32, 16), new_tile("B", 32, 16), new_tile("C", 32, 16)};
  static const char src[] = "memref.global \"private\" @A : memref<8xf32, 1>\nfunc.func @node() {\n  %i = arith.constant 0 : index\n  %n = arith.constant 8 : i64\n  %a = memref.get_global @A : memref<8xf32, 1>\n"
                            "  %v = vector.load %a[%i] : memref<8xf32, 1>, vector<8xf32>\n  \"vcix.iv\"(%v, %n) {opcode = 1 : i64, imm = 0 : i64} : (vector<8xf32>, i64) -> ()\n"
                            "  \"vcix.iv\"(%v, %n) {opcode = 0 : i64, imm = 2 : i64} : (vector<8xf32>, i64) -> ()\n"
                            "  \"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64, sew = 32 : i64} : (i64) -> ()\n  return\n}\n";
  assert_int_equal(dialect_load_vcix(&b->ir), LOOM_OK);
  rvv_fault fault = {0};
  assert_int_equal(run(src, "node", 16, 256, tiles, 1, &fault), RVV_ARRAY_KIND);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_products_are_exact, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_convolutions_are_exact, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_columns_that_a_does_not_have_count_as_zero, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_functions_of_every_length, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_functions_made_of_others, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_powers_and_remainders_of_corners, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_reductions_stay_in_their_lane, open_bench, close_bench),
      cmocka_unit_test_setup_teardown(test_a_push_of_the_wrong_kind_is_seen, open_bench, close_bench),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
