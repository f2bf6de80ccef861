/* nest_samples: nests of well-known kernels made without any IR, for tests, fuzzing and benches.
 * Alignment is set for `tile_align` 32 in the two innermost tile dims. */
#ifndef LOOM_NEST_SAMPLES_H
#define LOOM_NEST_SAMPLES_H
#include "nest/nest.h"

/* out[M,N] = x[M,K] @ y[K,N]: parallel tile_m, tile_n; sequential tile_k; accumulator "acc" of type `acc`. */
nest *nest_make_matmul(arena *m, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc);
/* out[B,M,N] = x[B,M,K] @ y[B,K,N]: parallel tile_b, tile_m, tile_n. */
nest *nest_make_batch_matmul(arena *m, int64_t batch, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc);
/* out[M,N] = x[M,N] op y[M,N] for the scalar ops `body_ops` ("mulf,addf"): parallel tile_m, tile_n, no sequential loop. */
nest *nest_make_elementwise(arena *m, int64_t rows, int64_t cols, dtype type, const char *body_ops);
#endif
