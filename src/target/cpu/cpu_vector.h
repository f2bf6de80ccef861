/* Shared by cpu_vector_*.c: linalg operations on memrefs become loops of vector operations.
 *   read   one operation: loops, what it accesses and how, which loop runs along vectors
 *   group  neighbours over the same outer loops become one nest with several inner loops ("passes")
 *   emit   the nest, from the outside in; body: what is computed for one vector */
#ifndef LOOM_CPU_VECTOR_H
#define LOOM_CPU_VECTOR_H
#include "base/vec.h"
#include "target/cpu/cpu_private.h"

enum { VEC_DIMS_MAX = 8, VEC_ACCESSES_MAX = 16, VEC_OPS_MAX = 32, VEC_PASSES_MAX = 12 };
enum { VEC_ZERO = -1, VEC_LANE = 64 };       /* instead of a loop: always index 0; the loop along vectors */

/* n >= 0: constant; else the index `value`, or dim `dim` of the memref `value` (dim >= 0). */
typedef struct vec_extent { int64_t n; MlirValue value; int dim; } vec_extent;
MlirValue vec_extent_value(ir_builder *at, vec_extent e);
bool vec_extent_eq(vec_extent a, vec_extent b);

/* An operand.  dim[r]: the loop that indexes dim r of the memref (its number in the operation; after grouping the position in the nest). */
typedef struct vec_access {
  MlirValue memref, scalar;                  /* one of them is null */
  MlirType elem;
  int rank, dim[VEC_DIMS_MAX];
  int64_t stride[VEC_DIMS_MAX];              /* in elements; VEC_DYNAMIC: known when it runs */
  bool is_read, is_written;
  bool is_dead;                              /* written and never read again but from registers: no store */
  bool is_streamed;                          /* from or to memory: read ahead of its use, written past the caches */
  bool is_one_row;                           /* nobody outside of the nest sees it: rows share the memory of the first */
} vec_access;
#define VEC_DYNAMIC INT64_MIN

typedef struct vec_op {
  MlirOperation op;
  int n_dims;                                /* loops of extent 1 are gone: their number is n_all */
  int n_all, dim_of_all[VEC_DIMS_MAX];       /* for linalg.index: VEC_ZERO or the loop */
  vec_extent extent[VEC_DIMS_MAX];
  bool reduced[VEC_DIMS_MAX];
  int n_in, n_out;
  vec_access at[VEC_ACCESSES_MAX];           /* ins, then outs */
  int lane;                                  /* the loop along vectors; -1: no loops at all */
  int outer[VEC_DIMS_MAX], n_outer;          /* the others, outermost first */
  MlirOperation combine[VEC_ACCESSES_MAX];   /* per out: what adds to it in the body, where `lane` is reduced */
  int bytes;                                 /* of the widest element */
  int weight;                                /* arithmetic operations of the body; functions count as 16 */
} vec_op;

/* False: `op` is none that becomes vectors. */
bool vec_read(ir_ctx *ir, MlirOperation op, vec_op *out);
/* Operations whose inputs lie along another loop than what they write: `lane` runs along the outs, *across along the inputs that have to be turned. */
bool vec_read_turned(ir_ctx *ir, MlirOperation op, vec_op *out, int *across);
LOOM_MUST_USE loom_status vec_turn_emit(ir_ctx *ir, const vec_op *v, int across, int vector_bytes);
/* The dim of the memref that loop `d` indexes; -1: none. */
int vec_dim_of(const vec_access *a, int d);
/* A number for operations that put the elements of a reduction together in any order; -1: another one. */
int vec_combiner(MlirOperation op);
/* What leaves the other operand of combiner `k` as it is. */
MlirValue vec_neutral(ir_builder *at, int k, MlirType elem);

/* ---- memory ---- */
bool vec_may_overlap(MlirValue a, MlirValue b);
/* Is the memory of `v` private to the function, apart from all other memory, and used by nothing but the n `ops`? */
bool vec_is_private(MlirValue v, const MlirOperation *ops, size_t n);
/* Is `v` a part of a tensor that is too large for the caches? */
enum { VEC_LARGE_BYTES = 4 << 20 };
bool vec_is_large(MlirValue v);
/* Is its memory used by nothing but the n `ops`? */
bool vec_is_used_by(MlirValue v, const MlirOperation *ops, size_t n);

/* ---- a nest ---- */
typedef struct vec_member { vec_op v; int slot; } vec_member;   /* slot 2k: before pass k, once a row; 2k + 1: in pass k */
typedef struct vec_group {
  int n_outer, n_members, n_passes;
  vec_extent outer[VEC_DIMS_MAX], lane[VEC_PASSES_MAX];
  vec_member at[VEC_OPS_MAX];
} vec_group;
/* The loops of `v` as positions in a nest: the outer ones, or all when it stands outside of the passes. */
vec_op vec_placed(const vec_op *v, bool is_scalar);
/* The nest that takes as many of the n `ops` from the first on as it can (>= 1). */
void vec_group_form(vec_group *out, const vec_op *ops, size_t n);
LOOM_MUST_USE loom_status vec_group_emit(ir_ctx *ir, const vec_group *g, int vector_bytes);

/* ---- building ---- */
MlirValue vec_binary(ir_builder *at, const char *name, MlirValue a, MlirValue b);   /* of two values of one type, which is the result's */
MlirType vec_type(MlirType elem, int lanes);
/* scf.for from `from` to `to`; the body is built at *out_body, with the counter and the n carried values, and has to end in vec_yield. */
MlirOperation vec_for(ir_builder *at, MlirValue from, MlirValue to, MlirValue step, intptr_t n, const MlirValue *carried, ir_builder *out_body,
                      MlirValue *out_counter, MlirValue *out_carried);
void vec_yield(ir_builder *at, intptr_t n, const MlirValue *values);
MlirValue vec_splat(ir_builder *at, MlirValue scalar, int lanes);
#endif
