/* gen: random kernels with their results.  Takes a seed; leaves Helion source, the contents of its arguments and what it must give.
 *
 * A kernel is a chain of steps.  Each step writes a line of Python and computes the same thing here, by PyTorch's rules, on whole tensors in long double: no tiles, no
 * rounding of floats, integers wrapped to their type.  That is an oracle of its own, which knows nothing of kernel graphs.  No undefined behaviour by construction: indices are
 * brought into their tensors, divisors are away from zero, and a step whose values would be too large, or that an engine may rightly decide otherwise (a branch on a rounded
 * value), is not taken.  The same seed with fewer steps is a head of the same kernel.
 *
 * Swarm: each seed draws the features that its kernel may have, about half of those there are (Groce et al., Swarm Testing, ISSTA 2012); most seeds draw from what has a spatial
 * form, so that plans on chips exist.  Sizes are biased to 1, primes, and powers of two +- 1. */
#ifndef LOOM_GEN_H
#define LOOM_GEN_H
#include "base/dtype.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/vec.h"
#include <stdint.h>

/* Axes that all tensors of a kernel are made of: two of batches, rows, columns, and the one that products and loops reduce. */
enum { GEN_B, GEN_C, GEN_M, GEN_N, GEN_K, GEN_AXES, GEN_RANK = 5 };
enum { GEN_STEPS_MAX = 100 };

/* X(id, word, has a spatial form): what a seed switches on or off. */
#define GEN_FEATURE_LIST(X)                                                                                                                                   \
  X(TURNED_VIEW, "turned view", 1) X(PART_VIEW, "part view", 1) X(MASKED_LOAD, "masked load", 0) X(GATHER, "gather", 0) X(INDEX, "tile index", 1)              \
  X(UNARY, "unary", 1) X(TRANSCENDENTAL, "transcendental", 1) X(BINARY, "binary", 1) X(DIVISION, "division", 1) X(BITS, "bits", 1) X(COMPARE, "compare", 1)    \
  X(SCALAR, "python number", 1) X(SHIFT, "shift", 1) X(WHERE, "where", 1) X(CAST, "cast", 1) X(FOLD, "reduction", 1) X(SCAN, "scan", 0) X(SOFTMAX, "softmax", 1) \
  X(FOLD_TWO, "reduction of two dims", 1) X(TURN, "turn", 1) X(FUNCTION, "fold of a function", 0) X(MATMUL, "matmul", 1) X(LOOP, "loop", 1)                    \
  X(LOOP_MATMUL, "loop of a matmul", 1) X(LOOP_RANGE, "range", 1) X(LOOP_BOUNDS, "loop with bounds of data", 0) X(ATTENTION, "attention", 1) X(IF, "if", 0)     \
  X(WHILE, "while", 0) X(ATOMIC, "atomic", 0) X(GRID, "grid", 1) X(BATCH, "batch", 1) X(IN_PLACE, "in place", 1) X(BACKWARDS, "store backwards", 0)             \
  X(STORE_VIEW, "store to a view", 1) X(STORE_CAST, "store with a cast", 1) X(SECOND_NEST, "second nest", 0) X(AFTER, "host code behind", 0)                     \
  X(WILD, "wild floats", 1) X(F16, "f16", 1) X(BF16, "bf16", 1) X(F64, "f64", 1) X(I8, "i8", 1) X(U8, "u8", 0) X(I16, "i16", 1) X(I32, "i32", 1) X(I64, "i64", 1) \
  X(BOOL, "bool", 1) X(F8, "f8", 0)                                                                                                                             \
  X(WHOLE, "floats are whole numbers", 1) X(LOOKUP, "lookup", 1) X(PRODUCT, "product nest", 1)
typedef enum gen_feature {
#define X(n, ...) GEN_HAS_##n,
  GEN_FEATURE_LIST(X)
#undef X
  GEN_FEATURES
} gen_feature;
const char *gen_feature_word(gen_feature f);

typedef struct gen_value {
  const char *name;
  dtype type;
  unsigned axes;             /* bit per axis; dims in the order of the axes */
  bool exact;                /* every engine has this very value: it may decide branches and indices */
  long double *x;
} gen_value;

/* An argument or a result: memory of its own. */
typedef struct gen_tensor {
  const char *name;
  dtype type;
  int rank;
  int64_t size[GEN_RANK], elems;
  long double *x;            /* of an argument that is stored to: what it has before */
  unsigned axes;             /* of a result that has these dims in their order; 0: another shape */
  bool exact;
  bool is_argument;          /* a result: the argument of that name, which is stored to */
} gen_tensor;

typedef struct gen_loaded { int arg; unsigned axes; } gen_loaded;

typedef struct gen_kernel {
  uint64_t seed, features;   /* bit per gen_feature */
  const char *name, *source;
  bool is_spatial;           /* all of its features have a spatial form (of one alone; together they may not) */
  bool is_common;            /* its types are those of every target */
  bool whole;                /* floats that are drawn are small whole numbers: sums and products of them are exact */
  bool is_product;           /* its middle is a matrix product, with larger sizes: steps that have all axes at once are not taken */
  bool wild;                 /* floats may be NaN, infinite, subnormal or huge: what is computed here is then not looked at */
  VEC_OF(gen_tensor) args, results;
  int64_t size[GEN_AXES];
  /* ---- while it is made ---- */
  arena *mem;
  rng r;
  VEC_OF(gen_value) values;                   /* in scope */
  VEC_OF(gen_loaded) loaded;                  /* arguments that this nest reads as the places of its results, each by one load: they may be stored to */
  text host, body;                            /* lines before the loops; the loops and what follows */
  int indent, names;
  unsigned used;                              /* axes of the kernel */
  unsigned scope, tiled, full, hidden;        /* axes that values may have; each is tiled, whole or one index of hl.grid */
  unsigned grid;                              /* axes that the loops around run over: a result has them */
  const char *index[GEN_AXES];                /* "tile_m", ":", "i" */
  const char *extent[GEN_AXES];               /* as a dim of hl.zeros */
  const gen_value *when;                      /* inside of a branch: where it is taken; NULL: everywhere */
} gen_kernel;

/* The kernel of `seed`, with at most `limit` steps a nest (GEN_STEPS_MAX: all); all of it in `mem`. */
const gen_kernel *gen_make(arena *mem, uint64_t seed, int limit);
/* May the kernel have it?  (Whether a step of it was drawn is another matter.) */
static inline bool gen_has(const gen_kernel *k, gen_feature f) { return k->features >> f & 1; }
#endif
