/* sweep_transport: bytes between the processes of a job.  What loom-mpi.so exports, loaded by loom-sweep when it is one of several (sweep_ranks.c), so that nothing else needs MPI. */
#ifndef LOOM_CLI_SWEEP_TRANSPORT_H
#define LOOM_CLI_SWEEP_TRANSPORT_H
#include <stdbool.h>
#include <stddef.h>

typedef struct sweep_transport {
  int number, size;                                              /* of this process, from 0; of the job */
  void (*send)(int to, const void *bytes, size_t size);          /* copies; does not wait for who is to get it */
  bool (*receive)(int *from, void **bytes, size_t *size);        /* at once; true: there was one, to be given to release */
  void (*release)(void *bytes);
  void (*finish)(bool is_whole);                                 /* the last of it; is_whole false: some process is lost, and nobody waits for it */
} sweep_transport;

/* NULL: MPI cannot start. */
__attribute__((visibility("default"))) const sweep_transport *loom_sweep_transport(void);
#endif
