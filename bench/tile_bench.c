/* Speed of tile functions: GMAC/s of f16 x f16 -> f32 products for several tile sizes, as a fraction of the measured peak of fused
 * multiply-adds (a loop of independent ones, compiled by the same code generator), and the time to compile one.
 *   tile_bench [seconds per row, default 0.2 [CPU to compile for, default the running one]] */
#include "target/cpu/cpu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHAINS = 12, PEAK_STEPS = 100000 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const char *cpu;   /* NULL: the running one */

typedef struct timing { double parse_ms, lower_ms, object_ms, link_ms; } timing;

static cpu_tile_fn compile(ir_ctx *ir, const char *src, timing *t, codegen_image **image) {
  const codegen_options o = cpu_tile_options(cpu);
  MlirModule m;
  char *object;
  size_t size;
  double t0 = now();
  if (ir_parse(ir, "bench.mlir", src, strlen(src), &m) != LOOM_OK)
    return NULL;
  double t1 = now();
  if (cpu_lower_tiles_for(ir, m, codegen_vector_bytes(cpu)) != LOOM_OK)
    return NULL;
  double t2 = now();
  if (codegen_object(ir, m, &o, &object, &size) != LOOM_OK)
    return NULL;
  double t3 = now();
  if (codegen_link(ir->ctx, object, size, &o, image) != LOOM_OK)
    return NULL;
  *t = (timing){(t1 - t0) * 1e3, (t2 - t1) * 1e3, (t3 - t2) * 1e3, (now() - t3) * 1e3};
  ir_close_module(m);
  void *p = codegen_lookup(*image, "tile");
  cpu_tile_fn f;
  memcpy(&f, &p, sizeof f);
  return f;
}

/* Seconds of one call: the best of repeated runs within the budget. */
static double best_seconds(cpu_tile_fn f, void *const *buf, const int64_t *arg, double budget) {
  double best = 1e30, end = now() + budget;
  int batch = 1;
  do {
    double t0 = now();
    for (int i = 0; i < batch; i++)
      f(buf, arg);
    double t = now() - t0;
    if (t / batch < best)
      best = t / batch;
    if (t < 1e-4)
      batch *= 2;
  } while (now() < end);
  return best;
}

static const char *peak_text(arena *mem, int lanes) {
  text t = text_new(mem);
  text_addf(&t, "func.func @tile(%%b: memref<%dx%dxf32>, %%n: index) attributes {loom.tile_function} {\n"
                "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%x = vector.load %%b[%%c0, %%c0] : memref<%dx%dxf32>, "
                "vector<%dxf32>\n  %%r:%d = scf.for %%i = %%c0 to %%n step %%c1 iter_args(", CHAINS, lanes, CHAINS, lanes, lanes, CHAINS);
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "%s%%s%d = %%x", i ? ", " : "", i);
  text_add(&t, ") -> (");
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "%svector<%dxf32>", i ? ", " : "", lanes);
  text_add(&t, ") {\n");
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "    %%t%d = vector.fma %%x, %%s%d, %%x : vector<%dxf32>\n", i, i, lanes);
  text_add(&t, "    scf.yield ");
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "%s%%t%d", i ? ", " : "", i);
  text_add(&t, " : ");
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "%svector<%dxf32>", i ? ", " : "", lanes);
  text_add(&t, "\n  }\n");
  for (int i = 0; i < CHAINS; i++)
    text_addf(&t, "  %%k%d = arith.constant %d : index\n  vector.store %%r#%d, %%b[%%k%d, %%c0] : memref<%dx%dxf32>, vector<%dxf32>\n", i, i, i, i,
              CHAINS, lanes, lanes);
  text_add(&t, "  return\n}\n");
  return text_str(&t);
}

static double measure_peak(ir_ctx *ir, double budget) {
  int lanes = codegen_vector_bytes(cpu) / 4;
  timing t;
  codegen_image *image;
  cpu_tile_fn f = compile(ir, peak_text(&ir->ctx->mem, lanes), &t, &image);
  if (!f)
    return 0;
  float *b = arena_alloc(&ir->ctx->mem, sizeof(float) * (size_t)(CHAINS * lanes));
  for (int i = 0; i < lanes; i++)
    b[i] = 0.5f;
  double s = best_seconds(f, (void *const[]){b}, (const int64_t[]){PEAK_STEPS}, budget);
  codegen_unlink(image);
  return (double)PEAK_STEPS * CHAINS * lanes / s * 1e-9;
}

static const char *matmul_text(arena *mem, int m, int n, int k) {
  return arena_printf(mem,
                      "func.func @tile(%%a: memref<%dx%dxf16>, %%b: memref<%dx%dxf16>, %%c: memref<%dx%dxf32>, %%m: index, %%n: index, %%k: index) "
                      "attributes {loom.tile_function} {\n"
                      "  %%x = memref.subview %%a[0, 0] [%%m, %%k] [1, 1] : memref<%dx%dxf16> to memref<?x?xf16, strided<[%d, 1]>>\n"
                      "  %%y = memref.subview %%b[0, 0] [%%k, %%n] [1, 1] : memref<%dx%dxf16> to memref<?x?xf16, strided<[%d, 1]>>\n"
                      "  %%z = memref.subview %%c[0, 0] [%%m, %%n] [1, 1] : memref<%dx%dxf32> to memref<?x?xf32, strided<[%d, 1]>>\n"
                      "  linalg.matmul ins(%%x, %%y : memref<?x?xf16, strided<[%d, 1]>>, memref<?x?xf16, strided<[%d, 1]>>) "
                      "outs(%%z : memref<?x?xf32, strided<[%d, 1]>>)\n  return\n}\n",
                      m, k, k, n, m, n, m, k, k, k, n, n, m, n, n, k, n, n);
}

static bool run_row(ir_ctx *ir, const int *s, double peak, double budget) {
  timing t;
  codegen_image *image;
  arena *mem = &ir->ctx->mem;
  cpu_tile_fn f = compile(ir, matmul_text(mem, s[0], s[1], s[2]), &t, &image);
  if (!f)
    return false;
  size_t m = (size_t)s[0], n = (size_t)s[1], k = (size_t)s[2];
  uint16_t *a = arena_alloc(mem, 2 * m * k), *b = arena_alloc(mem, 2 * k * n);
  float *c = arena_alloc(mem, 4 * m * n);
  for (size_t i = 0; i < m * k; i++)
    a[i] = dtype_f32_to_f16((float)(i % 7) - 3.0f);
  for (size_t i = 0; i < k * n; i++)
    b[i] = dtype_f32_to_f16((float)(i % 5) - 2.0f);
  double best = best_seconds(f, (void *const[]){a, b, c}, (const int64_t[]){s[0], s[1], s[2]}, budget);
  double rate = (double)m * (double)n * (double)k / best * 1e-9;
  printf("%5d x %5d x %5d  %10.2f  %6.1f GMAC/s  %5.1f %%   parse %.1f lower %.1f object %.1f link %.1f ms\n", s[0], s[1], s[2], best * 1e6,
         rate, 100 * rate / peak, t.parse_ms, t.lower_ms, t.object_ms, t.link_ms);
  codegen_unlink(image);
  return true;
}

int main(int argc, char **argv) {
  static const int sizes[][3] = {{7, 5, 3}, {16, 16, 16}, {32, 32, 32}, {64, 64, 32}, {64, 64, 64}, {128, 128, 128}, {192, 224, 64},
                                 {256, 256, 32}, {256, 256, 256}, {512, 512, 32}, {512, 512, 512}};
  double budget = argc > 1 ? strtod(argv[1], NULL) : 0.2;
  cpu = argc > 2 ? argv[2] : NULL;
  loom_ctx ctx;
  ir_ctx ir;
  loom_ctx_init(&ctx);
  bool ok = ir_open(&ctx, &ir) == LOOM_OK;
  double peak = ok ? measure_peak(&ir, budget) : 0;
  printf("peak %.1f GMAC/s, vectors of %d bytes\n%21s  %10s\n", peak, codegen_vector_bytes(cpu), "M x N x K", "us");
  for (size_t i = 0; ok && i < sizeof sizes / sizeof *sizes; i++)
    ok = run_row(&ir, sizes[i], peak, budget);
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    fprintf(stderr, "tile_bench: %s\n", d->text);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return ok ? 0 : 1;
}
