/* nest: MEETING POINT 2.  The loops, access maps, ops, bytes and dependences of one kernel, cleared of IR.
 * Takes nothing from other rooms than base and sym.  Leaves: the structure, its text form (loom.nest.v1), reuse and footprint analysis.
 *
 * A nest is a tree: the parallel loops are the roots (in order), below them one body of nodes in program order; sequential loops are nodes with bodies.
 * An accumulator is ONE value (is_carried): the fill that starts it, the compute that updates it (result == last input) and the store that
 * writes it all name the same index.  Temporaries are values of their own.  An accumulator that an iteration replaces instead of updating gets
 * its next value by a "move" at the end of the loop's body (moves come last, in an order in which no move reads what an earlier one wrote).
 * A gather brings what the cores of one parallel loop made to the core whose iterator of that loop is 0; what follows on that core alone is
 * marked only_first. */
#ifndef LOOM_NEST_NEST_H
#define LOOM_NEST_NEST_H
#include "base/dtype.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { NEST_RANK_MAX = 8, NEST_LOOPS_MAX = 16, NEST_MEMORIES_MAX = 8 };

typedef enum nest_loop_kind { NEST_PARALLEL, NEST_SEQUENTIAL } nest_loop_kind;
/* One tiled loop: iterations ceil(extent / block). `block` names the block symbol; its value is a free variable until solved. */
typedef struct nest_loop {
  const char *block;
  nest_loop_kind kind;
  const sym_expr *extent;                      /* may use iterators of loops before it: "it_<block>" */
  bool divides;
  int parent;                                  /* sequential: enclosing loop index or -1 */
  const sym_expr *clamp;                       /* it ends there if that is less than `extent`: in the last, partial block of the loop whose blocks it walks, or where an argument ends that it walks; NULL: never */
} nest_loop;

typedef struct nest_tensor {
  const char *name;
  dtype type;
  int rank;
  int64_t shape[NEST_RANK_MAX];
  int arg;                                     /* function argument number */
  bool is_output;
  int64_t stride[NEST_RANK_MAX];               /* elements between neighbours, where the kernel sees the argument reshaped or transposed; else 0 */
  int64_t l1_page, l1_offset;                  /* in the L1 of all cores (tog.h), bytes; page 0: in DRAM */
  /* A view whose place i along lookup_dim is place index[i] of the argument, which has lookup_rows of them; index: row-major element i of argument lookup_arg. */
  bool has_lookup; int lookup_dim, lookup_arg; int64_t lookup_rows;
} nest_tensor;

/* One dim of an access: starts at iterator(loop) * block + offset (loop -1: just offset) and covers `size` elements (block symbol or constant). */
typedef struct nest_access_dim { int loop; const sym_expr *offset; const sym_expr *size; bool dropped; /* size 1 and not in the tile */ } nest_access_dim;

typedef enum nest_node_kind { NEST_LOOP, NEST_LOAD, NEST_STORE, NEST_COMPUTE, NEST_GATHER } nest_node_kind;
typedef struct nest_node nest_node;
typedef VEC_OF(nest_node *) nest_body;

/* A tile-shaped value: what a load leaves, an op makes, a loop carries. */
typedef struct nest_value { const char *name; dtype type; int rank; const sym_expr *dim[NEST_RANK_MAX]; nest_node *def; bool is_carried; /* accumulator of a sequential loop */
  int memory;                                  /* which of the core's memories the kernel wants it in (local_mem_kind); 0: the first */
} nest_value;

struct nest_node {
  nest_node_kind kind;
  int loop;                                    /* LOOP: index into loops */
  nest_body body;                              /* LOOP */
  int tensor; nest_access_dim dim[NEST_RANK_MAX]; int n_dims;    /* LOAD, STORE */
  int value;                                   /* LOAD: value made; STORE: value written; COMPUTE, GATHER: result */
  const char *op;                              /* COMPUTE: "matmul", "batch_matmul", "fill", "generic", "broadcast", "transpose" or "move" */
  const char *body_ops;                        /* generic: its scalar ops in order, "mulf,addf" */
  VEC_OF(int) inputs;                          /* COMPUTE: values read, accumulator last; GATHER: the value every core sends */
  uint32_t same_place;                         /* element-wise COMPUTE: bit i: each element of inputs[i] is read only where its result is written */
  const sym_expr *m, *n, *k, *batch;           /* matmul dims; generic: m = parallel elems, k = reduction elems */
  int across;                                  /* GATHER: parallel loop whose cores send inputs[0]; `value` has its trips as dim 0.  Else -1 */
  int only_first;                              /* runs only on the core whose iterator of this parallel loop is 0; -1: on all */
  bool is_move;                                /* COMPUTE "move": value := inputs[0] at a loop's end; free when both share their bytes */
  const char *label;                           /* stable name for people: "load x", "matmul" */
};

typedef struct nest_symbol {
  const char *name;
  const sym_expr *upper_bound;
  int64_t align;
  bool is_reduction, divides;
  int64_t fixed;                               /* the only size there is; 0: free */
  bool covers_one;                             /* its loop steps by this block but an access takes one element of it: only size 1 covers everything */
} nest_symbol;

typedef struct nest {
  const char *kernel;
  VEC_OF(nest_symbol) symbols;                 /* block symbols in loop order (tile_m, tile_n, tile_k) */
  VEC_OF(nest_loop) loops;                     /* parallel ones first, in order */
  int n_parallel;
  VEC_OF(nest_tensor) tensors;
  VEC_OF(nest_value) values;
  nest_body body;                              /* inside the parallel loops */
  dtype type;                                  /* of the loads (upstream "datatype") */
} nest;

/* A node of no loop (across and only_first -1). */
nest_node *nest_make_node(arena *m, nest_node_kind kind);
/* Number of elements of a value, as an expression over the block symbols. */
const sym_expr *nest_value_elems(arena *m, const nest *n, int value);
/* Does `e` (NULL: no) name the iterator of a loop over `block`? */
bool nest_uses_iterator(const sym_expr *e, const char *block);
/* Does this access move with loop `loop`? (its offset depends on the loop's iterator) */
bool nest_access_uses(const nest *n, const nest_node *access, int loop);
/* Does the extent of loop `inner` depend on the iterator of loop `outer`?  (A causal loop: the cores of `outer` run different trip counts.) */
bool nest_loop_uses(const nest *n, int inner, int outer);
/* Does the kernel see the argument as something else (stride)? */
bool nest_tensor_is_view(const nest_tensor *t);
/* May the iterations of `loop` run in any order, on any cores?  Parallel loops: yes.  A sequential one: when it carries no value, and each store
 * inside it writes other elements in each iteration (proved from the boxes). */
bool nest_loop_is_parallel(const nest *n, int loop);
/* May an iteration of sequential loop `loop`, which encloses both, load what an earlier one stored?  (Of one tensor.) */
bool nest_load_meets_store(const nest *n, const nest_node *load, const nest_node *store, int loop);
/* Is it certain that the stores write every element of the tensor? */
bool nest_tensor_is_covered(const nest *n, int tensor);
/* Is 1 the only size of block symbol `symbol` with which the accesses of its loop take all they step over? */
bool nest_symbol_covers_one(const nest *n, int symbol);
/* All loads and stores in program order; returns the count, fills at most `room`. */
size_t nest_accesses(const nest *n, const nest_node **out, size_t room);
/* Loops that enclose `node`, outermost first, sequential ones only; count returned, at most NEST_LOOPS_MAX of a nest that is right. */
size_t nest_enclosing(const nest *n, const nest_node *node, int *out_loops, size_t room);
/* Alignment of block symbols: `tile_align` if the symbol sizes one of the two innermost dims of a tile that is loaded, stored, sent, multiplied or
 * transposed, else 1.  (Upstream, loom.md 3.1: of any tile; the same for its kernels.) */
void nest_set_alignment(nest *n, int64_t tile_align);
LOOM_MUST_USE loom_status nest_verify(loom_ctx *ctx, const nest *n);
data_value *nest_to_data(arena *m, const nest *n);                                     /* loom.nest.v1 */
LOOM_MUST_USE loom_status nest_from_data(loom_ctx *ctx, const data_value *v, nest **out);

/* "it_<block>": the symbol of a loop's iterator inside extents and offsets. */
const char *nest_iterator_name(arena *m, const nest *n, int loop);
/* Index of a block symbol, -1 when unknown. */
int nest_symbol_index(const nest *n, const char *name);
/* Name of an access that is unique in the nest: the tensor's name, then "x.2", "x.3" for later accesses of the same tensor. */
const char *nest_access_name(arena *m, const nest *n, const nest_node *access);
/* `e` with every iterator "it_<block>" at its last value: ceil(extent / block) - 1. */
const sym_expr *nest_at_last_iterators(arena *m, const nest *n, const sym_expr *e);
#endif
