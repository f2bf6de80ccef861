/* npz: NumPy .npz archives (zip of .npy files), through libzip.  Takes base.  Leaves: arrays by name. */
#ifndef LOOM_NPZ_NPZ_H
#define LOOM_NPZ_NPZ_H
#include "base/npy.h"

typedef struct npz_array { const char *name; npy_array array; } npz_array;
/* All members that end in .npy, in the archive's order; names without the suffix.  LOOM_ELIMIT beyond 4 GiB or 4096 members. */
LOOM_MUST_USE loom_status npz_read_bytes(loom_ctx *ctx, const char *path, const char *bytes, size_t size, npz_array **out, size_t *out_n);
LOOM_MUST_USE loom_status npz_read(loom_ctx *ctx, const char *path, npz_array **out, size_t *out_n);
/* Stored uncompressed, as numpy.savez does; the file appears whole or not at all. */
LOOM_MUST_USE loom_status npz_write(loom_ctx *ctx, const char *path, const npz_array *arrays, size_t n);
#endif
