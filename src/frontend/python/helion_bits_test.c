/* x.view(dtype).  Oracle: memcpy. */
#include <math.h>

#include "frontend/python/helion_testing.h"

enum { N = 24 };

static double f32_number(int64_t at) {
  static const double odd[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, 0x1p-149, -0x1.8p-130, 0x1.fffffep127};
  return at < (int64_t)COUNT_OF(odd) ? odd[at] : (double)(float)((double)at * 1.7 - 30);
}
static double half_number(int64_t at) { return at == 0 ? -0.0 : at == 1 ? INFINITY : at == 2 ? 0x1p-24 : (double)(at * 13 % 17 - 8) / 4; }
static double i32_number(int64_t at) { return (double)(int32_t)(UINT32_C(0x9E3779B9) * (uint32_t)(at + 1)); }
static double i16_number(int64_t at) { return (double)(int16_t)(UINT32_C(0x9E37) * (uint32_t)(at + 1)); }
static double byte_number(int64_t at) { return (double)(at * 11 % 256); }
static double char_number(int64_t at) { return (double)(at * 11 % 256 - 128); }

static double bits_of(dtype from, dtype to, double v) {
  unsigned char bits[8];
  dtype_store(from, bits, v);
  if (to == DTYPE_I32 || to == DTYPE_F32) {
    uint32_t b;
    float f;
    memcpy(&b, bits, 4);
    memcpy(&f, bits, 4);
    return to == DTYPE_F32 ? (double)f : (double)(int32_t)b;
  }
  if (to == DTYPE_I16 || to == DTYPE_F16 || to == DTYPE_BF16) {
    uint16_t b;
    memcpy(&b, bits, 2);
    uint32_t wide = (uint32_t)b << 16;
    float f;
    memcpy(&f, &wide, 4);
    return to == DTYPE_I16 ? (double)(int16_t)b : to == DTYPE_F16 ? (double)dtype_f16_to_f32(b) : (double)f;
  }
  return to == DTYPE_U8 ? (double)bits[0] : (double)(int8_t)bits[0];
}

typedef struct pair { dtype from; const char *to; dtype type; double (*value)(int64_t at); } pair;
static const pair pairs[] = {
    {DTYPE_F32, "int32", DTYPE_I32, f32_number},    {DTYPE_I32, "float32", DTYPE_F32, i32_number}, {DTYPE_F16, "int16", DTYPE_I16, half_number},   {DTYPE_I16, "float16", DTYPE_F16, i16_number},
    {DTYPE_BF16, "int16", DTYPE_I16, half_number},  {DTYPE_I16, "bfloat16", DTYPE_BF16, i16_number}, {DTYPE_F16, "bfloat16", DTYPE_BF16, half_number}, {DTYPE_U8, "int8", DTYPE_I8, byte_number},
    {DTYPE_I8, "uint8", DTYPE_U8, char_number},     {DTYPE_I32, "int32", DTYPE_I32, i32_number}};

static void test_bits_stay_and_the_type_changes(void **state) {
  (void)state;
  static const char *const forms[] = {"  for t in hl.tile(24):\n    out[t] = x[t].view(torch.%s)\n", "  y = x.view(torch.%s)\n  for t in hl.tile(24):\n    out[t] = y[t]\n",
                                      "  for t in hl.tile(24):\n    out[t] = x[t].view(dtype=torch.%s)\n", "  for i in hl.grid(24):\n    out[i] = x[i].view(torch.%s)\n"};
  for (size_t i = 0; i < COUNT_OF(pairs); i++)
    for (size_t f = 0; f < COUNT_OF(forms); f++)
      for (int64_t block = 0; block < 7; block += 5) {
        const helion_input in[] = {{"x", pairs[i].from, 1, {N}, pairs[i].value}};
        char code[600], body[200];
        double want[N];
        snprintf(body, sizeof body, forms[f], pairs[i].to);
        snprintf(code, sizeof code, HELION_KERNEL("x") "  out = torch.empty([24], dtype=torch.%s)\n%s  return out\n", pairs[i].to, body);
        for (int at = 0; at < N; at++)
          want[at] = bits_of(pairs[i].from, pairs[i].type, pairs[i].value(at));
        helion_expect(code, in, 1, block, true, want, N);
        helion_expect(code, in, 1, block, false, want, N);
      }
}

/* The bits of what is not known exactly are not known at all: nothing is compared with them. */
static void test_bits_of_rounded_numbers_have_no_bound(void **state) {
  (void)state;
  const helion_input in[] = {{"x", DTYPE_F32, 1, {N}, f32_number}};
  helion_run r;
  helion_run_text(&r, HELION_KERNEL("x") "  out = torch.empty([24], dtype=torch.int32)\n  for t in hl.tile(24):\n    out[t] = torch.exp(x[t]).view(torch.int32)\n  return out\n", in, 1, 0, false);
  assert_int_equal(r.status, LOOM_OK);
  assert_true(isinf(helion_run_result(&r, 0)->bound[10]));
  loom_ctx_done(&r.ctx);
  helion_run_text(&r, HELION_KERNEL("x") "  out = torch.empty([24], dtype=torch.int32)\n  for t in hl.tile(24):\n    out[t] = (x[t] - x[t]).view(torch.int32)\n  return out\n", in, 1, 0, false);
  assert_int_equal(r.status, LOOM_OK);
  assert_true(isinf(helion_run_result(&r, 0)->bound[4]));   /* inf - inf: a NaN of some payload */
  loom_ctx_done(&r.ctx);
}

static void test_masks_are_bytes_of_0_and_1(void **state) {
  (void)state;
  const helion_input in[] = {{"x", DTYPE_I8, 1, {N}, char_number}};
  double want[N];
  for (int at = 0; at < N; at++)
    want[at] = char_number(at) > 0;
  helion_expect(HELION_KERNEL("x") "  out = torch.empty([24], dtype=torch.uint8)\n  for t in hl.tile(24):\n    out[t] = (x[t] > 0).view(torch.uint8)\n  return out\n", in, 1, 5, true, want, N);
}

static void test_stores_before_the_view_are_seen(void **state) {
  (void)state;
  const helion_input in[] = {{"x", DTYPE_F32, 1, {N}, f32_number}};
  double want[N];
  for (int at = 0; at < N; at++)
    want[at] = at < 2 ? 0x40000000 : bits_of(DTYPE_F32, DTYPE_I32, f32_number(at));
  helion_expect(HELION_KERNEL("x") "  x[:2] = 2\n  y = x.view(torch.int32)\n  out = torch.empty([24], dtype=torch.int32)\n  for t in hl.tile(24):\n    out[t] = y[t]\n  return out\n", in, 1, 5, true, want, N);
}

typedef struct refusal { const char *body, *text; loom_status status; int line, col; } refusal;
#define LOOP "  for t in hl.tile(24):\n"
static const refusal refusals[] = {
    {LOOP "    out[t] = x[t].view(torch.int16)\n", "a view of float32 as int16, which has another width", LOOM_EUNSUP, 8, 14},
    {LOOP "    out[t] = x[t].to(torch.float64).view(torch.int64)\n", "a view of the bits of float64 as int64", LOOM_EUNSUP, 8, 14},
    {LOOP "    out[t] = x[t].to(torch.int8).view(torch.bool)\n", "a view of the bits of int8 as bool", LOOM_EUNSUP, 8, 14},
    {LOOP "    out[t] = x.view(torch.int32)[t]\n", "a view of the bits of the host tensor x in a loop", LOOM_EUNSUP, 8, 14},
    {"  y = x.view(torch.int32)\n" LOOP "    x[t] = 1\n    out[t] = y[t]\n", "a store to x, whose bits are viewed as another type", LOOM_EUNSUP, 9, 5},
    {"  y = x[1:].view(torch.int32)\n" LOOP "    hl.atomic_add(x, [t], 1)\n", "a store to x, whose bits are viewed as another type", LOOM_EUNSUP, 9, 5},
    {"  y = x.view(torch.int32)\n" LOOP "    y[t] = 1\n", "a store to y, whose bits are viewed as another type", LOOM_EUNSUP, 9, 5},
};

static void test_what_cannot_be_viewed_is_refused(void **state) {
  (void)state;
  const helion_input in[] = {{"x", DTYPE_F32, 1, {N}, f32_number}};
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    helion_run r;
    loom_ctx code;
    loom_ctx_init(&code);
    helion_run_text(&r, arena_printf(&code.mem, HELION_KERNEL("x") "  out = torch.zeros([24])\n%s  return out\n", refusals[i].body), in, 1, 0, true);
    const diag_item *d = r.ctx.diag.first;
    if (r.status != refusals[i].status || !strstr(d->text, refusals[i].text) || d->span.line != refusals[i].line || d->span.col != refusals[i].col)
      fail_msg("status %d at %d:%d: %s\n%s", r.status, d ? d->span.line : 0, d ? d->span.col : 0, d ? d->text : "", refusals[i].body);
    loom_ctx_done(&r.ctx);
    loom_ctx_done(&code);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bits_stay_and_the_type_changes), cmocka_unit_test(test_bits_of_rounded_numbers_have_no_bound),
      cmocka_unit_test(test_masks_are_bytes_of_0_and_1),     cmocka_unit_test(test_stores_before_the_view_are_seen),
      cmocka_unit_test(test_what_cannot_be_viewed_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
