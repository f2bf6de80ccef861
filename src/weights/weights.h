/* weights: named tensors of a model in a file of their own.  Takes: the bytes of an .irpa archive (magic IRPA, version 0) or of a .safetensors file.
 * Leaves: names and their bytes, with types and shapes where the file has them.
 * Bounded: every offset of the file is checked against its size before it is followed; nothing is read twice. */
#ifndef LOOM_WEIGHTS_H
#define LOOM_WEIGHTS_H
#include "base/diag.h"
#include "base/dtype.h"
#include "base/vec.h"

/* `bytes` lie in the file; a splat repeats its `pattern` (n_pattern bytes) instead.  Data shorter than the tensor is followed by zeros, but for those with a type,
 * which are as long as their shape says. */
enum { WEIGHT_RANK_MAX = 8 };
typedef struct weight {
  const char *name; const unsigned char *bytes; uint64_t size; unsigned char pattern[16]; int n_pattern;
  bool is_typed; dtype type; int rank; int64_t shape[WEIGHT_RANK_MAX];      /* not of .irpa files, and not of types that Loom does not know */
} weight;
typedef struct weights { const char *path; VEC_OF(weight) all; } weights;

/* Entries in the order of the file.  LOOM_EINPUT: it is no such archive, or damaged; LOOM_EUNSUP: of another version, or with data in further files. */
LOOM_MUST_USE loom_status weights_read_irpa(loom_ctx *ctx, const char *path, const unsigned char *bytes, size_t size, weights *out);
/* LOOM_EINPUT: damaged, or a tensor's bytes are not those of its type and shape; LOOM_ELIMIT: more than WEIGHT_RANK_MAX dims. */
LOOM_MUST_USE loom_status weights_read_safetensors(loom_ctx *ctx, const char *path, const unsigned char *bytes, size_t size, weights *out);
const weight *weights_find(const weights *w, const char *name);   /* NULL: there is none */
/* Fills `to`, which is `size` bytes. */
void weights_copy(const weight *w, unsigned char *to, size_t size);
#endif
