#include "run/provider_check.h"
#include "base/alloc.h"
#include "base/rng.h"
#include "base/text.h"
#include "run/provider_check_memory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is in A and B. */
typedef enum check_fill {
  FILL_WHOLE /* -2..2: sums are exact */, FILL_RANDOM, FILL_COUNT_BY_ONE /* A = 1, 2, ..; B = 1 */, FILL_ONE_BY_COUNT, FILL_ZERO_B, FILL_EXTREMES /* -128 */, FILL_TINY /* denormal */, FILL_NAN, FILL_INF
} check_fill;

/* One case.  A result is compared with double arithmetic: exactly where whole numbers are multiplied, else within the bound of its K-term sums. */
typedef struct check_case {
  const char *name;
  int64_t m, n, k;
  check_fill fill;
  uint32_t mode;
  check_layout a, b, c;
  dtype in, out;
  int n_batch; int64_t batch[2];
  bool same_inputs;                         /* A and B are one memory */
  bool overlaps;                            /* C is A: must be refused */
} check_case;

#define OVER LOOM_KERNEL_OVERWRITE
#define ADD LOOM_KERNEL_ACCUMULATE
#define F32 .in = DTYPE_F32, .out = DTYPE_F32
static const check_case cases[] = {
    {"A times one", 4, 4, 4, FILL_COUNT_BY_ONE, OVER, 0, 0, 0, F32},
    {"one times A", 4, 4, 4, FILL_ONE_BY_COUNT, OVER, 0, 0, 0, F32},
    {"A times zero", 5, 7, 6, FILL_ZERO_B, OVER, 0, 0, 0, F32},
    {"random numbers", 33, 65, 129, FILL_RANDOM, OVER, 0, 0, 0, F32},
    {"random numbers, added", 33, 65, 129, FILL_RANDOM, ADD, 0, 0, 0, F32},
    {"k = 0 overwrites with zeros", 3, 5, 0, FILL_WHOLE, OVER, 0, 0, 0, F32},
    {"k = 0 adds nothing", 3, 5, 0, FILL_WHOLE, ADD, 0, 0, 0, F32},
    {"adds to what is there", 17, 19, 23, FILL_WHOLE, ADD, 0, 0, 0, F32},
    {"overwrites what is there", 17, 19, 23, FILL_WHOLE, OVER, 0, 0, 0, F32},
    {"NaN goes through", 9, 9, 9, FILL_NAN, OVER, 0, 0, 0, F32},
    {"infinity goes through", 9, 9, 9, FILL_INF, OVER, 0, 0, 0, F32},
    {"denormal inputs", 8, 8, 8, FILL_TINY, OVER, 0, 0, 0, F32},
    {"f64", 31, 33, 32, FILL_RANDOM, OVER, 0, 0, 0, .in = DTYPE_F64, .out = DTYPE_F64},
    {"f64, whole numbers, added", 31, 33, 32, FILL_WHOLE, ADD, 0, 0, 0, .in = DTYPE_F64, .out = DTYPE_F64},
    {"f16 into f32", 31, 33, 32, FILL_RANDOM, OVER, 0, 0, 0, .in = DTYPE_F16, .out = DTYPE_F32},
    {"f16", 31, 33, 32, FILL_RANDOM, ADD, 0, 0, 0, .in = DTYPE_F16, .out = DTYPE_F16},
    {"bf16 into f32", 31, 33, 32, FILL_RANDOM, OVER, 0, 0, 0, .in = DTYPE_BF16, .out = DTYPE_F32},
    {"bf16", 31, 33, 32, FILL_RANDOM, ADD, 0, 0, 0, .in = DTYPE_BF16, .out = DTYPE_BF16},
    {"i8 into i32", 31, 33, 32, FILL_WHOLE, OVER, 0, 0, 0, .in = DTYPE_I8, .out = DTYPE_I32},
    {"i8 into i32, -128 times -128", 31, 33, 127, FILL_EXTREMES, ADD, 0, 0, 0, .in = DTYPE_I8, .out = DTYPE_I32},
    {"offset of A", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_OFFSET, 0, 0, F32},
    {"offset of B", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_OFFSET, 0, F32},
    {"offset of C", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, LAYOUT_OFFSET, F32},
    {"rows of A apart", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_WIDE, 0, 0, F32},
    {"rows of B apart", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_WIDE, 0, F32},
    {"rows of C apart", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, LAYOUT_WIDE, F32},
    {"rows of C apart, added", 9, 11, 13, FILL_WHOLE, ADD, 0, 0, LAYOUT_WIDE, F32},
    {"A transposed", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_COLUMNS, 0, 0, F32},
    {"B transposed", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_COLUMNS, 0, F32},
    {"C transposed", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, LAYOUT_COLUMNS, F32},
    {"all transposed, added", 9, 11, 13, FILL_WHOLE, ADD, LAYOUT_COLUMNS, LAYOUT_COLUMNS, LAYOUT_COLUMNS, F32},
    {"no stride of A is 1", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_STEPS, 0, 0, F32},
    {"no stride of B is 1", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_STEPS, 0, F32},
    {"no stride of C is 1", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, LAYOUT_STEPS, F32},
    {"no stride is 1, added", 9, 11, 13, FILL_WHOLE, ADD, LAYOUT_STEPS, LAYOUT_STEPS, LAYOUT_STEPS, F32},
    {"A backward", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_BACKWARD, 0, 0, F32},
    {"B backward", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_BACKWARD, 0, F32},
    {"C backward", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, LAYOUT_BACKWARD, F32},
    {"all backward, added", 9, 11, 13, FILL_WHOLE, ADD, LAYOUT_BACKWARD, LAYOUT_BACKWARD, LAYOUT_BACKWARD, F32},
    {"A is one row", 9, 11, 13, FILL_WHOLE, OVER, LAYOUT_BROADCAST, 0, 0, F32},
    {"B is one row", 9, 11, 13, FILL_WHOLE, OVER, 0, LAYOUT_BROADCAST, 0, F32},
    {"unaligned", 16, 16, 16, FILL_WHOLE, OVER, LAYOUT_UNALIGNED, LAYOUT_UNALIGNED, LAYOUT_UNALIGNED, F32},
    {"A times A", 12, 12, 12, FILL_WHOLE, OVER, 0, 0, 0, F32, .same_inputs = true},
    {"C over A is refused", 12, 12, 12, FILL_WHOLE, OVER, 0, 0, 0, F32, .overlaps = true},
    {"rows of A 2^31 elements apart", 3, 5, 4, FILL_WHOLE, OVER, LAYOUT_FAR, 0, 0, F32},
    {"rows of B 2^31 elements apart", 3, 5, 4, FILL_WHOLE, OVER, 0, LAYOUT_FAR, 0, F32},
    {"rows of C 2^31 elements apart", 3, 5, 4, FILL_WHOLE, ADD, 0, 0, LAYOUT_FAR, F32},
    {"a batch", 9, 11, 13, FILL_WHOLE, OVER, 0, 0, 0, F32, .n_batch = 1, .batch = {3}},
    {"a batch, transposed, added", 9, 11, 13, FILL_WHOLE, ADD, LAYOUT_COLUMNS, LAYOUT_WIDE, LAYOUT_STEPS, F32, .n_batch = 1, .batch = {3}},
    {"a batch of batches", 5, 6, 7, FILL_WHOLE, OVER, 0, LAYOUT_COLUMNS, 0, F32, .n_batch = 2, .batch = {2, 3}},
    {"an empty batch", 5, 6, 7, FILL_WHOLE, OVER, 0, 0, 0, F32, .n_batch = 1, .batch = {0}},
};
static const int64_t sweep[] = {0, 1, 2, 3, 7, 8, 31, 32, 33, 127, 997};
enum { N_CASES = sizeof cases / sizeof *cases, N_SWEEP = sizeof sweep / sizeof *sweep };

/* After the table: one case for every m of the sweep, over all n and k; where one is large, fewer of the others. */
size_t provider_check_count(void) { return N_CASES + N_SWEEP; }

const char *provider_check_name(size_t i) {
  static const char *const names[] = {"sizes: m = 0", "sizes: m = 1", "sizes: m = 2", "sizes: m = 3", "sizes: m = 7", "sizes: m = 8", "sizes: m = 31", "sizes: m = 32", "sizes: m = 33",
                                      "sizes: m = 127", "sizes: m = 997"};
  return i < N_CASES ? cases[i].name : i - N_CASES < N_SWEEP ? names[i - N_CASES] : "";
}

typedef struct setup { check_operand a, b, c; const check_case *of; int64_t batches; double *before; } setup;

static double whole(rng *r) { return (double)(int64_t)(rng_next(r) % 5) - 2; }
static double real(rng *r) { return (double)(int64_t)(rng_next(r) % 2000001) / 1e6 - 1; }

static void fill(setup *s, rng *r) {
  const check_case *x = s->of;
  for (int64_t b = 0; b < s->batches; b++) {
    for (int64_t i = 0; i < x->m; i++)
      for (int64_t j = 0; j < x->k; j++) {
        double v = x->fill == FILL_RANDOM ? real(r) : x->fill == FILL_EXTREMES ? -128 : x->fill == FILL_TINY ? ldexp(1 + (double)(i + j), -140) : whole(r);
        if (x->fill == FILL_COUNT_BY_ONE || x->fill == FILL_ONE_BY_COUNT)
          v = x->fill == FILL_COUNT_BY_ONE ? (double)(i * x->k + j + 1) : i == j;
        check_operand_set(&s->a, b, i, j, v);
      }
    for (int64_t i = 0; i < x->k; i++)
      for (int64_t j = 0; j < x->n; j++) {
        double v = x->fill == FILL_RANDOM ? real(r) : x->fill == FILL_EXTREMES ? -128 : x->fill == FILL_TINY ? ldexp(1, 120) : whole(r);
        if (x->fill == FILL_COUNT_BY_ONE || x->fill == FILL_ONE_BY_COUNT)
          v = x->fill == FILL_ONE_BY_COUNT ? (double)(i * x->n + j + 1) : i == j;
        check_operand_set(&s->b, b, i, j, x->fill == FILL_ZERO_B ? 0 : v);
      }
    if (x->fill == FILL_NAN || x->fill == FILL_INF)
      check_operand_set(&s->a, b, 2, 3, x->fill == FILL_NAN ? NAN : INFINITY);
  }
}

/* What C holds before: a number to add to, or what must not show through. */
static void fill_result(setup *s, rng *r) {
  const check_case *x = s->of;
  for (int64_t b = 0, at = 0; b < s->batches; b++)
    for (int64_t i = 0; i < x->m; i++)
      for (int64_t j = 0; j < x->n; j++, at++) {
        check_operand_set(&s->c, b, i, j, x->mode == OVER && dtype_is_float(x->out) ? NAN : whole(r) * 3);
        s->before[at] = check_operand_get(&s->c, b, i, j);
      }
}

/* In double, with the sum of magnitudes for the bound. */
static void expect(const setup *s, int64_t b, int64_t i, int64_t j, double before, double *out, double *bound) {
  const check_case *x = s->of;
  double sum = x->mode == ADD ? before : 0, size = fabs(sum);
  for (int64_t k = 0; k < x->k; k++) {
    double v = check_operand_get(&s->a, b, i, k) * check_operand_get(&s->b, b, k, j);
    sum += v;
    size += fabs(v);
  }
  double u = x->out == DTYPE_F64 ? 0x1p-53 : 0x1p-24;
  *out = sum;
  *bound = x->fill == FILL_RANDOM ? (double)(x->k + 2) * u * size * 1.01 + dtype_unit_roundoff(x->out) * fabs(sum) : x->fill == FILL_TINY ? fabs(sum) * 0x1p-20 : dtype_unit_roundoff(x->out) * fabs(sum) * (dtype_bytes(x->out) >= 4 ? 0 : 1);
}

static void compare(const setup *s, check_result *out) {
  const check_case *x = s->of;
  for (int64_t b = 0, at = 0; b < s->batches; b++)
    for (int64_t i = 0; i < x->m; i++)
      for (int64_t j = 0; j < x->n; j++, at++) {
        double want, bound, got = check_operand_get(&s->c, b, i, j);
        expect(s, b, i, j, s->before[at], &want, &bound);
        if ((isnan(want) && isnan(got)) || got == want || fabs(got - want) <= bound)
          continue;
        out->verdict = CHECK_FAILED;
        snprintf(out->said, sizeof out->said, "C[%" PRId64 ", %" PRId64 ", %" PRId64 "] is %g; expected %g within %g", b, i, j, got, want, bound);
        return;
      }
}

/* C = C0 + A B without computing it again: C w = C0 w + A (B w) for a vector w of whole numbers, all of it exact. */
static void compare_projected(const setup *s, rng *r, check_result *out) {
  const check_case *x = s->of;
  double *w = alloc_bytes(sizeof *w * (size_t)(x->n + x->k + 1));
  if (!w) {
    out->verdict = CHECK_SKIPPED;
    snprintf(out->said, sizeof out->said, "no memory to compare it in");
    return;
  }
  double *bw = w + x->n;
  for (int64_t j = 0; j < x->n; j++)
    w[j] = whole(r);
  for (int64_t k = 0; k < x->k; k++) {
    bw[k] = 0;
    for (int64_t j = 0; j < x->n; j++)
      bw[k] += check_operand_get(&s->b, 0, k, j) * w[j];
  }
  for (int64_t i = 0; i < x->m && out->verdict == CHECK_OK; i++) {
    double want = 0, got = 0;
    for (int64_t k = 0; k < x->k; k++)
      want += check_operand_get(&s->a, 0, i, k) * bw[k];
    for (int64_t j = 0; j < x->n; j++) {
      got += check_operand_get(&s->c, 0, i, j) * w[j];
      want += x->mode == ADD ? s->before[i * x->n + j] * w[j] : 0;
    }
    if (got == want)
      continue;
    out->verdict = CHECK_FAILED;
    snprintf(out->said, sizeof out->said, "%" PRId64 "x%" PRId64 "x%" PRId64 ": row %" PRId64 " of C is wrong", x->m, x->n, x->k, i);
  }
  alloc_free(w);
}

static const char *key_of(const check_case *x) {
  static _Thread_local char key[80];
  snprintf(key, sizeof key, "linalg.%s(%s,%s)->%s", x->n_batch ? "batch_matmul" : "matmul", dtype_mlir(x->in), dtype_mlir(x->in), dtype_mlir(x->out));
  return key;
}

enum { PROJECTED_FROM = 8000 };

static void call(const provider_target *t, const loom_host_v1 *host, setup *s, rng *r, check_result *out) {
  const check_case *x = s->of;
  const loom_kernel_tensor_v1 *tensors[] = {&s->a.tensor, x->same_inputs ? &s->a.tensor : &s->b.tensor, x->overlaps ? &s->a.tensor : &s->c.tensor};
  loom_kernel_call_v1 c = {.size = sizeof c, .version = LOOM_KERNEL_ABI, .key = key_of(x), .mode = x->mode, .n_tensors = 3, .tensors = tensors, .host = host};
  char why[PROVIDER_WHY_BYTES] = "";
  bool can = provider_supports(t, &c, why);
  if (can && t->symbol && x->in != DTYPE_F32) {
    can = false;
    snprintf(why, sizeof why, "a function by name is taken to be of f32");
  }
  if (!can && !x->overlaps) {
    out->verdict = CHECK_SKIPPED;
    snprintf(out->said, sizeof out->said, "%s", why);
    return;
  }
  if (x->overlaps) {
    if (provider_call(t, &c, why) == LOOM_KERNEL_INVALID_ARGUMENT)
      return;
    out->verdict = CHECK_FAILED;
    snprintf(out->said, sizeof out->said, "a result over an input was taken");
    return;
  }
  c.workspace_bytes = provider_workspace(t, &c);
  check_operand room = {0};                 /* its end is guarded too */
  int64_t bytes = (int64_t)(c.workspace_bytes + 63) / 64 * 64;
  if (c.workspace_bytes && !check_operand_make(&room, DTYPE_I8, 0, NULL, 1, bytes, LAYOUT_DENSE)) {
    out->verdict = CHECK_SKIPPED;
    snprintf(out->said, sizeof out->said, "no memory for a workspace of %" PRId64 " bytes", bytes);
    return;
  }
  c.workspace = room.first;
  loom_kernel_status st = provider_call(t, &c, why);
  check_operand_free(&room);
  if (st != LOOM_KERNEL_OK) {
    out->verdict = CHECK_FAILED;
    snprintf(out->said, sizeof out->said, "%s%s%.120s", provider_status_name(st), why[0] ? ": " : "", why);
    return;
  }
  if (x->m * x->n * x->k >= PROJECTED_FROM && x->fill == FILL_WHOLE)      /* batches are smaller */
    compare_projected(s, r, out);
  else
    compare(s, out);
  int64_t damage = check_operand_damage(&s->c);
  if (out->verdict == CHECK_OK && damage) {
    out->verdict = CHECK_FAILED;
    snprintf(out->said, sizeof out->said, "%" PRId64 " bytes between the elements of C were written", damage);
  }
}

static void run_case(const provider_target *t, const loom_host_v1 *host, const check_case *x, check_result *out) {
  setup s = {.of = x, .batches = 1};
  rng r = rng_new(1);
  for (int d = 0; d < x->n_batch; d++)
    s.batches *= x->batch[d];
  s.before = alloc_bytes(sizeof *s.before * (size_t)(s.batches * x->m * x->n + 1));
  bool made = s.before && check_operand_make(&s.a, x->in, x->n_batch, x->batch, x->m, x->k, x->a) && check_operand_make(&s.b, x->in, x->n_batch, x->batch, x->k, x->n, x->b) &&
              check_operand_make(&s.c, x->out, x->n_batch, x->batch, x->m, x->n, x->c);
  if (!made) {
    out->verdict = CHECK_SKIPPED;
    snprintf(out->said, sizeof out->said, "no address space for its operands");
  } else {
    check_operand_seal(&s.c);
    fill(&s, &r);
    fill_result(&s, &r);
    if (x->same_inputs) {
      check_operand_free(&s.b);
      s.b = s.a;
    }
    call(t, host, &s, &r, out);
    if (x->same_inputs)
      s.b.mapping = NULL;
  }
  check_operand_free(&s.a);
  check_operand_free(&s.b);
  check_operand_free(&s.c);
  alloc_free(s.before);
}

static void run_sweep(const provider_target *t, const loom_host_v1 *host, int64_t m, check_result *out) {
  for (int j = 0; j < N_SWEEP; j++)
    for (int l = 0; l < N_SWEEP && out->verdict == CHECK_OK; l++) {
      int64_t n = sweep[j], k = sweep[l];
      int large = (m == 997) + (n == 997) + (k == 997);
      if (large == 2 && m != 1 && n != 1 && k != 1)
        continue;
      check_case x = {provider_check_name(0), m, n, k, FILL_WHOLE, (j + l) % 2 ? ADD : OVER, 0, 0, 0, F32};
      run_case(t, host, &x, out);
      if (out->verdict == CHECK_SKIPPED && x.mode == ADD && t->symbol)
        *out = (check_result){CHECK_OK, ""};            /* it overwrites only */
      char said[PROVIDER_WHY_BYTES];
      snprintf(said, sizeof said, "%.150s", out->said);
      if (out->verdict == CHECK_FAILED && !strchr(said, ':'))
        snprintf(out->said, sizeof out->said, "%" PRId64 "x%" PRId64 "x%" PRId64 ": %.150s", m, n, k, said);
    }
}

void provider_check_run(const provider_target *t, const loom_host_v1 *host, size_t i, check_result *out) {
  *out = (check_result){CHECK_OK, ""};
  if (i < N_CASES)
    run_case(t, host, &cases[i], out);
  else
    run_sweep(t, host, sweep[i - N_CASES], out);
}
