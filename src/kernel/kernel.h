/* kernel: MEETING POINT 1.  What to compute: a typed tile graph with loops, carried values, host tensors and views.
 * Takes nothing from other rooms than base and sym.  Leaves: the graph, its verifier, its text form (loom.kernel.v1) and the reference interpreter.
 *
 * A kernel is a list of host tensors (arguments, allocations, views) and a region of operations in SSA form with nested regions.
 * Operations of the outermost region outside of any PARALLEL are host code: they run once, in program order, on whole tensors
 * (LOAD x[:, :], compute, STORE); device code is what PARALLELs hold.
 *
 * Sizes are sym expressions over the kernel's symbols.  What a symbol means in a size, a range or an INDEX_EXPR:
 *   SIZE      "m"                  a host size, known when the kernel is called
 *   BLOCK     "tile_m"             the extent of the current tile of the loop over it, min(block size, end - begin): clamped tiles.
 *                                  With is_padded: the block size itself, everywhere (pad mode, see below)
 *   NOMINAL   "tile_m.block_size"  the block size of its block, never clamped
 *   TUNABLE   "split_k"            a number chosen before compiling
 *   RUNTIME   "%end"               the value of the BIND that dominates the use: bounds and positions that data or loop indices decide
 *
 * Pad mode, for a block whose dim leaves its loop (an accumulator of nominal width, arange(block)): values keep the block size in every
 * tile.  A LOAD through a TILE index of a padded block gives 0 in the lanes at or behind the end of the range; a STORE and an ATOMIC drop
 * those lanes; TILE_MASK says which lanes are valid.  All other masking is explicit in the graph (SELECT before a REDUCE, SCAN or MATMUL,
 * mask operands of LOAD, STORE and ATOMIC), made by the front end.  Clamped tiles have no invalid lanes. */
#ifndef LOOM_KERNEL_KERNEL_H
#define LOOM_KERNEL_KERNEL_H
#include "base/dtype.h"
#include "base/npy.h"
#include "base/text.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { KERNEL_RANK_MAX = 8 };

typedef int32_t kernel_value;            /* index into kernel_graph.values; -1: none */
typedef int32_t kernel_tensor;           /* index into kernel_graph.tensors */

typedef enum kernel_sym_kind { KERNEL_SYM_SIZE, KERNEL_SYM_BLOCK, KERNEL_SYM_TUNABLE, KERNEL_SYM_NOMINAL, KERNEL_SYM_RUNTIME } kernel_sym_kind;
typedef struct kernel_symbol {
  const char *name;                      /* unique; block symbols are named after the loop variable: "tile_m" */
  kernel_sym_kind kind;
  int64_t value;                         /* known value, or -1.  BLOCK: the block size the kernel or its config fixes; it is not tunable then */
  const sym_expr *extent;                /* BLOCK: size of the range it tiles (upper bound of the symbol); NULL when only known at run time */
  int64_t preferred;                     /* BLOCK, TUNABLE: the size its config or its default asks for, a hint; 0: none */
  const char *block;                     /* NOMINAL: its BLOCK symbol */
  bool is_padded;                        /* BLOCK: dims have the block size in every tile (pad mode) */
  bool is_reduction;                     /* BLOCK: of a full-slice dim, not tunable */
  bool divides;                          /* BLOCK: the user promises that it divides the extent (assume_divisible_tiles) */
  bool is_open;                          /* SIZE: compiled code reads it from the call's arguments (static_shapes=False); `value` is that of one call, 2 or more */
  loom_span span;
} kernel_symbol;

typedef struct kernel_type { dtype type; int rank; const sym_expr *dim[KERNEL_RANK_MAX]; } kernel_type;   /* rank 0: scalar */

typedef enum kernel_tensor_role { KERNEL_ARG, KERNEL_ALLOC, KERNEL_VIEW } kernel_tensor_role;
typedef enum kernel_fill { KERNEL_FILL_EMPTY, KERNEL_FILL_ZERO, KERNEL_FILL_VALUE } kernel_fill;
/* X(name): how an argument gets made-up contents when no --input names it (from bind_args). */
#define KERNEL_INIT_LIST(X) X(RANDN) X(RAND) X(ZEROS) X(ONES) X(EMPTY) X(RANDINT) X(FULL)
typedef enum kernel_init {
#define X(n) KERNEL_INIT_##n,
  KERNEL_INIT_LIST(X)
#undef X
} kernel_init;

typedef struct kernel_tensor_info {
  const char *name;
  kernel_tensor_role role;
  kernel_type shape;                     /* element type and sizes */
  kernel_init init; double init_lo, init_hi;     /* ARG: RANDINT bounds, FULL value in init_lo */
  kernel_fill fill; double fill_value;           /* ALLOC */
  /* VIEW: element (i0,i1,..) of the view is element offset + sum i_d*stride_d of `base` (row-major elements of the base allocation) */
  kernel_tensor base; const sym_expr *offset; const sym_expr *stride[KERNEL_RANK_MAX];
  bool is_returned;                      /* part of the return value; output k of the kernel in the order of kernel_graph.returns */
  loom_span span;
} kernel_tensor_info;

/* X(name, has regions, spelling) */
#define KERNEL_OP_LIST(X)                                                                                  \
  /* ---- structure ---- */                                                                               \
  X(PARALLEL, 1, "parallel")   /* grid: ranges[], region params = one index value per range (tile number) */ \
  X(LOOP, 1, "loop")           /* one range; operands = initial carried values; region params = tile number, carried; results = carried */ \
  X(WHILE, 2, "while")         /* operands = initial carried values; both regions have the carried values as params; region 0 yields the condition (0-d bool), region 1 the next values; results = carried */ \
  X(IF, 2, "if")               /* operand 0 = condition (0-d bool); two regions; results */                \
  X(YIELD, 0, "yield")         /* ends the region of LOOP, WHILE, IF, SCAN and FOLD */                     \
  X(BARRIER, 0, "barrier")     /* between top-level PARALLELs */                                           \
  X(BIND, 0, "bind")           /* operand 0 = 0-d integer; expr = the RUNTIME symbol that has its value from here to the end of the region */ \
  /* ---- index scalars (type I64, rank 0); of an untiled range begin = id = the index and end = index + 1 ---- */ \
  X(INDEX_EXPR, 0, "index")    /* expr: over kernel symbols */                                             \
  X(TILE_BEGIN, 0, "tile_begin") X(TILE_END, 0, "tile_end") /* operand 0 = tile number param; end is clamped to the range, in pad mode too */ \
  X(TILE_ID, 0, "tile_id")     /* begin / block size: absolute, as Helion counts (the range may begin anywhere) */ \
  X(TILE_INDEX, 0, "tile_index")  /* 1-d i32: begin, begin+1, .. of the current tile */                    \
  X(TILE_MASK, 0, "tile_mask")    /* 1-d bool of the tile's dim: index < end of the range (all true in clamped tiles) */ \
  /* ---- creation ---- */                                                                                 \
  X(CONSTANT, 0, "constant")   /* fvalue; rank 0 */                                                        \
  X(FULL, 0, "full")           /* type.dims; fvalue, or operand 0 (0-d) */                                 \
  X(IOTA, 0, "iota")           /* 1-d; fvalue = start, ivalue = step */                                    \
  /* ---- memory ---- */                                                                                   \
  X(LOAD, 0, "load")           /* tensor, index[]; optional operand 0 = mask (bool, broadcasts to the result): elsewhere the result is 0 and nothing is touched */ \
  X(STORE, 0, "store")         /* tensor, index[]; operand 0 = value (cast to the tensor's type, broadcasts to the part); optional operand 1 = mask: elsewhere nothing is written; of elements that go to one position the first in row-major order stays */ \
  X(ATOMIC, 0, "atomic")       /* tensor[index] = fn(old, operand 0) element by element, fn ADD AND OR XOR MAX MIN or XCHG CAS; operand 1 = mask or -1; CAS: operand 2 = expected; result (0 or 1 of them): the old values */ \
  /* ---- compute ---- */                                                                                  \
  X(UNARY, 0, "unary") X(BINARY, 0, "binary")  /* fn; operands broadcast numpy-style */                    \
  X(SELECT, 0, "select")       /* condition, a, b */                                                       \
  X(CAST, 0, "cast")                                                                                       \
  X(BITCAST, 0, "bitcast")     /* the same bits as another type of that width: 1 to 4 bytes, no bool */     \
  X(MATMUL, 0, "matmul")       /* a[..,m,k], b[..,k,n], optional acc[..,m,n]; accumulates in f32 (i32 for ints), rounds once to the result type */ \
  X(REDUCE, 0, "reduce")       /* fn = sum/max/min/prod (bool: max = any, min = all), ARGMAX, ARGMIN (one axis, i64, the first of equals); axes mask in ivalue; keepdim in flag */ \
  X(FOLD, 1, "fold")           /* n operands of one shape, n results: hl.reduce along axis ivalue with the region (2n 0-d params: so far, next; yields n); keepdim in flag; starts with the first element */ \
  X(SCAN, 1, "scan")           /* n operands of one shape, n results of that shape: inclusive scan along axis ivalue with the region (as FOLD); flag: from the end */ \
  X(STACK, 0, "stack")         /* n operands of one shape on a new axis ivalue */                          \
  X(EXTRACT, 0, "extract")     /* operand 0 at position expr of axis ivalue; the axis is dropped */        \
  X(GATHER, 0, "gather")       /* operand 0 = value, 1 = tile number param of the PARALLEL around: the values of all tiles of that range with the same other indices, [trip count, ..]; every instance meets it (not in a branch) */ \
  X(BROADCAST, 0, "broadcast") /* to type.dims, numpy rules */                                             \
  X(RESHAPE, 0, "reshape")     /* to type.dims, same elements row-major */                                 \
  X(PERMUTE, 0, "permute")     /* perm[] */

typedef enum kernel_op_kind {
#define X(n, ...) KERNEL_##n,
  KERNEL_OP_LIST(X)
#undef X
  KERNEL_OP_COUNT
} kernel_op_kind;

/* X(name, arity, spelling): scalar functions of UNARY (arity 1), BINARY (2) and REDUCE (ADD, MUL, MAX, MIN). */
#define KERNEL_FN_LIST(X)                                                                                                    \
  X(NONE, 0, "") X(NEG, 1, "neg") X(ABS, 1, "abs") X(EXP, 1, "exp") X(EXP2, 1, "exp2") X(LOG, 1, "log") X(LOG2, 1, "log2")   \
  X(SQRT, 1, "sqrt") X(RSQRT, 1, "rsqrt") X(TANH, 1, "tanh") X(SIGMOID, 1, "sigmoid") X(RELU, 1, "relu") X(ERF, 1, "erf")    \
  X(RECIP, 1, "reciprocal") X(NOT, 1, "not") X(INVERT, 1, "invert") X(LOG1P, 1, "log1p") X(EXPM1, 1, "expm1") X(SIN, 1, "sin") \
  X(COS, 1, "cos") X(FLOOR, 1, "floor") X(CEIL, 1, "ceil") X(ROUND, 1, "round") X(TRUNC, 1, "trunc") X(SIGN, 1, "sign")      \
  X(ISNAN, 1, "isnan") X(ISINF, 1, "isinf")                                                                                  \
  X(ADD, 2, "add") X(SUB, 2, "sub") X(MUL, 2, "mul") X(DIV, 2, "div") X(FLOORDIV, 2, "floordiv") X(MOD, 2, "mod")           \
  X(POW, 2, "pow") X(MAX, 2, "max") X(MIN, 2, "min") X(AND, 2, "and") X(OR, 2, "or") X(XOR, 2, "xor")                        \
  X(EQ, 2, "eq") X(NE, 2, "ne") X(LT, 2, "lt") X(LE, 2, "le") X(GT, 2, "gt") X(GE, 2, "ge")                                  \
  X(SHL, 2, "shl") X(SHR, 2, "shr") X(TRUNCDIV, 2, "truncdiv")                                                               \
  /* word 0..3 (i32) of Philox4x32-10 with counter (a, 0) and key b, both i64: helion.md 1.3 */                              \
  X(PHILOX0, 2, "philox0") X(PHILOX1, 2, "philox1") X(PHILOX2, 2, "philox2") X(PHILOX3, 2, "philox3")                        \
  /* of REDUCE and ATOMIC only */                                                                                            \
  X(ARGMAX, 0, "argmax") X(ARGMIN, 0, "argmin") X(XCHG, 0, "xchg") X(CAS, 0, "cas")

typedef enum kernel_fn {
#define X(n, ...) KERNEL_FN_##n,
  KERNEL_FN_LIST(X)
#undef X
  KERNEL_FN_COUNT
} kernel_fn;

/* One range of PARALLEL or LOOP: indices begin..end-1 in tiles of `block` (a block symbol's name), or with block NULL one index at a time,
 * begin, begin + step, .. (step NULL: 1; positive).  An empty range runs no tile. */
typedef struct kernel_range { const sym_expr *begin, *end, *step; const char *block; } kernel_range;

/* X(name): what one element of an index list does. */
typedef enum kernel_index_kind {
  KERNEL_INDEX_TILE,      /* value = tile number param: the current tile's range (+ offset); keeps the dim */
  KERNEL_INDEX_SCALAR,    /* value = rank-0 integer, or expr: drops the dim */
  KERNEL_INDEX_ALL,       /* ":" */
  KERNEL_INDEX_SLICE,     /* begin..end (expr), step 1 */
  KERNEL_INDEX_NEW,       /* None: new dim of size 1 */
  KERNEL_INDEX_TENSOR     /* value = integer tensor of rank >= 1, not negative: gather.  It gives dims dim..dim+rank-1 of the part and broadcasts to them numpy-style;
                             several index tensors may give the same dims (they are then read together) */
} kernel_index_kind;
/* TILE: begin = offset or NULL; SCALAR: begin = expr when value < 0.  dim, rank: of TENSOR.  The dims of the part (result of LOAD, what STORE
 * and ATOMIC write) are those of TILE, ALL, SLICE, NEW in order, with the dims of index tensors where `dim` puts them. */
typedef struct kernel_index { kernel_index_kind kind; kernel_value value; const sym_expr *begin, *end; int dim, rank; } kernel_index;

typedef struct kernel_op kernel_op;
typedef struct kernel_region { VEC_OF(kernel_value) params; VEC_OF(kernel_op *) ops; } kernel_region;

struct kernel_op {
  kernel_op_kind kind;
  kernel_fn fn;
  kernel_value *operands; int n_operands;
  kernel_value *results; int n_results;
  kernel_region *regions; int n_regions;
  kernel_range *ranges; int n_ranges;          /* PARALLEL, LOOP */
  kernel_tensor tensor;                        /* LOAD, STORE */
  kernel_index *index; int n_index;
  const sym_expr *expr;                        /* INDEX_EXPR, BIND, EXTRACT */
  double fvalue; int64_t ivalue; bool flag;
  int perm[KERNEL_RANK_MAX];
  loom_span span;
};

typedef struct kernel_value_info { kernel_type type; kernel_op *def; const char *name; /* source variable, may be NULL */ const char *block; /* of a tile number: its block symbol */ } kernel_value_info;

/* What the reading of a kernel with open sizes rests on: a condition that the code at `span` was read under.  Beside the kernel's symbols it
 * names the size of a dim of an argument, "x.1", and an element of an integer argument, "x[12]" (row-major). */
typedef struct kernel_guard { const sym_expr *holds; loom_span span; } kernel_guard;

typedef struct kernel_graph {
  const char *name;                            /* kernel_name or function name, hyphens kept */
  const char *path; char sha256[65];           /* of the source file; "" when there is none */
  VEC_OF(kernel_symbol) symbols;               /* order of first appearance; block symbols in loop order */
  VEC_OF(kernel_tensor_info) tensors;          /* arguments first, in signature order */
  VEC_OF(kernel_value_info) values;
  VEC_OF(kernel_tensor) returns;               /* tensors of the return value, in order; -1: None */
  VEC_OF(kernel_guard) guards;                 /* in the order of the code */
  kernel_region body;
  const char *style;                           /* "helion" or "loom" */
  const diag_source *source;
} kernel_graph;

/* ---- build (kernel_build.c) ---- */
kernel_graph *kernel_new(arena *m, const char *name);
kernel_symbol *kernel_find_symbol(const kernel_graph *k, const char *name);      /* NULL when unknown */
kernel_tensor kernel_find_tensor(const kernel_graph *k, const char *name);       /* -1 when unknown */
/* The symbol's other members are the caller's to fill (value is -1); the pointer is good until the next symbol is added. */
kernel_symbol *kernel_add_symbol(arena *m, kernel_graph *k, const char *name, kernel_sym_kind kind);
kernel_tensor kernel_add_tensor(arena *m, kernel_graph *k, const char *name, kernel_tensor_role role, kernel_type shape);
kernel_value kernel_add_value(arena *m, kernel_graph *k, kernel_type type, const char *name);
/* The NOMINAL symbol of a block symbol, made when it is not there. */
const char *kernel_nominal(arena *m, kernel_graph *k, const char *block);
/* A parameter of region `r`; `block`: of a tile number its block symbol, else NULL. */
kernel_value kernel_add_param(arena *m, kernel_graph *k, kernel_region *r, kernel_type type, const char *name, const char *block);
/* Appends an op with n_operands and n_results slots (results are made with `types`); the caller fills the rest.
 * `operands` NULL: all -1.  Regions are empty; BINARY, REDUCE, LOAD.. members are set on the returned op. */
kernel_op *kernel_add_op(arena *m, kernel_graph *k, kernel_region *r, kernel_op_kind kind, int n_operands, const kernel_value *operands,
                         int n_results, const kernel_type *types);
const char *kernel_op_name(kernel_op_kind k);
const char *kernel_fn_name(kernel_fn f);
int kernel_fn_arity(kernel_fn f);
/* The size to use for every BLOCK and TUNABLE symbol, and for NOMINAL symbols that of their block: from `given` (LOOM_EUSAGE when a name is unknown or a fixed size is contradicted), else the
 * fixed value, else the whole extent, else 64 (an extent that is only known at run time; an open one where no config prefers another size).  Both the interpreter and the CPU take these. */
LOOM_MUST_USE loom_status kernel_block_sizes(loom_ctx *ctx, const kernel_graph *k, const sym_binding *given, size_t n, const sym_binding **out, size_t *out_n);
/* The float8 type that a tensor or value has, whose elements only the CPU and the interpreter know; NULL: none. */
const char *kernel_f8_name(const kernel_graph *k);
/* Every tensor and value of type `from` gets type `to`, casts included.  LOOM_EUNSUP: the bits of such values are looked at. */
LOOM_MUST_USE loom_status kernel_retype(loom_ctx *ctx, kernel_graph *k, dtype from, dtype to);
bool kernel_is_open(const kernel_graph *k);    /* some size is open */
/* Value of a size expression under the known symbol values plus `extra` bindings (block sizes). */
LOOM_MUST_USE loom_status kernel_size(loom_ctx *ctx, const kernel_graph *k, const sym_expr *e, const sym_binding *extra, size_t n, int64_t *out);
/* Elements of a tensor or value of type `t`, likewise.  LOOM_ELIMIT: more than an int64_t counts. */
LOOM_MUST_USE loom_status kernel_elements(loom_ctx *ctx, const kernel_graph *k, const kernel_type *t, const sym_binding *extra, size_t n, int64_t *out);

/* ---- calls of a kernel that was compiled for other sizes (kernel_guard.c) ---- */
/* The sizes of argument dims for one call, by kernel tensor; 0: not said. */
typedef struct kernel_call { int64_t (*size)[KERNEL_RANK_MAX]; } kernel_call;
/* Fills in what was not said: the same symbol elsewhere, else the value in the graph.  Open sizes of `k` take the call's values. LOOM_EINPUT: a
 * size that the code was compiled for as a number, or below 2, or two sizes of one symbol that differ. */
LOOM_MUST_USE loom_status kernel_bind_call(loom_ctx *ctx, kernel_graph *k, kernel_call *call);
/* Every guard must hold: LOOM_EINPUT at the place of each that does not.  contents[t]: elements of argument t, NULL when they are not at hand. */
LOOM_MUST_USE loom_status kernel_check_guards(loom_ctx *ctx, const kernel_graph *k, const kernel_call *call, const double *const *contents,
                                              const sym_binding *blocks, size_t n_blocks);
/* What a name of a guard means: an argument and its dim, or with *dim -1 its element; false: neither. */
bool kernel_guard_name(const kernel_graph *k, const char *name, kernel_tensor *tensor, int *dim, int64_t *element);

/* ---- checks and text ---- */
/* Types, ranks, dominance, regions, known symbols; the first violation is LOOM_EBUG (our front ends) with the op's span. */
LOOM_MUST_USE loom_status kernel_verify(loom_ctx *ctx, const kernel_graph *k);
/* The same for a graph that a user's file spells out: LOOM_EINPUT. */
LOOM_MUST_USE loom_status kernel_verify_input(loom_ctx *ctx, const kernel_graph *k);
data_value *kernel_to_data(arena *m, const kernel_graph *k);                                             /* loom.kernel.v1 */
LOOM_MUST_USE loom_status kernel_from_data(loom_ctx *ctx, const data_value *v, kernel_graph **out);
const char *kernel_print(arena *m, const kernel_graph *k);                                               /* for people: one line an op */
#endif
