/* Arithmetic on rows: n elements without gaps, one after the other.  Every function takes d (result; of some also an operand), a (vs2), b (vs1 or the scalar), all of one width.
 * d may be a or b, but not overlap them otherwise. */
#ifndef LOOM_SIM_RVV_ROWS_H
#define LOOM_SIM_RVV_ROWS_H
#include <stddef.h>
#include <stdint.h>

/* X(name, unsigned result): U the type without sign, S with sign, P unsigned and at least 32 bits (so that nothing is promoted to int), BITS of them. */
#define RVV_INT_LIST(X) \
  X(ADD, (P)a + b) \
  X(SUB, (P)a - b) \
  X(RSUB, (P)b - a) \
  X(MINU, a < b ? a : b) \
  X(MIN, (S)a < (S)b ? a : b) \
  X(MAXU, a > b ? a : b) \
  X(MAX, (S)a > (S)b ? a : b) \
  X(AND, a & b) \
  X(OR, a | b) \
  X(XOR, a ^ b) \
  X(SLL, (P)a << (b & (BITS - 1))) \
  X(SRL, (P)a >> (b & (BITS - 1))) \
  X(SRA, (S)a >> (b & (BITS - 1))) \
  X(MUL, (P)a * b) \
  X(MADD, (P)b * d + a) \
  X(NMSUB, a - (P)b * d) \
  X(MACC, (P)b * a + d) \
  X(NMSAC, d - (P)b * a) \
  X(DIVU, b == 0 ? (U)-1 : a / b) \
  X(REMU, b == 0 ? a : a % b) \
  X(DIV, b == 0 ? (U)-1 : b == (U)-1 ? (P)0 - a : (U)((S)a / (S)b)) \
  X(REM, b == 0 ? a : b == (U)-1 ? 0 : (U)((S)a % (S)b)) \
  X(MULHU, (UW)a * b >> BITS) \
  X(MULH, (UW)((SW)(S)a * (S)b) >> BITS) \
  X(MULHSU, (UW)((SW)(S)a * (SW)b) >> BITS) \
  X(SADDU, (U)((P)a + b) < a ? (U)-1 : (P)a + b) \
  X(SSUBU, a < b ? 0 : (P)a - b) \
  X(SADD, SATURATE((U)((P)a + b), ~(a ^ b) & (a ^ (U)((P)a + b)))) \
  X(SSUB, SATURATE((U)((P)a - b), (a ^ b) & (a ^ (U)((P)a - b)))) \
  X(SGNJ, (a & ~SIGN) | (b & SIGN)) \
  X(SGNJN, (a & ~SIGN) | (~b & SIGN)) \
  X(SGNJX, a ^ (b & SIGN))
/* X(name, condition): the result is a row of bytes, 0 or 1. */
#define RVV_COMPARE_LIST(X) \
  X(EQ, a == b) X(NE, a != b) X(LTU, a < b) X(LT, (S)a < (S)b) X(LEU, a <= b) X(LE, (S)a <= (S)b) X(GTU, a > b) X(GT, (S)a > (S)b)
/* X(name, value), of f32 and f64.  NaN becomes the canonical one. */
#define RVV_FLOAT_LIST(X) \
  X(FADD, a + b) X(FSUB, a - b) X(FRSUB, b - a) X(FMUL, a * b) X(FDIV, a / b) X(FRDIV, b / a) X(FSQRT, SQRT(a)) X(FMIN, LESSER(a, b)) X(FMAX, GREATER(a, b)) \
  X(FMADD, FMA(b, d, a)) X(FNMADD, FMA(-b, d, -a)) X(FMSUB, FMA(b, d, -a)) X(FNMSUB, FMA(-b, d, a)) \
  X(FMACC, FMA(b, a, d)) X(FNMACC, FMA(-b, a, -d)) X(FMSAC, FMA(b, a, -d)) X(FNMSAC, FMA(-b, a, d))
#define RVV_FLOAT_COMPARE_LIST(X) X(FEQ, a == b) X(FNE, a != b) X(FLT, a < b) X(FLE, a <= b) X(FGT, a > b) X(FGE, a >= b)

enum {
#define X(name, ...) RVV_K_##name,
  RVV_INT_LIST(X) RVV_COMPARES_AT, RVV_BEFORE_COMPARES = RVV_COMPARES_AT - 1,
  RVV_COMPARE_LIST(X) RVV_FLOATS_AT, RVV_BEFORE_FLOATS = RVV_FLOATS_AT - 1,
  RVV_FLOAT_LIST(X) RVV_FLOAT_COMPARES_AT, RVV_BEFORE_FLOAT_COMPARES = RVV_FLOAT_COMPARES_AT - 1,
  RVV_FLOAT_COMPARE_LIST(X) RVV_KS
#undef X
};

typedef void rvv_row_fn(void *d, const void *a, const void *b, size_t n);
/* [kernel][log2 bytes]; NULL: not of that width. */
typedef struct rvv_kernels {
  rvv_row_fn *row[RVV_KS][4];
  void (*f16_to_f32)(const uint16_t *from, uint32_t *to, size_t n);        /* NaN becomes canonical, as below */
  void (*f32_to_f16)(const uint32_t *from, uint16_t *to, size_t n);
  void (*f32_to_bf16)(const uint32_t *from, uint16_t *to, size_t n);
  void (*exp_f32)(const float *from, float *to, size_t n);                 /* these are within 0.51 of the last place of f32 */
  void (*tanh_f32)(const float *from, float *to, size_t n);
  void (*log_f32)(const float *from, float *to, size_t n);
  /* out[m][n] += in[m][k] * weight[k][n], k in order; `width` elements a row of each, a multiple of 16, of which depth rows of weights; f32, and i32 that wrap. */
  void (*product_f32)(float *out, const float *in, const float *weight, int rows, int depth, int width);
  void (*product_i32)(uint32_t *out, const uint32_t *in, const uint32_t *weight, int rows, int depth, int width);
} rvv_kernels;
/* Those of this processor. */
const rvv_kernels *rvv_kernels_best(void);
extern const rvv_kernels rvv_kernels_plain, rvv_kernels_avx2;
#endif
