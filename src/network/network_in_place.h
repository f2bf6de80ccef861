/* network_in_place: whether a kernel may write an allocation where one of its arguments lies, proved from its graph. */
#ifndef LOOM_NETWORK_NETWORK_IN_PLACE_H
#define LOOM_NETWORK_NETWORK_IN_PLACE_H
#include "kernel/kernel.h"

/* True: every element of tensor `in` is read only by the turn of the loops that writes the same bytes of `out`, once, and before it does.  So the two may have the same memory when nothing reads
 * `in` afterwards.  The graph has one store to `out` and none to `in`; both are seen with the same strides, and every loop around the store moves it. */
bool network_in_place(const kernel_graph *g, kernel_tensor in, kernel_tensor out);
#endif
