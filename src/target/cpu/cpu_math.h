/* Vector math: functions of f32 as arithmetic on scalars or vectors, inline at `at`.  Worst errors: docs/cpu.md, measured by cpu_math_test.c. */
#ifndef LOOM_CPU_MATH_H
#define LOOM_CPU_MATH_H
#include "target/cpu/cpu_private.h"

/* Where code goes and how many values at a time: lanes 0 means scalars.  has_scalef: 2^n times a vector of f32 is one instruction. */
typedef struct math_at { ir_builder b; int lanes; bool has_scalef; } math_at;

/* ---- cpu_math_build.c: the words the functions are written in; all operands of one type ---- */
MlirValue math_f32(math_at *m, double c);
MlirValue math_f64(math_at *m, double c);
MlirValue math_i32(math_at *m, int64_t c);
MlirValue math_i64(math_at *m, int64_t c);
MlirValue math_op(math_at *m, const char *name, MlirValue a, MlirValue b);           /* "arith.addf" */
MlirValue math_fma(math_at *m, MlirValue a, MlirValue b, MlirValue c);               /* a * b + c, rounded once */
MlirValue math_neg(math_at *m, MlirValue a);
MlirValue math_abs(math_at *m, MlirValue a);
MlirValue math_copysign(math_at *m, MlirValue magnitude, MlirValue sign);
/* "olt", "ogt", "oeq", "uge", "une": comparisons with a NaN are false but for those with u */
MlirValue math_is(math_at *m, const char *predicate, MlirValue a, MlirValue b);
MlirValue math_select(math_at *m, MlirValue condition, MlirValue a, MlirValue b);
MlirValue math_min(math_at *m, double limit, MlirValue x);                            /* a NaN stays one */
MlirValue math_max(math_at *m, double limit, MlirValue x);
MlirValue math_bits(math_at *m, MlirValue x);                                         /* the integer of f32 or f64 */
MlirValue math_float(math_at *m, MlirValue bits);                                     /* and back */
MlirValue math_cast(math_at *m, const char *name, MlirValue x, const char *elem);     /* "arith.extf" to "f64" */
/* c[0] + c[1] x + ... + c[n-1] x^(n-1), the type of x. */
MlirValue math_poly(math_at *m, MlirValue x, const double *c, int n);
/* y * 2^floor(n) where m->has_scalef. */
MlirValue math_scalef(math_at *m, MlirValue y, MlirValue n);
/* The function `callee` of the module for every lane. */
MlirValue math_call(math_at *m, const char *callee, MlirValue x);

/* ---- the functions, f32 to f32 ---- */
MlirValue math_exp(math_at *m, MlirValue x);
MlirValue math_exp2(math_at *m, MlirValue x);
MlirValue math_expm1(math_at *m, MlirValue x);
MlirValue math_tanh(math_at *m, MlirValue x);
MlirValue math_erf(math_at *m, MlirValue x);
MlirValue math_log(math_at *m, MlirValue x);
MlirValue math_log2(math_at *m, MlirValue x);
MlirValue math_log1p(math_at *m, MlirValue x);
MlirValue math_pow(math_at *m, MlirValue x, MlirValue y);
MlirValue math_sin(math_at *m, MlirValue x);
MlirValue math_cos(math_at *m, MlirValue x);
#endif
