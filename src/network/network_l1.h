/* network_l1: which tensors between kernels stay in the L1 of the cores.  One that does is dealt out page by page over all cores (tog.h) and has the same place in each, at the top of the L1, while it
 * is alive; kernels that run meanwhile have what is below.  Takes a network and the lives of its tensors; leaves places, and the reason of each that stays in DRAM. */
#ifndef LOOM_NETWORK_NETWORK_L1_H
#define LOOM_NETWORK_NETWORK_L1_H
#include "network/network_buffers.h"

enum { NETWORK_L1_ALIGN = 64, NETWORK_L1_PAGE_LEAST = 64, NETWORK_L1_PAGE_MOST = 2048 };

/* The chip: cores, bytes of the L1 of each. */
typedef struct network_l1_chip { int64_t cores, bytes; } network_l1_chip;
/* why: of a tensor in L1, who has it; of one in DRAM, the reason; NULL: not one between kernels. */
typedef struct network_l1_tensor {
  bool is_in;
  int64_t page;                            /* bytes: a row, as in tt-metal's row-major buffers, but 64 at least and 2048 at most (a tile of 16 bits) */
  int64_t bytes;                           /* of each core, whole pages, a multiple of NETWORK_L1_ALIGN */
  int64_t offset;                          /* in each core's L1 */
  int64_t moved;                           /* bytes that kernels load and store of it at least: once each */
  int readers, writers;                    /* kernels */
  const char *why;
} network_l1_tensor;
typedef struct network_l1 {
  network_l1_chip chip;
  network_l1_tensor *at;                   /* by tensor */
  int n_in;
  int64_t all_bytes, moved;                /* of those in L1: their sizes; what kernels load and store of them at least */
  int64_t *reserved;                       /* by kernel: bytes at the top of the L1 that are not the kernel's */
  int64_t peak, base;                      /* bytes of all places; where the lowest begins */
} network_l1;

/* Greedy by bytes moved for each byte held, then the shorter life, then the order of the network; together they have half of the L1 at most. */
void network_l1_choose(arena *m, const network *net, const network_buffers *b, network_l1_chip chip, network_l1 *out);
/* Tensor `t` goes to DRAM, for the reason `why`; places and reservations are found anew. */
void network_l1_drop(arena *m, const network *net, const network_buffers *b, network_l1 *l, int t, const char *why);
#endif
