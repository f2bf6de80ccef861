/* What padding costs, in two layers that never count the same thing twice (docs/npu.md, "Padding layers").
 *   A  lanes and sublanes: the two innermost dims of a tensor are stored in tiles T(sublanes, 128): materialised, so it costs footprint and traffic.
 *   B  blocks of the systolic array: a tail is masked: it costs use of the array, never bytes. */
#ifndef LOOM_TARGET_NPU_NPT_PADDING_H
#define LOOM_TARGET_NPU_NPT_PADDING_H
#include "base/dtype.h"
#include "base/status.h"
#include <stdbool.h>

enum { NPT_PADDING_LANES = 128, NPT_PADDING_RANK_MAX = 8 };

typedef struct npt_padding {
  int rank;
  int64_t tile[2];                             /* sublanes, lanes; sublanes 1 for rank 1 */
  int packed;                                  /* rows that share a word: (2, 1) of 16-bit types, (4, 1) of 8-bit ones */
  int64_t pad[NPT_PADDING_RANK_MAX], padded[NPT_PADDING_RANK_MAX];   /* elements added, and with them */
  int64_t bytes, footprint_bytes, traffic_bytes;   /* of the elements; of their tiles; what reading all of it moves: whole tiles */
} npt_padding;
/* LOOM_EINPUT: rank or an extent out of range.  LOOM_ELIMIT: bytes beyond 64 bits. */
LOOM_MUST_USE loom_status npt_padding_of(dtype type, int rank, const int64_t *dims, npt_padding *out);

/* Layer B: rows of `block` that an extent takes, and what of them is of use. */
typedef struct npt_blocks { int64_t blocks, issued, useful; } npt_blocks;
npt_blocks npt_blocks_of(int64_t extent, int64_t block);

/* What elements beyond a tail must be so that a reduction does not see them. */
typedef enum npt_reduction { NPT_REDUCE_SUM, NPT_REDUCE_PRODUCT, NPT_REDUCE_MAX, NPT_REDUCE_MIN } npt_reduction;
double npt_reduction_fill(npt_reduction r);
#endif
