/* npy: NumPy .npy arrays (format 1.0 to 3.0, little-endian, C order on writing, C or Fortran order on reading).
 * The header is parsed as data, never as Python; object dtypes are refused; rank at most 8; bytes must equal the shape's product. */
#ifndef LOOM_BASE_NPY_H
#define LOOM_BASE_NPY_H
#include "base/diag.h"
#include "base/dtype.h"

enum { NPY_RANK_MAX = 8 };
typedef struct npy_array { dtype type; int rank; int64_t shape[NPY_RANK_MAX]; int64_t elems; void *data; } npy_array;  /* C order */

LOOM_MUST_USE loom_status npy_read(loom_ctx *ctx, const char *path, npy_array *out);
/* The same for the bytes of a file called `path`; the array may point into them. */
LOOM_MUST_USE loom_status npy_read_bytes(loom_ctx *ctx, const char *path, char *bytes, size_t size, npy_array *out);
/* The file's bytes, in `m`. */
char *npy_to_bytes(arena *m, const npy_array *a, size_t *out_size);
LOOM_MUST_USE loom_status npy_write(loom_ctx *ctx, const char *path, const npy_array *a);
#endif
