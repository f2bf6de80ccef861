/* Shared by the files that look for the place where two runs part. */
#ifndef LOOM_FLOW_PRIVATE_H
#define LOOM_FLOW_PRIVATE_H
#include "flow/flow.h"

typedef struct flow_search {
  arena *scratch;
  const flow_run *got, *want;
  const flow_known *known;
  int *level;                 /* by node of `want`: the deepest walk that met it; a walk stays inside of the one around it */
  bool *explained;            /* by node of `got`: found to be right in itself */
  signed char *role;          /* by node of `got`: what flow_explains asks for; -1: not asked for yet */
  int reader;                 /* node of `got` whose inputs are looked at, behind what only passes them on; -1: none */
  bool want_has[FLOW_LOOP + 1];          /* by role: does the other run hand values on so? */
} flow_search;

typedef VEC_OF(int) flow_list;

static inline const flow_node *flow_got(const flow_search *s, int i) { return &s->got->nodes.at[i]; }
static inline const flow_node *flow_want(const flow_search *s, int i) { return &s->want->nodes.at[i]; }
static inline const flow_op *flow_got_op(const flow_search *s, int i) { return &s->got->ops.at[flow_got(s, i)->op]; }
static inline const flow_op *flow_want_op(const flow_search *s, int i) { return &s->want->ops.at[flow_want(s, i)->op]; }

/* ---- flow_right.c: what makes a value right ---- */
/* Only another type or place: its one input has the same numbers, but for rounding. */
bool flow_passes_on(const flow_search *s, int got);
bool flow_is_uniform(const flow_node *n);
/* A tile of one constant counts as that constant. */
bool flow_is_filled(const flow_search *s, int got);
bool flow_has_same_type(const flow_node *a, const flow_node *b);
/* A filled tile or constant that needs no counterpart: some value of the walk, or any that `want` was made of, begins with it or reduces from it; or an
 * earlier form of the program has it.  `user`: the node that reads it, -1: none; what that reduces from is known better. */
bool flow_is_known(const flow_search *s, int got, int user, int want, const flow_list *walk);
/* Is node `got` what node `want` of the other run is? */
bool flow_explains(flow_search *s, int want, int got, bool is_left_by_loop);

/* ---- flow_partner.c ---- */
/* What a wrong input should have been, of the values of the walk behind `want` that have its kind and size: the nearest one that is made of the same
 * inputs, else of its type and shape, else the nearest; of those that explain no other input of s->reader, if there are any; -1: none.  Where `got_user` only passes values on, it may be `want` itself. */
int flow_partner(flow_search *s, int got, int got_user, int want, int start, const flow_list *walk);

/* ---- flow_round.c ---- */
/* Moves the parting to the first round in which the two runs differ there, or finds the loop that does not run as often.  The parting's `want` is
 * `want_at` or one of those that it was made of. */
void flow_to_first_round(arena *scratch, const flow_run *got, const flow_run *want, int want_at, flow_parting *p);
void flow_find_loop(const flow_run *got, const flow_run *want, flow_parting *p);
#endif
