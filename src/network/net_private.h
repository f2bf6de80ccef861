/* Shared by the files of network/ only.
 *
 *   module -> passes (named ops to generic ones) -> net_read: ops on tensors, views as addresses -> net_group: what goes into
 *   one kernel -> net_space: one loop nest, its accesses as strides (split or copied where they are none) -> net_form: what is tiled, what is looped
 *   -> net_kernel, net_body: the graph */
#ifndef LOOM_NETWORK_PRIVATE_H
#define LOOM_NETWORK_PRIVATE_H
#include "network/axis_split.h"
#include "network/network.h"

enum { NET_LOOPS_MAX = 12, NET_OPERANDS_MAX = 16, NET_RESULTS_MAX = 4, NET_MEMBERS_MAX = 32, NET_WHOLE_MAX = 1024, NET_DEPTH_MAX = 256, NET_PLACES_MAX = 8 };      /* NET_WHOLE_MAX: elements of a row that a tile holds whole; NET_DEPTH_MAX: of a head of attention */

/* A value of the function: one number everywhere, or elements of a tensor: element (v0, v1, ..) is that at row-major address `at` of `tensor`. */
typedef enum net_kind { NET_EMPTY, NET_SPLAT, NET_MEMORY, NET_REFUSED /* what it is has no form; it was said */ } net_kind;
typedef struct net_value { net_kind kind; dtype type; axis_space shape; double splat; int tensor; axis_expr at; } net_value;

/* What one operation does, over loops of its own: a linalg.generic, or (op null) a copy of operand 0 to result 0. */
typedef struct net_access { net_value value; axis_expr at; /* over the loops; of MEMORY */ } net_access;
/* An index of the row that a lookup takes: a value of the body, or (null) a sum over the loops; it is of 0..extent-1 and counts `factor` rows. */
typedef struct net_place { MlirValue value; axis_expr at; int64_t extent, factor; } net_place;
/* A reduction with two results: the largest (least) of x, and the first index of loop `loop` where it is; NaN counts as more. */
typedef struct net_extreme { kernel_fn fn; /* NONE: it is none */ MlirValue x; int loop, at; /* number of the result that is the index */ } net_extreme;
/* A reduction over pairs (net_pairs.c): `at` is the loop of those that take, `of` that of those that give: the ones before (and itself: is_own), from `start` on; or the ones
 * whose operand 0 is `at`, which give operand 1. */
typedef struct net_pairs { enum { NET_PAIRS_NONE, NET_PAIRS_BEFORE, NET_PAIRS_SAME } kind; kernel_fn fn; int at, of; bool is_own; double start; } net_pairs;
typedef struct net_op {
  MlirOperation op; loom_span span;
  MlirBlock body;                      /* where its numbers are computed: they may use what stands before it, too */
  MlirValue yields[NET_RESULTS_MAX];   /* what its results are */
  MlirValue index[NET_LOOPS_MAX];      /* what a loop's index is in the body; null: linalg.index */
  MlirValue name[NET_OPERANDS_MAX];    /* what an operand is there: tensor.extract, a number from outside; null: an argument of the body */
  bool asks_index; dtype index_type;   /* some number is made of the loops' indices; the type of indices that are computed */
  int n_places; net_place place[NET_PLACES_MAX]; int64_t first_row;      /* its only result is first_row + the sum of places, or -1 where one is out of range */
  MlirValue guard; int64_t spare_row;  /* of that: where the guard does not hold it is the spare row; null: it always holds */
  /* A copy whose element lies `step` elements further for each row, one of 0..rows-1, that operand 1 says: of operand 0 (a gather), or of the result (a scatter). */
  bool looks_up, stores_by_lookup; int64_t step, rows;
  bool finds_last;                     /* its only result is the last index of loop 1 where operand 1 is what operand 0 is */
  net_extreme extreme;
  net_pairs pairs;
  axis_space loops; bool reduces[AXIS_MAX];
  int n_args, n_in, n_out;             /* operands that are arguments of the body come first */
  net_access in[NET_OPERANDS_MAX], init[NET_RESULTS_MAX], out[NET_RESULTS_MAX];
  bool in_place;                       /* a copy: into a tensor that holds other elements, too */
  int group;                           /* -1: none yet */
} net_op;

typedef VEC_OF(net_op) net_ops;
typedef struct net_named { MlirValue key; net_value value; } net_named;
typedef struct net_global { const char *symbol; net_value value; } net_global;
typedef struct net_reader {
  ir_ctx *ir; loom_ctx *ctx; arena *mem;
  network *net;
  net_ops ops;
  VEC_OF(net_named) values;
  VEC_OF(net_global) globals;          /* read before */
  const char *resources;               /* the part of the module's text that holds them; NULL: not asked for yet */
  MlirOperation func;
  bool failed; int n_refused;          /* something has no kernel form; it was said, so often */
} net_reader;

/* ---- net_read.c ---- */
LOOM_MUST_USE loom_status net_read_function(net_reader *r, MlirOperation func);
int net_new_tensor(net_reader *r, const char *name, network_role role, dtype type, const axis_space *shape);
axis_expr net_row_major(arena *m, const axis_space *shape);
net_value net_memory(net_reader *r, int tensor);       /* all of a tensor, as it is */
bool net_is_whole(net_reader *r, const net_value *v);  /* does it show all elements of its tensor in their order? */
/* Appends a copy of `from` to `to`, which has the same shape. */
void net_add_copy(net_reader *r, loom_span span, net_value from, net_value to, bool in_place);
/* The value in a tensor of its own, made by a copy. */
net_value net_copied(net_reader *r, loom_span span, net_value v);

/* ---- net_resource.c ---- */
/* The bytes of a dense_resource of so many elements.  False: there are others, or none. */
bool net_read_resource(net_reader *r, MlirAttribute a, int64_t elems, size_t width, void **out);

/* ---- net_view.c: other shapes for the same elements ---- */
net_value net_reshape(net_reader *r, net_value v, const axis_space *shape);
/* Element (d0, ..) of the result is element by[0](d), by[1](d), .. of v. */
net_value net_indexed(net_reader *r, net_value v, const axis_space *shape, const axis_expr *by);
/* Can its elements be copied by loops with strides?  *out: the plan; *flat: over the row-major number of the element, not its indices. */
bool net_is_copyable(arena *m, const axis_space *s, axis_expr at, axis_plan *out, bool *flat);
int64_t net_elems(const axis_space *s);

/* ---- net_shape_ops.c: tensor.* operations; false: none of them ---- */
bool net_read_shape_op(net_reader *r, MlirOperation op);
const net_value *net_value_of(net_reader *r, MlirValue v);
void net_set_value(net_reader *r, MlirValue v, net_value value);
bool net_static_type(net_reader *r, MlirType t, dtype *type, axis_space *shape);
/* Says that `op` has no kernel form; what uses its results is no fault of its own. */
void net_refuse(net_reader *r, MlirOperation op, const char *why);
void net_refuse_results(net_reader *r, MlirOperation op);

/* The tensor that `dest` is in, to be changed where it lies, if nobody looks at it later; or a copy of it. */
net_value net_begin_from(net_reader *r, loom_span span, MlirOperation at, MlirValue dest, const net_value *v);

/* ---- net_inputs.c: numbers of bodies that come from tensors ---- */
/* The operand that `v` is in the body, -1: none; the loop whose index it is, -1: none. */
int net_input_of(const net_op *op, MlirValue v);
int net_loop_of(const net_op *op, MlirValue v);
/* Is `v` an argument of the body that stands for what result `*result` was so far? */
bool net_is_so_far(const net_op *op, MlirValue v, int *result);
/* Loops on which the value depends, as a mask. */
uint32_t net_loops_of(const net_op *op, MlirValue v);
/* A sum of loops times numbers, floordiv and mod, not negative anywhere. */
bool net_affine_of(net_reader *r, const net_op *op, MlirValue v, axis_expr *out);
/* Adds what `v` is computed from as operands: elements of tensors, numbers from outside.  False: something has no form; it was said. */
bool net_add_inputs(net_reader *r, net_op *op, MlirValue v);
/* Operands that no result needs, and those that are there for their shape alone, become empty. */
void net_forget_unused(net_op *op);
/* An operand of a body at an address over its loops, copied if that is too much at once. */
net_access net_access_at(net_reader *r, const net_op *op, net_value v, const axis_expr *by);

/* ---- net_gather.c: elements at places that numbers say ---- */
/* Rows of `table` by indices of the body: what a copy needs, over its loops, which are loop[0..n-1] of the operation.  Where no index is a place, `index` is empty and
 * the table is over the operation's own loops. */
typedef struct net_rows { int n, loop[NET_LOOPS_MAX]; bool is_place[NET_LOOPS_MAX]; /* the rows depend on it */ axis_space space; net_access table, index; int64_t step, rows; bool may_meet; /* two of them may be one */ } net_rows;
/* index[k]: of dim k.  guard: where it does not hold the row is the one behind the last (null: it does).  False: it has no form; it was said. */
bool net_find_rows(net_reader *r, const net_op *op, MlirOperation at, net_value table, const MlirValue *index, MlirValue guard, net_rows *out);
/* Element `index` of `table` as an operand of `op`. */
bool net_add_extract(net_reader *r, net_op *op, MlirOperation extract);

/* ---- net_scatter.c: loops around tensor.insert ---- */
void net_read_loops(net_reader *r, MlirOperation op);

/* ---- net_pairs.c: reductions over pairs ---- */
/* Loops that carry a running sum or product and put it into a tensor.  False: they are something else; nothing was said. */
bool net_read_scan(net_reader *r, MlirOperation outer);
/* What is added to an element where it is put back; null: something else is done with it. */
MlirValue net_added_at(MlirOperation insert, MlirValue so_far);
/* Adds `from` to the rows of `dest`.  False: they are too many, or not all of it. */
bool net_add_at(net_reader *r, MlirOperation outer, const net_op *op, const net_rows *rows, net_access from, const net_value *dest);

/* ---- net_scalar.c: scalar operations of bodies ---- */
typedef struct net_fn { const char *op; kernel_op_kind kind; kernel_fn fn; bool opposite; /* of a comparison: where it does not hold */ bool remainder; /* of a division: what it leaves */ bool is_unsigned; /* of a comparison with what is not negative */ } net_fn;
/* What `op` is in a kernel; false: nothing. */
bool net_scalar_fn(MlirOperation op, net_fn *out);
bool net_constant(MlirValue v, double *out);
/* How a reduction combines: result i of `op` is fn(so far, x).  False: it does not have that form. */
bool net_combiner(const net_op *op, int i, kernel_fn *fn, MlirValue *x);
/* Does it look for the place of the largest or the least? */
bool net_find_extreme(const net_op *op, net_extreme *out);
/* The product that result 0 of `op`, its only one, adds up, conversions aside: an operation of two factors; null: that is no sum of products. */
MlirOperation net_summed_product(const net_op *op);
/* Says what of the reductions and operands has no form in a kernel. */
void net_check_body(net_reader *r, const net_op *op);

/* ---- net_group.c ---- */
struct net_attention;
typedef struct net_group {
  int n, op[NET_MEMBERS_MAX], last;
  axis_space space; bool reduces[AXIS_MAX];      /* its dims, and whether some member reduces them */
  bool looped;                                   /* reduced dims are walked by loops, with an accumulator */
  axis_expr by[NET_MEMBERS_MAX][NET_LOOPS_MAX];  /* a member's loop over the dims */
  int stopped_by; const char *ends;              /* the first operation behind that reads what it makes and is not in it, and why not; NULL: there is none */
  const struct net_attention *attention;         /* NULL: it is none (net_attention.c) */
} net_group;
typedef VEC_OF(net_group) net_groups;
void net_make_groups(net_reader *r, net_groups *out);
bool net_needs_loops(const net_op *op);
/* An address over a member's loops, over the group's dims. */
axis_expr net_over_dims(arena *m, const net_group *g, int member, axis_expr e);
bool net_reduces(const net_op *op);                    /* some loop is reduced */
bool net_reduces_any(const net_op *op);                /* more than one element is */
/* Does a result, or an operation that is none of the first n members, look at the tensor? */
bool net_is_read_outside(const net_reader *r, const net_group *g, int n, int tensor);
bool net_reads_group(net_reader *r, const net_op *op, const net_group *g);
/* Takes operation `index`, which reads what the group makes, into it, whatever its loops reduce; loops that the group does not have become dims of it where new_dims is given. */
bool net_extend(net_reader *r, int index, net_group *g, bool new_dims);
/* Does an operand add a reduced loop to another one, as windows do? */
bool net_has_window(const net_op *op);

/* ---- net_attention.c ---- */
/* Three groups as one.  Members by number: the first product is 0; parts: the groups as they were, for sizes that have no such form. */
typedef struct net_attention { net_group parts[3]; int top, exp_member, total, product; MlirValue exp, other; /* the exponential; the factor beside the weights */ } net_attention;
void net_find_attention(net_reader *r, net_groups *all);

/* ---- net_fold.c: what constants alone make is constant ---- */
LOOM_MUST_USE loom_status net_fold_constants(net_reader *r);

/* ---- net_space.c ---- */
/* A group as one nest: what each operand and result of each member is over its dims.  All of it linear. */
typedef struct net_nest {
  const net_group *group;
  axis_space space; bool reduces[AXIS_MAX];
  axis_expr in[NET_MEMBERS_MAX][NET_OPERANDS_MAX], init[NET_MEMBERS_MAX][NET_RESULTS_MAX], out[NET_MEMBERS_MAX][NET_RESULTS_MAX];
  int in_tensor[NET_MEMBERS_MAX][NET_OPERANDS_MAX];      /* a copy may stand for the operand's own */
  axis_expr index[NET_MEMBERS_MAX][NET_LOOPS_MAX];       /* a member's loop over the dims */
} net_nest;
typedef struct net_builder { net_reader *r; net_groups groups; } net_builder;
/* The kernel of a group, behind those that copy what no strides can say. */
LOOM_MUST_USE loom_status net_make_kernel(net_builder *b, const net_group *g);

/* ---- net_tell.c: kernels for people ---- */
/* What it is: "matmul", "sum", "mulf addf", "copy". */
const char *net_op_text(net_reader *r, const net_op *op);
void net_tell_parts(net_reader *r, const net_group *g, network_kernel *k);

/* The kernel that copies `from` to `to`, elements of one shape. */
LOOM_MUST_USE loom_status net_copy_kernel(net_builder *b, loom_span span, net_value from, net_value to);
/* All that read `tensor` at `at` read the copy instead. */
void net_read_copy(net_reader *r, net_nest *n, int tensor, axis_expr at, int copy, axis_expr copy_at);
/* Dims that every access walks as one become one; keep_two: two that are not reduced stay. */
void net_merge_dims(net_reader *r, net_nest *n, bool keep_two);

/* ---- net_form.c ---- */
typedef enum net_walk { NET_GRID, NET_TILE, NET_WHOLE, NET_LOOP, NET_TILE_LOOP } net_walk;      /* one by one or in tiles, of the grid; whole in every tile; reduced one by one or in tiles */
typedef struct net_form {
  const char *op;                      /* the kernel's name for people */
  net_walk walk[AXIS_MAX];
  int m, n, k;                         /* of a product: dims, -1: none (size 1); of attention: rows, keys and what is summed for scores */
  int v;                               /* of attention: of values */
  bool is_product; MlirValue a, b;     /* its two factors */
} net_form;
net_form net_choose_form(net_reader *r, const net_nest *nest);
/* Dims that a value of member m's body depends on, as a mask; -1: on an index or on what was reduced so far. */
int net_dims_of(const net_reader *r, const net_nest *n, int m, MlirValue v);
int net_largest(const net_nest *n, int mask);          /* -1: of none */
/* net_attention.c; false: its dims are not of that form. */
bool net_attention_form(net_reader *r, const net_nest *n, net_form *out);

/* ---- net_pack.c: operands of products as matrices ---- */
/* The nest, and the form that it then has. */
LOOM_MUST_USE loom_status net_pack_operands(net_builder *b, net_nest *n, net_form *f);

/* ---- net_kernel.c ---- */
LOOM_MUST_USE loom_status net_build_kernel(net_builder *b, const net_nest *nest, const net_form *form);

/* ---- net_count.c ---- */
void net_count(net_reader *r, const net_nest *nest, const net_form *form, network_kernel *k);

/* ---- net_emit.c: pieces of a graph ---- */
/* The axes of the tiles that a region computes with; all its values have that rank, with size 1 where they do not depend on a dim, or rank 0. */
typedef struct net_frame { int n; int dim[KERNEL_RANK_MAX]; /* -1: an axis of size 1 */ } net_frame;
typedef struct net_made { int member, result; kernel_value value; } net_made;
typedef struct net_known { MlirValue of; int member; const net_frame *frame; kernel_value value; } net_known;
typedef struct net_wide { kernel_value narrow, as_it_was; } net_wide;
typedef struct net_graph {
  net_reader *r; arena *mem; kernel_graph *k;
  const net_nest *nest; const net_form *form;
  VEC_OF(int) tensor;                  /* by kernel tensor: the network's, -1 of views */
  kernel_value param[AXIS_MAX];        /* of the loop over a dim, or -1 */
  const char *block[AXIS_MAX];         /* of tiled dims */
  VEC_OF(net_made) made;               /* results of members, in the frame at hand */
  VEC_OF(net_known) known;             /* values of bodies, in the region at hand */
  VEC_OF(net_wide) wide;               /* numbers that were rounded and may be taken as they were */
  kernel_region *at;                   /* where operations go */
  bool is_too_deep;                    /* a part has more dims than a tensor can */
  loom_span span;
} net_graph;
kernel_type net_frame_type(net_graph *g, const net_frame *f, dtype t);
kernel_op *net_emit(net_graph *g, kernel_op_kind kind, int n, const kernel_value *operands, const kernel_type *result);
kernel_value net_emit_load(net_graph *g, const net_frame *f, int tensor, axis_expr at);
void net_emit_store(net_graph *g, const net_frame *f, int tensor, axis_expr at, kernel_value v);
kernel_value net_emit_constant(net_graph *g, dtype t, double x);
kernel_value net_emit_fn(net_graph *g, kernel_op_kind kind, kernel_fn fn, dtype t, int n, const kernel_value *operands);
kernel_value net_emit_cast(net_graph *g, kernel_value v, dtype t);
/* A tile of the rows that a copy looks up, along dim `dim` of the nest (-1: one row) and where they are (from is the copy's operand 1). */
kernel_value net_emit_lookup_load(net_graph *g, const net_frame *f, const net_op *op, int tensor, axis_expr at, int index, axis_expr index_at);
void net_emit_lookup_store(net_graph *g, const net_frame *f, const net_op *op, int tensor, axis_expr at, int index, axis_expr index_at, kernel_value v);
/* The value of loop variables, i32. */
kernel_value net_emit_index(net_graph *g, const net_frame *f, axis_expr e);
/* The value repeated along all of the frame's axes. */
kernel_value net_emit_broadcast(net_graph *g, const net_frame *f, kernel_value v);
kernel_value net_emit_reduce(net_graph *g, const net_frame *f, kernel_fn fn, int axes, kernel_value v);

/* ---- net_kernel.c: loops and members ---- */
kernel_range net_range_of(net_graph *g, int d);
kernel_value net_add_param(net_graph *g, kernel_region *r, int d);
/* Members from the first on, element by element or with rows that tiles hold whole, and the stores of all that was made. */
void net_emit_members(net_graph *g, const net_frame *f, int first);
MlirValue net_narrow(MlirValue v);                     /* without the widening of narrow elements, which a product does by itself */
void net_emit_attention(net_graph *g);                 /* net_attention.c */

/* ---- net_body.c: values of members' bodies ---- */
dtype net_dtype(MlirValue v);                          /* of an index: i32 */
dtype net_type_of(const net_op *op, MlirValue v);      /* of an index: what the operation computes them in */
kernel_value net_emit_pairs(net_graph *g, const net_frame *f, int member, int axes);
kernel_value net_emit_row(net_graph *g, const net_frame *f, int member);      /* of an operation with places */
kernel_value net_emit_value(net_graph *g, const net_frame *f, int member, MlirValue v);
/* Operand i of a member: what another one made, or from memory. */
kernel_value net_emit_operand(net_graph *g, const net_frame *f, int member, int i);
kernel_value net_emit_init(net_graph *g, const net_frame *f, int member, int result);
/* The x with fn(x, y) = y for all y of the type. */
double net_identity(dtype t, kernel_fn fn);
bool net_is_identity(const net_access *init, kernel_fn fn);
#endif
