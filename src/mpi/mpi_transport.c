/* loom-mpi.so: cli/sweep_transport.h over MPI. */
#include "cli/sweep_transport.h"
#include "run/run_ranks.h"
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 12, PENDING_MAX = 4096 };

/* Messages that may still be read by MPI. */
static struct { MPI_Request request; void *bytes; } pending[PENDING_MAX];
static int n_pending;

static void drop_sent(void) {
  int kept = 0;
  for (int i = 0; i < n_pending; i++) {
    int done = 0;
    if (MPI_Test(&pending[i].request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done)
      free(pending[i].bytes);
    else
      pending[kept++] = pending[i];
  }
  n_pending = kept;
}

static void send_bytes(int to, const void *bytes, size_t size) {
  void *copy = malloc(size);
  drop_sent();
  if (!copy || n_pending == PENDING_MAX)
    abort();
  memcpy(copy, bytes, size);
  pending[n_pending].bytes = copy;
  if (MPI_Isend(copy, (int)size, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &pending[n_pending].request) == MPI_SUCCESS)
    n_pending++;
  else
    free(copy);
}

static bool receive_bytes(int *from, void **bytes, size_t *size) {
  int there = 0, n = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS || !there || MPI_Get_count(&status, MPI_BYTE, &n) != MPI_SUCCESS)
    return false;
  void *room = malloc((size_t)n);
  if (!room)
    abort();
  if (MPI_Recv(room, n, MPI_BYTE, status.MPI_SOURCE, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
    free(room);
    return false;
  }
  *from = status.MPI_SOURCE, *bytes = room, *size = (size_t)n;
  return true;
}

static void *reserve(size_t size) {
  void *room = malloc(size ? size : 1);
  if (!room)
    abort();
  return room;
}

static MPI_Request reduction;

static bool reduce_start(int type, int op, void *bytes, size_t size) {
  const MPI_Datatype types[RUN_RANKS_TYPES] = {[RUN_RANKS_I8] = MPI_INT8_T, [RUN_RANKS_I16] = MPI_INT16_T, [RUN_RANKS_I32] = MPI_INT32_T, [RUN_RANKS_I64] = MPI_INT64_T, [RUN_RANKS_F32] = MPI_FLOAT, [RUN_RANKS_F64] = MPI_DOUBLE};
  const MPI_Op ops[RUN_RANKS_OPS] = {[RUN_RANKS_SUM] = MPI_SUM, [RUN_RANKS_PRODUCT] = MPI_PROD, [RUN_RANKS_MAX] = MPI_MAX, [RUN_RANKS_MIN] = MPI_MIN, [RUN_RANKS_AND] = MPI_BAND, [RUN_RANKS_OR] = MPI_BOR, [RUN_RANKS_XOR] = MPI_BXOR};
  int width;
  if (type < 0 || type >= RUN_RANKS_TYPES || op < 0 || op >= RUN_RANKS_OPS || MPI_Type_size(types[type], &width) != MPI_SUCCESS)
    return false;
  return MPI_Iallreduce(MPI_IN_PLACE, bytes, (int)(size / (size_t)width), types[type], ops[op], MPI_COMM_WORLD, &reduction) == MPI_SUCCESS;
}

static bool reduce_done(void) {
  int done = 0;
  return MPI_Test(&reduction, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done;
}

static void finish(bool is_whole, int code) {
  if (!is_whole)
    MPI_Abort(MPI_COMM_WORLD, code);
  drop_sent();
  MPI_Finalize();
}

const sweep_transport *loom_sweep_transport(void) {
  static sweep_transport t = {.send = send_bytes, .receive = receive_bytes, .reserve = reserve, .release = free, .reduce_start = reduce_start, .reduce_done = reduce_done, .finish = finish};
  if (MPI_Init(NULL, NULL) != MPI_SUCCESS || MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN) != MPI_SUCCESS || MPI_Comm_rank(MPI_COMM_WORLD, &t.number) != MPI_SUCCESS ||
      MPI_Comm_size(MPI_COMM_WORLD, &t.size) != MPI_SUCCESS)
    return NULL;
  return &t;
}
