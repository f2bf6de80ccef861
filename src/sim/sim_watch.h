/* sim_watch: somebody looks on at every value that comes into a slot or goes out of one.  Asked for with sim_options.watch; runs with values only.
 * Cycles, counters and faults are the same with and without. */
#ifndef LOOM_SIM_WATCH_H
#define LOOM_SIM_WATCH_H
#include "tog/tog.h"

/* Where a thread is: `vars` holds the core's coordinates, then the loop variables from the outermost one on. */
typedef struct sim_at { const tog_node *node; int core; const int64_t *vars; } sim_at;
typedef struct sim_slot_name { int core, buffer, slot; const void *bytes; } sim_slot_name;
/* Elements between a slot and a tensor: (i0, i1, ..), below `extent`, is element slot_first + sum i_d * slot_step_d of the slot and
 * tensor_first + sum i_d * tensor_step_d of the tensor. */
typedef struct sim_moved {
  sim_slot_name slot;
  int tensor, rank;
  const int64_t *extent, *slot_step, *tensor_step;
  int64_t slot_first, tensor_first;
} sim_moved;

/* All members are set. */
typedef struct sim_watch {
  void *data;
  void (*reserved)(void *data, const sim_slot_name *slot);                                      /* nothing is in the slot any more */
  void (*loaded)(void *data, const sim_at *at, const sim_moved *m);
  void (*stored)(void *data, const sim_at *at, const sim_moved *m);
  void (*computed)(void *data, const sim_at *at, const int *slots, void *const *bytes);       /* slots, and their bytes, by use of the node */
  void (*sent)(void *data, const sim_at *at, const sim_slot_name *from, const sim_slot_name *to, int64_t row);
} sim_watch;
#endif
