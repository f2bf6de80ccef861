/* network_buffers: where the tensors between kernels live.  One block of memory holds them; two share bytes only where no kernel needs both, or where the kernel that
 * makes the one is the last that reads the other and writes in place (network_in_place.h): who runs a kernel on the block gives it one address twice then.
 * The arguments, which are the caller's, and the constants are not in it. */
#ifndef LOOM_NETWORK_BUFFERS_H
#define LOOM_NETWORK_BUFFERS_H
#include "network/network.h"

/* Needed from before kernel `first` until kernel `last` has ended; results until the end (last = number of kernels).  bytes: 0 takes no room. */
/* of: the tensor whose bytes it takes over, where the kernel that makes it writes in place; -1: none. */
typedef struct network_buffer { int64_t bytes, offset; int first, last, of; } network_buffer;
typedef struct network_buffers {
  network_buffer *at;                      /* by tensor; offset -1: not in the block */
  int n;                                   /* in the block */
  int n_in_place;                          /* of them, those with the bytes of another */
  int64_t peak_bytes;                      /* size of the block */
  int64_t lower_bound;                     /* the most that is alive at once: no plan can need less */
  int64_t unshared_bytes;                  /* each a place of its own */
  int fullest;                             /* kernel at which the bound is reached */
} network_buffers;

/* The bytes of tensors that were made in place of others count once, everywhere below. */
/* Gives each its offset, a multiple of `align`; peak_bytes of the best plan found, least where it is the lower bound (all sizes rounded up to `align`). */
void network_place_buffers(arena *m, network_buffer *b, int n, int64_t align, network_buffers *out);
/* in_place: kernels that can write in place of a tensor do.
 * elsewhere: by tensor, those that have no bytes in the block, offset -1 then, though they live (first, last); NULL: none. */
void network_plan_buffers(arena *m, const network *net, int64_t align, bool in_place, const bool *elsewhere, network_buffers *out);
#endif
