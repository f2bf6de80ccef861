/* network_twins: kernels of a network that are equal (kernel/kernel_same.h, on tensors of the same types and shapes): one compile serves all of them. */
#ifndef LOOM_NETWORK_TWINS_H
#define LOOM_NETWORK_TWINS_H
#include "network/network.h"

/* first: the first kernel that this one equals, itself where it is the first; last (of a first one): the last that equals it.
 * as: this kernel with the graph of the first and, to that graph's tensors, its own. */
typedef struct network_twin { int first, last; network_kernel as; } network_twin;
/* By kernel. */
network_twin *network_find_twins(arena *m, const network *net);
#endif
