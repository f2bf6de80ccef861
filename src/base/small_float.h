/* small_float: the floats of one byte and less that MLIR has, each described by its bits.  One row a format: decoding and encoding here, the
 * conversions of machine code (target/cpu) and the text of values all read it. */
#ifndef LOOM_BASE_SMALL_FLOAT_H
#define LOOM_BASE_SMALL_FLOAT_H
#include <stdbool.h>
#include <stdint.h>

/* What the largest exponent and -0 mean. */
typedef enum small_float_kind {
  SMALL_FLOAT_IEEE,     /* infinities and NaNs, as in IEEE 754 */
  SMALL_FLOAT_FN,       /* numbers; all ones is NaN; no infinity */
  SMALL_FLOAT_FNUZ,     /* numbers; the pattern of -0 is the only NaN; no infinity, no -0 */
  SMALL_FLOAT_FINITE,   /* numbers only */
  SMALL_FLOAT_SCALE     /* no sign, no mantissa: 2^(e - bias); all ones is NaN; no zero */
} small_float_kind;

/* X(id, MLIR spelling, bits of the exponent, of the mantissa, bias, kind) */
#define SMALL_FLOAT_LIST(X)                        \
  X(F4E2M1, "f4E2M1FN", 2, 1, 1, FINITE)           \
  X(F6E2M3, "f6E2M3FN", 2, 3, 1, FINITE)           \
  X(F6E3M2, "f6E3M2FN", 3, 2, 3, FINITE)           \
  X(F8E3M4, "f8E3M4", 3, 4, 3, IEEE)               \
  X(F8E4M3, "f8E4M3", 4, 3, 7, IEEE)               \
  X(F8E4M3FN, "f8E4M3FN", 4, 3, 7, FN)             \
  X(F8E4M3FNUZ, "f8E4M3FNUZ", 4, 3, 8, FNUZ)       \
  X(F8E4M3B11FNUZ, "f8E4M3B11FNUZ", 4, 3, 11, FNUZ) \
  X(F8E5M2, "f8E5M2", 5, 2, 15, IEEE)              \
  X(F8E5M2FNUZ, "f8E5M2FNUZ", 5, 2, 16, FNUZ)      \
  X(F8E8M0, "f8E8M0FNU", 8, 0, 127, SCALE)

typedef struct small_float {
  const char *name;                    /* as MLIR spells it */
  int exponent_bits, mantissa_bits, bias;
  small_float_kind kind;
} small_float;

const small_float *small_float_rows(int *out_n);
const small_float *small_float_find(const char *name);      /* NULL: no such format */
int small_float_bits(const small_float *f);                 /* 4, 6 or 8 */
uint32_t small_float_nan(const small_float *f, bool *out_any);   /* the NaN that arithmetic makes */
uint32_t small_float_max(const small_float *f);             /* the largest finite number */
/* What arithmetic makes of a positive number beyond the largest: infinity, else NaN, else the largest. */
uint32_t small_float_overflow(const small_float *f);
/* The number that the low bits of `bits` are; the others are not looked at. */
double small_float_decode(const small_float *f, uint32_t bits);
/* Rounds once, to nearest even; what lies beyond the largest number after rounding becomes small_float_overflow.  NaN of a format without NaN: -0. */
uint32_t small_float_encode(const small_float *f, double d);
#endif
