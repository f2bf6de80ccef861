/* Shared by the files of target/tt. */
#ifndef LOOM_TT_PRIVATE_H
#define LOOM_TT_PRIVATE_H
#include "target/tt/tt.h"
#include "tog/function/tfn.h"
#include "tog/tog_points.h"

enum { TT_BUFFERS_MAX = 64, TT_FACE = 16 };

/* ---- buffers and their tiles (tt_roles.c, tt_cb.c) ---- */
typedef enum tt_dim { TT_OPEN, TT_BATCH, TT_ROW, TT_COL } tt_dim;
typedef struct tt_buffer {
  const tog_buffer *b;
  dtype type;                             /* BF16 or F32 */
  tt_dim role[TOG_RANK_MAX];
  int row, col;                           /* dims; -1: none */
  int64_t count[TOG_RANK_MAX], pages;     /* tiles along each dim, and in a slot */
  bool loaded, leaves;                    /* the reader fills it; the writer takes it away */
  bool contracted[TOG_RANK_MAX];          /* some product sums over this dim */
  bool can_transpose, transposed, seen;         /* its readers may take its tiles transposed; its loads bring them so */
  const tog_node *last_write;
  int gather_semaphore;                   /* the first of the gather's; -1: not gathered */
  bool gather_repeats, filled;            /* filled: some fill puts constants there, which waits for nobody */
  int exact_cb;                           /* the memory of `cb` for copies to DST, where a product has `cb` cut to TF32 and others read it too; -1: none */
  int cb, out_cb;                         /* out_cb: the writer's copy where the compute thread also reads what it wrote; else cb */
} tt_buffer;
LOOM_MUST_USE loom_status tt_infer_roles(loom_ctx *ctx, const tog *t, const tfn_function *f, tt_buffer *buffers);
/* Role of iteration dim d of the op, by the buffers in `uses` order. */
typedef struct tt_iter_roles { tt_dim at[TFN_ITER_MAX]; int row, col; } tt_iter_roles;

/* ---- the emitter (tt_emit.c, tt_args.c) ---- */
typedef struct tt_binding { const char *name; MlirValue value; } tt_binding;
typedef struct tt_counter { int id; const char *name; } tt_counter;
enum { TT_NEST_MAX = 64 };
typedef struct tt_scope { ir_builder outer; bool is_op; } tt_scope;
typedef struct tt_emit {
  ir_ctx *ir; loom_ctx *ctx; arena *mem;
  const tog *t;
  const machine *machine;
  tt_options options;
  tt_program *p;
  const tfn_function *functions;
  tt_buffer *buffers;
  tt_role role;
  ir_builder b;                           /* where ops go */
  MlirOperation main;                     /* the kernel's func.func; helpers go before it */
  MlirOperation head;                     /* arguments are read before this op */
  VEC_OF(tt_binding) names;               /* loop variables */
  tog_scope range;                        /* of mesh dims and loop variables */
  tt_scope scope[TT_NEST_MAX]; int n_scopes;
  const char *comment;                    /* goes to the next op */
  VEC_OF(struct tt_helper *) helpers;
  VEC_OF(tt_counter) counters;            /* semaphores to set to 0 when the kernel ends */
  int cb_ones, cb_columns, cb_rows, cb_partial, cb_high, cb_low, cb_extreme, cb_stick;      /* -1: not in use */
  bool fpu_reads[TT_CBS_MAX];             /* a source register takes it; copy_tile may then not bypass them */
  bool has_value[TT_BUFFERS_MAX];         /* compute: the buffer's open slot holds a value */
} tt_emit;

MlirType tt_i32(tt_emit *e);
MlirType tt_cb_type(tt_emit *e);
MlirValue tt_int(tt_emit *e, int64_t v);
MlirValue tt_float(tt_emit *e, double v);
bool tt_is_int(MlirValue v, int64_t *out);
MlirOperation tt_op(tt_emit *e, const char *name, const MlirValue *operands, size_t n);
/* TT_OP(e, "cb_wait_front", cb, n): an op of dialect ttkernel without results. */
#define TT_OP(e, name, ...) tt_op((e), "ttkernel." name, (MlirValue[]){__VA_ARGS__}, sizeof((MlirValue[]){__VA_ARGS__}) / sizeof(MlirValue))
#define TT_OP0(e, name) tt_op((e), "ttkernel." name, NULL, 0)
MlirValue tt_value(tt_emit *e, MlirType type, const char *name, const char *hint, const MlirValue *operands, size_t n);
#define TT_VALUE(e, type, name, hint, ...) \
  tt_value((e), (type), "ttkernel." name, (hint), (MlirValue[]){__VA_ARGS__}, sizeof((MlirValue[]){__VA_ARGS__}) / sizeof(MlirValue))
void tt_set_templates(tt_emit *e, MlirOperation op, const char *const *names, int n);
/* Arithmetic on i32, folded where both sides are numbers. */
MlirValue tt_add(tt_emit *e, MlirValue a, MlirValue b);
MlirValue tt_sub(tt_emit *e, MlirValue a, MlirValue b);
MlirValue tt_mul(tt_emit *e, MlirValue a, MlirValue b);
MlirValue tt_min(tt_emit *e, MlirValue a, MlirValue b);
MlirValue tt_ceildiv(tt_emit *e, MlirValue a, int64_t b);
MlirValue tt_floordiv(tt_emit *e, MlirValue a, int64_t b);   /* a >= 0 */
MlirValue tt_mod(tt_emit *e, MlirValue a, int64_t b);        /* a >= 0 */
MlirValue tt_compare(tt_emit *e, const char *predicate, MlirValue a, MlirValue b);   /* "eq", "ne", "slt", ... : i1 */
MlirValue tt_both(tt_emit *e, MlirValue a, MlirValue b);     /* i1; a null one counts as true */
/* Opens a loop from 0 to count - 1 and returns its variable; a loop of one turn is none.  tt_end closes it. */
MlirValue tt_for(tt_emit *e, MlirValue count, const char *name);
void tt_if(tt_emit *e, MlirValue condition);                 /* null: always */
void tt_else(tt_emit *e);                                    /* of a tt_if with a condition */
void tt_end(tt_emit *e);
void tt_comment(tt_emit *e, const char *fmt, ...) LOOM_PRINTF(2, 3);
/* Arguments of the kernel that is made. */
MlirValue tt_run_arg(tt_emit *e, const char *name, tt_arg_kind kind, int index, const sym_expr *x, const sym_expr *y);
MlirValue tt_cb_value(tt_emit *e, int cb);
/* The buffer's exact_cb, where it has one; else `cb` itself. */
MlirValue tt_exact_cb(tt_emit *e, MlirValue cb);
/* cb_reserve_back, cb_push_back, cb_wait_front or cb_pop_front, of the exact one too: both are always at the same slot. */
void tt_cb_op(tt_emit *e, const char *op, MlirValue cb, MlirValue pages);
int tt_new_cb(tt_emit *e, const char *name, const char *comment, dtype type, int64_t page_bytes, int64_t pages);
/* *cb is the buffer of one tile by this name; it is made where it is -1. */
int tt_one_tile_cb(tt_emit *e, int *cb, const char *name, const char *comment, dtype type);
/* n semaphores with ids from *out_first on.  LOOM_ELIMIT. */
LOOM_MUST_USE loom_status tt_new_semaphores(tt_emit *e, int n, int *out_first);
MlirValue tt_accessor(tt_emit *e, int tensor);
MlirValue tt_semaphore(tt_emit *e, int id, const char *name);
/* A function of this kernel; *is_new: its body is to be made now, between tt_open_helper and tt_close_helper.  `key` tells functions apart. */
typedef struct tt_helper { const char *key, *name; MlirOperation func; MlirBlock block; ir_builder outer; MlirOperation head; int n_scopes; } tt_helper;
tt_helper *tt_open_helper(tt_emit *e, const char *key, const char *name, size_t n, const MlirType *types, const char *const *names, bool *is_new);
MlirValue tt_helper_arg(const tt_helper *h, intptr_t i);
void tt_close_helper(tt_emit *e, tt_helper *h);
void tt_call(tt_emit *e, const tt_helper *h, size_t n, const MlirValue *args);

/* ---- tt_expr.c ---- */
LOOM_MUST_USE loom_status tt_expr(tt_emit *e, const sym_expr *x, const char *hint, MlirValue *out);
LOOM_MUST_USE loom_status tt_condition(tt_emit *e, const sym_expr *x, MlirValue *out);     /* i1: x is not 0 */

/* ---- nodes (tt_lower.c) and their memory (tt_memory.c) ---- */
/* Does the node, or one inside, have to do with the buffer? */
bool tt_mentions(const tog_node *n, int buffer);
/* Of a COMPUTE with a function: the buffer it writes; whether it reads one. */
int tt_output_buffer(const tt_emit *e, const tog_node *n);
bool tt_reads(const tt_emit *e, const tog_node *n, int buffer);
/* Node i of the body is a fill that a sum starts from anyway: the sum begins in an empty slot. */
bool tt_is_absorbed(tt_emit *e, const tog_body *body, size_t i);
void tt_make_cbs(tt_emit *e);
/* Shares memory where the L1 is short.  LOOM_ELIMIT. */
LOOM_MUST_USE loom_status tt_check_memory(tt_emit *e);

/* Only mesh dims and variables of open loops in it. */
bool tt_is_in_scope(const tt_emit *e, const sym_expr *x);

/* ---- facts about every point (tt_facts.c) ---- */
/* Is e a multiple of `by` at every point of the path?  Not known counts as no. */
LOOM_MUST_USE loom_status tt_is_multiple(loom_ctx *ctx, const tog_path *p, const sym_expr *e, int64_t by, bool *out);
LOOM_MUST_USE loom_status tt_mark_ragged(loom_ctx *ctx, const tog *t, tfn_function *f);

/* ---- tensors (tt_tensor.c) ---- */
/* How the box of a load or store lies in its tensor's memory dims: dim m of the tensor is dim box_dim[m] of the box. */
typedef struct tt_box { bool fits; int box_dim[TOG_RANK_MAX]; bool transposed; } tt_box;
LOOM_MUST_USE loom_status tt_plan_tensors(loom_ctx *ctx, const tog *t, const machine *m, tt_buffer *buffers, tt_program *p, tt_box *boxes /* by node id */);

/* Calls `run` for each run of neighbouring tiles of a slot at `l1`: `count` tiles from `first` on, by buffer dim; `at` is an address, `bytes` not 0. */
typedef void (*tt_run_fn)(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *extra);
void tt_each_run(tt_emit *e, const tt_buffer *b, const MlirValue *first, const MlirValue *count, MlirValue l1, tt_run_fn run, const MlirValue *extra);

/* ---- kernels ---- */
LOOM_MUST_USE loom_status tt_emit_load(tt_emit *e, const tog_node *n, const tt_box *box);
LOOM_MUST_USE loom_status tt_emit_store(tt_emit *e, const tog_node *n, const tt_box *box);
/* Calls of the reader's functions for shared loads (tt_share_calls.c); a rectangle is its corners' x, y, x, y and its cores. */
void tt_call_receive(tt_emit *e, MlirValue source_x, MlirValue source_y, MlirValue ready, MlirValue valid);
void tt_call_await(tt_emit *e, MlirValue ready, MlirValue count);
void tt_call_multicast(tt_emit *e, MlirValue l1, MlirValue bytes, const MlirValue *rectangle);
void tt_call_flag(tt_emit *e, MlirValue valid, const MlirValue *rectangle);
void tt_call_pass_on(tt_emit *e, MlirValue l1, MlirValue bytes, const MlirValue *core);
void tt_call_flag_next(tt_emit *e, const MlirValue *core, MlirValue valid);
/* l1_ptr to words of `element` ("uint16_t", "uint32_t"). */
MlirValue tt_pointer(tt_emit *e, MlirValue address, const char *element);
LOOM_MUST_USE loom_status tt_emit_send(tt_emit *e, const tog_node *n);
LOOM_MUST_USE loom_status tt_emit_collect(tt_emit *e, const tog_node *n);
void tt_reset_counters(tt_emit *e);
/* Address of `bytes` of the kernel's own scratch memory, a multiple of 64. */
MlirValue tt_scratch_line(tt_emit *e, int64_t bytes);
/* Fills a slot of the load: reads DRAM into `l1`. */
LOOM_MUST_USE loom_status tt_read_box(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1);
LOOM_MUST_USE loom_status tt_move_sticks(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1, bool is_load);
/* Hands a filled slot on to the cores that share the load. */
LOOM_MUST_USE loom_status tt_emit_shared(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1);
/* `fresh`: the output's old contents do not matter. */
LOOM_MUST_USE loom_status tt_emit_compute(tt_emit *e, const tog_node *n, bool fresh);
/* Hands the slot of a buffer that the writer takes away to it. */
LOOM_MUST_USE loom_status tt_emit_publish(tt_emit *e, const tog_node *n);
/* A reduction or product that starts from exactly what fills with `fill` leave. */
bool tt_starts_from(const tfn_function *f, double fill);
/* Constant tiles that compute kernels use; made by the reader. */
void tt_emit_constants(tt_emit *e);

/* ---- compute helpers ---- */
/* One op in the making: values of the helper's arguments. */
typedef struct tt_site {
  const tfn_function *f;
  const tog_node *node;
  const tt_buffer *buffer[TFN_OPERANDS_MAX];   /* by operand */
  MlirValue cb[TFN_OPERANDS_MAX];              /* by operand */
  int cb_index[TFN_OPERANDS_MAX];
  MlirValue args[TOG_ARGS_MAX];
  bool skips[TOG_ARGS_MAX];                   /* arguments of the function that the helper does without */
  tt_iter_roles roles;
  bool fresh;                                 /* the output holds nothing yet; else it is changed in place, tile by tile */
  MlirValue tile[TFN_ITER_MAX];                /* by iteration dim: its tile, in the loops */
  int capacity;                               /* DST registers */
} tt_site;
MlirValue tt_index_value(tt_emit *e, const tt_site *s, tfn_index i);
/* Tiles along an iteration dim. */
MlirValue tt_tiles(tt_emit *e, const tt_site *s, int iter);
MlirValue tt_tile_index(tt_emit *e, const tt_site *s, int operand);
LOOM_MUST_USE loom_status tt_find_iter_roles(loom_ctx *ctx, const tfn_function *f, const tt_buffer *const *by_operand, tt_iter_roles *out);
LOOM_MUST_USE loom_status tt_make_matmul(tt_emit *e, tt_site *s);
LOOM_MUST_USE loom_status tt_make_generic(tt_emit *e, tt_site *s);
LOOM_MUST_USE loom_status tt_make_fill(tt_emit *e, tt_site *s);
/* Evaluates the body's value for the tiles in s->tile into DST register *out; registers below `first` are kept. */
LOOM_MUST_USE loom_status tt_eval_body(tt_emit *e, tt_site *s, MlirValue v, int first, int *out);
/* Replaces what lies beyond the extents in register `at` by `neutral`, along iteration dims that `along` names; registers below `first` are kept. */
LOOM_MUST_USE loom_status tt_mask(tt_emit *e, tt_site *s, int at, int first, double neutral, const bool *along);
/* Sets the unpacker up for copies to DST; what they take tiles from. */
MlirValue tt_begin_copies(tt_emit *e, MlirValue cb);
/* Tile `index` of the buffer, as it is, into a register. */
void tt_copy_tile(tt_emit *e, MlirValue cb, MlirValue index, MlirValue reg);
/* The tile of each element's column, or row. */
MlirValue tt_positions(tt_emit *e, tt_dim along);
bool tt_can_read(const tt_site *s, int operand);
void tt_copy_in(tt_emit *e, tt_site *s, int operand, MlirValue index, int reg);
void tt_unary(tt_emit *e, const char *stem, int reg);                           /* "exp": exp_tile_init, exp_tile(reg) */
void tt_binary(tt_emit *e, const char *stem, int a, int b, int out);            /* "add_binary" */
void tt_fill_register(tt_emit *e, int reg, double value);
/* The loops over the output's tiles: tt_open_tiles opens them and returns the output's index; in place: the tile is at the front. */
MlirValue tt_open_tiles(tt_emit *e, tt_site *s, MlirValue *out_active);
void tt_close_tiles(tt_emit *e, tt_site *s, MlirValue active, MlirValue index, int reg);
#endif
