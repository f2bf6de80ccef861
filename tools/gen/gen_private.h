/* Shared by the files of tools/gen/: how a kernel is drawn. */
#ifndef LOOM_GEN_PRIVATE_H
#define LOOM_GEN_PRIVATE_H
#include "gen.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define GEN_COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define GEN_BIT(axis) (1u << (axis))

/* ---- arrays over axes (gen_value.c) ---- */
int64_t gen_count(const gen_kernel *k, unsigned axes);
int64_t gen_at(const gen_kernel *k, unsigned axes, const int64_t *at);
/* Steps over the places of `axes` in row-major order; false after the last. */
bool gen_next(const gen_kernel *k, unsigned axes, int64_t *at);
long double *gen_array(gen_kernel *k, unsigned axes);
long double gen_get(const gen_kernel *k, const gen_value *v, const int64_t *at);
int gen_axes_of(unsigned axes, int *out);
extern const char gen_letter[GEN_AXES];      /* "bcmnk": the names of the sizes */

/* ---- chance ---- */
int gen_pick(gen_kernel *k, int n);                     /* 0..n-1 */
bool gen_chance(gen_kernel *k, int percent);
dtype gen_type(gen_kernel *k, bool with_bool);          /* one that the seed may have */
dtype gen_float_type(gen_kernel *k);
dtype gen_f8(gen_kernel *k);

/* ---- numbers, by PyTorch's rules ---- */
long double gen_wrap(dtype t, long double x);           /* `x`, a whole number, as the integer type holds it: modulo 2^bits */
bool gen_sane(const gen_kernel *k, dtype t, long double x);      /* no engine overflows on it: floats well inside their type, int64 inside of what a double holds */
dtype gen_promote(dtype a, dtype b);
long double gen_known(bool exact, dtype t, long double x);       /* a correctly rounded operation on known numbers of f64 gives a known number */
bool gen_fits(dtype from, dtype to, long double x);     /* an integer that meets floats is one of them, rounded where it does not fit */
bool gen_cast_fits(const gen_value *a, dtype to, long double x);
long double gen_cast(const gen_value *a, dtype to, long double x);      /* `a` as `to` holds it, but for the rounding of floats */

long double gen_add(long double a, long double b), gen_max(long double a, long double b), gen_min(long double a, long double b);
long double gen_and(long double a, long double b), gen_or(long double a, long double b), gen_xor(long double a, long double b);

/* ---- what every engine has, however it orders sums ---- */
bool gen_is_held(dtype t, long double x);               /* is it a number of t? */
bool gen_all_held(const gen_kernel *k, const gen_value *v);
typedef struct gen_sum { long double total; int lowest; bool any; } gen_sum;      /* of magnitudes; the exponent of the lowest bit that a term has */
void gen_sum_add(gen_sum *s, long double term);
bool gen_sum_is_exact(const gen_sum *s, dtype t);       /* is each sum of some of the terms a number of t? */

/* ---- values ---- */
const char *gen_format(gen_kernel *k, const char *form, const char *a, const char *b);      /* its first "%s" is `a`, its second `b` */
const char *gen_name(gen_kernel *k, const char *prefix);
void gen_line(gen_kernel *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
gen_value gen_new(gen_kernel *k, dtype t, unsigned axes, bool exact);
bool gen_keep(gen_kernel *k, gen_value v, const char *expression);      /* takes it into the scope unless a number of it is out of range */
int gen_rank(const gen_kernel *k, unsigned axes);
int gen_dim(const gen_kernel *k, unsigned axes, int axis);      /* place of the axis among the dims of a value */
const char *gen_axis_text(gen_kernel *k, const gen_value *v, int axis);
/* The value's text with dims of size 1 where `axes` has more; sometimes leading ones are left to broadcasting. */
const char *gen_aligned(gen_kernel *k, const gen_value *v, unsigned axes);
/* A 0-d value beside one with dims does not widen it within its kind: taken only where that says the same as for two tensors. */
bool gen_same_rules(const gen_kernel *k, const gen_value *a, const gen_value *b);

bool gen_is_unused(const gen_kernel *k, const gen_value *v);      /* no line but its own names it */

typedef bool gen_filter(const gen_value *v);
bool gen_any(const gen_value *v);
bool gen_is_float(const gen_value *v);
bool gen_is_int(const gen_value *v);
bool gen_is_number(const gen_value *v);
bool gen_is_bool(const gen_value *v);
bool gen_is_exact_bool(const gen_value *v);
bool gen_is_exact_int(const gen_value *v);
bool gen_is_gatherable(const gen_value *v);
const gen_value *gen_choose(gen_kernel *k, gen_filter *f);      /* one of the values that pass, later ones more often; NULL: there is none */

/* ---- arguments and loads ---- */
gen_tensor *gen_argument(gen_kernel *k, dtype t, int rank, const int64_t *size, bool small);
const char *gen_index_list(gen_kernel *k, unsigned axes, const char *whole);      /* "tile_m, :" of the axes, in order; `whole` is how a whole dim is written */
const char *gen_indices(gen_kernel *k, unsigned axes);
bool gen_load(gen_kernel *k, dtype t, unsigned axes, bool small);       /* x[tile_m, tile_n] of a new argument, which may be larger or turned round on the host */

/* ---- steps: false, and nothing is written, where they cannot be taken ---- */
typedef bool gen_step(gen_kernel *k);
gen_step gen_step_load, gen_step_masked_load, gen_step_gather, gen_step_index, gen_step_lookup;                                  /* gen_value.c */
gen_step gen_step_unary, gen_step_binary, gen_step_scalar, gen_step_shift, gen_step_where, gen_step_cast;                        /* gen_steps.c */
gen_step gen_step_fold, gen_step_scan, gen_step_fold_two, gen_step_turned, gen_step_function, gen_step_matmul;                   /* gen_axis.c */
gen_step gen_step_loop, gen_step_if, gen_step_while, gen_step_attention;                                                         /* gen_control.c */
gen_step gen_step_atomic, gen_step_load_result;                                                                                  /* gen_store.c */
void gen_product_nest(gen_kernel *k, int n);                                                                                     /* gen_product.c: loops, products, steps; no stores */
void gen_open_loops(gen_kernel *k, unsigned axes, const char *of);                                                               /* gen_make.c: for .. in hl.tile([m, n]): */
void gen_take_back(text *t, size_t size);                                                                                        /* gen_control.c */
void gen_steps(gen_kernel *k, int n);                                                                                            /* gen_make.c */

/* ---- results (gen_store.c) ---- */
void gen_add_result(gen_kernel *k, gen_tensor t, const char *made);
void gen_store(gen_kernel *k, const gen_value *v);      /* o[tile_m, tile_n] = v, cast to the type of o */
#endif
