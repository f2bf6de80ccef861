/* Ranges of index arithmetic: what a value can be while the scf.for loops around it count. */
#ifndef LOOM_PASS_INDEX_RANGE_H
#define LOOM_PASS_INDEX_RANGE_H
#include "pass/pass_private.h"

typedef struct index_range { int64_t lo, hi; bool known; } index_range;   /* lo <= hi */

/* The arithmetic behind a few values: each operation once, operands first, so that a range costs one pass over the list.
 * Loop counters are in it after what their loops' bounds are made of; the first ones can be pinned to a number. */
typedef struct index_step index_step;
typedef struct index_tape {
  VEC_OF(index_step) steps;
  VEC_OF(size_t) counters;   /* steps that are loop counters, outer loops first */
  size_t pinned;             /* so many of them have a number */
  bool is_idle;              /* of the last run: a loop has no turn, so nothing inside of it happens */
} index_tape;
struct index_step {
  MlirValue value;
  int rule;                  /* private */
  size_t operand[3];
  index_range range;         /* of the last run */
};
enum { INDEX_STEPS_MAX = 512, INDEX_DEPTH_MAX = 64 };

/* Adds a value and what it is made of; its step.  Behind more than INDEX_DEPTH_MAX operations or INDEX_STEPS_MAX steps values are not known. */
size_t index_tape_add(arena *mem, index_tape *t, MlirValue v);
size_t index_tape_add_number(arena *mem, index_tape *t, int64_t n);
/* Sets the ranges of all steps: intervals over the counters that are not pinned, exact numbers when all are. */
void index_tape_run(index_tape *t);
/* First value, number of turns and step of the next counter to pin, after a run; false: not known. */
bool index_tape_next(const index_tape *t, int64_t *out_first, uint64_t *out_turns, int64_t *out_step);
void index_tape_pin(index_tape *t, int64_t n);
void index_tape_unpin(index_tape *t);
#endif
