#include "gemm_element.h"
#include <string.h>

static const struct { gemm_element type; uint8_t code, bits; } types[] = {
    {GEMM_F32, LOOM_KERNEL_FLOAT, 32}, {GEMM_F64, LOOM_KERNEL_FLOAT, 64}, {GEMM_F16, LOOM_KERNEL_FLOAT, 16},
    {GEMM_BF16, LOOM_KERNEL_BFLOAT, 16}, {GEMM_I8, LOOM_KERNEL_INT, 8}, {GEMM_I32, LOOM_KERNEL_INT, 32}};

size_t gemm_element_bytes(gemm_element t) { return types[t].bits / 8; }

bool gemm_element_of(loom_kernel_dtype t, gemm_element *out) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (t.code == types[i].code && t.bits == types[i].bits && t.lanes == 1)
      return *out = types[i].type, true;
  return false;
}

static float widen_bf16(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static uint16_t narrow_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Addressed in bytes, so that any alignment will do. */
#define COPY(FROM, TO, EXPRESSION)                                                   \
  for (int64_t r = 0; r < rows; r++)                                                 \
    for (int64_t c = 0; c < columns; c++) {                                          \
      FROM x;                                                                        \
      memcpy(&x, in + (r * from_s0 + c * from_s1) * (int64_t)sizeof x, sizeof x);    \
      TO y = (EXPRESSION);                                                           \
      memcpy(out + (r * to_s0 + c * to_s1) * (int64_t)sizeof y, &y, sizeof y);       \
    }

void gemm_copy(const void *from, gemm_element from_type, int64_t from_s0, int64_t from_s1, void *to, gemm_element to_type, int64_t to_s0, int64_t to_s1,
               int64_t rows, int64_t columns) {
  const char *in = from;
  char *out = to;
  if (from_type == to_type) {
    switch (gemm_element_bytes(from_type)) {
    case 1: COPY(uint8_t, uint8_t, x) break;
    case 2: COPY(uint16_t, uint16_t, x) break;
    case 4: COPY(uint32_t, uint32_t, x) break;
    default: COPY(uint64_t, uint64_t, x) break;
    }
  } else if (from_type == GEMM_F16) {
    COPY(_Float16, float, (float)x)
  } else if (from_type == GEMM_BF16) {
    COPY(uint16_t, float, widen_bf16(x))
  } else if (to_type == GEMM_F16) {
    COPY(float, _Float16, (_Float16)x)
  } else {
    COPY(float, uint16_t, narrow_bf16(x))
  }
}
