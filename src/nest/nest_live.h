/* nest_live: the values of a nest that need bytes on a core, from when to when, and whose they are.
 *
 * Positions count the nodes in program order, a loop twice: where it starts and where it ends.  A value lives from the node that makes it to the
 * last one that names it; what a loop carries, or takes from outside, lives to the loop's end.  Two lives that do not meet may share bytes, when
 * compute owns both: the thread that frees the first must be the one that reserves the second. */
#ifndef LOOM_NEST_LIVE_H
#define LOOM_NEST_LIVE_H
#include "nest/nest.h"

/* READER: slots that a load or gather fills.  COMPUTE: accumulators and temporaries.  WRITER: slots that a store or gather empties. */
typedef enum nest_owner { NEST_OWNED_BY_READER, NEST_OWNED_BY_COMPUTE, NEST_OWNED_BY_WRITER } nest_owner;

/* One value, or the copy of one that a store takes away.  Types are the kernel's: who widens an accumulator widens what shares its bytes (same_as). */
typedef struct nest_life {
  int value;
  const char *name;                   /* unique: the access ("x", "x.2", "out") of slots, else the value's */
  dtype type;
  int rank;
  const sym_expr *dim[NEST_RANK_MAX];
  int first, last;                    /* positions, both inside */
  int same_as;                        /* index of the life whose bytes it takes over (an earlier one; maybe itself of another's bytes); -1 */
  nest_owner owner;
  int memory;                         /* of the core, as nest_value */
  const nest_node *access;            /* the load, store or gather of a slot; else NULL */
  bool is_copy;                       /* WRITER: a copy of the value, which has a life of its own */
} nest_life;
typedef VEC_OF(nest_life) nest_lives;

/* All lives in order of `first`.  `direct_store`: an accumulator of the tensor's type is stored from where it is, and the next tile waits for the
 * writer; else it is copied out.  A value takes over the bytes of
 *   - an operand that it is computed from element by element and that nothing reads any more;
 *   - the accumulator that it becomes by a move, when nothing reads the old value once the new one is made (the move then costs nothing). */
void nest_list_lives(arena *m, const nest *n, bool direct_store, nest_lives *out);
/* The life that the bytes of life `i` started with. */
int nest_life_root(const nest_lives *l, int i);
/* Does a move of the nest copy nothing, since both sides have the same bytes? */
bool nest_move_is_free(const nest_lives *l, const nest_node *move);
#endif
