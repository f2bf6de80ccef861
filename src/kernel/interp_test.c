/* The oracle itself: against plain C engines, against itself at other block sizes, and with mistakes it must see. */
#include "kernel/kernel_testing.h"
#include "kernel/interp.h"

/* ---- engines in plain C: float32 accumulation ---- */

typedef enum k_order { FORWARD, BACKWARD, PAIRWISE, STRIPED } k_order;

static float dot_pairwise(const double *a, const double *b, int64_t k, int64_t step) {
  if (k == 1)
    return (float)a[0] * (float)b[0];
  return dot_pairwise(a, b, k / 2, step) + dot_pairwise(a + k / 2, b + (k / 2) * step, k - k / 2, step);
}

static float dot_f32(const double *a, const double *b, int64_t k, int64_t step, k_order order) {
  float sum = 0, stripe[8] = {0};
  switch (order) {
  case FORWARD:
    for (int64_t p = 0; p < k; p++)
      sum += (float)a[p] * (float)b[p * step];
    return sum;
  case BACKWARD:
    for (int64_t p = k; p-- > 0;)
      sum += (float)a[p] * (float)b[p * step];
    return sum;
  case PAIRWISE:
    return dot_pairwise(a, b, k, step);
  default:
    for (int64_t p = 0; p < k; p++)
      stripe[p % 8] += (float)a[p] * (float)b[p * step];
    for (int i = 0; i < 8; i++)
      sum += stripe[i];
    return sum;
  }
}

/* x[m, k] @ y[k, n] without the k range skip_begin..skip_end-1, in the type `out`. */
static void *engine(arena *mem, const interp_tensor *x, const interp_tensor *y, dtype out, k_order order, int64_t skip_begin, int64_t skip_end) {
  int64_t m = x->shape[0], k = x->shape[1], n = y->shape[1];
  char *to = arena_array(mem, (size_t)(m * n), dtype_bytes(out));
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      const double *a = x->value + i * k, *b = y->value + j;
      float c = dot_f32(a, b, skip_begin < skip_end ? skip_begin : k, n, order);
      if (skip_begin < skip_end && skip_end < k)
        c += dot_f32(a + skip_end, b + skip_end * n, k - skip_end, n, order);
      dtype_store(out, to + (size_t)(i * n + j) * dtype_bytes(out), (double)c);
    }
  return to;
}

/* ---- running ---- */

static interp_tensor *inputs(loom_ctx *ctx, const kernel_graph *k, uint64_t seed, bool integers) {
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      assert_int_equal(interp_make_input(ctx, k, (kernel_tensor)i, seed, integers, &t[i]), LOOM_OK);
  return t;
}

static interp_tensor *run(loom_ctx *ctx, const kernel_graph *k, const interp_options *o, bool integers) {
  interp_tensor *t = inputs(ctx, k, 7, integers);
  assert_int_equal(kernel_verify(ctx, k), LOOM_OK);
  assert_int_equal(interp_run(ctx, k, t, o), LOOM_OK);
  return t;
}

static interp_options blocks(const sym_binding *b, size_t n) { return (interp_options){.blocks = b, .n_blocks = n, .op_budget = -1}; }
#define BLOCKS(...) blocks((const sym_binding[]){__VA_ARGS__}, COUNT_OF(((const sym_binding[]){__VA_ARGS__})))

/* The oracle's values as an engine would deliver them. */
static void *as_bytes(arena *mem, const interp_tensor *t) {
  char *to = arena_array(mem, (size_t)t->elems, dtype_bytes(t->type));
  for (int64_t i = 0; i < t->elems; i++)
    dtype_store(t->type, to + (size_t)i * dtype_bytes(t->type), t->value[i]);
  return to;
}

/* ---- matmul ---- */

static const sample_matmul f16_acc = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16};
static const sample_matmul f32_acc = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F32, .out = DTYPE_F16};
static const sample_matmul f32_all = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F32, .acc = DTYPE_F32, .out = DTYPE_F32};

static void test_f32_engines_in_any_order_stay_within_the_bound(void **state) {
  (void)state;
  const sample_matmul *cases[] = {&f16_acc, &f32_acc, &f32_all};
  for (size_t c = 0; c < COUNT_OF(cases); c++)
    for (int64_t k = 256; k <= 2048; k *= 2) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      sample_matmul shape = *cases[c];
      shape.k = k;
      kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
      interp_options o = BLOCKS({"tile_m", 8}, {"tile_n", 16}, {"tile_k", 32});
      interp_tensor *t = run(&ctx, g, &o, false);
      for (k_order order = FORWARD; order <= STRIPED; order++) {
        interp_comparison r = interp_compare(&t[2], engine(&ctx.mem, &t[0], &t[1], shape.out, order, 0, 0), false);
        assert_true(r.ok);
        assert_int_equal(r.unbounded, 0);
        assert_int_equal(r.elems, shape.m * shape.n);
        assert_true(r.max_abs_error > 0);
      }
      loom_ctx_done(&ctx);
    }
}

/* The bound must not be blind: a lost tile of k changes nearly all elements by more than it. */
static void test_a_lost_k_tile_exceeds_the_bound(void **state) {
  (void)state;
  const sample_matmul *cases[] = {&f16_acc, &f32_acc, &f32_all};
  for (size_t c = 0; c < COUNT_OF(cases); c++)
    for (int64_t k = 256; k <= 2048; k *= 2)
      for (int64_t lost = 1; lost <= 32; lost *= 32) {
        loom_ctx ctx;
        loom_ctx_init(&ctx);
        sample_matmul shape = *cases[c];
        shape.k = k;
        kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
        interp_options o = BLOCKS({"tile_m", 24}, {"tile_n", 40}, {"tile_k", 64});
        interp_tensor *t = run(&ctx, g, &o, false);
        interp_comparison r = interp_compare(&t[2], engine(&ctx.mem, &t[0], &t[1], shape.out, FORWARD, k - lost, k), false);
        assert_false(r.ok);
        assert_true(lost == 1 ? r.wrong > r.elems / 3 : r.wrong > r.elems * 9 / 10);
        assert_true(r.worst_error > r.worst_bound && r.worst_at[0] < 24 && r.worst_at[1] < 40);
        loom_ctx_done(&ctx);
      }
}

/* gamma_K*sum|a||b| + 2^-11*|C| and nothing more: the formula of reliability.md 3.1, computed independently. */
static void test_the_bound_is_the_formula(void **state) {
  (void)state;
  const sample_matmul *cases[] = {&f16_acc, &f32_acc};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", cases[c]);
    interp_options o = BLOCKS({"tile_m", 8}, {"tile_n", 16}, {"tile_k", 48});
    interp_tensor *t = run(&ctx, g, &o, false);
    for (int64_t i = 0; i < 24; i++)
      for (int64_t j = 0; j < 40; j++) {
        double sum = 0, mag = 0, u = 0x1p-24;
        for (int64_t p = 0; p < 256; p++) {
          double term = t[0].value[i * 256 + p] * t[1].value[p * 40 + j];
          sum += term;
          mag += fabs(term);
        }
        double accumulated = 256 * u / (1 - 256 * u) * mag, expected = accumulated + 0x1p-11 * (fabs(sum) + accumulated);
        assert_true(fabs(t[2].value[i * 40 + j] - sum) < 1e-10);
        assert_true(t[2].bound[i * 40 + j] >= expected && t[2].bound[i * 40 + j] <= expected * (1 + 1e-5));
      }
    loom_ctx_done(&ctx);
  }
}

static float flushed(float x) { return fabsf(x) < 0x1p-126f ? 0 : x; }

/* AMX: the sums of 16 first and 16 second elements of pairs, both together, added to the sum; what is below 2^-126 is 0, before and after each step. */
static float dot_of_tiles(const double *a, const double *b, int64_t k, int64_t step) {
  float sum = 0;
  for (int64_t from = 0; from < k; from += 32) {
    float pair[2] = {0};
    for (int64_t p = from; p < k && p < from + 32; p++)
      pair[p % 2] = flushed(fmaf(flushed((float)a[p]), flushed((float)b[p * step]), pair[p % 2]));
    sum = flushed(sum + flushed(pair[0] + pair[1]));
  }
  return sum;
}

static void scale(interp_tensor *t, double by) {
  unsigned char bits[8];
  for (int64_t i = 0; i < t->elems; i++) {
    dtype_store(t->type, bits, t->value[i] * by);
    t->value[i] = dtype_load(t->type, bits);
  }
}

static void test_engines_that_flush_need_the_bound_for_it(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const sample_matmul shape = {.m = 24, .n = 40, .k = 100, .in = DTYPE_BF16, .acc = DTYPE_F32, .out = DTYPE_F32};
  kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
  for (int tiny = 0; tiny < 2; tiny++) {      /* operands below 2^-126 beside large ones; products and sums below it */
    interp_options o = BLOCKS({"tile_m", 8}, {"tile_n", 16}, {"tile_k", 32});
    interp_comparison r[2];
    for (int with = 0; with < 2; with++) {
      interp_tensor *t = inputs(&ctx, g, 7, false);
      scale(&t[0], tiny ? 0x1p-129 : 0x1p-64);
      scale(&t[1], tiny ? 0x1p+100 : 0x1p-64);
      o.flushes_bf16 = with;
      assert_int_equal(interp_run(&ctx, g, t, &o), LOOM_OK);
      float *got = ARENA_NEW_N(&ctx.mem, float, shape.m * shape.n);
      for (int64_t i = 0; i < shape.m * shape.n; i++)
        got[i] = dot_of_tiles(t[0].value + i / shape.n * shape.k, t[1].value + i % shape.n, shape.k, shape.n);
      r[with] = interp_compare(&t[2], got, false);
    }
    assert_false(r[0].ok);
    assert_true(r[1].ok);
  }
  loom_ctx_done(&ctx);
}

/* An engine that cuts f32 operands to TF32, the second one to a bit less: outside the bound of one that does not, inside its own; whole numbers of 10 bits stay exact. */
static void test_engines_that_cut_f32_need_the_bound_for_it(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (int test = 0; test < 4; test++) {
    const int whole = test % 2;
    const sample_matmul shape = {.m = 24, .n = 40, .k = test < 2 ? 100 : 1, .in = DTYPE_F32, .acc = DTYPE_F32, .out = DTYPE_F32};      /* one product comes close to its bound */
    kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
    interp_options o = BLOCKS({"tile_m", 8}, {"tile_n", 16}, {"tile_k", 32});
    interp_comparison r[2];
    for (int with = 0; with < 2; with++) {
      interp_tensor *t = inputs(&ctx, g, 7, whole);
      o.cuts_f32 = with;
      assert_int_equal(interp_run(&ctx, g, t, &o), LOOM_OK);
      float *got = ARENA_NEW_N(&ctx.mem, float, shape.m * shape.n);
      for (int64_t i = 0; i < shape.m * shape.n; i++)
        for (int64_t k = 0; k < shape.k; k++) {
          float a = (float)t[0].value[i / shape.n * shape.k + k], b = (float)t[1].value[k * shape.n + i % shape.n];
          uint32_t bits[2];
          memcpy(&bits[0], &a, 4);
          memcpy(&bits[1], &b, 4);
          bits[0] &= 0xffffe000u;
          bits[1] &= 0xffffc000u;
          memcpy(&a, &bits[0], 4);
          memcpy(&b, &bits[1], 4);
          got[i] += a * b;
        }
      r[with] = interp_compare(&t[2], got, false);
    }
    assert_int_equal(r[0].ok, whole);
    assert_true(r[1].ok);
    assert_true(whole ? r[1].worst_bound == 0 : r[1].worst_error > r[1].worst_bound / 100);     /* a bound that says something */
  }
  loom_ctx_done(&ctx);
}

static void test_block_sizes_change_nothing(void **state) {
  (void)state;
  const int64_t sizes[][3] = {{24, 40, 256}, {8, 8, 8}, {7, 9, 11}, {1, 40, 100}, {23, 1, 255}, {100, 100, 1000}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &f16_acc);
  interp_options whole = {.op_budget = -1};
  interp_tensor *first = run(&ctx, g, &whole, false), *first_exact;
  whole.exact = true;
  first_exact = run(&ctx, g, &whole, true);
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    interp_options o = BLOCKS({"tile_m", sizes[i][0]}, {"tile_n", sizes[i][1]}, {"tile_k", sizes[i][2]});
    interp_tensor *t = run(&ctx, g, &o, false);
    assert_true(interp_compare(&first[2], as_bytes(&ctx.mem, &t[2]), false).ok);
    for (int64_t e = 0; e < t[2].elems; e++) {
      assert_true(fabs(t[2].value[e] - first[2].value[e]) < 1e-10);
      assert_true(fabs(t[2].bound[e] / first[2].bound[e] - 1) < 1e-9);
    }
    o.exact = true;
    t = run(&ctx, g, &o, true);
    assert_memory_equal(t[2].value, first_exact[2].value, (size_t)t[2].elems * sizeof(double));
    assert_null(t[2].bound);
  }
  loom_ctx_done(&ctx);
}

/* Whole numbers in -2..2: all partial sums are exact in f32, so engines must agree bit by bit, and bounds are zero where f16 holds the sum. */
static void test_integers_are_bit_identical(void **state) {
  (void)state;
  for (int64_t k = 256; k <= 2048; k *= 8) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    sample_matmul shape = f32_acc;
    shape.k = k;
    kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
    interp_options o = BLOCKS({"tile_m", 8}, {"tile_n", 16}, {"tile_k", 64});
    interp_tensor *bounded = run(&ctx, g, &o, true);
    o.exact = true;
    interp_tensor *t = run(&ctx, g, &o, true);
    void *got = engine(&ctx.mem, &t[0], &t[1], DTYPE_F16, STRIPED, 0, 0);
    assert_true(interp_compare(&t[2], got, true).ok);
    assert_true(interp_compare(&bounded[2], got, false).ok);
    for (int64_t i = 0; i < t[2].elems; i++)
      if (bounded[2].bound && fabs(t[2].value[i]) <= 2048)
        assert_true(bounded[2].bound[i] == 0);
    uint16_t *bits = got;
    bits[77] ^= 1;
    interp_comparison r = interp_compare(&t[2], got, true);
    assert_int_equal(r.wrong, 1);
    assert_int_equal(r.worst, 77);
    assert_int_equal(r.worst_at[0], 1);
    assert_int_equal(r.worst_at[1], 37);
    loom_ctx_done(&ctx);
  }
}

/* --accumulate f16: an engine that rounds the accumulator after each k tile stays within the wider bound, and outside the narrow one. */
static void test_rounding_at_each_matmul_widens_the_bound(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul shape = f16_acc;
  shape.k = 2048;
  kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
  interp_options o = BLOCKS({"tile_m", 24}, {"tile_n", 40}, {"tile_k", 32});
  interp_tensor *narrow = run(&ctx, g, &o, false);
  o.accumulate_in_result_type = true;
  interp_tensor *wide = run(&ctx, g, &o, false);
  uint16_t *got = ARENA_NEW_N(&ctx.mem, uint16_t, wide[2].elems);
  for (int64_t i = 0; i < 24; i++)
    for (int64_t j = 0; j < 40; j++)
      for (int64_t p = 0; p < shape.k; p += 32) {
        uint16_t *c = &got[i * 40 + j];
        *c = dtype_f32_to_f16(dtype_f16_to_f32(*c) + dot_f32(wide[0].value + i * shape.k + p, wide[1].value + p * 40 + j, 32, 40, FORWARD));
      }
  assert_true(interp_compare(&wide[2], got, false).ok);
  assert_false(interp_compare(&narrow[2], got, false).ok);
  loom_ctx_done(&ctx);
}

static void test_batch_matmul_equals_its_slices(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul shape = {.m = 10, .n = 12, .k = 33, .batch = 5, .in = DTYPE_F32, .acc = DTYPE_F32, .out = DTYPE_F32};
  kernel_graph *g = sample_build_matmul(&ctx.mem, "bmm", &shape);
  interp_options o = BLOCKS({"tile_b", 2}, {"tile_m", 4}, {"tile_n", 5}, {"tile_k", 8});
  interp_tensor *t = run(&ctx, g, &o, false);
  for (int64_t b = 0; b < 5; b++) {
    interp_tensor x = {.shape = {10, 33}, .value = t[0].value + b * 330}, y = {.shape = {33, 12}, .value = t[1].value + b * 396};
    interp_tensor want = {DTYPE_F32, 2, {10, 12}, 120, t[2].value + b * 120, t[2].bound + b * 120};
    assert_true(interp_compare(&want, engine(&ctx.mem, &x, &y, DTYPE_F32, FORWARD, 0, 0), false).ok);
  }
  loom_ctx_done(&ctx);
}

/* f16 accumulator declared, f32 arithmetic: round(acc), round(acc + bias), relu. */
static void test_bias_and_relu_round_at_each_declared_type(void **state) {
  (void)state;
  for (int integers = 0; integers < 2; integers++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    sample_matmul shape = f16_acc;
    shape.bias_relu = true;
    shape.k = 2048;
    kernel_graph *g = sample_build_matmul(&ctx.mem, "bias", &shape);
    interp_options o = BLOCKS({"tile_m", 7}, {"tile_n", 16}, {"tile_k", 100});
    o.exact = integers;
    interp_tensor *t = run(&ctx, g, &o, integers);
    uint16_t *got = engine(&ctx.mem, &t[0], &t[1], DTYPE_F16, FORWARD, 0, 0);
    for (int64_t i = 0; i < t[3].elems; i++) {
      float v = dtype_f16_to_f32(dtype_f32_to_f16(dtype_f16_to_f32(got[i]) + (float)t[2].value[i % 40]));
      got[i] = dtype_f32_to_f16(v > 0 ? v : 0);
    }
    assert_true(interp_compare(&t[3], got, integers).ok);
    loom_ctx_done(&ctx);
  }
}

static void test_int8_matmul_is_exact(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul shape = {.m = 9, .n = 17, .k = 50, .in = DTYPE_I8, .acc = DTYPE_I32, .out = DTYPE_I32};
  kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &shape);
  g->tensors.at[0].init = g->tensors.at[1].init = KERNEL_INIT_RANDINT;
  for (int i = 0; i < 2; i++) {
    g->tensors.at[i].init_lo = -128;
    g->tensors.at[i].init_hi = 128;
  }
  interp_options o = BLOCKS({"tile_m", 4}, {"tile_n", 4}, {"tile_k", 7});
  interp_tensor *t = run(&ctx, g, &o, false);
  for (int64_t i = 0; i < 9; i++)
    for (int64_t j = 0; j < 17; j++) {
      int64_t sum = 0;
      for (int64_t p = 0; p < 50; p++)
        sum += (int64_t)t[0].value[i * 50 + p] * (int64_t)t[1].value[p * 17 + j];
      assert_true(t[2].value[i * 17 + j] == (double)sum);
    }
  assert_null(t[2].bound);
  loom_ctx_done(&ctx);
}

/* ---- other operations ---- */

/* out[i] = fn(x[i]) over one tiled range of 100, or fn(x[i], y[i]). */
static kernel_graph *elementwise(arena *mem, kernel_fn fn, dtype t) {
  sample s = {mem, kernel_new(mem, "map"), 0};
  int arity = kernel_fn_arity(fn);
  kernel_type host = SAMPLE_TYPE(&s, t, "100"), tile = SAMPLE_TYPE(&s, t, "tile_i");
  for (int i = 0; i < arity; i++)
    kernel_add_tensor(mem, s.k, i ? "y" : "x", KERNEL_ARG, host);
  kernel_tensor out = kernel_add_tensor(mem, s.k, "out", KERNEL_ALLOC, host);
  sample_block(&s, "tile_i", 100);
  kernel_op *grid = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  kernel_region *g = &grid->regions[0];
  sample_ranges(&s, grid, 1, (const char *[]){"tile_i"});
  kernel_value at = g->params.at[0], v[2];
  for (int i = 0; i < arity; i++)
    v[i] = sample_load(&s, g, i, tile, 1, &at);
  kernel_value r = sample_fn(&s, g, fn, tile, arity, v);
  sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, &r, NULL), out, 1, &at);
  return s.k;
}

static float f32_function(kernel_fn f, float x, float y) {
  switch (f) {
  case KERNEL_FN_EXP:
    return expf(x);
  case KERNEL_FN_EXP2:
    return exp2f(x);
  case KERNEL_FN_TANH:
    return tanhf(x);
  case KERNEL_FN_SIGMOID:
    return 1 / (1 + expf(-x));
  case KERNEL_FN_ERF:
    return erff(x);
  case KERNEL_FN_LOG:
    return logf(x);
  case KERNEL_FN_SQRT:
    return sqrtf(x);
  case KERNEL_FN_RSQRT:
    return 1 / sqrtf(x);
  case KERNEL_FN_NEG:
    return -x;
  case KERNEL_FN_RECIP:
    return 1 / x;
  case KERNEL_FN_ADD:
    return x + y;
  case KERNEL_FN_MUL:
    return x * y;
  case KERNEL_FN_DIV:
    return x / y;
  case KERNEL_FN_MAX:
    return fmaxf(x, y);
  case KERNEL_FN_POW:
    return powf(x, y);
  default:
    return NAN;
  }
}

static void test_functions_agree_with_f32_libm_within_their_ulps(void **state) {
  (void)state;
  const kernel_fn fns[] = {KERNEL_FN_EXP, KERNEL_FN_EXP2, KERNEL_FN_TANH,  KERNEL_FN_SIGMOID, KERNEL_FN_ERF, KERNEL_FN_LOG, KERNEL_FN_SQRT, KERNEL_FN_RSQRT,
                           KERNEL_FN_NEG, KERNEL_FN_RECIP, KERNEL_FN_ADD, KERNEL_FN_MUL, KERNEL_FN_DIV, KERNEL_FN_MAX, KERNEL_FN_POW};
  const dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  for (size_t f = 0; f < COUNT_OF(fns); f++)
    for (size_t t = 0; t < COUNT_OF(types); t++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      kernel_graph *g = elementwise(&ctx.mem, fns[f], types[t]);
      bool positive = fns[f] == KERNEL_FN_LOG || fns[f] == KERNEL_FN_SQRT || fns[f] == KERNEL_FN_RSQRT || fns[f] == KERNEL_FN_POW;
      g->tensors.at[0].init = positive ? KERNEL_INIT_RAND : KERNEL_INIT_RANDN;
      interp_options o = BLOCKS({"tile_i", 33});
      interp_tensor *x = run(&ctx, g, &o, false), *out = &x[g->tensors.n - 1];
      char *got = arena_array(&ctx.mem, 100, 8);
      for (int64_t i = 0; i < 100; i++) {
        float v = f32_function(fns[f], (float)x[0].value[i], g->tensors.n > 2 ? (float)x[1].value[i] : 0);
        dtype_store(types[t], got + (size_t)i * dtype_bytes(types[t]), (double)v);
      }
      interp_comparison r = interp_compare(out, got, false);
      if (!r.ok)
        fail_msg("%s on %s: got %g, want %g, bound %g", kernel_fn_name(fns[f]), dtype_mlir(types[t]), r.worst_got, r.worst_want, r.worst_bound);
      /* and the bound is not blind: two units in the last place of f32, or one of the narrow type, next to a large enough value are seen */
      for (int64_t i = 0; i < 100; i++)
        if (fabs(out->value[i]) > 0.1 && out->bound)
          assert_true(out->bound[i] < fabs(out->value[i]) * (types[t] == DTYPE_F32 ? 0x1p-18 : dtype_unit_roundoff(types[t]) * 1.1));
      loom_ctx_done(&ctx);
    }
}

/* out = sum over n of x[m, n] (and its transpose stored), with ragged rows. */
static void test_reduce_permute_reshape_and_views(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *mem = &ctx.mem;
  sample s = {mem, kernel_new(mem, "rows"), 0};
  kernel_tensor x = kernel_add_tensor(mem, s.k, "x", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "10", "6"));
  kernel_tensor sums = kernel_add_tensor(mem, s.k, "sums", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "10"));
  kernel_tensor turned = kernel_add_tensor(mem, s.k, "turned", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "6", "10"));
  kernel_tensor view = kernel_add_tensor(mem, s.k, "view", KERNEL_VIEW, SAMPLE_TYPE(&s, DTYPE_F32, "3", "10"));
  kernel_tensor_info *v = &s.k->tensors.at[view];   /* turned[::2] */
  v->base = turned;
  v->offset = sym_const(mem, 0);
  v->stride[0] = sym_const(mem, 20);
  v->stride[1] = sym_const(mem, 1);
  sample_block(&s, "tile_m", 10);
  kernel_op *grid = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  kernel_region *g = &grid->regions[0];
  sample_ranges(&s, grid, 1, (const char *[]){"tile_m"});
  kernel_value m = g->params.at[0], tile = sample_load(&s, g, x, SAMPLE_TYPE(&s, DTYPE_F32, "tile_m", "6"), 2, (kernel_value[]){m, -1});
  kernel_type t_sum = SAMPLE_TYPE(&s, DTYPE_F32, "tile_m"), t_turned = SAMPLE_TYPE(&s, DTYPE_F32, "6", "tile_m"), t_flat = t_sum;
  kernel_op *sum = sample_op(&s, g, KERNEL_REDUCE, 1, &tile, &t_sum);
  sum->fn = KERNEL_FN_ADD;
  sum->ivalue = 1 << 1;
  sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, sum->results, NULL), sums, 1, &m);
  kernel_op *turn = sample_op(&s, g, KERNEL_PERMUTE, 1, &tile, &t_turned);
  turn->perm[0] = 1;
  t_flat.dim[0] = sym_mul(mem, sym_const(mem, 6), t_flat.dim[0]);
  kernel_op *flat = sample_op(&s, g, KERNEL_RESHAPE, 1, turn->results, &t_flat);
  kernel_op *back = sample_op(&s, g, KERNEL_RESHAPE, 1, flat->results, &t_turned);
  sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, back->results, NULL), turned, 2, (kernel_value[]){-1, m});
  interp_options o = BLOCKS({"tile_m", 4});
  interp_tensor *t = run(&ctx, s.k, &o, false), seen;
  assert_int_equal(interp_read_tensor(&ctx, s.k, t, view, &seen), LOOM_OK);
  for (int64_t i = 0; i < 10; i++) {
    float want = 0;
    for (int64_t j = 0; j < 6; j++) {
      want += (float)t[x].value[i * 6 + j];
      assert_true(t[turned].value[j * 10 + i] == t[x].value[i * 6 + j]);
      if (j % 2 == 0)
        assert_true(seen.value[j / 2 * 10 + i] == t[x].value[i * 6 + j]);
    }
    assert_true(fabs((double)want - t[sums].value[i]) <= t[sums].bound[i]);
  }
  loom_ctx_done(&ctx);
}

/* Factors come in any order: where some order of them overflows a product has no bound, a zero among them or not; else a zero makes it exact. */
/* Where an engine takes a NaN for a number, a maximum that meets one, and what a comparison with one chooses, have no bound; the others keep theirs. */
static void test_engines_that_lose_nans_have_no_bound_behind_them(void **state) {
  (void)state;
  enum { ROWS = 4, COLS = 3 };
  static const double rows[ROWS][COLS] = {{1, 2, 3}, {1, NAN, 3}, {NAN, 2, 1}, {-1, 0, INFINITY}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample s = {&ctx.mem, kernel_new(&ctx.mem, "extremes"), 0};
  kernel_tensor x = kernel_add_tensor(&ctx.mem, s.k, "x", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "4", "3")), most = kernel_add_tensor(&ctx.mem, s.k, "most", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "4")),
                twice = kernel_add_tensor(&ctx.mem, s.k, "twice", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "4", "3")), below = kernel_add_tensor(&ctx.mem, s.k, "below", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_BOOL, "4", "3")),
                sum = kernel_add_tensor(&ctx.mem, s.k, "sum", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "4", "3"));
  sample_block(&s, "tile_m", 4);
  kernel_op *grid = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  kernel_region *g = &grid->regions[0];
  sample_ranges(&s, grid, 1, (const char *[]){"tile_m"});
  kernel_type t_row = SAMPLE_TYPE(&s, DTYPE_F32, "tile_m"), t_tile = SAMPLE_TYPE(&s, DTYPE_F32, "tile_m", "3"), t_is = SAMPLE_TYPE(&s, DTYPE_BOOL, "tile_m", "3");
  kernel_value m = g->params.at[0], tile = sample_load(&s, g, x, t_tile, 2, (kernel_value[]){m, -1});
  kernel_op *reduce = sample_op(&s, g, KERNEL_REDUCE, 1, &tile, &t_row);
  reduce->fn = KERNEL_FN_MAX;
  reduce->ivalue = 1 << 1;
  sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, reduce->results, NULL), most, 1, &m);
  const struct { kernel_fn fn; kernel_tensor to; kernel_type *type; } binary[] = {{KERNEL_FN_MIN, twice, &t_tile}, {KERNEL_FN_LT, below, &t_is}, {KERNEL_FN_ADD, sum, &t_tile}};
  for (size_t i = 0; i < COUNT_OF(binary); i++) {
    kernel_op *op = sample_op(&s, g, KERNEL_BINARY, 2, (kernel_value[]){tile, tile}, binary[i].type);
    op->fn = binary[i].fn;
    sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, op->results, NULL), binary[i].to, 2, (kernel_value[]){m, -1});
  }
  for (int loses = 0; loses < 2; loses++) {
    interp_options o = BLOCKS({"tile_m", 3});
    o.loses_nan = loses;
    interp_tensor *t = inputs(&ctx, s.k, 7, false);
    memcpy(t[x].value, rows, sizeof rows);
    assert_int_equal(interp_run(&ctx, s.k, t, &o), LOOM_OK);
    for (int i = 0; i < ROWS; i++) {
      bool row_has = false;
      for (int k = 0; k < COLS; k++) {
        const bool is = isnan(rows[i][k]);
        row_has |= is;
        assert_int_equal(t[twice].bound && t[twice].bound[i * COLS + k] == INFINITY, is && loses);
        assert_int_equal(t[below].bound && t[below].bound[i * COLS + k] == INFINITY, is && loses);
        assert_false(!is && isfinite(rows[i][k]) && t[sum].bound && t[sum].bound[i * COLS + k] == INFINITY);
      }
      assert_int_equal(t[most].bound && t[most].bound[i] == INFINITY, row_has && loses);
      assert_int_equal(isnan(t[most].value[i]), row_has);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_a_product_that_may_overflow_has_no_bound(void **state) {
  (void)state;
  enum { ROWS = 5, FACTORS = 3 };
  static const struct { double factor[FACTORS]; bool has_bound, is_exact; } rows[ROWS] = {
      {{0, 2, -3}, true, true}, {{-3e38, 1e20, 0}, false, false}, {{0, 0.1, 1.7}, true, true}, {{3e38, 10, 1e-30}, false, false}, {{1e30, 1e-20, 1.1}, true, false}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample s = {&ctx.mem, kernel_new(&ctx.mem, "products"), 0};
  kernel_tensor x = kernel_add_tensor(&ctx.mem, s.k, "x", KERNEL_ARG, SAMPLE_TYPE(&s, DTYPE_F32, "5", "3")), products = kernel_add_tensor(&ctx.mem, s.k, "products", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "5"));
  sample_block(&s, "tile_m", 5);
  kernel_op *grid = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  kernel_region *g = &grid->regions[0];
  sample_ranges(&s, grid, 1, (const char *[]){"tile_m"});
  kernel_value m = g->params.at[0], tile = sample_load(&s, g, x, SAMPLE_TYPE(&s, DTYPE_F32, "tile_m", "3"), 2, (kernel_value[]){m, -1});
  kernel_type t_product = SAMPLE_TYPE(&s, DTYPE_F32, "tile_m");
  kernel_op *product = sample_op(&s, g, KERNEL_REDUCE, 1, &tile, &t_product);
  product->fn = KERNEL_FN_MUL;
  product->ivalue = 1 << 1;
  sample_index(&s, sample_op(&s, g, KERNEL_STORE, 1, product->results, NULL), products, 1, &m);
  interp_options o = BLOCKS({"tile_m", 4});
  interp_tensor *t = inputs(&ctx, s.k, 7, false);
  for (int i = 0; i < ROWS; i++)
    for (int k = 0; k < FACTORS; k++)
      t[x].value[i * FACTORS + k] = (double)(float)rows[i].factor[k];
  assert_int_equal(interp_run(&ctx, s.k, t, &o), LOOM_OK);
  for (int i = 0; i < ROWS; i++)
    if ((t[products].bound[i] < INFINITY) != rows[i].has_bound || (t[products].bound[i] == 0) != rows[i].is_exact)
      fail_msg("row %d: %g +- %g", i, t[products].value[i], t[products].bound[i]);
  loom_ctx_done(&ctx);
}

/* ---- comparing ---- */

static void test_compare_judges_special_values(void **state) {
  (void)state;
  struct { double want, bound; float got; bool ok; } cases[] = {
      {1, 0, 1, true},      {1, 0, 1.5f, false},        {1, 0.5, 1.5f, true},     {1, 0.4, 1.5f, false},         {0, 0, -0.0f, true},
      {NAN, 0, NAN, true},  {1, 9, NAN, false},         {NAN, 0, 1, false},       {INFINITY, 0, INFINITY, true}, {INFINITY, 0, -INFINITY, false},
      {1, INFINITY, NAN, true}, {3e38, 1e38, INFINITY, true}, {3e38, 1e36, INFINITY, false}, {1, NAN, 5, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    interp_tensor t = {DTYPE_F32, 1, {1}, 1, &cases[i].want, &cases[i].bound};
    interp_comparison r = interp_compare(&t, &cases[i].got, false);
    if (r.ok != cases[i].ok || r.wrong != !cases[i].ok)
      fail_msg("case %zu: want %g +- %g, got %g", i, cases[i].want, cases[i].bound, (double)cases[i].got);
    assert_int_equal(r.unbounded, !(cases[i].bound < INFINITY));
    assert_int_equal(r.worst_ratio > 1, !cases[i].ok);      /* what it names is wrong where something is */
  }
}

/* ---- refusals ---- */

static void test_refusals_name_what_is_wrong(void **state) {
  (void)state;
  enum { SHORT_ARGUMENT, NO_ARGUMENT, ZERO_BLOCK, NO_SIZE, BUDGET, OUTSIDE, CASES };
  static const struct { loom_status status; const char *text; int line; } want[CASES] = {
      [SHORT_ARGUMENT] = {LOOM_EINPUT, "contents given for argument x", 0}, [NO_ARGUMENT] = {LOOM_EINPUT, "contents given for argument x", 0},
      [ZERO_BLOCK] = {LOOM_EUSAGE, "block size tile_m=0: expected a positive number", 0}, [NO_SIZE] = {LOOM_EINPUT, "size \"s\" has no value", 0},
      [BUDGET] = {LOOM_ELIMIT, "budget is spent", 16}, [OUTSIDE] = {LOOM_EINPUT, "touches index 255 of dim 1 of x, which has 200 elements", 14}};
  for (int c = 0; c < CASES; c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *g = sample_build_matmul(&ctx.mem, "mm", &f16_acc);
    if (c == NO_SIZE)
      kernel_add_symbol(&ctx.mem, g, "s", KERNEL_SYM_SIZE);
    if (c == OUTSIDE)
      g->tensors.at[0].shape.dim[1] = sym_const(&ctx.mem, 200);
    interp_tensor *t = inputs(&ctx, g, 1, false);
    if (c == SHORT_ARGUMENT)
      t[0].shape[1] = 100;
    if (c == NO_ARGUMENT)
      t[0].value = NULL;
    interp_options o = BLOCKS({"tile_m", c == ZERO_BLOCK ? 0 : 24});
    o.op_budget = c == BUDGET ? 50000 : -1;
    assert_int_equal(interp_run(&ctx, g, t, &o), want[c].status);
    testing_expect_error(&ctx, want[c].status, want[c].text, want[c].line, want[c].line ? 5 : 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status sweep(loom_ctx *ctx, void *data) {
  (void)data;
  sample_matmul shape = {.m = 3, .n = 3, .k = 4, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16, .bias_relu = true};
  kernel_graph *g = sample_build_matmul(&ctx->mem, "mm", &shape);
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, g->tensors.n);
  for (kernel_tensor i = 0; i < 3; i++)
    LOOM_TRY(interp_make_input(ctx, g, i, 1, false, &t[i]));
  interp_options o = {.op_budget = -1};
  return interp_run(ctx, g, t, &o);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  testing_sweep_memory(sweep, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_f32_engines_in_any_order_stay_within_the_bound),
      cmocka_unit_test(test_a_lost_k_tile_exceeds_the_bound),
      cmocka_unit_test(test_the_bound_is_the_formula),
      cmocka_unit_test(test_engines_that_cut_f32_need_the_bound_for_it), cmocka_unit_test(test_block_sizes_change_nothing),
      cmocka_unit_test(test_engines_that_flush_need_the_bound_for_it),
      cmocka_unit_test(test_integers_are_bit_identical),
      cmocka_unit_test(test_rounding_at_each_matmul_widens_the_bound),
      cmocka_unit_test(test_batch_matmul_equals_its_slices),
      cmocka_unit_test(test_bias_and_relu_round_at_each_declared_type),
      cmocka_unit_test(test_int8_matmul_is_exact),
      cmocka_unit_test(test_functions_agree_with_f32_libm_within_their_ulps),
      cmocka_unit_test(test_reduce_permute_reshape_and_views),
      cmocka_unit_test(test_engines_that_lose_nans_have_no_bound_behind_them), cmocka_unit_test(test_a_product_that_may_overflow_has_no_bound), cmocka_unit_test(test_compare_judges_special_values),
      cmocka_unit_test(test_refusals_name_what_is_wrong),
      cmocka_unit_test(test_memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
