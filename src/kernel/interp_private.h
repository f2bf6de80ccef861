/* Shared by the files of the interpreter. */
#ifndef LOOM_KERNEL_INTERP_PRIVATE_H
#define LOOM_KERNEL_INTERP_PRIVATE_H
#include "base/budget.h"
#include "kernel/interp.h"

/* One SSA value at run time.  The buffers belong to the slot and are reused each time its operation runs. */
typedef struct interp_value {
  dtype type;
  int rank;
  int64_t shape[KERNEL_RANK_MAX], elems;
  double *x;                  /* values */
  double *e; bool has_e;      /* error bounds; without has_e all are 0 */
  bool open;                  /* a sum not yet rounded to `type` */
  double *mag;                /* of an open sum: sum |a||b| so far (absent in exact runs) */
  int64_t terms; bool whole;  /* of an open sum: number of terms; all of them are whole numbers */
  int64_t room_x, room_e, room_mag;
} interp_value;

/* A host tensor's memory as the kernel sees it: element (i0,i1,..) is root->value[offset + sum i_d*stride_d]. */
typedef struct interp_host { interp_tensor *root; kernel_tensor root_index; int64_t offset, shape[KERNEL_RANK_MAX], stride[KERNEL_RANK_MAX]; int rank; } interp_host;

/* lanes: elements of a value of this tile: end - begin, or the block size in pad mode.  id: begin / block size. */
typedef struct interp_tile { int64_t begin, end, number, lanes, id; bool tiled; } interp_tile;

/* The running PARALLEL as its GATHERs see it: saved[g] holds what each instance gave to gather g. */
typedef struct interp_grid { const kernel_op *op; int64_t trips[KERNEL_RANK_MAX], at[KERNEL_RANK_MAX]; int n_gathers, pass; const kernel_op **gather; interp_value **saved; } interp_grid;

/* All memory of a run comes from ctx->scratch and stays until its end; what an operation needs only while it runs is a temp. */
enum { INTERP_TEMPS = 3 };

typedef struct interp {
  loom_ctx *ctx;
  const kernel_graph *k;
  bool bounds;                /* carry error bounds */
  bool flushes_bf16, cuts_f32, loses_nan, takes_unsure_indices; /* of interp_options */
  sym_binding *env;           /* one per kernel symbol; a block symbol's value is the extent of the current tile inside its loop */
  interp_value *slot;         /* one per kernel value */
  interp_tile *tile;          /* one per kernel value: of tile numbers */
  bool *is_sum;               /* one per kernel value: stays open (interp_sum.c) */
  interp_host *host;          /* one per kernel tensor */
  struct interp_atoms **atoms;  /* one per kernel tensor: of roots that atomics changed */
  interp_grid *grid;
  interp_value *aside;        /* one per kernel value: copies while carried values change places */
  const interp_watch *watch; int unwatched;     /* unwatched: open regions of which nothing is told */
  interp_value seen;          /* a rounded copy for who looks on */
  struct { void *at; size_t room; } temp[INTERP_TEMPS];
  budget ops;
} interp;

/* ---- interp.c ---- */
LOOM_MUST_USE loom_status interp_region(interp *in, const kernel_region *r, const kernel_op **out_yield);
LOOM_MUST_USE loom_status interp_size(interp *in, const kernel_op *op, const sym_expr *e, int64_t *out);
LOOM_MUST_USE loom_status interp_spend(interp *in, const kernel_op *op, int64_t n);
/* Operand i, rounded when it was an open sum. */
interp_value *interp_operand(interp *in, const kernel_op *op, int i);
/* The slot of result i with room for its type's current size; values and bounds undefined, has_e false. */
LOOM_MUST_USE loom_status interp_result(interp *in, const kernel_op *op, int i, interp_value **out);

/* ---- interp_watch.c: nothing happens when nobody looks on ---- */
void interp_watch_results(interp *in, const kernel_op *op);
void interp_watch_touch(interp *in, const kernel_op *op, kernel_tensor root, int64_t element, bool is_write);
void interp_watch_stored(interp *in, const kernel_op *op, const interp_value *v);
void interp_watch_pass(interp *in, const kernel_op *op, const interp_value *v, kernel_value from, kernel_value to);
void interp_watch_enter(interp *in, const kernel_op *op, int n, const int64_t *numbers);
void interp_watch_leave(interp *in);

/* ---- interp_loop.c ---- */
LOOM_MUST_USE loom_status interp_parallel(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_loop(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_if(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_while(interp *in, const kernel_op *op);
/* Runs the ops of `r` before `end` (NULL: all). */
LOOM_MUST_USE loom_status interp_region_until(interp *in, const kernel_region *r, const kernel_op *end, const kernel_op **out_yield);

/* ---- interp_gather.c ---- */
LOOM_MUST_USE loom_status interp_gather(interp *in, const kernel_op *op);
/* Finds the gathers of a PARALLEL and makes room; n_gathers 0: there are none. */
LOOM_MUST_USE loom_status interp_open_grid(interp *in, const kernel_op *op, const int64_t *trips, interp_grid *g);
void interp_save_gathered(interp *in, interp_grid *g);

/* ---- interp_sum.c: which values are sums that stay open, and rounding ---- */
void interp_find_sums(const kernel_graph *k, arena *scratch, bool *is_sum);
double interp_round(dtype t, double x);                       /* to nearest even; integers: wrapped to the type's width */
double interp_arith_roundoff(dtype t);                        /* u of the arithmetic an engine uses for `t`; 0 for integers */
/* x with bound *e rounded to `t` by the rules of interp.h. */
double interp_round_bounded(dtype t, double x, double *e);
/* The bound of a sum in the arithmetic of `t` whose terms have this sum of magnitudes: infinite where some order of them overflows, else 0. */
double interp_sum_overflow(dtype t, double magnitude);
/* Rounds all elements to v->type, in exact runs too. */
LOOM_MUST_USE loom_status interp_round_value(interp *in, const kernel_op *op, interp_value *v);
/* Bits of a fraction that an engine with cuts_f32 keeps: of TF32, and of the second operand of a product, whose last one is not multiplied. */
enum { INTERP_TF32_BITS = 10, INTERP_TF32_BITS_OF_RIGHT = 9 };
/* The error of element i as the operand of a product, a sum or a move of elements: with what the engine cuts off behind `bits` of its fraction. */
double interp_operand_error(const interp *in, const interp_value *v, int64_t i, int bits);
/* Rounds an open sum; one of integers stays below 2^53, for interp_matmul refuses others. */
void interp_close_sum(interp *in, interp_value *v);

/* ---- interp_value.c ---- */
void interp_reserve(interp *in, interp_value *v, dtype type, int rank, const int64_t *shape);   /* has_e false, not open */
void interp_need_bounds(interp *in, interp_value *v, bool zero);      /* gives v an e buffer; `zero` clears it unless it has one */
void interp_need_mag(interp *in, interp_value *v);
void interp_copy(interp *in, interp_value *to, const interp_value *from);
void interp_swap(interp_value *a, interp_value *b);
/* `bytes` of temp `which`; good until the next operation asks for it. */
void *interp_temp(interp *in, int which, size_t bytes);

/* ---- operations ---- */
LOOM_MUST_USE loom_status interp_matmul(interp *in, const kernel_op *op);       /* interp_matmul.c */
LOOM_MUST_USE loom_status interp_load(interp *in, const kernel_op *op);         /* interp_access.c */
LOOM_MUST_USE loom_status interp_store(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_atomic(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_scan(interp *in, const kernel_op *op);         /* interp_scan.c: FOLD SCAN */
LOOM_MUST_USE loom_status interp_stack(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_extract(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_arg_reduce(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_bind_host(interp *in, interp_tensor *tensors);
LOOM_MUST_USE loom_status interp_elementwise(interp *in, const kernel_op *op);  /* interp_elementwise.c: UNARY BINARY SELECT CAST */
bool interp_is_extreme(kernel_fn f);                                             /* MAX MIN */
LOOM_MUST_USE loom_status interp_reduce(interp *in, const kernel_op *op);       /* interp_shape.c */
LOOM_MUST_USE loom_status interp_broadcast(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_reshape(interp *in, const kernel_op *op);
LOOM_MUST_USE loom_status interp_permute(interp *in, const kernel_op *op);

/* ---- interp_math.c: scalar functions with bounds ---- */
typedef struct interp_num { double x, e; } interp_num;
/* ADD, MUL, MAX or MIN of numbers in any order.  `least`, `most`: of a product, the products of the factors below 1 (but 0) and above. */
typedef struct interp_reduction { double x, mag, e, least, most; int64_t terms; bool whole; } interp_reduction;
interp_reduction interp_open_reduction(kernel_fn f, dtype t);
void interp_reduce_one(kernel_fn f, dtype t, interp_reduction *r, interp_num a);
/* The bound of a finished reduction: gamma of the number of terms, for sums of sum|x|, for products of the product.  `cut`: sums so far keep 17 bits. */
double interp_reduction_bound(kernel_fn f, dtype t, const interp_reduction *r, bool cut);
/* A value of type `from` as `to`, but for the rounding to `to`.  A float that the integer type does not hold gives what an engine likes. */
interp_num interp_cast(interp_num a, dtype from, dtype to);   /* interp_elementwise.c */
/* `t`: the type the function works in.  The bound has the operands' errors and the engine's ulps, not the rounding to a declared type. */
interp_num interp_unary(kernel_fn f, dtype t, interp_num a);
interp_num interp_binary(kernel_fn f, dtype t, interp_num a, interp_num b);

/* Adds to the newest diagnostic what to do about values that do not fit a loop's last tile; LOOM_EUNSUP. */
loom_status interp_help_with_tiles(interp *in);
/* LOOM_EUNSUP unless `v` broadcasts to `shape`. */
LOOM_MUST_USE loom_status interp_check_broadcast(interp *in, const kernel_op *op, const interp_value *v, int rank, const int64_t *shape);
/* Strides of `shape` seen from an index space of the same or higher rank, numpy-style: 0 where it broadcasts. */
void interp_broadcast_strides(const interp_value *v, int rank, const int64_t *shape, int64_t *out_stride);
/* Steps a row-major index; false after the last one.  `rank` 0: false at once. */
bool interp_next_index(int rank, const int64_t *shape, int64_t *index);
#endif
