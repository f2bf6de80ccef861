/* shard: a kernel as the part of one rank of several, by upstream's dialects shard and mpi.  Takes: stage 0 of the kernel, the block symbol along whose range the work is dealt out, and how
 * many ranks there are.  Leaves: a function on tensors, which are this rank's parts, with calls of MPI, and which elements of the kernel's arguments and results those tensors are.
 *
 * Every tile is made as large as what it tiles, so that no loop is left and the kernel is linalg on whole tensors; its loads become arguments, its stores results.  Tensors that the symbol
 * tiles get a sharding; upstream's sharding-propagation and shard-partition do the rest, and convert-shard-to-mpi makes MPI of the collectives that are left. */
#ifndef LOOM_SHARD_SHARD_H
#define LOOM_SHARD_SHARD_H
#include "base/vec.h"
#include "program/program.h"
#include "run/run_ranks.h"

enum { SHARD_RANK_MAX = 8 };

/* A load or a store: elements of a function argument's memory. */
typedef struct shard_tensor {
  int arg;                                                    /* argument of stage 0's function */
  int rank; int64_t offset, stride[SHARD_RANK_MAX];           /* of the memory, in elements */
  int64_t size[SHARD_RANK_MAX];                               /* of all ranks together */
  const char *symbol[SHARD_RANK_MAX];                         /* the block by which a dim is tiled; NULL: none */
  int split;                                                  /* the dim of which each rank has a part; -1: it has all */
} shard_tensor;
typedef VEC_OF(shard_tensor) shard_tensors;

typedef struct shard_function {
  MlirModule module;                   /* the function of one rank, with operations of dialect mpi */
  const char *name;
  shard_tensors loads, stores;         /* its arguments and its results */
  int64_t extent;                      /* of the range that is dealt out */
  int reductions;                      /* collectives in it */
  const char *calls;                   /* functions that the module declares and calls, to be added to it when its memory is settled (program_options) */
  const char *sharded, *partitioned, *mpi;      /* the text before and after partitioning, and by upstream's lowering to MPI: for dumps */
} shard_function;

/* `name`: a block symbol of the kernel, or what follows its "tile_", in any case ("M" is tile_m).  `stage0` is not changed.  *out->module is to be closed in any case.
 * LOOM_EUSAGE: there is no such symbol, or it has fewer elements than there are ranks; LOOM_EUNSUP: the kernel has what neither a whole tensor nor upstream's passes can say, with its
 * place where there is one. */
LOOM_MUST_USE loom_status shard_make(ir_ctx *ir, MlirModule stage0, const char *name, int rank, int ranks, LOOM_GIVE shard_function *out);
/* The part of `extent` that rank `r` has: where it begins and how many elements it is.  The first ones have one more where it does not divide. */
void shard_part(int64_t extent, int r, int ranks, int64_t *start, int64_t *count);

/* ---- shard_mpi.c ---- */
/* What the code of such a function calls: MPI's functions by the binary interface of MPICH, which upstream's lowering can be told to use, served by `ranks`.  It must outlive the code's
 * last call. */
const codegen_symbol *shard_mpi_symbols(arena *m, const run_ranks *ranks, size_t *out_n);
#endif
