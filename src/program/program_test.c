#include "base/rng.h"
#include "base/testing.h"
#include "dialect/dialect.h"
#include "program/program.h"

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; program_functions functions; program *p; } fixture;

static void compile(fixture *f, const char *source) {
  loom_ctx_init(&f->ctx);
  assert_int_equal(ir_open(&f->ctx, &f->ir), LOOM_OK);
  assert_int_equal(dialect_load(&f->ir), LOOM_OK);
  assert_int_equal(ir_parse(&f->ir, "t.mlir", source, strlen(source), &f->m), LOOM_OK);
  f->functions = program_list(&f->ir, f->m);
  f->p = NULL;
  if (program_compile(&f->ir, f->m, &(program_options){0}, &f->p) != LOOM_OK)
    fail_msg("%s", f->ctx.diag.first->text);
}

static void done(fixture *f) {
  assert_int_equal(program_leaked(f->p), 0);
  program_close(f->p);
  ir_close_module(f->m);
  ir_close(&f->ir);
  loom_ctx_done(&f->ctx);
}

static run_value vector(fixture *f, const char *element, int64_t n, void *bytes) {
  run_value v = {.rank = 1, .shape = {n}, .elems = n, .bytes = bytes};
  assert_true(run_element_parse(&f->ctx.mem, element, &v.type));
  return v;
}

static run_value call(fixture *f, const char *name, const run_value *args) {
  run_value result;
  const program_function *fn = program_find(&f->functions, name);
  assert_non_null(fn);
  assert_int_equal(program_call(f->p, fn, args, &result), LOOM_OK);
  return result;
}

/* Oracle: base/small_float, on every pattern, every midpoint of two numbers with its neighbours, and random bits. */
static void test_small_floats_convert_as_their_format_says(void **state) {
  (void)state;
  int n;
  const small_float *rows = small_float_rows(&n);
  text source = {0};
  fixture f;
  arena mem = {0};
  source = text_new(&mem);
  for (int i = 0; i < n; i++)
    text_addf(&source, "func.func @e%d(%%a: tensor<?x%s>) -> tensor<?xf32> {\n  %%r = arith.extf %%a : tensor<?x%s> to tensor<?xf32>\n  return %%r : tensor<?xf32>\n}\n"
                       "func.func @t%d(%%a: tensor<?xf32>) -> tensor<?x%s> {\n  %%r = arith.truncf %%a : tensor<?xf32> to tensor<?x%s>\n  return %%r : tensor<?x%s>\n}\n",
              i, rows[i].name, rows[i].name, i, rows[i].name, rows[i].name, rows[i].name);
  compile(&f, text_str(&source));
  rng random = rng_new(7);
  for (int i = 0; i < n; i++) {
    const small_float *row = &rows[i];
    uint32_t patterns = UINT32_C(1) << small_float_bits(row);
    uint8_t *bits = arena_alloc(&mem, patterns);
    for (uint32_t b = 0; b < patterns; b++)
      bits[b] = (uint8_t)b;
    run_value in = vector(&f, row->name, patterns, bits), wide = call(&f, arena_printf(&mem, "e%d", i), &in);
    for (uint32_t b = 0; b < patterns; b++) {
      double want = small_float_decode(row, b), got = (double)((float *)wide.bytes)[b];
      if (!(want == got && signbit(want) == signbit(got)) && !(isnan(want) && isnan(got)))
        fail_msg("%s: 0x%x extends to %g, not to %g", row->name, b, got, want);
    }
    VEC_OF(float) values = {0};
    for (uint32_t b = 0; b < small_float_max(row); b++) {
      float low = (float)small_float_decode(row, b), mid = low + ((float)small_float_decode(row, b + 1) - low) / 2;
      const float near[] = {low, mid, nextafterf(mid, 0), nextafterf(mid, INFINITY), -low, -mid};
      for (size_t k = 0; k < COUNT_OF(near); k++)
        vec_push(&mem, &values, near[k]);
    }
    const float ends[] = {INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 1e-40f, -1e-40f};
    for (size_t k = 0; k < COUNT_OF(ends); k++)
      vec_push(&mem, &values, ends[k]);
    for (int k = 0; k < 4000; k++) {
      uint32_t r = (uint32_t)rng_next(&random);
      float x;
      memcpy(&x, &r, sizeof x);
      vec_push(&mem, &values, x);
    }
    in = vector(&f, "f32", (int64_t)values.n, values.at);
    run_value narrow = call(&f, arena_printf(&mem, "t%d", i), &in);
    for (size_t k = 0; k < values.n; k++) {
      bool any;
      uint32_t got = ((uint8_t *)narrow.bytes)[k] & (patterns - 1), want = small_float_encode(row, (double)values.at[k]);
      small_float_nan(row, &any);
      if (isnan(values.at[k]) && (!any || isnan(small_float_decode(row, got))))   /* a NaN is a NaN; without one it is unspecified */
        continue;
      if (got != want)
        fail_msg("%s: %a truncates to 0x%x, not to 0x%x", row->name, (double)values.at[k], got, want);
    }
  }
  done(&f);
  arena_done(&mem);
}

/* Oracle: where the definition of pack says that an element lies. */
static void test_pack_and_unpack_with_sizes_as_values(void **state) {
  (void)state;
  fixture f;
  compile(&f,
          "func.func @pack(%a: tensor<?x?xi32>, %n0: index, %n1: index, %t: index) -> tensor<?x?x3x?xi32> {\n"
          "  %pad = arith.constant -1 : i32\n  %e = tensor.empty(%n1, %n0, %t) : tensor<?x?x3x?xi32>\n"
          "  %r = linalg.pack %a padding_value(%pad : i32) outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [3, %t] into %e : tensor<?x?xi32> -> tensor<?x?x3x?xi32>\n"
          "  return %r : tensor<?x?x3x?xi32>\n}\n"
          "func.func @unpack(%a: tensor<?x?x3x?xi32>, %m: index, %n: index, %t: index) -> tensor<?x?xi32> {\n  %e = tensor.empty(%m, %n) : tensor<?x?xi32>\n"
          "  %r = linalg.unpack %a outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [3, %t] into %e : tensor<?x?x3x?xi32> -> tensor<?x?xi32>\n"
          "  return %r : tensor<?x?xi32>\n}\n");
  const int64_t m = 5, n = 7, t = 2, n0 = 3, n1 = 3;
  int32_t data[35];
  for (int i = 0; i < 35; i++)
    data[i] = i;
  run_value args[4] = {vector(&f, "i32", 35, data)};
  args[0].rank = 2;
  args[0].shape[0] = m;
  args[0].shape[1] = n;
  const int64_t *numbers[3] = {&n0, &n1, &t};
  for (int i = 0; i < 3; i++) {
    args[1 + i] = vector(&f, "index", 1, (void *)(uintptr_t)numbers[i]);
    args[1 + i].is_scalar = true;
    args[1 + i].rank = 0;
  }
  run_value packed = call(&f, "pack", args);
  assert_true(packed.elems == n1 * n0 * 3 * t);
  for (int64_t j = 0; j < n1; j++)
    for (int64_t i = 0; i < n0; i++)
      for (int64_t q = 0; q < 3; q++)
        for (int64_t p = 0; p < t; p++) {
          int64_t row = i * t + p, col = j * 3 + q;
          int32_t want = row < m && col < n ? data[row * n + col] : -1;
          assert_int_equal(((int32_t *)packed.bytes)[((j * n0 + i) * 3 + q) * t + p], want);
        }
  args[0] = packed;
  *(int64_t *)(args[1].bytes = arena_alloc(&f.ctx.mem, 8)) = m;
  *(int64_t *)(args[2].bytes = arena_alloc(&f.ctx.mem, 8)) = n;
  run_value back = call(&f, "unpack", args);
  assert_memory_equal(back.bytes, data, sizeof data);
  done(&f);
}

/* Oracle: the sum in double; the bound is that of adding in chains of at most 64 elements and 255 parts, three of them. */
static void test_long_sums_stay_near(void **state) {
  (void)state;
  fixture f;
  compile(&f, "func.func @sum(%a: tensor<3x50001xf32>, %e: tensor<3xf32>) -> tensor<3xf32> {\n"
              "  %r = linalg.reduce ins(%a : tensor<3x50001xf32>) outs(%e : tensor<3xf32>) dimensions = [1] (%x: f32, %o: f32) {\n"
              "    %s = arith.addf %x, %o : f32\n    linalg.yield %s : f32\n  }\n  return %r : tensor<3xf32>\n}\n"
              "func.func @generic(%a: tensor<3x50001xf32>, %e: tensor<3xf32>) -> tensor<3xf32> {\n"
              "  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]}\n"
              "      ins(%a : tensor<3x50001xf32>) outs(%e : tensor<3xf32>) {\n  ^bb0(%x: f32, %o: f32):\n    %s = arith.addf %x, %o : f32\n    linalg.yield %s : f32\n"
              "  } -> tensor<3xf32>\n  return %r : tensor<3xf32>\n}\n");
  float *data = arena_array(&f.ctx.mem, 3 * 50001, sizeof *data), init[3] = {1, 2, 3};
  double want[3] = {1, 2, 3}, size[3] = {0};
  rng random = rng_new(1);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 50001; j++) {
      data[i * 50001 + j] = (float)rng_uniform(&random);
      want[i] += (double)data[i * 50001 + j];
      size[i] += (double)data[i * 50001 + j];
    }
  run_value args[2] = {vector(&f, "f32", 3 * 50001, data), vector(&f, "f32", 3, init)};
  args[0].rank = 2;
  args[0].shape[0] = 3;
  args[0].shape[1] = 50001;
  const char *const names[] = {"sum", "generic"};
  for (int k = 0; k < 2; k++) {
    run_value got = call(&f, names[k], args);
    for (int i = 0; i < 3; i++)
      assert_true(fabs((double)((float *)got.bytes)[i] - want[i]) <= (64 + 64 + 255) * 0x1p-24 * (size[i] + 3));
  }
  done(&f);
}

static void test_calls_give_back_what_they_take(void **state) {
  (void)state;
  fixture f;
  compile(&f, "func.func @f(%n: index) -> (tensor<?xf32>, tensor<?xf32>) {\n  %c = arith.constant 2.0 : f32\n  %a = tensor.splat %c[%n] : tensor<?xf32>\n  %b = func.call @g(%a) : (tensor<?xf32>) -> tensor<?xf32>\n"
              "  %x = arith.constant true\n  %r = scf.if %x -> tensor<?xf32> {\n    %d = arith.addf %a, %b : tensor<?xf32>\n    scf.yield %d : tensor<?xf32>\n  } else {\n    scf.yield %a : tensor<?xf32>\n  }\n"
              "  return %r, %a : tensor<?xf32>, tensor<?xf32>\n}\n"
              "func.func private @g(%a: tensor<?xf32>) -> tensor<?xf32> {\n  %r = arith.mulf %a, %a : tensor<?xf32>\n  return %r : tensor<?xf32>\n}\n"
              "func.func @stops(%n: index) -> tensor<?xf32> {\n  %c = arith.constant 2.0 : f32\n  %a = tensor.splat %c[%n] : tensor<?xf32>\n  %b = arith.addf %a, %a : tensor<?xf32>\n"
              "  %z = arith.constant 3 : index\n  %is = arith.cmpi ult, %n, %z : index\n  cf.assert %is, \"few\"\n  return %b : tensor<?xf32>\n}\n"
              "func.func @huge(%n: index) -> tensor<?xf32> {\n  %c = arith.constant 2.0 : f32\n  %a = tensor.splat %c[%n] : tensor<?xf32>\n  return %a : tensor<?xf32>\n}\n");
  int64_t n = 5;
  run_value arg = vector(&f, "index", 1, &n), results[2];
  arg.is_scalar = true;
  arg.rank = 0;
  assert_int_equal(program_call(f.p, program_find(&f.functions, "f"), &arg, results), LOOM_OK);
  for (int i = 0; i < 5; i++)
    assert_true(((float *)results[0].bytes)[i] == 6 && ((float *)results[1].bytes)[i] == 2);
  assert_int_equal(program_call(f.p, program_find(&f.functions, "stops"), &arg, results), LOOM_EINPUT);   /* in its middle, with memory taken */
  n = INT64_C(1) << 40;
  assert_int_equal(program_call(f.p, program_find(&f.functions, "huge"), &arg, results), LOOM_ELIMIT);
  assert_int_equal(f.ctx.diag.errors, 2);
  assert_non_null(strstr(f.ctx.diag.first->text, "the assertion does not hold: few"));
  if (!strstr(f.ctx.diag.first->next->text, "the program asks for 4398046511"))
    fail_msg("%s", f.ctx.diag.first->next->text);
  done(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_small_floats_convert_as_their_format_says), cmocka_unit_test(test_pack_and_unpack_with_sizes_as_values),
                                     cmocka_unit_test(test_long_sums_stay_near), cmocka_unit_test(test_calls_give_back_what_they_take)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
