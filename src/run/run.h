/* run: buffers for execution and named inputs and outputs.  Takes base.  Leaves: tensors bound to names and .npy files. */
#ifndef LOOM_RUN_RUN_H
#define LOOM_RUN_RUN_H
#include "base/npy.h"
/* --input NAME=FILE / --output NAME=FILE */
typedef struct run_binding { const char *name, *file; const npy_array *array; /* NULL: read `file` */ npy_array *kept; /* of an output: filled in, its data as they are; NULL: `file` is written */ } run_binding;
/* The array of a binding. */
LOOM_MUST_USE loom_status run_load(loom_ctx *ctx, const run_binding *b, npy_array *out);
/* Reads FILE for a tensor of this type and shape; any other type or shape is LOOM_EINPUT naming both.  For bf16 and float8, which NumPy does
 * not have, float32 is taken too and rounded to nearest even; for float8 also uint8, its bits. */
LOOM_MUST_USE loom_status run_read_tensor(loom_ctx *ctx, const run_binding *b, dtype t, int rank, const int64_t *shape, void **out_bytes);
LOOM_MUST_USE loom_status run_write_tensor(loom_ctx *ctx, const run_binding *b, dtype t, int rank, const int64_t *shape, const void *bytes);
#endif
