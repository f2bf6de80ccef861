/* MPI as code calls it.  Handles are numbers by the binary interface of MPICH: upstream's lowering writes them into the code, and no library of MPI is asked what they mean. */
#include "shard/shard_private.h"
#include <string.h>

enum { COMM_WORLD = 0x44000000, IN_PLACE = -1 };
static const struct { uint32_t handle; run_ranks_type type; } types[] = {{0x4c000137, RUN_RANKS_I8}, {0x4c000238, RUN_RANKS_I16}, {0x4c000439, RUN_RANKS_I32},
                                                                        {0x4c00083a, RUN_RANKS_I64}, {0x4c00040a, RUN_RANKS_F32}, {0x4c00080b, RUN_RANKS_F64}};
static const struct { uint32_t handle; run_ranks_op op; } ops[] = {{0x58000001, RUN_RANKS_MAX}, {0x58000002, RUN_RANKS_MIN}, {0x58000003, RUN_RANKS_SUM},    {0x58000004, RUN_RANKS_PRODUCT},
                                                                  {0x58000006, RUN_RANKS_AND}, {0x58000008, RUN_RANKS_OR}, {0x5800000a, RUN_RANKS_XOR}};

/* Calls of code carry nothing of ours. */
static _Thread_local const run_ranks *ranks_of_calls;

static int comm_rank(int32_t comm, int32_t *out) {
  (void)comm;
  *out = ranks_of_calls->number;
  return 0;
}

static int allreduce(const void *from, void *to, int32_t count, uint32_t type, uint32_t op, int32_t comm) {
  const run_ranks_type *t = NULL;
  const run_ranks_op *o = NULL;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    t = types[i].handle == type ? &types[i].type : t;
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    o = ops[i].handle == op ? &ops[i].op : o;
  bool is_ours = t && o;      /* as shard_outline.c writes it */
  is_ours &= from == (const void *)(intptr_t)IN_PLACE;
  is_ours &= comm == COMM_WORLD;
  if (!is_ours)
    program_stop_call(LOOM_EBUG);
  const size_t size = (size_t)count * run_ranks_width(*t);
  loom_status st = size > RUN_RANKS_BYTES_MAX ? LOOM_ELIMIT : run_ranks_reduce(ranks_of_calls, *t, *o, to, size);
  if (st != LOOM_OK)
    program_stop_call(st);
  return 0;
}

const codegen_symbol *shard_mpi_symbols(arena *m, const run_ranks *ranks, size_t *out_n) {
  static const struct { const char *name; void (*f)(void); } all[] = {
      {"MPI_Comm_rank", (void (*)(void))comm_rank}, {"MPI_Allreduce", (void (*)(void))allreduce}};
  codegen_symbol *out = ARENA_NEW_N(m, codegen_symbol, sizeof all / sizeof *all);
  ranks_of_calls = ranks;
  *out_n = sizeof all / sizeof *all;
  for (size_t i = 0; i < *out_n; i++) {
    out[i].name = all[i].name;
    memcpy(&out[i].address, &all[i].f, sizeof out[i].address);
  }
  return out;
}
