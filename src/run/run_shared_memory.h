/* run_shared_memory: memory that copies of this process (fork) and it itself see alike, each piece between two pages that nobody may touch. */
#ifndef LOOM_RUN_SHARED_MEMORY_H
#define LOOM_RUN_SHARED_MEMORY_H
#include "base/vec.h"
#include "base/diag.h"

typedef struct run_piece { void *mapped; size_t size; } run_piece;
typedef VEC_OF(run_piece) run_pieces;      /* owned by ctx->mem, but for the memory */

/* `bytes` of zeros (none: an address all the same) whose end, up to the alignment of 64 bytes, is the end of a page; the next one, and the one before the first, end who touches them.
 * LOOM_EMEM: there is no memory. */
LOOM_MUST_USE loom_status run_pieces_add(loom_ctx *ctx, run_pieces *p, size_t bytes, void **out);
void run_pieces_close(run_pieces *p);
#endif
