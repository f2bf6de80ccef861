/* Whole kernels in PyTorchSim's contract, from ragged loops to machine code, run lane by lane: tails as masks or as padding, loads in subtiles or whole, either operation.
 * Oracle: products of small integers, exact, by three loops; the scratchpad starts as NaN; a byte outside of a tensor is a fault. */
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "sim/rvv/rvv.h"
#include "target/npu/npt.h"

enum { STRIDE = 1 << 24, LANES = 8, VLEN = 128, TENSORS = 4 };
static const uint64_t SPAD = UINT64_C(0x40000000), DRAM = UINT64_C(0x7000000000);

/* Extents, tile and subtile along m, n, k. */
typedef struct gemm { int64_t size[3], tile[3], sub[3]; bool is_async, is_start; } gemm;

static void add_type(text *out, int64_t rows, int64_t columns) { text_addf(out, "memref<%" PRId64 "x%" PRId64 "xf32, 1>", rows, columns); }

/* A load or store of rows x columns, columns in the lanes, column-major in the bank. */
static void add_move(text *out, const gemm *g, const char *tile, int tensor, int64_t tensor_size, int kind, int rows, int columns) {
  text_addf(out, "    \"togsim.transfer\"(%%t%d, %%at%d, %%%s, %%c0, %%tag%d, %%c0, %%c%d, %%c1) "
                 "{dma_kind = \"%s\", vlane_split_axis = 1 : i64, dram_stride = [%" PRId64 ", 1], tile_stride = [1, %" PRId64 "]",
            tensor, tensor, tile, tensor, kind, kind == 3 ? "MVOUT" : "MVIN", g->size[columns], g->tile[rows]);
  if (g->is_async && kind != 3)
    text_addf(out, ", async = true, subtile_size = [%" PRId64 ", %" PRId64 "]", g->sub[rows], g->sub[columns]);
  text_addf(out, "} : (memref<%" PRId64 "xf32>, index, ", tensor_size);
  add_type(out, g->tile[rows], g->tile[columns]);
  text_add(out, ", index, memref<1xi32>, index, index, index) -> ()\n");
}

/* out = bias + x w.  Tensors are globals dram_<n>: what arguments become in machine code. */
static const char *program(arena *mem, const gemm *g) {
  enum { M, N, K };
  static const struct { const char *tile; int rows, columns; } tiles[] = {{"X", M, K}, {"W", K, N}, {"Y", M, N}};
  const int64_t sizes[TENSORS] = {g->size[M] * g->size[K], g->size[K] * g->size[N], g->size[M] * g->size[N], g->size[M] * g->size[N]};
  text out = text_new(mem);
  for (int i = 0; i < 3; i++) {
    text_addf(&out, "memref.global \"private\" @%s : ", tiles[i].tile);
    add_type(&out, g->tile[tiles[i].rows], g->tile[tiles[i].columns]);
    text_add(&out, "\n");
  }
  for (int i = 0; i < TENSORS; i++)
    text_addf(&out, "memref.global \"private\" @dram_%d : memref<%" PRId64 "xf32>\n", i, sizes[i]);
  text_add(&out, "func.func @kernel() {\n");
  for (int i = 0; i < 3; i++) {
    text_addf(&out, "  %%%s = memref.get_global @%s : ", tiles[i].tile, tiles[i].tile);
    add_type(&out, g->tile[tiles[i].rows], g->tile[tiles[i].columns]);
    text_add(&out, "\n");
  }
  for (int i = 0; i < TENSORS; i++)
    text_addf(&out, "  %%t%d = memref.get_global @dram_%d : memref<%" PRId64 "xf32>\n  %%tag%d = memref.alloc() : memref<1xi32>\n", i, i, sizes[i], i);
  for (int i = 0; i < 15; i += i < 3 ? 1 : 11)
    text_addf(&out, "  %%c%d = arith.constant %d : index\n", i, i);
  text_addf(&out, "  affine.for %%m = 0 to %" PRId64 " step %" PRId64 " {\n  affine.for %%n = 0 to %" PRId64 " step %" PRId64 " {\n",
            g->size[M], g->tile[M], g->size[N], g->tile[N]);
  text_addf(&out, "    %%at2 = affine.apply affine_map<(m, n) -> (m * %" PRId64 " + n)>(%%m, %%n)\n", g->size[N]);
  add_move(&out, g, "Y", 2, sizes[2], 14, M, N);
  text_addf(&out, "    affine.for %%k = 0 to %" PRId64 " step %" PRId64 " {\n"
                  "    %%at0 = affine.apply affine_map<(m, k) -> (m * %" PRId64 " + k)>(%%m, %%k)\n"
                  "    %%at1 = affine.apply affine_map<(k, n) -> (k * %" PRId64 " + n)>(%%k, %%n)\n",
            g->size[K], g->tile[K], g->size[K], g->size[N]);
  add_move(&out, g, "X", 0, sizes[0], 2, M, K);
  add_move(&out, g, "W", 1, sizes[1], 1, K, N);
  text_add(&out, "    linalg.matmul ins(%X, %W : ");
  add_type(&out, g->tile[M], g->tile[K]);
  text_add(&out, ", ");
  add_type(&out, g->tile[K], g->tile[N]);
  text_add(&out, ") outs(%Y : ");
  add_type(&out, g->tile[M], g->tile[N]);
  text_addf(&out, ")\n    } {accumulation_loop = true}\n    %%at3 = affine.apply affine_map<(m, n) -> (m * %" PRId64 " + n)>(%%m, %%n)\n", g->size[N]);
  add_move(&out, g, "Y", 3, sizes[3], 3, M, N);
  text_add(&out, "  } {outer_loop = true}\n  } {outer_loop = true}\n  return\n}\n");
  return text_str(&out);
}

typedef struct bench { loom_ctx ctx; ir_ctx ir; } bench;

/* The kernel's machine code; the passes in PyTorchSim's order. */
static rvv_image *build(bench *b, const gemm *g, const char *source) {
  MlirModule m;
  npt_riscv_code code;
  rvv_image *image = NULL;
  rvv_symbol symbols[3 + TENSORS] = {{"X", SPAD}, {"W", SPAD + STRIDE}, {"Y", SPAD + 2 * STRIDE}};
  static const char *const names[TENSORS] = {"dram_0", "dram_1", "dram_2", "dram_3"};
  const npt_vcix_options o = {.lanes = LANES, .vlen_bits = VLEN};
  for (int i = 0; i < TENSORS; i++)
    symbols[3 + i] = (rvv_symbol){names[i], DRAM + (uint64_t)i * STRIDE};
  assert_int_equal(dialect_load_togsim(&b->ir, false), LOOM_OK);
  loom_status st = ir_parse(&b->ir, "gemm.mlir", source, strlen(source), &m);
  MlirOperation top = mlirModuleGetOperation(m);
  if (st == LOOM_OK)
    st = g->is_start ? npt_decompose(&b->ir, top, LANES) : npt_mask_tails(&b->ir, top);
  if (st == LOOM_OK)
    st = npt_fine_grain(&b->ir, top, LANES);
  if (st == LOOM_OK)
    st = npt_to_vcix(&b->ir, m, &o);
  if (st == LOOM_OK)
    st = npt_lower_dma(&b->ir, top, false);
  if (st == LOOM_OK)
    st = npt_riscv_compile(&b->ir, m, VLEN, false, &code);
  if (st == LOOM_OK)
    st = rvv_load(&b->ctx, "gemm.o", code.object, code.size, symbols, 3 + TENSORS, &(rvv_config){.lanes = LANES, .vlen_bits = VLEN}, &image);
  if (st != LOOM_OK)
    fail_msg("%s\n%s", b->ctx.diag.first ? b->ctx.diag.first->text : "", source);
  ir_close_module(m);
  return image;
}

static void check_gemm(const gemm *g) {
  enum { M, N, K };
  bench b = {0};
  loom_ctx_init(&b.ctx);
  assert_int_equal(ir_open(&b.ctx, &b.ir), LOOM_OK);
  arena *mem = &b.ctx.mem;
  const int64_t m = g->size[M], n = g->size[N], k = g->size[K], sizes[TENSORS] = {m * k, k * n, m * n, m * n};
  const int64_t rounds[3] = {(g->tile[K] + LANES - 1) / LANES, (g->tile[N] + LANES - 1) / LANES, (g->tile[N] + LANES - 1) / LANES};
  const int64_t banks[3] = {g->tile[M] * rounds[0], g->tile[K] * rounds[1], g->tile[M] * rounds[2]};
  rvv_tensor tensors[TENSORS];
  rvv_window windows[3];
  float *data[TENSORS];
  rng r = rng_new(11);
  for (int i = 0; i < TENSORS; i++) {
    data[i] = ARENA_NEW_N(mem, float, sizes[i]);
    for (int64_t at = 0; at < sizes[i]; at++)
      data[i][at] = i < 3 ? (float)rng_range(&r, -3, 3) : NAN;
    tensors[i] = (rvv_tensor){.address = DRAM + (uint64_t)i * STRIDE, .bytes = (uint64_t)sizes[i] * 4, .data = data[i], .may_write = i == 3};
  }
  for (int i = 0; i < 3; i++) {
    size_t bytes = (size_t)banks[i] * 4 * LANES;
    windows[i] = (rvv_window){.address = SPAD + (uint64_t)i * STRIDE, .lane_bytes = (uint64_t)banks[i] * 4, .words = arena_alloc(mem, bytes)};
    memset(windows[i].words, 0xff, bytes);
  }
  rvv_image *image = build(&b, g, program(mem, g));
  const rvv_job job = {.entry = rvv_find(image, "kernel"), .windows = windows, .n_windows = 3,
                       .tensors = tensors, .n_tensors = TENSORS, .array = rvv_array_new(mem, LANES)};
  rvv_fault fault = {0};
  if (rvv_call(rvv_core_new(mem, image), &job, NULL, &fault) != RVV_FINE)
    fail_msg("%" PRId64 " x %" PRId64 " x %" PRId64 ": %s", m, n, k, fault.text);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      float want = data[2][i * n + j];
      for (int64_t l = 0; l < k; l++)
        want += data[0][i * k + l] * data[1][l * n + j];
      if (data[3][i * n + j] != want)
        fail_msg("%" PRId64 " x %" PRId64 " x %" PRId64 ": element %" PRId64 ", %" PRId64 " is %g, must be %g", m, n, k, i, j, (double)data[3][i * n + j], (double)want);
    }
  ir_close(&b.ir);
  loom_ctx_done(&b.ctx);
}

static void test_ragged_products_are_exact(void **state) {
  (void)state;
  static const gemm rows[] = {
      {{16, 16, 16}, {16, 16, 16}, {16, 16, 16}, false, false},      /* one tile, two rounds of lanes */
      {{19, 13, 21}, {8, 8, 8}, {8, 8, 8}, false, false},            /* tails along all three */
      {{5, 3, 2}, {8, 8, 8}, {8, 8, 8}, false, false},               /* less than a tile */
      {{33, 31, 40}, {16, 16, 16}, {8, 8, 8}, true, false},          /* subtiles, with masks of their own */
      {{17, 24, 9}, {16, 24, 16}, {8, 8, 8}, true, false},           /* whole subtiles beyond the tensor */
      {{32, 16, 48}, {16, 16, 16}, {8, 16, 8}, true, true},          /* memref.dma_start, which has no masks */
      {{32, 24, 32}, {32, 24, 16}, {8, 8, 16}, true, true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    check_gemm(&rows[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ragged_products_are_exact)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
