/* Shared by the rows that work along dims. */
#ifndef LOOM_HELION_REDUCE_H
#define LOOM_HELION_REDUCE_H
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"

/* The dims of argument `arg` as a mask; all of them when it is not given. */
bool helion_axes(helion_reader *r, const helion_call *c, int arg, int rank, int64_t *mask);
bool helion_axis(helion_reader *r, const helion_call *c, const helion_value *v, int rank, int *out);
bool helion_flag(helion_reader *r, const helion_call *c, int arg, const char *what, bool *out);
/* What leaves a reduction alone: 0 for sums, -inf for maxima .. */
double helion_neutral(kernel_fn fn, dtype t);
/* Masks invalid lanes, then reduces along the dims of `mask`. */
kernel_value helion_emit_reduce(helion_reader *r, const syn_node *n, kernel_value v, kernel_fn fn, int64_t mask, bool keep);
#endif
