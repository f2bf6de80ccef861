/* The array, transcendentals and the lane number, through machine code.  Oracles: products in f32 in the order of k, exactly; libm in f64, within 0.51 units in the last place. */
#include "base/dtype.h"
#include "sim/rvv/rvv_rig_testing.h"
#include <math.h>

/* ---- products ---- */

/* a0 weights, a1 rows of them; a2 input, a3 rows; a4 result; elements of 4 bytes, 8 a vector (VLEN 256). */
static const char product_f32[] =
    ".globl f\nf: vsetivli t0, 8, e32, m1, ta, ma\n"
    "1: beqz a1, 2f\n vsetvli t0, a1, e32, m1, ta, ma\n vle32.v v8, (a0)\n sf.vc.iv 1, 0, v8, %d\n slli t1, t0, 2\n add a0, a0, t1\n sub a1, a1, t0\n j 1b\n"
    "2: mv a5, a3\n3: beqz a3, 4f\n vsetvli t0, a3, e32, m1, ta, ma\n vle32.v v8, (a2)\n sf.vc.iv 0, 0, v8, %d\n slli t1, t0, 2\n add a2, a2, t1\n sub a3, a3, t0\n j 3b\n"
    "4: sf.vc.i 1, 0, 0, 4\n"
    "5: beqz a5, 6f\n vsetvli t0, a5, e32, m1, ta, ma\n sf.vc.v.i 2, 0, v9, 0\n vse32.v v9, (a4)\n slli t1, t0, 2\n add a4, a4, t1\n sub a5, a5, t0\n j 5b\n6: ret\n";

static uint32_t *word_at(rig *g, int lane, int w) { return &g->words[w * g->lanes + lane]; }

static void check_product(int lanes, int depth, int rows, bool is_float, uint64_t seed) {
  rig g;
  rng r = rng_new(seed);
  char program[2048];
  snprintf(program, sizeof program, product_f32, is_float ? ISA_PUSH_FLOAT : ISA_PUSH_INT, is_float ? ISA_PUSH_FLOAT : ISA_PUSH_INT);
  rig_open(&g, program, lanes, 256);
  const int weight = 0, input = 256, result = 1024;      /* words */
  for (int l = 0; l < lanes; l++)
    for (int i = 0; i < 1024; i++) {
      float f = (float)rng_normal(&r);
      uint32_t u = (uint32_t)rng_next(&r);
      memcpy(word_at(&g, l, i), is_float ? (const void *)&f : (const void *)&u, 4);
    }
  int64_t args[] = {(int64_t)TESTING_SPAD + weight * 4, depth, (int64_t)TESTING_SPAD + input * 4, rows, (int64_t)TESTING_SPAD + result * 4};
  if (rig_call(&g, "f", args, 5, NULL, 0) != RVV_FINE)
    fail_msg("%s", g.fault.text);
  for (int m = 0; m < rows; m++)
    for (int n = 0; n < lanes; n++) {
      float sum = 0;
      uint32_t total = 0, bits;
      for (int k = 0; k < depth; k++) {      /* row k of the weights, lane n; row m of the input, lane k */
        uint32_t a = *word_at(&g, k, input + m), b = *word_at(&g, n, weight + k);
        float fa, fb;
        memcpy(&fa, &a, 4);
        memcpy(&fb, &b, 4);
        float p = fa * fb;
        sum = sum + p;
        total += a * b;
      }
      memcpy(&bits, &sum, 4);
      if (*word_at(&g, n, result + m) != (is_float ? bits : total))
        fail_msg("%d lanes, depth %d, row %d column %d: %08x, not %08x", lanes, depth, m, n, *word_at(&g, n, result + m), is_float ? bits : total);
    }
  rvv_array_rows left = rvv_array_waiting(g.array);
  assert_true(left.weights == 0 && left.inputs == 0 && left.outputs == 0);
  loom_ctx_done(&g.ctx);
}

static void test_products_are_sums_in_the_order_of_k(void **state) {
  (void)state;
  static const int shapes[][3] = {{128, 128, 128}, {128, 128, 7}, {128, 100, 33}, {8, 8, 200}, {5, 3, 14}, {32, 32, 1}, {17, 17, 50}, {1, 1, 3}};
  for (size_t i = 0; i < COUNT_OF(shapes); i++) {
    check_product(shapes[i][0], shapes[i][1], shapes[i][2], true, 600 + i);
    check_product(shapes[i][0], shapes[i][1], shapes[i][2], false, 700 + i);
  }
}

/* Both instruction sets give the same bits. */
static void test_every_processor_gives_the_same_results(void **state) {
  (void)state;
  const rvv_kernels *best = rvv_kernels_best();
  if (best == &rvv_kernels_plain) {
    print_message("this processor has one set only\n");
    skip();
  }
  rng r = rng_new(77);
  enum { N = 77 };
  for (int k = 0; k < RVV_KS; k++)
    for (int w = 0; w < 4; w++)
      for (int times = 0; times < 20 && best->row[k][w]; times++) {
        uint64_t a[N], b[N], d[N], e[N];
        for (int i = 0; i < N; i++) {
          a[i] = testing_corner(&r, 8 << w);
          b[i] = testing_corner(&r, 8 << w);
          for (int part = 1; part < 8 >> w; part++) {
            a[i] = (w == 2 ? a[i] << 32 >> 32 : a[i]) | testing_corner(&r, 8 << w) << (part * (8 << w));
            b[i] = (w == 2 ? b[i] << 32 >> 32 : b[i]) | testing_corner(&r, 8 << w) << (part * (8 << w));
          }
          d[i] = e[i] = w == 3 ? testing_corner(&r, 64) : testing_corner(&r, 32) << 32 | (uint32_t)testing_corner(&r, 32);
        }
        best->row[k][w](d, a, b, (size_t)(N * 8 >> w));
        rvv_kernels_plain.row[k][w](e, a, b, (size_t)(N * 8 >> w));
        assert_memory_equal(d, e, sizeof d);
      }
  for (int times = 0; times < 200; times++) {
    uint32_t from[N], d[N] = {0}, e[N] = {0};
    for (int i = 0; i < N; i++)
      from[i] = (uint32_t)testing_corner(&r, 32);
#define SAME(f, T, U)                                        \
    best->f((const T *)from, (U *)d, N);                     \
    rvv_kernels_plain.f((const T *)from, (U *)e, N);         \
    assert_memory_equal(d, e, sizeof d)
    SAME(exp_f32, float, float);
    SAME(tanh_f32, float, float);
    SAME(log_f32, float, float);
    SAME(f16_to_f32, uint16_t, uint32_t);
    SAME(f32_to_f16, uint32_t, uint16_t);
    SAME(f32_to_bf16, uint32_t, uint16_t);
#undef SAME
  }
}

/* ---- kinds of numbers, queues ---- */

static void set_half(rig *g, int lane, int element, uint16_t v) { memcpy(testing_byte(g->words, g->lanes, lane, (uint64_t)element * 2), &v, 2); }

static void test_narrow_numbers_are_added_up_wide(void **state) {
  (void)state;
  rig g;
  /* a0: weights (2 rows), then input (2 rows); results as 32 bits at a1, as 16 at a2 (the product is done twice) */
#define NARROW(name, kind, sew)                                                                                                                                        \
  ".globl " name "\n" name ": addi t1, a0, 2*" sew "/8\n vsetivli t0, 2, e" sew ", m1, ta, ma\n vle" sew ".v v8, (a0)\n sf.vc.iv 1, 0, v8, " kind "\n vle" sew ".v v8, (t1)\n"    \
  " sf.vc.iv 0, 0, v8, " kind "\n sf.vc.i 1, 0, 0, 4\n sf.vc.iv 0, 0, v8, " kind "\n sf.vc.i 1, 0, 0, 4\n vsetivli t0, 2, e32, m1, ta, ma\n sf.vc.v.i 2, 0, v9, 0\n vse32.v v9, (a1)\n" \
  " vsetivli t0, 2, e16, m1, ta, ma\n sf.vc.v.i 2, 0, v9, 0\n vse16.v v9, (a2)\n ret\n"
  rig_open(&g, NARROW("h", "0", "16") NARROW("b", "1", "16") NARROW("i", "2", "8"), 2, 128);
  int64_t args[] = {(int64_t)TESTING_SPAD, (int64_t)TESTING_SPAD + 64, (int64_t)TESTING_SPAD + 96};
  static const float weights[2][2] = {{1.5f, -2}, {0.25f, 3}}, inputs[2][2] = {{2, 4}, {-1, 0.0009765625f}};     /* [row][lane] */
  for (int kind = 0; kind < 3; kind++) {
    for (int k = 0; k < 2; k++)
      for (int l = 0; l < 2; l++)
        if (kind == 2) {
          *testing_byte(g.words, 2, l, (uint64_t)k) = (uint8_t)(int)(weights[k][l] * 4);
          *testing_byte(g.words, 2, l, (uint64_t)(2 + k)) = (uint8_t)(int)inputs[k][l];
        } else {
          uint32_t w, x;
          memcpy(&w, &weights[k][l], 4);
          memcpy(&x, &inputs[k][l], 4);
          set_half(&g, l, k, kind == 0 ? dtype_f32_to_f16(weights[k][l]) : (uint16_t)(w >> 16));
          set_half(&g, l, 2 + k, kind == 0 ? dtype_f32_to_f16(inputs[k][l]) : (uint16_t)(x >> 16));
        }
    if (rig_call(&g, kind == 0 ? "h" : kind == 1 ? "b" : "i", args, 3, NULL, 0) != RVV_FINE)
      fail_msg("%s", g.fault.text);
    for (int m = 0; m < 2; m++)
      for (int n = 0; n < 2; n++) {
        uint32_t got = g.words[(16 + m) * 2 + n], bits;
        uint16_t half;
        memcpy(&half, testing_byte(g.words, 2, n, (uint64_t)(96 + 2 * m)), 2);
        float sum = inputs[m][0] * weights[0][n] + inputs[m][1] * weights[1][n];
        memcpy(&bits, &sum, 4);
        if (kind == 2) {
          int total = (int)inputs[m][0] * (int)(weights[0][n] * 4) + (int)inputs[m][1] * (int)(weights[1][n] * 4);
          assert_int_equal((int32_t)got, total);
          assert_int_equal((int16_t)half, total);
        } else {
          assert_int_equal(got, bits);
          assert_int_equal(half, kind == 0 ? dtype_f32_to_f16(sum) : rvv_f32_to_bf16(bits));
        }
      }
  }
  loom_ctx_done(&g.ctx);
}

static void test_misuse_of_the_array_is_a_fault(void **state) {
  (void)state;
  rig g;
#define TYPE(n, e) "vsetivli t0, " n ", e" e ", m1, ta, ma\n"
#define W(kind) "sf.vc.iv 1, 0, v8, " kind "\n"
#define IN(kind) "sf.vc.iv 0, 0, v8, " kind "\n"
#define GO "sf.vc.i 1, 0, 0, 4\n"
#define POP "sf.vc.v.i 2, 0, v8, 0\n"
  static const struct { const char *program; rvv_fault_kind kind; const char *part; bool is_strict; } cases[] = {
      {TYPE("2", "32") W("0") W("0") IN("0") GO POP, RVV_FINE, "", false},
      {TYPE("4", "32") W("0") IN("0") GO POP, RVV_FINE, "", true},
      {TYPE("3", "32") W("0") IN("0") GO, RVV_ARRAY_QUEUE, "fewer rows of weights than lanes", true},
      {TYPE("3", "32") W("0") W("0"), RVV_ARRAY_QUEUE, "more rows of weights than lanes (vl 3 of 32 bits; 3 weights", false},
      {TYPE("4", "32") W("0") GO, RVV_ARRAY_QUEUE, "without rows of input", false},
      {TYPE("4", "32") IN("0") GO, RVV_ARRAY_QUEUE, "without weights", false},
      {TYPE("3", "32") W("0") IN("0") GO TYPE("4", "32") POP, RVV_ARRAY_QUEUE, "fewer rows of output wait (vl 4 of 32 bits; 0 weights, 0 inputs, 3 outputs wait)", false},
      {TYPE("4", "32") W("0") TYPE("4", "16") IN("0") GO, RVV_ARRAY_KIND, "input and weights of two kinds", false},
      {TYPE("2", "16") W("0") W("1"), RVV_ARRAY_KIND, "another kind than the rows before", false},
      {TYPE("2", "64") W("0"), RVV_ARRAY_KIND, "numbers the array does not have", false},
      {TYPE("2", "32") W("1"), RVV_ARRAY_KIND, "numbers the array does not have", false},
      {TYPE("2", "32") W("0") IN("0") GO TYPE("2", "16") POP, RVV_ARRAY_KIND, "results that are no such numbers", false},
      {TYPE("2", "32") "sf.vc.iv 1, 0, v8, 3\n", RVV_BAD_INSTRUCTION, "sf.vc.iv 1 with immediate 3", false},
      {TYPE("2", "32") "sf.vc.i 1, 0, 0, 5\n", RVV_BAD_INSTRUCTION, "sf.vc.i 1 with immediate 5", false},
      {"sf.vc.i 1, 0, 0, 4\n", RVV_BAD_VTYPE, "there is no vector type", false},
      {TYPE("2", "32") "li t1, 600\n1: " IN("0") IN("0") "addi t1, t1, -1\n bnez t1, 1b\n", RVV_ARRAY_QUEUE, "more rows of input than the array keeps", false},
  };
  text t;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx scratch;
    loom_ctx_init(&scratch);
    t = text_new(&scratch.mem);
    text_addf(&t, ".globl f\nf: %s ret\n", cases[i].program);
    rig_open(&g, text_str(&t), 4, 128);
    rvv_array_set_strict(g.array, cases[i].is_strict);
    rig_call(&g, "f", NULL, 0, NULL, 0);
    if (g.fault.kind != cases[i].kind || !strstr(g.fault.text, cases[i].part))
      fail_msg("case %zu: %s, %s", i, rvv_fault_name(g.fault.kind), g.fault.text);
    loom_ctx_done(&g.ctx);
    loom_ctx_done(&scratch);
  }
}

/* Rows are taken one by one while others come: the queue wraps, and what waits stays what it was. */
static void test_rows_of_output_wait_in_order(void **state) {
  (void)state;
  enum { V = 16, PUSHED = 100, ROUNDS = 60 };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rvv_array *a = rvv_array_new(&ctx.mem, V);
  uint32_t words[PUSHED * V], out[V];
  rvv_fault_kind kind;
  int64_t pushed = 0, popped = 0;
  for (int k = 0; k < V; k++)                              /* the unit matrix */
    for (int l = 0; l < V; l++)
      words[k * V + l] = k == l;
  assert_null(rvv_array_push(a, true, &(rvv_push){words, V, 4, ISA_PUSH_INT}, &kind));
  for (int round = 0; round < ROUNDS; round++) {
    for (int m = 0; m < PUSHED; m++)
      for (int l = 0; l < V; l++)
        words[m * V + l] = (uint32_t)(pushed + m) * V + (uint32_t)l;
    assert_null(rvv_array_push(a, false, &(rvv_push){words, PUSHED, 4, ISA_PUSH_INT}, &kind));
    assert_null(rvv_array_compute(a, &kind));
    pushed += PUSHED;
    for (int n = 0; n < (round < 10 ? PUSHED / 2 : PUSHED); n++, popped++) {
      assert_null(rvv_array_pop(a, out, 1, 4, &kind));
      for (int l = 0; l < V; l++)
        assert_int_equal(out[l], (uint32_t)popped * V + (uint32_t)l);
    }
    assert_int_equal(rvv_array_waiting(a).outputs, pushed - popped);
  }
  assert_true(pushed > 2 * RVV_ARRAY_ROWS_MAX);
  while (rvv_array_waiting(a).outputs + PUSHED <= RVV_ARRAY_ROWS_MAX) {
    assert_null(rvv_array_push(a, false, &(rvv_push){words, PUSHED, 4, ISA_PUSH_INT}, &kind));
    assert_null(rvv_array_compute(a, &kind));
  }
  assert_null(rvv_array_push(a, false, &(rvv_push){words, PUSHED, 4, ISA_PUSH_INT}, &kind));
  assert_string_equal(rvv_array_compute(a, &kind), "more rows of output than the array keeps");
  assert_int_equal(kind, RVV_ARRAY_QUEUE);
  rvv_array_reset(a);
  assert_int_equal(rvv_array_waiting(a).outputs, 0);
  loom_ctx_done(&ctx);
}

/* ---- transcendentals, lanes ---- */

/* Units in the last place of f32 between a result and the number. */
static double ulps(float got, double exact) {
  float nearest = (float)exact;
  if (isnan(exact) || isinf(nearest))
    return memcmp(&got, &nearest, 4) == 0 || (isnan(got) && isnan(nearest)) ? 0 : INFINITY;
  int e;
  frexp(exact, &e);
  double unit = ldexp(1, (e < -125 ? -125 : e) - 24);
  return fabs((double)got - exact) / unit;
}

static void test_transcendentals_are_within_a_unit_of_the_last_place(void **state) {
  (void)state;
  static const struct { isa_vc vc; double (*of)(double); } functions[] = {{ISA_VC_ERF, erf}, {ISA_VC_TANH, tanh}, {ISA_VC_ATAN, atan}, {ISA_VC_SIN, sin}, {ISA_VC_COS, cos},
  {ISA_VC_EXP, exp}, {ISA_VC_LOG, log}};
  rng r = rng_new(31);
  for (size_t k = 0; k < COUNT_OF(functions); k++) {
    rig g;
    char program[256];
    const isa_vc_info *v = &isa_vc_table[functions[k].vc];
    snprintf(program, sizeof program, ".globl f\nf: vsetivli t0, 16, e32, m4, ta, ma\n vle32.v v8, (a0)\n sf.vc.v.iv %d, v12, v8, %d\n vse32.v v12, (a1)\n ret\n"
        ".globl h\nh: vsetivli t0, 8, e16, m1, ta, ma\n"
             " vle16.v v8, (a0)\n sf.vc.v.iv %d, v12, v8, %d\n vse16.v v12, (a1)\n ret\n", v->opcode, v->imm, v->opcode, v->imm);
    rig_open(&g, program, 32, 128);
    int64_t args[] = {(int64_t)TESTING_SPAD, (int64_t)TESTING_SPAD + 64};
    double worst = 0;
    for (int times = 0; times < 200; times++) {
      for (int w = 0; w < 16; w++)
        for (int l = 0; l < 32; l++) {
          float f = (float)(rng_normal(&r) * (times % 3 == 0 ? 1 : times % 3 == 1 ? 30 : 100));
          uint32_t corner = (uint32_t)testing_corner(&r, 32);
          memcpy(&g.words[w * 32 + l], times % 5 ? (const void *)&f : (const void *)&corner, 4);
        }
      if (rig_call(&g, "f", args, 2, NULL, 0) != RVV_FINE)
        fail_msg("%s", g.fault.text);
      for (int w = 0; w < 16; w++)
        for (int l = 0; l < 32; l++) {
          float x, got;
          memcpy(&x, &g.words[w * 32 + l], 4);
          memcpy(&got, &g.words[(16 + w) * 32 + l], 4);
          double off = ulps(got, functions[k].of((double)x));
          worst = off > worst ? off : worst;
          if (off > 0.51)
            fail_msg("function %zu of %a is %a, %g units off", k, (double)x, (double)got, off);
        }
      assert_int_equal(rig_call(&g, "h", args, 2, NULL, 0), RVV_FINE);
      for (uint64_t e = 0; e < 8; e++) {
        uint16_t x, got;
        memcpy(&x, testing_byte(g.words, 32, (int)e, e * 2), 2);
        memcpy(&got, testing_byte(g.words, 32, (int)e, 64 + e * 2), 2);
        assert_int_equal(got, rvv_f64_to_f16(functions[k].of(rvv_f16_to_f64(x))));
      }
    }
    assert_true(worst > 0.4);
    loom_ctx_done(&g.ctx);
  }
}

static void test_lanes_know_their_number(void **state) {
  (void)state;
  rig g;
  rig_open(&g, ".globl f\nf: vsetivli t0, 3, e32, m1, ta, ma\n sf.vc.v.i 0, 0, v8, 0\n vse32.v v8, (a0)\n ret\n", 7, 128);
  int64_t args[] = {(int64_t)TESTING_SPAD};
  assert_int_equal(rig_call(&g, "f", args, 1, NULL, 0), RVV_FINE);
  for (int w = 0; w < 4; w++)
    for (int l = 0; l < 7; l++)
      assert_int_equal(g.words[w * 7 + l], w < 3 ? l : 0);
  loom_ctx_done(&g.ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_products_are_sums_in_the_order_of_k),
      cmocka_unit_test(test_every_processor_gives_the_same_results),
      cmocka_unit_test(test_narrow_numbers_are_added_up_wide),
      cmocka_unit_test(test_misuse_of_the_array_is_a_fault),
      cmocka_unit_test(test_rows_of_output_wait_in_order),
      cmocka_unit_test(test_transcendentals_are_within_a_unit_of_the_last_place),
      cmocka_unit_test(test_lanes_know_their_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
