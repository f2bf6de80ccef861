/* Shared by the files of lower/torch only: writing MLIR text. */
#ifndef LOOM_LOWER_TL_PRIVATE_H
#define LOOM_LOWER_TL_PRIVATE_H
#include "lower/torch/torch_lower.h"
#include <string.h>

typedef struct tl_emit {
  loom_ctx *ctx; arena *mem;
  const tl_op *op;
  text out;
  int next;                      /* of fresh names */
  const char **results;          /* op->n_out */
  loom_status status;            /* of the first refusal; text that was written behind it is not used */
} tl_emit;

/* A tensor (or a scalar) in the text. */
typedef struct tl_val { const char *name; tl_type type; } tl_val;
static inline tl_val tl_val_of(const tl_value *v) { return (tl_val){v->name, v->type}; }

typedef loom_status (*tl_lowering)(tl_emit *e, const char *detail);
#define X(name, fn, detail, family) loom_status fn(tl_emit *e, const char *detail_of_the_row);
#include "lower/torch/torch_ops.def"
#undef X

/* ---- lines (tl_emit.c) ---- */
/* "  %vN = <line>"; returns "%vN". */
const char *tl_line(tl_emit *e, const char *fmt, ...) LOOM_PRINTF(2, 3);
void tl_raw(tl_emit *e, const char *fmt, ...) LOOM_PRINTF(2, 3);
const char *tl_fresh(tl_emit *e);
const char *tl_str(tl_emit *e, const char *fmt, ...) LOOM_PRINTF(2, 3);     /* arena_printf */
/* Records "<op>: <reason>" at the operation, unless one is recorded: e->status is that of the first one. */
void tl_say(tl_emit *e, loom_status st, const char *fmt, ...) LOOM_PRINTF(3, 4);
/* The same, giving the status to return; macros, so that analysers see that it never is LOOM_OK. */
#define tl_refuse(e, ...) (tl_say((e), LOOM_EUNSUP, __VA_ARGS__), (loom_status)LOOM_EUNSUP)
#define tl_invalid(e, ...) (tl_say((e), LOOM_EINPUT, __VA_ARGS__), (loom_status)LOOM_EINPUT)

/* ---- operands ---- */
/* Operand i; a `none` when there are fewer. */
const tl_value *tl_in(const tl_emit *e, int i);
static inline bool tl_is_number(tl_kind k) { return k == TL_INT || k == TL_FLOAT || k == TL_BOOL; }
static inline bool tl_is_none(const tl_value *v) { return v->type.kind == TL_NONE || v->type.kind == TL_OTHER; }
LOOM_MUST_USE loom_status tl_need_tensor(tl_emit *e, int i, tl_val *out);
LOOM_MUST_USE loom_status tl_need_result(tl_emit *e, int i, tl_type *out);                 /* the type of result i, a tensor */
LOOM_MUST_USE loom_status tl_need_int(tl_emit *e, int i, int64_t *out);                    /* known */
LOOM_MUST_USE loom_status tl_need_number(tl_emit *e, int i, const char *what, double fallback, double *out);   /* known; none is `fallback` */
LOOM_MUST_USE loom_status tl_need_bool(tl_emit *e, int i, bool *out);                      /* known; none is false */
LOOM_MUST_USE loom_status tl_need_dim(tl_emit *e, int i, int rank, int *out);              /* negative counts from the end */
LOOM_MUST_USE loom_status tl_need_ints(tl_emit *e, int i, int max, int64_t *out, int *out_n);   /* a list of known ints */
LOOM_MUST_USE loom_status tl_wrap_dim(tl_emit *e, int64_t dim, int rank, int *out);
/* The dims a list names as a mask; `none` and an empty list are all of them. */
LOOM_MUST_USE loom_status tl_need_dims(tl_emit *e, int i, int rank, bool out_is[TL_RANK_MAX]);
/* An int as an index value, negative ones as they are; what is no int is refused (tl_emit.status). */
const char *tl_index_of(tl_emit *e, const tl_value *v);

/* A float attribute: digits or bits. */
double tl_number(const char *s);

/* ---- types ---- */
tl_type tl_tensor(dtype t, int rank, const int64_t *dim);
static inline tl_type tl_with_dtype(tl_type t, dtype d) { t.dtype = d; return t; }
const char *tl_elem(dtype t);                           /* "f32", "i8", "i1": signless */
static inline const char *tl_text(tl_emit *e, tl_type t) { return tl_type_text(e->mem, &t); }
bool tl_is_static(const tl_type *t);
int64_t tl_elems(const tl_type *t);                     /* of a static type */
bool tl_same_shape(const tl_type *a, const tl_type *b);
static inline bool tl_is_unsigned(dtype t) { return t == DTYPE_U8 || t == DTYPE_BOOL; }
dtype tl_scalar_dtype(tl_kind k);                       /* i64, f64, i1 */

/* ---- values ---- */
const char *tl_index(tl_emit *e, int64_t v);
const char *tl_const(tl_emit *e, dtype t, double v);    /* arith.constant of t; inf and NaN too */
const char *tl_const_int(tl_emit *e, dtype t, int64_t v);
/* The size of a dim as an index value. */
const char *tl_size(tl_emit *e, tl_val v, int d);
const char *tl_cast(tl_emit *e, const char *x, dtype from, dtype to);     /* of a scalar; PyTorch's rules */
/* An unset tensor.  size[d]: its dynamic sizes; entries of static dims are not read. */
tl_val tl_empty(tl_emit *e, tl_type t, const char *const *size);
tl_val tl_fill(tl_emit *e, tl_type t, const char *const *size, const char *scalar);
/* tensor.cast to `t` when only what is known of the sizes differs. */
tl_val tl_retype(tl_emit *e, tl_val v, tl_type t);
/* The value is result i. */
LOOM_MUST_USE loom_status tl_give(tl_emit *e, int i, tl_val v);
/* The number x is the result, as the type it is declared to have. */
LOOM_MUST_USE loom_status tl_give_number(tl_emit *e, const char *x, dtype t);
/* A number (int, float, bool), known or not, as a scalar of t; what is none is refused (tl_emit.status). */
const char *tl_scalar_as(tl_emit *e, const tl_value *v, dtype t);
/* Elements as another type; the value itself when it is of that type. */
tl_val tl_convert(tl_emit *e, tl_val v, dtype to);

/* An index that may be known: a number in the text, or a value. */
typedef struct tl_num { bool is_known; int64_t v; const char *name; } tl_num;
static inline tl_num tl_known(int64_t v) { return (tl_num){.is_known = true, .v = v}; }
static inline tl_num tl_named(const char *name) { return (tl_num){.name = name}; }
tl_num tl_dim(tl_emit *e, tl_val v, int d);
tl_num tl_num_of(tl_emit *e, const tl_value *v);        /* of an int operand, as tl_index_of */
/* op: '+', '-', '*', '/' (toward zero; b > 0), '^' (ceiling), 'm' min, 'M' max.  Folded where both are known. */
tl_num tl_calc(tl_emit *e, tl_num a, char op, tl_num b);
const char *tl_num_text(tl_emit *e, tl_num a);          /* "4" or "%v2": where MLIR takes both */
const char *tl_num_name(tl_emit *e, tl_num a);          /* an index value */
static inline int64_t tl_num_dim(tl_num a) { return a.is_known ? a.v : TL_DYNAMIC; }

/* ---- linalg.generic (tl_generic.c) ---- */
enum { TL_OPERANDS_MAX = 8 };
typedef struct tl_generic {
  int rank; bool is_reduction[TL_RANK_MAX * 2];
  int n_in, n_out;
  tl_val in[TL_OPERANDS_MAX], out[TL_OPERANDS_MAX];
  const char *in_map[TL_OPERANDS_MAX], *out_map[TL_OPERANDS_MAX];    /* "(d0, d1)": the results; NULL: the identity */
  const char *x[TL_OPERANDS_MAX], *acc[TL_OPERANDS_MAX];             /* elements, set by tl_generic_open */
  const char *result[TL_OPERANDS_MAX];                              /* set by tl_generic_open; valid behind tl_generic_close */
} tl_generic;
void tl_generic_open(tl_emit *e, tl_generic *g);
void tl_generic_close(tl_emit *e, const tl_generic *g, const char *const *yields);
/* "(0, d1)" of an operand that is broadcast to rank `rank`. */
const char *tl_broadcast_map(tl_emit *e, const tl_type *in, const tl_type *out);
/* "(d0, d2)" of a list of dims; -1: the constant 0. */
const char *tl_dims_map(tl_emit *e, const int *dims, int n);
/* Sizes of `out` where they are dynamic, from operands that are broadcast to it.  LOOM_EUNSUP when none tells. */
LOOM_MUST_USE loom_status tl_broadcast_sizes(tl_emit *e, const tl_type *out, const tl_val *in, int n, const char **size);
/* The sizes of v. */
void tl_sizes(tl_emit *e, tl_val v, const char **size);
/* v repeated to `out` (broadcasting rules). */
LOOM_MUST_USE loom_status tl_broadcast(tl_emit *e, tl_val v, tl_type out, const char *const *size, tl_val *result);
/* A map over all elements of `out`: opens a generic whose inputs are broadcast to it. */
LOOM_MUST_USE loom_status tl_map_open(tl_emit *e, tl_type out, const tl_val *in, int n, tl_generic *g);
static inline tl_val tl_map_close(tl_emit *e, const tl_generic *g, const char *yield) {
  tl_generic_close(e, g, &yield);
  return (tl_val){g->result[0], g->out[0].type};
}

/* ---- scalar expressions (tl_expr.c) ---- */
typedef struct tl_scalar { const char *name; dtype type; bool is_known; double known; } tl_scalar;   /* name NULL: none */
/* The value of `expr` over x, y, z, w (scalars in the body), computed in `t`; its type in *out_type: t, or bool for comparisons.
 * Words: + - * / comparisons, unary -, numbers, where(c,a,b), functions of math, min, max, and, or, xor, not, rem, pymod, floordiv, x? (as bool). */
LOOM_MUST_USE loom_status tl_expr(tl_emit *e, const char *expr, dtype t, const tl_scalar *vars, int n, const char **out, dtype *out_type);

/* ---- shapes (tl_view.c) ---- */
/* v as `out`, in row order.  size: sizes of dynamic dims of out; NULL where unknown yet: found out from v. */
LOOM_MUST_USE loom_status tl_view(tl_emit *e, tl_val v, tl_type out, const char *const *size, tl_val *result);
tl_val tl_transpose(tl_emit *e, tl_val v, const int *perm);       /* out dim d is dim perm[d] of v */
/* v with a dim of size 1 put in at d, or taken out. */
LOOM_MUST_USE loom_status tl_unsqueeze(tl_emit *e, tl_val v, int d, tl_val *out);
LOOM_MUST_USE loom_status tl_squeeze(tl_emit *e, tl_val v, int d, tl_val *out);
/* `size` elements of dim d from `begin` on, each `step`. */
tl_val tl_slice(tl_emit *e, tl_val v, int d, tl_num begin, tl_num size, tl_num step);
/* v written into `into` at `begin` of dim d. */
tl_val tl_insert(tl_emit *e, tl_val v, tl_val into, int d, tl_num begin);

/* v with `low` and `high` more elements along d, which are `scalar`; negative ones are cut off. */
tl_val tl_pad(tl_emit *e, tl_val v, int d, int64_t low, int64_t high, const char *scalar);
/* The element at `at`. */
const char *tl_extract(tl_emit *e, tl_val v, const char *const *at);

/* ---- loops over elements (tl_loop.c) ---- */
/* A nest of scf.for from 0 to size that carries one tensor: `acc` is it inside of the innermost loop. */
typedef struct tl_loops { int rank; const char *at[TL_RANK_MAX], *result[TL_RANK_MAX]; tl_val acc; } tl_loops;
void tl_loops_open(tl_emit *e, tl_loops *l, int rank, const tl_num *size, tl_val init);
/* `made` is the tensor behind the innermost body; the tensor behind the nest. */
tl_val tl_loops_close(tl_emit *e, const tl_loops *l, tl_val made);
/* `into` with a scalar at `at`. */
tl_val tl_store(tl_emit *e, const char *scalar, tl_val into, const char *const *at);

/* ---- reductions (tl_reduce.c) ---- */
/* Elements of v (as `acc`) combined over the dims; `step` is an expression of x and y (what is there).  The result lacks the dims. */
LOOM_MUST_USE loom_status tl_reduce(tl_emit *e, tl_val v, const bool *is, dtype acc, double init, const char *step, tl_val *out);
/* The same, from a scalar in the text on. */
LOOM_MUST_USE loom_status tl_reduce_from(tl_emit *e, tl_val v, const bool *is, dtype acc, const char *init, const char *step, tl_val *out);
/* With the reduced dims as 1 again. */
LOOM_MUST_USE loom_status tl_keep_dims(tl_emit *e, tl_val reduced, const tl_type *of, const bool *is, tl_val *out);
/* How many elements one result takes in. */
tl_num tl_count(tl_emit *e, tl_val v, const bool *is);
/* An index as a scalar of t. */
const char *tl_num_scalar(tl_emit *e, tl_num a, dtype t);
/* The smallest and largest value of t: infinities of floats. */
double tl_lowest(dtype t), tl_highest(dtype t);
/* Sum over the dims divided by their number (less `correction`), dims kept as 1, in the compute type of v. */
LOOM_MUST_USE loom_status tl_mean(tl_emit *e, tl_val v, const bool *is, double correction, tl_val *out);
/* Mean and variance over the dims, kept as 1. */
LOOM_MUST_USE loom_status tl_moments(tl_emit *e, tl_val v, const bool *is, double correction, tl_val *out_mean, tl_val *out_var);
/* Result i from a value whose reduced dims are there as 1; without them unless `keeps`. */
LOOM_MUST_USE loom_status tl_give_kept(tl_emit *e, int i, tl_val kept, const bool *is, bool keeps);
/* An expression over whole tensors: x, y, z, w broadcast to `out`. */
/* The sizes of `out` must be told by the operands. */
LOOM_MUST_USE loom_status tl_map(tl_emit *e, tl_type out, const char *expr, const tl_val *in, int n, tl_val *result);

/* ---- products (tl_matmul.c) ---- */
/* [b,]m,k x [b,]k,n in the accumulator's type; `init` NULL: zero. */
LOOM_MUST_USE loom_status tl_matmul(tl_emit *e, tl_val a, tl_val b, dtype result, tl_val *out);
/* Matrices of any ranks, as torch.matmul. */
LOOM_MUST_USE loom_status tl_any_matmul(tl_emit *e, tl_val a, tl_val b, dtype result, tl_val *out);
/* softmax over dim d, in the compute type of v. */
LOOM_MUST_USE loom_status tl_softmax(tl_emit *e, tl_val v, int d, bool is_log, tl_val *out);
#endif
