/* dtype: element types, their sizes and exact conversions.  One row per type; everything that switches on a type uses this list. */
#ifndef LOOM_BASE_DTYPE_H
#define LOOM_BASE_DTYPE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, bytes, MLIR spelling, PyTorch spelling, NumPy descr, is_float, mantissa bits with the hidden one) */
#define DTYPE_LIST(X)                                        \
  X(F16, 2, "f16", "float16", "<f2", 1, 11)                  \
  X(BF16, 2, "bf16", "bfloat16", "<V2", 1, 8)                \
  X(F32, 4, "f32", "float32", "<f4", 1, 24)                  \
  X(F64, 8, "f64", "float64", "<f8", 1, 53)                  \
  X(I8, 1, "i8", "int8", "|i1", 0, 0)                        \
  X(U8, 1, "ui8", "uint8", "|u1", 0, 0)                      \
  X(I16, 2, "i16", "int16", "<i2", 0, 0)                     \
  X(I32, 4, "i32", "int32", "<i4", 0, 0)                     \
  X(I64, 8, "i64", "int64", "<i8", 0, 0)                     \
  X(BOOL, 1, "i1", "bool", "|b1", 0, 0)                      \
  /* stored as they are, computed with in f32; NumPy has neither: their bytes */ \
  X(F8E4M3, 1, "f8E4M3FN", "float8_e4m3fn", "|u1", 1, 4)     \
  X(F8E5M2, 1, "f8E5M2", "float8_e5m2", "|u1", 1, 3)

typedef enum dtype {
#define X(n, ...) DTYPE_##n,
  DTYPE_LIST(X)
#undef X
  DTYPE_COUNT
} dtype;

size_t dtype_bytes(dtype t);
const char *dtype_mlir(dtype t);
const char *dtype_torch(dtype t);          /* without the "torch." */
const char *dtype_numpy(dtype t);
bool dtype_is_float(dtype t);
/* Unit roundoff u = 2^-p of a float type (p = mantissa bits with the hidden one); 0 for integers. */
double dtype_unit_roundoff(dtype t);
/* Finds a type by its MLIR or PyTorch name (with or without "torch."); false when unknown. */
bool dtype_parse(const char *name, dtype *out);
static inline bool dtype_is_f8(dtype t) { return t == DTYPE_F8E4M3 || t == DTYPE_F8E5M2; }
/* The type that arithmetic on `t` is done in: f32 for floats below it. */
dtype dtype_compute(dtype t);
/* torch.promote_types; PyTorch has none of a float8 with another type, which the front end refuses. */
dtype dtype_promote(dtype a, dtype b);

/* One element at `p` (any alignment) as a double and back.  Floats: round once to nearest even, overflow to infinity.  float8, as in PyTorch:
 * through f32, and what float8_e4m3fn, which has no infinity, cannot hold is NaN.
 * Integers: toward zero, saturating, NaN gives 0; an int64 beyond 2^53 is rounded on loading.  Booleans: 1 for everything but zero, so for NaN too. */
double dtype_load(dtype t, const void *p);
void dtype_store(dtype t, void *p, double v);
float dtype_f16_to_f32(uint16_t h);
uint16_t dtype_f32_to_f16(float f);        /* round to nearest even */
uint16_t dtype_f64_to_f16(double d);       /* one rounding, not through f32 */
#endif
