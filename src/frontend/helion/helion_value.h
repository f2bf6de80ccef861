/* What host code of a kernel computes with, and the reader that carries it.
 *
 * Reading a kernel is abstract interpretation: Python statements run over helion_values.  Sizes are sym expressions, tensors are entries of
 * the kernel graph, device values are SSA values, and everything that cannot be known has kind UNKNOWN, which was diagnosed where it arose
 * and is passed on in silence, so that one run reports everything that is wrong.
 *
 * Names of symbols: inside the reader every size and block symbol is called "%<index>" (index into helion_reader.symbols), because its
 * final name is only known later (the variable a size is unpacked into, the loop variable of a block).  helion_finish renames them all at
 * the end. */
#ifndef LOOM_HELION_VALUE_H
#define LOOM_HELION_VALUE_H
#include "base/budget.h"
#include "frontend/helion/helion.h"

/* X(name, what messages call it) */
#define HELION_KIND_LIST(X)                                                                                              \
  X(UNKNOWN, "an unknown value") X(NONE, "None") X(BOOL, "a bool") X(INT, "an int") X(FLOAT, "a float") X(STR, "a string") \
  X(DTYPE, "a dtype") X(ELLIPSIS, "...") X(SEQ, "a sequence") X(DICT, "a dict") X(SLICE, "a slice")                       \
  X(PATH, "a library name") X(FUNC, "a function") X(CLASS, "a class") X(METHOD, "a method") X(LOOP, "a loop range")      \
  X(OPAQUE, "an object") X(SPEC, "a tensor") X(TENSOR, "a host tensor") X(TILE, "a tile") X(DEVICE, "a device value")

typedef enum helion_kind {
#define X(n, text) HELION_##n,
  HELION_KIND_LIST(X)
#undef X
  HELION_KIND_COUNT
} helion_kind;

typedef struct helion_value helion_value;
typedef struct helion_scope helion_scope;
typedef struct helion_seq { helion_value *at; size_t n; bool is_list; } helion_seq;
typedef struct helion_dict { helion_value *keys, *values; size_t n; } helion_dict;
typedef struct helion_slice { helion_value *begin, *end, *step; } helion_slice;
/* A function or lambda and the scope it was defined in (NULL: the module). */
typedef struct helion_func { const syn_node *node; helion_scope *scope; } helion_func;
typedef struct helion_method { helion_value *self; const char *name; } helion_method;

/* hl.tile, hl.grid and range: what a `for` runs over. */
typedef enum helion_loop_kind { HELION_LOOP_TILE, HELION_LOOP_GRID, HELION_LOOP_RANGE, HELION_LOOP_STATIC } helion_loop_kind;
/* block: symbol index, -1: none yet.  parent: of hl.jagged_tile, the lengths of the rows; -1: none. */
typedef struct helion_range { const sym_expr *begin, *end, *step; int block; kernel_value parent; } helion_range;
typedef struct helion_loop { helion_loop_kind kind; bool is_list; int n; helion_range range[KERNEL_RANK_MAX]; } helion_loop;

/* A tensor that bind_args makes: the type and contents of an argument. */
typedef struct helion_spec { dtype type; int rank; const sym_expr *dim[KERNEL_RANK_MAX]; kernel_init init; double lo, hi; } helion_spec;
/* The current tile of a loop, moved by `offset` (NULL: 0).  `begin`, `end`: of the loop's range. */
typedef struct helion_tile { kernel_value number; int block; const sym_expr *begin, *end, *offset; } helion_tile;

struct helion_value {
  helion_kind kind;
  union {
    bool flag;
    const sym_expr *size;       /* INT */
    double real;
    const char *string;         /* STR, PATH (dotted, import names resolved) */
    dtype type;
    helion_seq seq;
    helion_dict *dict;
    helion_slice *slice;
    helion_func func;
    const syn_node *class_node;
    helion_method method;
    const helion_loop *loop;
    const helion_spec *spec;
    kernel_tensor tensor;
    helion_tile tile;
    kernel_value device;
  };
};

typedef struct helion_var { const char *name; helion_value value; bool is_host; } helion_var;   /* is_host: first set by host code */
/* class_node: names that are not here are looked for in that class first (the right sides of a class body). */
struct helion_scope { helion_scope *parent; VEC_OF(helion_var) vars; const syn_node *class_node; };

typedef struct helion_symbol {
  const char *id;               /* "%<index>" */
  const char *name;             /* final name, NULL while nothing gave it one */
  const char *fallback;         /* the name when nothing does */
  kernel_sym_kind kind;
  int64_t value;                /* -1: unknown */
  const sym_expr *extent;       /* BLOCK; NULL: registered and not yet used by a loop */
  int same_as;                  /* a size that an assertion made equal to another; -1: itself */
  int loop_order;               /* BLOCK: order of the loops; -1: unused */
  bool divides;
  bool varies;                  /* SIZE: differs from call to call; `value` is that of one call */
  bool is_used;                 /* some size expression of the finished graph has it */
  bool is_open;                 /* BLOCK: one of its loops is around the code being read */
  bool is_exact;                /* BLOCK of fixed size: every tile of its loops is whole, so that the size is a plain number */
  bool is_padded;               /* BLOCK: pad mode */
  int ordinal;                  /* BLOCK: how many blocks were made before it; the same in every reading of a kernel */
  int block;                    /* NOMINAL: index of its BLOCK; BLOCK: of its NOMINAL; -1: none */
  int64_t preferred;            /* BLOCK, TUNABLE: of the config; 0: none */
  kernel_value number;          /* BLOCK: the tile number param of the open loop */
  kernel_value jagged;          /* BLOCK: the mask [rows.., lanes] of the open hl.jagged_tile loop; -1: none */
  const sym_expr *range_begin, *range_end;   /* BLOCK: the range of the open loop */
  const sym_expr *upper;        /* RUNTIME: never more than this; NULL: nothing is known.  Its value is `number`, bound in `region` */
  kernel_region *region;
  kernel_tensor tensor; int dim;   /* SIZE of an argument: which one, for messages */
  loom_span span;
} helion_symbol;

/* A looked-up module or class name. is_bound: the module has it. */
typedef struct helion_global { const char *name; bool is_running, is_bound; helion_value value; } helion_global;
/* A name that a statement of the module binds; `path` of an import. */
typedef struct helion_binding { const char *name, *path; const syn_node *statement; size_t order; } helion_binding;
/* A kernel of the file. `class_node`: its LoomKernel class or NULL. */
/* `maker`: the call helion.kernel(...)(fn) that makes it, NULL for a decorated one. */
typedef struct helion_kernel { const char *name, *variable; const syn_node *fn, *class_node, *maker; loom_span span; } helion_kernel;

/* hl.register_tunable: `value` is the default of its choices. */
typedef struct helion_tunable { const char *name; helion_value value; } helion_tunable;

/* The index of an untiled loop, and the end of its range. */
typedef struct helion_counter { kernel_value value; const sym_expr *end; } helion_counter;

typedef struct helion_reader {
  loom_ctx *ctx;
  arena *mem;
  const syn_node *module;
  const helion_options *options;
  const syn_node *class_node;        /* the LoomKernel class being read, NULL for a plain kernel */
  kernel_graph *graph;
  kernel_region *region;             /* where device code goes; NULL: host code */
  helion_scope *scope;
  VEC_OF(helion_symbol) symbols;
  VEC_OF(helion_global) globals;
  VEC_OF(helion_binding) bindings;   /* of the module, by name; made when first asked for */
  bool has_bindings;
  int global_depth;                  /* of names of the module that are being evaluated */
  VEC_OF(helion_counter) counters;
  helion_value returned;             /* of the function that runs now */
  VEC_OF(helion_tunable) tunables;   /* those that the kernel registered */
  bool in_config;                    /* a value of it is being read */
  const syn_node *config;            /* the helion.Config(...) of its decorator, or NULL */
  bool is_binding;                   /* bind_args runs: tensors are SPECs */
  bool has_returned;                 /* the kernel's own return was met */
  bool is_module;                    /* a statement of the module runs */
  bool has_loop;                     /* a top-level loop was read */
  const syn_node *between;           /* the first statement behind it that is neither a loop nor a barrier */
  VEC_OF(kernel_tensor) written;     /* by the loops since the last barrier */
  bool assume_divides;
  bool is_dynamic;                   /* static_shapes=False: sizes of the arguments vary, and what is decided from them becomes guards */
  const syn_node *place;             /* the statement or expression that is being read, for guards */
  bool is_guessing; /* sizes are missing: stand-ins are used to find what else is wrong, and nothing about sizes is reported */
  int quiet;                         /* > 0: unsupported constructs are UNKNOWN without a message (asserts) */
  int depth;                         /* of calls that are being inlined */
  int loops;                         /* loops met so far */
  int blocks;                        /* block symbols made so far */
  uint64_t padded;                   /* by ordinal: blocks that need pad mode; found while reading, used by the next reading */
  VEC_OF(kernel_tensor) frozen;      /* their bits were copied for a view as another type: no stores from there on */
  VEC_OF(kernel_value) lanes;        /* results of loom.lanes: numbers, not the tile */
  VEC_OF(kernel_value) filled;       /* results of mask nodes: their invalid lanes hold what the kernel says */
  bool is_again;                     /* a block turned out to need pad mode: this reading is thrown away */
  budget steps;                      /* statements and expressions */
  loom_status worst;                 /* EINPUT before EUNSUP */
  bool stopped;                      /* a limit was reached: nothing more is read */
} helion_reader;

/* ---- making and looking (helion_value.c) ---- */
static inline helion_value helion_unknown(void) { return (helion_value){.kind = HELION_UNKNOWN}; }
static inline helion_value helion_none(void) { return (helion_value){.kind = HELION_NONE}; }
static inline helion_value helion_bool(bool b) { return (helion_value){.kind = HELION_BOOL, .flag = b}; }
static inline helion_value helion_size(const sym_expr *e) { return (helion_value){.kind = HELION_INT, .size = e}; }
static inline helion_value helion_float(double d) { return (helion_value){.kind = HELION_FLOAT, .real = d}; }
static inline helion_value helion_string(const char *s) { return (helion_value){.kind = HELION_STR, .string = s}; }
static inline helion_value helion_path(const char *s) { return (helion_value){.kind = HELION_PATH, .string = s}; }
static inline helion_value helion_dtype(dtype t) { return (helion_value){.kind = HELION_DTYPE, .type = t}; }
static inline helion_value helion_device(kernel_value v) { return (helion_value){.kind = HELION_DEVICE, .device = v}; }
static inline helion_value helion_tensor(kernel_tensor t) { return (helion_value){.kind = HELION_TENSOR, .tensor = t}; }
helion_value helion_int(helion_reader *r, int64_t v);
helion_value helion_sequence(helion_reader *r, size_t n, bool is_list);      /* n UNKNOWN items to fill in */
const char *helion_kind_name(helion_kind k);
/* "an int" with its value where it is short: for messages. */
const char *helion_describe(helion_reader *r, const helion_value *v);
/* Tells options->watch what `name` at `at` stands for (helion_tell.c). */
void helion_tell(helion_reader *r, loom_span at, const char *name, const helion_value *v);
/* Element type and sizes of a DEVICE, TENSOR or SPEC; false for other kinds. */
bool helion_type_of(const helion_reader *r, const helion_value *v, kernel_type *out);
/* A python truth value, when it is known. */
bool helion_truth(helion_reader *r, const helion_value *v, bool *out);

/* ---- messages (helion_value.c) ---- */
/* Records an error at `n` with advice and returns UNKNOWN.  The same message at the same place is recorded once. */
helion_value helion_fail(helion_reader *r, const syn_node *n, loom_status status, const char *help, const char *fmt, ...) LOOM_PRINTF(5, 6);

/* The same at a place that is no node of the source: where an op of the graph came from. */
helion_value helion_fail_at(helion_reader *r, loom_span at, loom_status status, const char *help, const char *fmt, ...) LOOM_PRINTF(5, 6);

/* Something was said at `n` before: code that is read many times looks for advice once. */
bool helion_is_diagnosed(const helion_reader *r, const syn_node *n);

/* Spends one step; false, diagnosed once as LOOM_ELIMIT, when the kernel takes too many.  Every walk over values that share parts spends. */
bool helion_step(helion_reader *r, const syn_node *n);

/* ---- sizes and symbols (helion_size.c) ---- */
int helion_symbol_new(helion_reader *r, kernel_sym_kind kind, const char *fallback, int64_t value, const syn_node *at);
const sym_expr *helion_symbol_expr(helion_reader *r, int index);
/* The symbol that `e` is, following `same_as`; -1 when `e` is no bare symbol. */
int helion_symbol_of(const helion_reader *r, const sym_expr *e);
/* Gives symbol `index` its final name unless it has one; a size whose variable already names an equal size becomes that size. */
void helion_symbol_name(helion_reader *r, int index, const char *name);
/* Value of `e` under the known sizes; false when block sizes are in it or it exceeds int64. */
bool helion_known(helion_reader *r, const sym_expr *e, int64_t *out);          /* of a size that varies: it has to be this number in every call */
bool helion_known_int(helion_reader *r, const helion_value *v, int64_t *out);   /* also a BOOL */
/* Equal for all block sizes; sizes that vary and are equal in this call have to be equal in every call. */
bool helion_same_size(helion_reader *r, const sym_expr *a, const sym_expr *b);
bool helion_surely_same(helion_reader *r, const sym_expr *a, const sym_expr *b);   /* whatever the sizes that vary are */
bool helion_is_small(const sym_expr *e);                                       /* as an expression; others are numbers, or bound */
bool helion_is_one(helion_reader *r, const sym_expr *e);                       /* a dimension that broadcasts, in every call */

/* ---- sizes that vary, and guards (helion_guard.c) ---- */
/* The number of `e` in this call; whoever decides something from it says what has to hold (helion_assume). */
bool helion_peek(helion_reader *r, const sym_expr *e, int64_t *out);
/* The number of `e` in every call; false: unknown, or it varies. */
bool helion_fixed(helion_reader *r, const sym_expr *e, int64_t *out);
bool helion_fixed_int(helion_reader *r, const helion_value *v, int64_t *out);   /* also a BOOL */
bool helion_is_fixed(const helion_reader *r, const sym_expr *e);
/* `a relation b` holds in this call and has to hold in every call. */
void helion_assume(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b);
/* Element `at` of an integer argument is `value` in every call. */
void helion_assume_element(helion_reader *r, const char *argument, int64_t at, int64_t value);
/* Whether it holds, with the guard that it goes on to do so (or not to); false: not known. */
bool helion_decide(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b, bool *out);
bool helion_decide_number(helion_reader *r, sym_op relation, const sym_expr *a, int64_t b, bool *out);
bool helion_assume_same(helion_reader *r, const sym_expr *a, const sym_expr *b);
/* A bound of a slice of a dim of `size`, counted from the end and clamped as Python does; NULL: not known. */
const sym_expr *helion_open_bound(helion_reader *r, const helion_value *v, const sym_expr *size, const sym_expr *missing);
bool helion_open_bounds(helion_reader *r, const helion_slice *s, const sym_expr *size, const sym_expr **from, const sym_expr **to);
/* The same of one position, which is inside in this call. */
const sym_expr *helion_open_index(helion_reader *r, const sym_expr *e, const sym_expr *size);
const char *helion_argument_size(helion_reader *r, int symbol);                /* "x.0", as guards call it; NULL: no size of an argument */
/* Both are equal from here on (assert k == k2). */
void helion_unify(helion_reader *r, const sym_expr *a, const sym_expr *b);
/* "tile_m", "k=256", "[m=2048, k=256]": for messages. */
const char *helion_show_size(helion_reader *r, const sym_expr *e);
const char *helion_show_shape(helion_reader *r, const kernel_type *t);
/* Moves the symbols into the graph and gives every expression of it the final names. */
void helion_finish(helion_reader *r);

/* The block size of BLOCK symbol `block` as a number that is never clamped: its NOMINAL symbol, or the constant of an exact one. */
const sym_expr *helion_nominal(helion_reader *r, int block);
/* The BLOCK symbol that `e` (a bare BLOCK or NOMINAL symbol) is of; -1: neither. */
int helion_block_of(const helion_reader *r, const sym_expr *e);
/* The dim of a tile of `block`: its symbol, or a plain number. */
const sym_expr *helion_tile_dim(helion_reader *r, int block);
/* A size expression as a dim of a device value: block sizes become tile dims; one that leaves its loop asks for pad mode. */
const sym_expr *helion_device_dim(helion_reader *r, const sym_expr *e);
/* A size of host code; NULL when nothing bounds `e` from above. */
const sym_expr *helion_upper_bound(helion_reader *r, const sym_expr *e);

/* ---- names (helion_scope.c) ---- */
void helion_push_scope(helion_reader *r, helion_scope *parent);
helion_value *helion_find_var(helion_scope *s, const char *name);             /* this scope only */
void helion_set_var(helion_reader *r, const char *name, helion_value v);
void helion_unset_var(helion_reader *r, const char *name);
/* Local, enclosing, module, builtin; unknown names are diagnosed with the nearest one. */
helion_value helion_lookup(helion_reader *r, const syn_node *name_node);
/* The last statement of the module that binds `name` and the resolved path of an import; NULL when there is none. */
const syn_node *helion_module_binding(helion_reader *r, const char *name, const char **out_path);
/* A module-level name; false when the module does not bind it. */
bool helion_global_value(helion_reader *r, const char *name, helion_value *out);
/* Dotted name of `n` with imports resolved ("helion.language.tile"); NULL when it is not made of names. Evaluates nothing. */
const char *helion_path_of(helion_reader *r, const syn_node *n);
void helion_bind_import(helion_reader *r, const syn_node *import);             /* an import inside a function */

/* ---- classes and kernels (helion_kernel_find.c, helion_class.c) ---- */
typedef struct helion_kernels { VEC_OF(helion_kernel) at; } helion_kernels;
helion_kernels helion_find_kernels(helion_reader *r);
LOOM_MUST_USE loom_status helion_choose_kernel(helion_reader *r, const helion_kernels *all, helion_kernel *out);
bool helion_is_kernel(helion_reader *r, const syn_node *fn);                    /* decorated as one */
bool helion_is_loom_class(helion_reader *r, const syn_node *class_node);
/* The statement of the class or of a base class in this file that binds `name`; NULL when there is none. */
const syn_node *helion_class_member(helion_reader *r, const syn_node *class_node, const char *name);
/* Its value; --shape replaces int constants.  False when there is no such member. */
bool helion_class_value(helion_reader *r, const syn_node *class_node, const char *name, helion_value *out);
/* Expression on the right side of Assign or AnnAssign when it binds `name`. */
const syn_node *helion_assigned_value(const syn_node *statement, const char *name);

/* helion_config.c: finds the config of the kernel; its block sizes become hints of the blocks. */
void helion_find_config(helion_reader *r, const helion_kernel *k);
/* Its maker says static_shapes=False. */
bool helion_has_dynamic_shapes(helion_reader *r, const helion_kernel *k);
void helion_apply_config(helion_reader *r);

/* ---- arguments (helion_bind.c) ---- */
void helion_bind_arguments(helion_reader *r, const helion_kernel *k);
/* --arg and --dtype name arguments and tunables of the kernel, which has been read. */
void helion_check_given(helion_reader *r, const helion_kernel *k);

/* ---- running (helion_expr.c, helion_stmt.c, helion_loop.c, helion_call.c) ---- */
typedef enum helion_flow { HELION_NEXT, HELION_RETURN, HELION_BREAK, HELION_CONTINUE, HELION_STOP } helion_flow;
helion_value helion_eval(helion_reader *r, const syn_node *n);
helion_flow helion_run_block(helion_reader *r, syn_node *const *statements, size_t n);
/* Device code: inside of a top-level loop. */
static inline bool helion_in_loop(const helion_reader *r) { return r->region && r->region != &r->graph->body; }
helion_flow helion_run_for(helion_reader *r, const syn_node *n);
/* helion_branch.c: an `if` on a device value, a `while` in device code. */
void helion_run_branch(helion_reader *r, const syn_node *n, kernel_value condition);
void helion_run_while(helion_reader *r, const syn_node *n);
void helion_assign(helion_reader *r, const syn_node *target, helion_value v);
helion_value helion_call_function(helion_reader *r, const syn_node *call, helion_func f,
                                  const helion_seq *args); /* args NULL: from the call */
helion_value helion_eval_call(helion_reader *r, const syn_node *n);
helion_value helion_attribute(helion_reader *r, const syn_node *n, helion_value base, const char *name);
/* Operators on values of any kind (helion_number.c). */
helion_value helion_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b);
helion_value helion_unary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a);
helion_value helion_compare(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b);

/* ---- indexing (helion_index.c, helion_memory.c) ---- */
helion_value helion_subscript(helion_reader *r, const syn_node *n, helion_value base, helion_value index);
void helion_store(helion_reader *r, const syn_node *n, helion_value base, helion_value index, helion_value v);
#endif
