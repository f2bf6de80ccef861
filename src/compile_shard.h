/* compile_shard: a kernel on this CPU, each of several ranks computing its part (shard/shard.h, docs/mpi.md). */
#ifndef LOOM_COMPILE_SHARD_H
#define LOOM_COMPILE_SHARD_H
#include "compile_exec.h"
#include "shard/shard.h"

typedef struct compile_shards { run_ranks ranks; shard_function f; program *code; const program_function *function; } compile_shards;

/* Reads the kernel of `o` (s zeroed first) and makes this rank's part along block `name`.  compile_close_shards and compile_done in any case. */
LOOM_MUST_USE loom_status compile_open_shards(loom_ctx *ctx, const compile_options *o, const char *name, compile_state *s, compile_shards *out);
/* Runs it.  Rank 0 puts the results of all together, writes and compares them; *out of other ranks is zero. */
LOOM_MUST_USE loom_status compile_execute_shards(compile_state *s, compile_shards *c, const run_options *r, compile_execution *out);
void compile_close_shards(compile_shards *c);
#endif
