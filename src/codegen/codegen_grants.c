/* What machine code may call without being granted it: memory moves and mathematics that touch nothing but their arguments. */
#include "codegen/codegen_private.h"
#include <math.h>
#include <string.h>

typedef void (*any_function)(void);
typedef struct grant { const char *name; any_function address; } grant;

/* X(name) of libm, all without state that matters to us */
#define LIBM_LIST(X)                                                                                                              \
  X(fmaf) X(expf) X(exp2f) X(expm1f) X(logf) X(log2f) X(log10f) X(log1pf) X(powf) X(sqrtf) X(cbrtf) X(sinf) X(cosf) X(tanf)       \
  X(asinf) X(acosf) X(atanf) X(atan2f) X(sinhf) X(coshf) X(tanhf) X(asinhf) X(acoshf) X(atanhf) X(erff) X(erfcf) X(floorf)        \
  X(ceilf) X(truncf) X(rintf) X(roundf) X(roundevenf) X(nearbyintf) X(fmodf) X(fminf) X(fmaxf) X(ldexpf)                          \
  X(fma) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(pow) X(sqrt) X(cbrt) X(sin) X(cos) X(tan) X(asin) X(acos)     \
  X(atan) X(atan2) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(floor) X(ceil) X(trunc) X(rint) X(round)   \
  X(roundeven) X(nearbyint) X(fmod) X(fmin) X(fmax) X(ldexp)

/* Half-precision conversions of the compiler's runtime, for CPUs without F16C. */
void __extendhfsf2(void);
void __truncsfhf2(void);
void __truncdfhf2(void);

/* f32 to bf16, to nearest even, as the compiler's runtime of newer gcc has it.  A bf16 is returned in the low 16 bits of xmm0, which is
 * where the low 16 bits of a returned float are. */
static float truncate_to_bf16(float f) {
  uint32_t bits, rounded;
  memcpy(&bits, &f, sizeof bits);
  bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  rounded = is_nan ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  memcpy(&f, &rounded, sizeof f);
  return f;
}

/* f64 to bf16 in one rounding: the doubles between two f32 are put on the odd one, which is no tie of bf16. */
static float truncate_double_to_bf16(double d) {
  float f = (float)d;
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  bool is_finite = (bits & 0x7f800000u) != 0x7f800000u;
  if (is_finite && (double)f != d && !(bits & 1))
    bits += fabs((double)f) < fabs(d) ? 1u : -1u;   /* the neighbour on d's side */
  memcpy(&f, &bits, sizeof f);
  return truncate_to_bf16(f);
}

static const grant grants[] = {
#define X(f) {#f, (any_function)f},
    {"memcpy", (any_function)memcpy}, {"memmove", (any_function)memmove}, {"memset", (any_function)memset},
    {"__extendhfsf2", __extendhfsf2}, {"__truncsfhf2", __truncsfhf2}, {"__truncdfhf2", __truncdfhf2},
    {"__truncsfbf2", (any_function)truncate_to_bf16}, {"__truncdfbf2", (any_function)truncate_double_to_bf16}, LIBM_LIST(X)
#undef X
};

void *codegen_granted(const codegen_options *o, const char *name) {
  for (size_t i = 0; i < o->n_grants; i++)
    if (strcmp(o->grants[i].name, name) == 0)
      return o->grants[i].address;
  for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
    if (strcmp(grants[i].name, name) == 0) {
      void *address;
      memcpy(&address, &grants[i].address, sizeof address);
      return address;
    }
  return NULL;
}
