/* Whether two graphs compute the same, operation by operation: the names of symbols, values and tensors, spans, hints (extents, preferred sizes,
 * made-up contents), operations that nothing needs, the order of the ranges of a PARALLEL and the order of carried values do not count.
 * Sizes with a known value count as that number. */
#ifndef LOOM_KERNEL_KERNEL_SAME_H
#define LOOM_KERNEL_KERNEL_SAME_H
#include "kernel/kernel.h"

/* Both graphs verify.  loose_tensors: what a dump of device code does not say is not compared: a VIEW may stand for a tensor of its shape, an allocation without
 * contents for one that is filled.
 * False: *why (may be NULL) says the first difference, with the lines of both.
 * partner (may be NULL): for each tensor of `a` the one of `b` that stands for it, -1: none. */
bool kernel_same(arena *m, const kernel_graph *a, const kernel_graph *b, bool loose_tensors, const char **why, kernel_tensor *partner);
#endif
