/* The oracle against an engine's output. */
#include "kernel/interp_private.h"
#include <math.h>

double interp_error_ratio(double want, double got, double bound, dtype t, bool exact) {
  if (exact) {
    double rounded = interp_round(t, want);
    return rounded == got || (isnan(rounded) && isnan(got)) ? 0 : INFINITY;
  }
  if (isnan(want) || isnan(got))
    return (isnan(want) && isnan(got)) || bound == INFINITY ? 0 : INFINITY;
  if (want == got)
    return 0;
  if (isinf(got) && isfinite(want))   /* right when the largest allowed value overflows the type */
    return interp_round(t, want + copysign(bound, got)) == got ? 0 : INFINITY;
  double error = fabs(got - want);
  return bound > 0 ? (bound == INFINITY ? 0 : error / bound) : INFINITY;
}

interp_comparison interp_compare(const interp_tensor *want, const void *got, bool exact) {
  interp_comparison c = {.elems = want->elems, .worst = -1, .worst_ratio = -1};
  size_t bytes = dtype_bytes(want->type);
  for (int64_t i = 0; i < want->elems; i++) {
    double w = want->value[i], g = dtype_load(want->type, (const char *)got + (size_t)i * bytes);
    double bound = want->bound && !exact ? want->bound[i] : 0;
    if (isnan(bound))
      bound = INFINITY;
    double ratio = interp_error_ratio(w, g, bound, want->type, exact), error = fabs(g - (exact ? interp_round(want->type, w) : w));
    c.unbounded += bound == INFINITY;
    c.wrong += ratio > 1;
    if (isfinite(error) && error > c.max_abs_error)
      c.max_abs_error = error;
    if (ratio > c.worst_ratio) {
      c.worst_ratio = ratio;
      c.worst = i;
      c.worst_error = error;
      c.worst_bound = bound;
      c.worst_got = g;
      c.worst_want = w;
    }
  }
  c.ok = c.wrong == 0;
  int64_t rest = c.worst;
  for (int d = want->rank - 1; d >= 0 && rest >= 0; d--) {
    c.worst_at[d] = rest % want->shape[d];
    rest /= want->shape[d];
  }
  return c;
}
