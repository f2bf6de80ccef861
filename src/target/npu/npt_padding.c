#include "target/npu/npt_padding.h"
#include <math.h>

static int64_t up(int64_t v, int64_t to) { return (v + to - 1) / to * to; }

/* Short second-minor dims have short tiles: 1-2 rows T(2, 128), 3-4 rows T(4, 128); never shorter than the rows that share a word. */
static int64_t sublanes_of(int64_t rows, int packed) {
  int64_t t = rows <= 2 ? 2 : rows <= 4 ? 4 : 8;
  return t < packed ? packed : t;
}

loom_status npt_padding_of(dtype type, int rank, const int64_t *dims, npt_padding *out) {
  int64_t bytes = (int64_t)dtype_bytes(type), elems = 1, stored = 1;
  *out = (npt_padding){.rank = rank, .tile = {1, NPT_PADDING_LANES}, .packed = bytes >= 4 ? 1 : (int)(4 / bytes)};
  if (rank < 1 || rank > NPT_PADDING_RANK_MAX)
    return LOOM_EINPUT;
  for (int d = 0; d < rank; d++) {
    if (dims[d] < 1 || dims[d] > (int64_t)1 << 40)
      return LOOM_EINPUT;
    if (d == rank - 2)
      out->tile[0] = sublanes_of(dims[d], out->packed);
    out->padded[d] = d == rank - 1 ? up(dims[d], NPT_PADDING_LANES) : d == rank - 2 ? up(dims[d], out->tile[0]) : dims[d];
    out->pad[d] = out->padded[d] - dims[d];
    if (__builtin_mul_overflow(elems, dims[d], &elems) || __builtin_mul_overflow(stored, out->padded[d], &stored))
      return LOOM_ELIMIT;
  }
  if (__builtin_mul_overflow(stored, bytes, &out->footprint_bytes))
    return LOOM_ELIMIT;
  out->bytes = elems * bytes;
  out->traffic_bytes = out->footprint_bytes;
  return LOOM_OK;
}

npt_blocks npt_blocks_of(int64_t extent, int64_t block) {
  int64_t n = (extent + block - 1) / block;
  return (npt_blocks){.blocks = n, .issued = n * block, .useful = extent};
}

double npt_reduction_fill(npt_reduction r) {
  switch (r) {
  case NPT_REDUCE_SUM: return 0;
  case NPT_REDUCE_PRODUCT: return 1;
  case NPT_REDUCE_MAX: return -INFINITY;
  case NPT_REDUCE_MIN: return INFINITY;
  }
  return 0;
}
