/* Shared by the files of the host lowering: the kernel graph as plain loops over buffers.
 *
 * A value of rank 0 is an SSA scalar; any other value is a row-major buffer memref<?x..xT> of its current (clamped) sizes, allocated where
 * it is made and freed at the end of its region.  A host tensor is its flat memory memref<NxT>; views are offsets and strides.  What a loop
 * or branch carries has a buffer outside of it, into which the yield copies. */
#ifndef LOOM_LOWER_HOST_PRIVATE_H
#define LOOM_LOWER_HOST_PRIVATE_H
#include "lower/lower_private.h"

typedef struct host_tensor { const char *memory; const sym_expr *offset, *stride[KERNEL_RANK_MAX]; } host_tensor;

/* The PARALLEL being printed, when it gathers: scratch[g] holds what every instance gave to gather g. */
typedef struct host_grid { const kernel_op *op; const char **trip, **at; int n_gathers; const kernel_op **gather; const char **scratch; int pass; } host_grid;

typedef struct host {
  lowering *l;
  const sym_binding *blocks; size_t n_blocks;
  bool dynamic;
  const char **symbol;              /* one per kernel symbol: its %name inside of a loop or behind a BIND, else NULL: a constant */
  const char **begin, **end;        /* one per kernel value: of tile numbers, first index and end of the current tile */
  const kernel_range **range;
  host_tensor *tensor;              /* one per kernel tensor */
  dtype *type;                      /* one per kernel value: element type of its buffer (f32 for f16 sums that are still open) */
  bool *is_sum;
  VEC_OF(const char *) buffers;     /* of the open regions, with their types: "%5 : memref<?xf32>" */
  VEC_OF(size_t) marks;             /* of the open loops: what was known before each */
  host_grid *grid;
} host;

/* ---- host.c ---- */
LOOM_MUST_USE loom_status host_expr(host *h, const sym_expr *e, const char **out);       /* an index */
LOOM_MUST_USE loom_status host_sizes(host *h, const kernel_type *t, const char **out);   /* one index for each dim */
const char *host_buffer_type(host *h, dtype t, int rank);
const char *host_value_type(host *h, kernel_value v);                                    /* of the scalar or buffer */
const char *host_alloc(host *h, dtype t, int rank, const char *const *sizes);            /* freed at the end of the region */
/* Makes the buffer of result v and returns its sizes. */
LOOM_MUST_USE loom_status host_result(host *h, kernel_value v, const char **sizes);
/* Opens loops over `sizes`; iv[d] are their induction variables.  What is printed once inside is forgotten at their end. */
void host_open_loops(host *h, int rank, const char *const *sizes, const char **iv);
void host_close_loops(host *h, int rank);
/* Element of value v at iv, an index of a space of `rank` dims that v broadcasts to; a scalar is itself. */
const char *host_element(host *h, kernel_value v, int rank, const char *const *iv);
const char *host_load(host *h, const char *buffer, dtype t, int rank, const char *const *iv);
void host_store(host *h, const char *x, const char *buffer, dtype t, int rank, const char *const *iv);
const kernel_type *host_type(const host *h, kernel_value v);
const char *host_number(host *h, dtype t, double x);
const char *host_index(host *h, int64_t n);
/* A scalar integer as index, an index as i64. */
const char *host_as_index(host *h, const char *x, dtype t);
/* Copies value v into a buffer (converting). */
void host_copy(host *h, kernel_value v, const char *to, dtype to_type, const char *const *sizes);
/* The ops of `r` before `stop` (NULL: all), without yields. */
LOOM_MUST_USE loom_status host_ops(host *h, const kernel_region *r, const kernel_op *stop);

/* ---- host_control.c ---- */
LOOM_MUST_USE loom_status host_control(host *h, const kernel_op *op, bool *done);
/* Runs `body` as a region of its own: buffers that it makes are freed at its end. */
size_t host_enter(host *h);
void host_leave(host *h, size_t mark);
LOOM_MUST_USE loom_status host_gather(host *h, const kernel_op *op);

/* ---- host_memory.c ---- */
LOOM_MUST_USE loom_status host_access(host *h, const kernel_op *op);                     /* LOAD, STORE, ATOMIC */
/* ---- host_compute.c ---- */
LOOM_MUST_USE loom_status host_compute(host *h, const kernel_op *op);
/* ---- host_scan.c: FOLD, SCAN ---- */
LOOM_MUST_USE loom_status host_scan(host *h, const kernel_op *op);
/* ---- host_sum.c: carried values that are one sum ---- */
void host_find_sums(host *h);
#endif
