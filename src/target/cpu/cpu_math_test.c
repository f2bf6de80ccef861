/* Oracle: long double libm.  Worst error of each function in units in the last place of f32 over a seeded sample of all exponents and signs, and
 * C's values for what is special.  LOOM_MATH_POINTS: points per function and width (the test suite takes 100,000). */
#include "target/cpu/cpu_testing.h"
#include <math.h>
#include <stdlib.h>

enum { CHUNK = 1000 };   /* not a multiple of any vector: the rest of each chunk takes the masked step */

/* docs/cpu.md states the same bounds. */
static const struct { const char *op; long double (*f)(long double); long double (*f2)(long double, long double); double bound; } rows[] = {
    {"exp", expl, NULL, 1.0},   {"exp2", exp2l, NULL, 1.0},   {"expm1", expm1l, NULL, 1.5}, {"tanh", tanhl, NULL, 3.0}, {"erf", erfl, NULL, 1.5},
    {"log", logl, NULL, 1.0},   {"log2", log2l, NULL, 2.0},   {"log1p", log1pl, NULL, 1.5}, {"sin", sinl, NULL, 2.0},   {"cos", cosl, NULL, 2.0},
    {"powf", NULL, powl, 0.51}, {"sqrt", sqrtl, NULL, 0.51},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static const char *all_functions(dtype t) {
  text s = text_new(&ctx.mem);
  const char *m = dtype_mlir(t);
  for (int i = 0; i < N_ROWS; i++)
    text_addf(&s,
              "func.func @%s(%%a: memref<%dx%s>, %%b: memref<%dx%s>, %%c: memref<%dx%s>) attributes {loom.tile_function} {\n"
              "  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} "
              "ins(%%a, %%b : memref<%dx%s>, memref<%dx%s>) outs(%%c : memref<%dx%s>) {\n  ^bb0(%%x: %s, %%y: %s, %%o: %s):\n    %%r = math.%s %%x%s : %s\n"
              "    linalg.yield %%r : %s\n  }\n  return\n}\n",
              rows[i].op, CHUNK, m, CHUNK, m, CHUNK, m, CHUNK, m, CHUNK, m, CHUNK, m, m, m, m, rows[i].op, rows[i].f2 ? ", %y" : "", m, m);
  return text_str(&s);
}

static void call(codegen_image *image, const char *name, const void *x, const void *y, void *z) {
  void *buffers[3] = {(void *)(uintptr_t)x, (void *)(uintptr_t)y, z};
  tile(image, name)(buffers, NULL);
}

static long double want(int row, float x, float y) { return rows[row].f ? rows[row].f(x) : rows[row].f2(x, y); }

/* |got - exact| in units in the last place of f32 at the exact value; infinite where one is NaN or infinite and the other is not. */
static double error_ulps(float got, long double exact) {
  float rounded = (float)exact;
  if (isnan(exact) || isnan(got) || isinf(rounded) || isinf(got))
    return (isnan(exact) && isnan(got)) || got == rounded ? 0 : fabsl(exact) > 0x1.fffffep127L && isinf(rounded) && fabsf(got) == 0x1.fffffep127f ? 1 : INFINITY;
  int e = exact == 0 ? -149 : ilogbl(exact) - 23;
  return (double)(fabsl(got - exact) / ldexpl(1, e < -149 ? -149 : e));
}

/* Even ones: every exponent and sign in turn; odd ones: where the function bends. */
static float sample(int64_t i) {
  if (i % 2 == 0)
    return from_bits((uint32_t)(i / 2 % 512) << 23 | next_random() >> 8);
  return (float)(((double)next_random() * 0x1p-30 - 1) * (double[]){1, 2, 10, 100}[i / 2 % 4]);
}

static int64_t points(void) {
  const char *given = getenv("LOOM_MATH_POINTS");
  return given ? atoll(given) : 100000;
}

static void test_errors_are_within_the_stated_bounds(void **state) {
  (void)state;
  for (size_t c = 0; c < N_CPUS; c++) {
    if (!can_run(cpus[c]))
      continue;
    codegen_image *image = compile_for(all_functions(DTYPE_F32), cpus[c], NULL);
    for (int r = 0; r < N_ROWS; r++) {
      double worst = 0;
      float worst_x = 0, worst_y = 0, worst_got = 0;
      for (int64_t done = 0; done < points() / (c ? 10 : 1); done += CHUNK) {
        float x[CHUNK], y[CHUNK], z[CHUNK];
        for (int i = 0; i < CHUNK; i++) {
          x[i] = sample(done + i);
          y[i] = (float)((double)next_random() * 0x1p-25 - 32);
          if (rows[r].f2 && i % 4 < 3)
            x[i] = fabsf(x[i]);
          if (rows[r].f2 && i % 3 == 0)
            y[i] = i % 2 ? truncf(y[i] / 4) : sample(done + i);
        }
        call(image, rows[r].op, x, y, z);
        for (int i = 0; i < CHUNK; i++) {
          double e = error_ulps(z[i], want(r, x[i], y[i]));
          if (e > worst)
            worst = e, worst_x = x[i], worst_y = y[i], worst_got = z[i];
        }
      }
      print_message("%-6s %s %.3f ulp at %a%s%a\n", rows[r].op, cpus[c] ? cpus[c] : "host", worst, (double)worst_x, rows[r].f2 ? ", " : " : ", rows[r].f2 ? (double)worst_y : (double)worst_got);
      if (worst > rows[r].bound)
        fail_msg("%s(%a, %a) is %a: %.3f ulp, stated are %.2f", rows[r].op, (double)worst_x, (double)worst_y, (double)worst_got, worst, rows[r].bound);
    }
    codegen_unlink(image);
  }
}

static void test_special_values_are_those_of_c(void **state) {
  (void)state;
  static const float x[] = {0.0f, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, 0x1.fffffep127f, -0x1.fffffep127f, 0.5f, -2.0f, 3.0f, -3.0f, 0x1p-126f};
  enum { N = sizeof x / sizeof *x };
  codegen_image *image = compile_for(all_functions(DTYPE_F32), NULL, NULL);
  float a[CHUNK] = {0}, b[CHUNK] = {0}, z[CHUNK];
  for (int i = 0; i < N * N; i++)
    a[i] = x[i / N], b[i] = x[i % N];
  for (int r = 0; r < N_ROWS; r++) {
    call(image, rows[r].op, a, b, z);
    for (int i = 0; i < N * N; i++) {
      long double exact = want(r, a[i], b[i]);
      if (!(error_ulps(z[i], exact) <= rows[r].bound) || (!isnan(exact) && !signbit(z[i]) != !signbit((float)exact)))
        fail_msg("%s(%a, %a) is %a, expected %La", rows[r].op, (double)a[i], (double)b[i], (double)z[i], exact);
    }
  }
  codegen_unlink(image);
}

/* Computed in f32 and rounded once: next to half an ulp of the narrow type, and all there are of them. */
static void test_narrow_types_go_through_f32(void **state) {
  (void)state;
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16};
  for (size_t t = 0; t < 2; t++) {
    codegen_image *image = compile_for(all_functions(types[t]), NULL, NULL);
    for (int r = 0; r < N_ROWS; r++)
      for (int start = 0; start < 65536 && !rows[r].f2; start += CHUNK) {
        uint16_t x[CHUNK], z[CHUNK];
        for (int i = 0; i < CHUNK; i++)
          x[i] = (uint16_t)(start + i);
        call(image, rows[r].op, x, x, z);
        for (int i = 0; i < CHUNK; i++) {
          double in = dtype_load(types[t], &x[i]), got = dtype_load(types[t], &z[i]);
          long double exact = want(r, (float)in, 0);
          double u = dtype_unit_roundoff(types[t]), subnormal = types[t] == DTYPE_F16 ? 0x1p-25 : 0x1p-134;
          bool same = (isnan(exact) && isnan(got)) || (isinf(got) && fabsl(exact) > (types[t] == DTYPE_F16 ? 65519.0L : 0x1.fefp127L)) || exact == (long double)got;
          if (!same && !(fabsl(got - exact) <= u * 1.01L * fabsl(exact) + subnormal * 1.01L))
            fail_msg("%s of %s %a is %a, expected %La", rows[r].op, dtype_mlir(types[t]), in, got, exact);
        }
      }
    codegen_unlink(image);
  }
}

int main(void) {
#define T CPU_TEST
  const struct CMUnitTest tests[] = {T(test_errors_are_within_the_stated_bounds), T(test_special_values_are_those_of_c), T(test_narrow_types_go_through_f32)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
