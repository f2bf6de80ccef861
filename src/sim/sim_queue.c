/* The event heap: four children a node, ordered by (tick, core, thread). */
#include "sim/sim_private.h"

static bool before(sim_event a, sim_event b) { return a.tick < b.tick || (a.tick == b.tick && a.who < b.who); }

void sim_queue_push(sim_queue *q, sim_event e) {
  size_t i = q->n++;
  while (i > 0 && before(e, q->at[(i - 1) / 4])) {
    q->at[i] = q->at[(i - 1) / 4];
    i = (i - 1) / 4;
  }
  q->at[i] = e;
}

sim_event sim_queue_pop(sim_queue *q) {
  sim_event top = q->at[0], e = q->at[--q->n];
  size_t i = 0;
  for (;;) {
    size_t best = i * 4 + 1, end = best + 4 < q->n ? best + 4 : q->n;
    if (best >= q->n)
      break;
    for (size_t c = best + 1; c < end; c++)
      if (before(q->at[c], q->at[best]))
        best = c;
    if (!before(q->at[best], e))
      break;
    q->at[i] = q->at[best];
    i = best;
  }
  q->at[i] = e;
  return top;
}
