/* nest_samples: nests of well-known kernels made without any IR, for tests, fuzzing and benches.
 * Alignment is set for `tile_align` 32 in the two innermost tile dims. */
#ifndef LOOM_NEST_SAMPLES_H
#define LOOM_NEST_SAMPLES_H
#include "nest/nest.h"

/* out[M,N] = x[M,K] @ y[K,N]: parallel tile_m, tile_n; sequential tile_k; accumulator "acc" of type `acc`. */
nest *nest_make_matmul(arena *m, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc);
/* out[B,M,N] = x[B,M,K] @ y[B,K,N]: parallel tile_b, tile_m, tile_n. */
nest *nest_make_batch_matmul(arena *m, int64_t batch, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc);
/* Something elementwise of a tensor that has those of up to four dims that `load_dims` says, as bits, and is spread over the others: one load. */
nest *nest_make_spread(arena *m, int rank, const int64_t *extent, uint32_t load_dims, dtype type);
/* out[M,N] = x[M,N] op y[M,N] for the scalar ops `body_ops` ("mulf,addf"): parallel tile_m, tile_n, no sequential loop. */
nest *nest_make_elementwise(arena *m, int64_t rows, int64_t cols, dtype type, const char *body_ops);
/* Flash attention, out[B,M,D] = softmax(q k) v with k[B,D,N], v[B,N,D]: parallel tile_b, tile_m; sequential tile_n with the accumulators top,
 * total and acc, which each iteration replaces (moves). */
nest *nest_make_attention(arena *m, int64_t batch, int64_t rows, int64_t keys, int64_t depth, dtype type);
/* Decoding: out[B,H,D] from one query of H heads a batch and keys split over cores.  Parallel tile_b, tile_s; sequential tile_n inside tile_s; two
 * gathers across tile_s, then the merge on the first core. */
nest *nest_make_decode(arena *m, int64_t batch, int64_t heads, int64_t keys, int64_t depth, dtype type);
/* out[M,N] = a[M,K] @ b[K,N], parallel tile_m, tile_n and tile_k; the parts are gathered across tile_k and added on the first core. */
nest *nest_make_split_k(arena *m, int64_t rows, int64_t cols, int64_t inner, dtype type);
/* Chunk scan of Mamba 2.  Parallel tile_m, tile_n, tile_c; tile_b and tile_h around the body in sequence, or parallel too; a causal loop over
 * tile_k.  Of the blocks tile_c, tile_b and tile_h one element is taken. */
typedef struct nest_mamba_shape { int64_t batch, heads, groups, chunks, chunk, head, state, block_bound /* of tile_k */; } nest_mamba_shape;
nest *nest_make_mamba(arena *m, const nest_mamba_shape *z, dtype type, bool is_all_parallel);
#endif
