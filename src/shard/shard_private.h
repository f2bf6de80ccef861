/* Shared by the files of shard/ only. */
#ifndef LOOM_SHARD_PRIVATE_H
#define LOOM_SHARD_PRIVATE_H
#include "pass/pass.h"
#include "shard/shard.h"

/* A block symbol: how many elements its range has in all, and what it is bound to here. */
typedef struct shard_block { const char *name; int64_t extent, bound; } shard_block;
typedef VEC_OF(shard_block) shard_blocks;
const shard_block *shard_block_of(const shard_blocks *all, ir_ctx *ir, MlirValue v);      /* of the result of loom.sym; NULL: it is none */

/* ---- shard_open.c ---- */
/* The function of `m` (changed) on whole tensors, every block as large as `blocks` says; `split` is the one that is dealt out. */
LOOM_MUST_USE loom_status shard_open(ir_ctx *ir, MlirModule m, const shard_blocks *blocks, const char *split, shard_tensors *loads, shard_tensors *stores);
/* ---- shard_view.c ---- */
/* Which elements of which argument a memref is.  LOOM_EUNSUP: it is no such tile; `what` is the operation that uses it. */
LOOM_MUST_USE loom_status shard_read_view(ir_ctx *ir, MlirValue memref, const shard_blocks *blocks, MlirOperation what, shard_tensor *out);
/* ---- shard_split.c ---- */
/* A copy of the operation, of one result, for each use of it but one. */
void shard_part_uses(MlirOperation op);
/* Gives the arguments that `split` tiles a sharding over `ranks` and lets upstream deal out the rest; f->loads and f->stores get their split dims. */
LOOM_MUST_USE loom_status shard_split(ir_ctx *ir, shard_function *f, const char *split, int ranks);
/* ---- shard_outline.c ---- */
#define SHARD_CALL "loom_all_reduce_"      /* and a number */
/* Collectives of f->module become calls of functions that are declared; their bodies are f->calls. */
LOOM_MUST_USE loom_status shard_outline(ir_ctx *ir, shard_function *f);
#endif
