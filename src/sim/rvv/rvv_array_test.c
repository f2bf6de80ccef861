/* The array, transcendentals, the lane number and transfers, through machine code.  Oracles: products in f32 in the order of k, exactly; libm in f64, within one unit in the last
 * place; isa_dma_walk, element by element. */
#include "base/dtype.h"
#include "sim/rvv/rvv_private.h"
#include "sim/rvv/rvv_testing.h"
#include <math.h>

enum { MEMORY = 8192 };

typedef struct rig { loom_ctx ctx; rvv_image *image; rvv_core *core; rvv_array *array; int lanes; uint32_t *words; rvv_fault fault; rvv_report report; } rig;

static void rig_open(rig *g, const char *program, int lanes, int vlen_bits) {
  loom_ctx_init(&g->ctx);
  g->lanes = lanes;
  g->image = testing_load(&g->ctx, program, NULL, 0, lanes, vlen_bits);
  g->core = rvv_core_new(&g->ctx.mem, g->image);
  g->array = rvv_array_new(&g->ctx.mem, lanes);
  g->words = ARENA_NEW_N(&g->ctx.mem, uint32_t, lanes * MEMORY / 4);
}

static rvv_fault_kind rig_call(rig *g, const char *name, const int64_t *args, int n, const rvv_tensor *tensors, int n_tensors) {
  rvv_window w = {TESTING_SPAD, MEMORY, g->words};
  rvv_job job = {.entry = rvv_find(g->image, name), .args = args, .n_args = n, .windows = &w, .n_windows = 1, .tensors = tensors, .n_tensors = n_tensors, .array = g->array, .budget = 1000000};
  assert_true(job.entry != 0);
  return rvv_call(g->core, &job, &g->report, &g->fault);
}

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

/* ---- transfers ---- */

/* a0: pairs of rs1, rs2, in the order CONFIG CONFIG2 CONFIG3 [4] [5 6] move; a1: which function of 64: bits 0 indirect, 1 masked, 2.. move. */
static const char transfers[] =
    ".macro WORD f\n ld t0, 0(sp)\n ld t1, 8(sp)\n addi sp, sp, 16\n .insn r CUSTOM_1, 0x3, \\f, x0, t0, t1\n .endm\n"
    ".macro ONE name, indirect, masked, move\n .globl \\name\n\\name: mv s0, sp\n WORD 0\n WORD 4\n WORD 5\n .if \\indirect\n WORD 6\n .endif\n .if \\masked\n WORD 7\n WORD 8\n"
        " .endif\n WORD \\move\n ret\n .endm\n"
    "ONE t00, 0, 0, 2\nONE t10, 1, 0, 2\nONE t20, 0, 1, 2\nONE t30, 1, 1, 2\nONE t01, 0, 0, 1\nONE t11, 1, 0, 1\nONE t21, 0, 1, 1\nONE t31, 1, 1, 1\n"
    "ONE t02, 0, 0, 14\nONE t12, 1, 0, 14\nONE t22, 0, 1, 14\nONE t32, 1, 1, 14\nONE t03, 0, 0, 3\nONE t13, 1, 0, 3\nONE t23, 0, 1, 3\nONE t33, 1, 1, 3\n";

typedef struct model { uint8_t *dram; uint32_t *words; int lanes; const isa_dma *d; uint64_t bytes; bool is_outside, is_twice; uint8_t *stored; } model;
enum { DRAM = 1 << 16, DRAM_AT = 1 << 20, INDEX_AT = 6144 };

/* What the walk says, byte by byte. */
static bool visit(void *self, const isa_place *p) {
  model *m = self;
  uint64_t spad = p->spad - TESTING_SPAD, at = p->dram - DRAM_AT;
  if (m->d->is_indirect && !p->is_outside) {
    uint64_t offset = (p->spad - m->d->spad) / (uint64_t)m->d->elem_bytes, index = 0;
    for (int k = 0; k < m->d->index_bytes; k++)
      index |= (uint64_t)*testing_byte(m->words, m->lanes, p->lane, m->d->index_spad - TESTING_SPAD + offset * (uint64_t)m->d->index_bytes + (uint64_t)k) << (8 * k);
    index = (uint64_t)((int64_t)(index << (64 - 8 * m->d->index_bytes)) >> (64 - 8 * m->d->index_bytes));
    at += index * m->d->offset_stride * (uint64_t)m->d->elem_bytes;
  }
  if (!p->is_outside && (at >= m->bytes || m->bytes - at < (uint64_t)m->d->elem_bytes)) {
    m->is_outside = true;
    return false;
  }
  for (int k = 0; k < m->d->elem_bytes; k++) {
    uint8_t *b = testing_byte(m->words, m->lanes, p->lane, spad + (uint64_t)k);
    if (p->is_outside) {
      *b = (uint8_t)(p->fill >> (8 * k));
    } else if (m->d->move == ISA_MVOUT) {
      m->dram[at + (uint64_t)k] = *b;
      m->is_twice |= m->stored[at + (uint64_t)k]++;
    } else {
      *b = m->dram[at + (uint64_t)k];
    }
  }
  return true;
}

/* A tile without holes in any order of its dims, in DRAM with any strides. */
static isa_dma random_transfer(rng *r, int lanes) {
  static const isa_dma_op moves[] = {ISA_MVIN, ISA_MVIN2, ISA_MVIN3, ISA_MVOUT};
  isa_dma d = {.move = moves[rng_range(r, 0, 3)], .lane_axis = (int)rng_range(r, 0, 3), .lane_stride = (uint32_t)rng_range(r, 1, 3), .elem_bytes = 1 << rng_range(r, 0, 3),
               .is_masked = rng_range(r, 0, 1), .is_indirect = rng_range(r, 0, 4) == 0, .index_bytes = rng_range(r, 0, 1) ? 4 : 8, .offset_stride = (uint16_t)rng_range(r, 0, 9)};
  int order[4] = {0, 1, 2, 3};
  int64_t stride = 1, dense = 1;
  bool is_dense = rng_range(r, 0, 1);
  for (int i = 3; i >= 0; i--) {
    int k = (int)rng_range(r, 0, i), axis = order[k];
    order[k] = order[i];
    d.dims[axis] = (uint16_t)(axis == d.lane_axis ? rng_range(r, 1, 2 * lanes + 3) : rng_range(r, 1, 4));
    d.spad_stride[axis] = stride;
    stride *= d.dims[axis];
  }
  for (int i = 3; i >= 0; i--) {
    d.dram_stride[i] = is_dense ? dense : rng_range(r, -40, 40);
    dense *= d.dims[i];
    d.low[i] = d.is_masked ? (uint16_t)rng_range(r, 0, d.dims[i] / 2) : 0;
    d.high[i] = d.is_masked ? (uint16_t)rng_range(r, d.dims[i] / 2, d.dims[i] + 1) : d.dims[i];
  }
  if (d.is_masked)
    d.fill = rng_next(r) >> (64 - 8 * d.elem_bytes);
  d.spad = TESTING_SPAD + (uint64_t)(rng_range(r, 0, 8) * d.elem_bytes);
  d.dram = DRAM_AT + (uint64_t)rng_range(r, DRAM / 4, DRAM / 2);
  d.index_spad = TESTING_SPAD + INDEX_AT;
  return d;
}

static void test_transfers_move_what_the_rule_says(void **state) {
  (void)state;
  rig g;
  rng r = rng_new(91 + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0));
  enum { V = 6 };
  rig_open(&g, transfers, V, 128);
  uint8_t *dram = malloc(DRAM), *dram_model = malloc(DRAM), *stored = malloc(DRAM);
  uint32_t *words_model = malloc(sizeof *g.words * V * MEMORY / 4);
  int fine = 0, outside = 0;
  for (int t = 0; t < 3000; t++) {
    isa_dma d = random_transfer(&r, V);
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    char name[8];
    uint64_t bytes = (uint64_t)rng_range(&r, DRAM / 2, DRAM);
    if (t % 8 == 0)                   /* near an end of the tensor */
      d.dram = DRAM_AT + (uint64_t)rng_range(&r, 0, 300);
    if (t % 8 == 1)
      d.dram = DRAM_AT + bytes - (uint64_t)rng_range(&r, 1, 600);
    for (int i = 0; i < V * MEMORY / 4; i++)
      g.words[i] = i >= V * INDEX_AT / 4 ? (uint32_t)rng_range(&r, -40, 40) : (uint32_t)rng_next(&r);
    for (int i = V * INDEX_AT / 4; d.index_bytes == 8 && i < V * MEMORY / 4; i++)      /* upper words of indices are their sign */
      if (i / V % 2)
        g.words[i] = (uint32_t)((int32_t)g.words[i - V] >> 31);
    for (int i = 0; i < DRAM; i++)
      dram[i] = (uint8_t)rng_next(&r);
    memcpy(dram_model, dram, DRAM);
    memcpy(words_model, g.words, sizeof *g.words * V * MEMORY / 4);
    assert_null(isa_dma_encode(&d, w, &n));
    for (int i = 0; i < n; i++) {
      args[8 + 2 * i] = (int64_t)w[i].rs1;
      args[9 + 2 * i] = (int64_t)w[i].rs2;
    }
    snprintf(name, sizeof name, "t%d%d", d.is_indirect + 2 * d.is_masked, d.move == ISA_MVIN ? 0 : d.move == ISA_MVIN2 ? 1 : d.move == ISA_MVIN3 ? 2 : 3);
    rvv_tensor tensor = {DRAM_AT, bytes, dram, true, "X"};
    model m = {.dram = dram_model, .words = words_model, .lanes = V, .d = &d, .bytes = bytes, .stored = memset(stored, 0, DRAM)};
    if (isa_dma_lane_bytes(&d, V) > INDEX_AT - 64 || (d.is_indirect && isa_dma_lane_bytes(&d, V) / (uint64_t)d.elem_bytes > (MEMORY - INDEX_AT) / 8))
      continue;
    isa_dma_walk(&d, V, visit, &m);
    if (m.is_twice)                   /* which of them stays is not said */
      continue;
    rig_call(&g, name, args, 8 + 2 * n, &tensor, 1);
    if (m.is_outside) {
      outside++;
      if (g.fault.kind != RVV_OUT_OF_TENSOR || !strstr(g.fault.text, "of X, which has"))
        fail_msg("case %d: %s", t, g.fault.text);
      continue;
    }
    fine++;
    if (g.fault.kind != RVV_FINE)
      fail_msg("case %d: %s", t, g.fault.text);
    if (memcmp(dram, dram_model, DRAM) != 0 || memcmp(g.words, words_model, sizeof *g.words * V * MEMORY / 4) != 0)
      fail_msg("case %d: other bytes", t);
    assert_int_equal(g.report.n_dmas, 1);
    assert_true(g.report.dmas[0].move == d.move && memcmp(g.report.dmas[0].dims, d.dims, sizeof d.dims) == 0 && g.report.dmas[0].spad == d.spad && g.report.dmas[0].dram == d.dram);
  }
  if (fine < 1000 || outside < 100)
    fail_msg("%d transfers, %d out of their tensor", fine, outside);
  free(dram);
  free(dram_model);
  free(stored);
  free(words_model);
  loom_ctx_done(&g.ctx);
}

static void test_wrong_transfers_are_faults(void **state) {
  (void)state;
  rig g;
  rig_open(&g, transfers, 6, 128);
  const isa_dma good = {.move = ISA_MVIN, .dims = {1, 1, 8, 6}, .dram_stride = {0, 0, 6, 1}, .spad_stride = {0, 0, 1, 8}, .lane_axis = 3, .lane_stride = 1, .elem_bytes = 4, .dram = DRAM_AT, .spad = TESTING_SPAD};
  uint8_t dram[8 * 6 * 4] = {0};
  struct { uint64_t dram, spad; uint16_t rows; bool is_out, may_write; rvv_fault_kind kind; const char *part; } cases[] = {
      {DRAM_AT, TESTING_SPAD, 8, false, true, RVV_FINE, ""},
      {DRAM_AT + 4, TESTING_SPAD, 8, false, true, RVV_OUT_OF_TENSOR, "byte 192 of X, which has 192"},
      {DRAM_AT - 4, TESTING_SPAD, 8, false, true, RVV_OUT_OF_TENSOR, "no tensor has byte 0xffffc"},
      {DRAM_AT, TESTING_SPAD + 8192 - 28, 8, false, true, RVV_OUT_OF_BANK, "8 elements of 4 bytes at byte 8164 of a tile of 8192 bytes a lane"},
      {DRAM_AT, TESTING_SPAD + 8192, 8, false, true, RVV_NO_MEMORY, "no tile of the scratchpad has 0xd0002000"},
      {DRAM_AT, TESTING_SPAD + 2, 8, false, true, RVV_MISALIGNED, "4 bytes at 0xd0000002"},
      {DRAM_AT, TESTING_SPAD, 8, true, false, RVV_READ_ONLY, "X"},
      {DRAM_AT, TESTING_SPAD, 0, false, true, RVV_BAD_TRANSFER, "dims[2] (word 2"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    isa_dma d = good;
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    d.dram = cases[i].dram;
    d.spad = cases[i].spad;
    d.move = cases[i].is_out ? ISA_MVOUT : ISA_MVIN;
    assert_null(isa_dma_encode(&d, w, &n));
    w[0].rs1 = (w[0].rs1 & ~UINT64_C(0xffff0000)) | (uint64_t)cases[i].rows << 16;
    for (int k = 0; k < n; k++) {
      args[8 + 2 * k] = (int64_t)w[k].rs1;
      args[9 + 2 * k] = (int64_t)w[k].rs2;
    }
    rvv_tensor tensor = {DRAM_AT, sizeof dram, dram, cases[i].may_write, "X"};
    rig_call(&g, cases[i].is_out ? "t03" : "t00", args, 8 + 2 * n, &tensor, 1);
    if (g.fault.kind != cases[i].kind || !strstr(g.fault.text, cases[i].part))
      fail_msg("case %zu: %s, %s", i, rvv_fault_name(g.fault.kind), g.fault.text);
  }
  loom_ctx_done(&g.ctx);
}

/* The first rows of a padded tile lie before its tensor, here in another one: they are not moved. */
static void test_masked_transfers_may_begin_before_their_tensor(void **state) {
  (void)state;
  rig g;
  rig_open(&g, transfers, 6, 128);
  isa_dma d = {.move = ISA_MVIN, .dims = {1, 1, 4, 6}, .low = {0, 0, 2, 0}, .high = {1, 1, 4, 6}, .dram_stride = {0, 0, 6, 1}, .spad_stride = {0, 0, 1, 4}, .lane_axis = 3, .lane_stride = 1,
               .elem_bytes = 4, .is_masked = true, .fill = 9, .dram = DRAM_AT + 96 - 48, .spad = TESTING_SPAD};
  uint32_t before[24] = {0}, x[12];
  for (uint32_t i = 0; i < 12; i++)
    x[i] = 100 + i;
  const rvv_tensor tensors[] = {{DRAM_AT, sizeof before, before, false, "Y"}, {DRAM_AT + 96, sizeof x, x, false, "X"}};
  for (int times = 0; times < 2; times++) {
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    assert_null(isa_dma_encode(&d, w, &n));
    for (int k = 0; k < n; k++) {
      args[8 + 2 * k] = (int64_t)w[k].rs1;
      args[9 + 2 * k] = (int64_t)w[k].rs2;
    }
    rig_call(&g, "t20", args, 8 + 2 * n, tensors, 2);
    if (times == 1)                   /* a mask that is a row too wide begins in Y and goes on in X */
      break;
    assert_int_equal(g.fault.kind, RVV_FINE);
    for (int row = 0; row < 4; row++)
      for (int l = 0; l < 6; l++)
        assert_int_equal(g.words[row * 6 + l], row < 2 ? 9 : 100 + (row - 2) * 6 + l);
    d.low[2] = 1;
  }
  assert_int_equal(g.fault.kind, RVV_OUT_OF_TENSOR);
  assert_non_null(strstr(g.fault.text, "byte 96 of Y, which has 96"));
  loom_ctx_done(&g.ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_products_are_sums_in_the_order_of_k), cmocka_unit_test(test_every_processor_gives_the_same_results), cmocka_unit_test(test_narrow_numbers_are_added_up_wide),
      cmocka_unit_test(test_misuse_of_the_array_is_a_fault), cmocka_unit_test(test_rows_of_output_wait_in_order),
      cmocka_unit_test(test_transcendentals_are_within_a_unit_of_the_last_place), cmocka_unit_test(test_lanes_know_their_number),
      cmocka_unit_test(test_transfers_move_what_the_rule_says), cmocka_unit_test(test_wrong_transfers_are_faults),
      cmocka_unit_test(test_masked_transfers_may_begin_before_their_tensor)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
