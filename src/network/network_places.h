/* network_places: which arguments of a function are places of elements in tensors, so that contents that are made up for them are within. */
#ifndef LOOM_NETWORK_PLACES_H
#define LOOM_NETWORK_PLACES_H
#include "ir/ir.h"

enum { NETWORK_NO_PLACE = -1 };
/* out_most[i]: the largest value of argument i's elements whose places are all within, as far as they are the argument, alone or times and over numbers;
 * NETWORK_NO_PLACE: none is made of it.  Sizes of `m` are known (network_sizes_fix). */
void network_find_places(ir_ctx *ir, MlirModule m, const char *function, int64_t *out_most);
#endif
