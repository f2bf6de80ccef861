/* sweep_transport: bytes and sums between the processes of a job.  What loom-mpi.so exports, loaded by loom-sweep when it is one of several (sweep_job.c), so that nothing else needs MPI. */
#ifndef LOOM_CLI_SWEEP_TRANSPORT_H
#define LOOM_CLI_SWEEP_TRANSPORT_H
#include <stdbool.h>
#include <stddef.h>

typedef struct sweep_transport {
  int number, size;                                              /* of this process, from 0; of the job */
  void (*send)(int to, const void *bytes, size_t size);          /* copies; does not wait for who is to get it */
  bool (*receive)(int *from, void **bytes, size_t *size);        /* at once; true: there was one, to be given to release */
  void *(*reserve)(size_t size);                                 /* memory for messages; for release */
  void (*release)(void *bytes);
  /* All ranks together: `bytes`, elements of a run_ranks_type, become what a run_ranks_op of all makes of them, by MPI's own collective.  They stay where they are until reduce_done has
   * said true; one at a time.  False: MPI refuses. */
  bool (*reduce_start)(int type, int op, void *bytes, size_t size);
  bool (*reduce_done)(void);
  void (*finish)(bool is_whole, int code);                       /* the last of it; is_whole false: some process is lost, nobody waits for it, and the job ends with `code` */
} sweep_transport;

/* NULL: MPI cannot start. */
__attribute__((visibility("default"))) const struct sweep_transport *loom_sweep_transport(void);
#endif
