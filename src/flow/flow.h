/* flow: what a run of a kernel made, value by value, and which value came from which; and the place where two runs of one kernel part.
 * Takes: values, as an interpreter, the virtual chip or anything else makes them.  Leaves: the first operation that went another way.
 *
 * A run is a list of nodes in the order in which they were made.  A node is one tile (or scalar) that one operation made in one round of the
 * loops around it.  Memory is followed element by element: each element knows the node that wrote it last. */
#ifndef LOOM_FLOW_FLOW_H
#define LOOM_FLOW_FLOW_H
#include "base/diag.h"
#include "base/dtype.h"
#include "base/vec.h"

enum { FLOW_RANK_MAX = 8 };

typedef enum flow_kind {
  FLOW_COMPUTE,
  FLOW_MOVE,        /* the same elements in another place: loads from memory that the run wrote, stores, what a loop hands on, casts */
  FLOW_INPUT,       /* elements of memory that the run did not write */
  FLOW_CONSTANT
} flow_kind;

/* What hands values on: one round of a loop to the next, the last round to what is behind the loop. */
typedef enum flow_role { FLOW_PLAIN, FLOW_YIELD, FLOW_LOOP } flow_role;

/* One operation of the program, whatever it is a program of. */
typedef struct flow_op {
  const void *key;            /* who it is for the one who recorded it */
  const char *name;           /* "linalg.matmul" */
  loom_span span;
  flow_role role;
  bool has_neutral; double neutral;      /* reduces: what its accumulator may begin with although no other run says so */
} flow_op;

/* One round of a loop, or one instance of a grid, and what is around it. */
typedef struct flow_frame { const struct flow_frame *outer; int op; bool is_instance; int n; int64_t at[FLOW_RANK_MAX]; } flow_frame;

typedef struct flow_node {
  int op;
  flow_kind kind;
  int n_in; const int *in;               /* the nodes it was made of */
  dtype type; int rank; int64_t shape[FLOW_RANK_MAX], elems;
  const double *x, *e;                   /* row-major; e: error bounds, NULL: exact */
  const flow_frame *frame;               /* NULL: outside of all loops */
  const char *where;                     /* of INPUT, and of stores: "x[0..31, 16..31]"; NULL: unknown */
} flow_node;

/* Memory that outlives a round.  writer: by element the node that wrote it last, -1: nobody. */
typedef struct flow_memory { const char *name; dtype type; int rank; int64_t shape[FLOW_RANK_MAX], elems; double *x; int *writer; } flow_memory;

typedef struct flow_run {
  arena *mem;
  VEC_OF(flow_op) ops;
  VEC_OF(flow_node) nodes;
  const flow_frame *frame;               /* where the run is */
  int64_t elems, elems_max;              /* kept so far; what may be kept (0: anything) */
  int *table; size_t n_table;            /* op by key */
} flow_run;

flow_run *flow_new(arena *mem, int64_t elems_max);
/* The operation of that key; made when it is new. */
int flow_op_of(flow_run *r, const void *key, const char *name, loom_span span);
void flow_enter(flow_run *r, int op, bool is_instance, int n, const int64_t *at);
void flow_leave(flow_run *r);
/* Appends a node at the current frame; `in`, `x` and `e` are kept, not copied.  Nodes of -1 in `in` are left out. */
int flow_add(flow_run *r, int op, flow_kind kind, int n_in, const int *in, dtype type, int rank, const int64_t *shape, const double *x, const double *e);
bool flow_is_full(const flow_run *r);
flow_memory *flow_new_memory(flow_run *r, const char *name, dtype type, int rank, const int64_t *shape);
/* Node `n` as it is seen from the current frame: where it was made inside of a loop that has ended since, what that loop left (a MOVE of the
 * loop).  For values that travel in memory, which no loop hands on by name. */
int flow_after_loops(flow_run *r, int n);

/* ---- flow_same.c ---- */
/* |got - want| within the bounds of both; where a bound is infinite nothing is said (*checked stays). */
bool flow_same_number(double got, double got_e, double want, double want_e, bool *checked);
/* The same elements: dims of size 1 do not count, dims may be in another order, and one may repeat the other along dims it lacks. */
bool flow_alike(const flow_node *got, const flow_node *want);
/* First element in which two nodes of the same elements per dim (but for dims of size 1) differ; -1: none; -2: other sizes. */
int64_t flow_first_difference(const flow_node *got, const flow_node *want);

/* ---- flow_part.c ---- */
/* Where two runs part.  `node` of the run `got`: the first value that nothing explains although what it was made of is right.  `want`: the node
 * of the other run that it should have been; -1: unknown. */
typedef struct flow_parting {
  int node, want;
  int64_t element;                       /* of the node; -1: unknown */
  int loop;                              /* operation of the loop that runs too few or too many rounds; -1: the node itself is to blame */
  int64_t rounds, rounds_wanted;         /* of that loop */
} flow_parting;
/* `known`: constants that may appear from nowhere (an earlier form of the program has them). */
typedef struct flow_known { const double *at; size_t n; } flow_known;
/* Goes back from node `got_at`, which should be `want_at` and is not, until all that a node was made of is right. */
flow_parting flow_find_parting(arena *scratch, const flow_run *got, int got_at, const flow_run *want, int want_at, const flow_known *known);

/* ---- flow_text.c ---- */
/* "instance (0, 1) of affine.parallel, round 2 of scf.for"; "" outside of all loops. */
const char *flow_place(arena *mem, const flow_run *r, const flow_frame *f);
/* "[3, 17]" of element i. */
const char *flow_element(arena *mem, int rank, const int64_t *shape, int64_t i);
#endif
