/* Shared by the files of bisect/ that run MLIR: an interpreter over the operations, one round after the other. */
#ifndef LOOM_BISECT_IRUN_H
#define LOOM_BISECT_IRUN_H
#include "bisect/bisect.h"

typedef enum irun_kind { IRUN_NONE, IRUN_SCALAR, IRUN_TENSOR, IRUN_MEMORY } irun_kind;

/* A part of memory, or all of it: element (i0, i1, ..) is at offset + sum i_d * stride_d. */
typedef struct irun_view { flow_memory *memory; int64_t offset; int rank; int64_t size[FLOW_RANK_MAX], stride[FLOW_RANK_MAX]; } irun_view;

typedef struct irun_value {
  irun_kind kind;
  dtype type;                    /* element type; index is I64 */
  double x;                      /* SCALAR */
  int node;                      /* SCALAR of data (-1: none), TENSOR */
  bool is_open;                  /* TENSOR: a sum in f32 of a narrower type, rounded where it is read */
  irun_view view;                /* MEMORY */
} irun_value;

/* One scalar operation of a linalg body, on registers. */
typedef struct irun_step { int fn; dtype from, to; int64_t predicate; int out, in[3]; } irun_step;
typedef struct irun_body {
  bool is_bad;                   /* holds what only the interpreter of operations knows */
  int n_registers, n_args;
  VEC_OF(irun_step) steps;
  VEC_OF(int) indices;           /* pairs: register, dim of linalg.index */
  VEC_OF(int) outer; VEC_OF(MlirValue) outer_values;     /* registers of values from outside */
  VEC_OF(int) constants; VEC_OF(double) constant_values;
  int n_yields; int yields[8];
  bool *is_read;                 /* by block argument */
  bool is_product;               /* out + a * b in f32 or f64, of the two inputs as they are: most of the work there is */
} irun_body;

typedef struct irun irun;
/* What runs an operation; the number is that of its flow op.  False: it was stopped, or its form is not known. */
typedef bool (*irun_fn)(irun *, MlirOperation, int);

/* What is known of an operation after it was met once. */
typedef struct irun_info { irun_fn run; /* NULL: unknown */ int fn; /* of scalar operations */ irun_body *body; /* of linalg, once compiled */ signed char is_statement; /* of loops; -1: not looked at yet */ } irun_info;

/* What one instance gave to a gather, in the pass before. */
typedef struct irun_given { const char *key; int64_t row, elems; int node; const double *x; } irun_given;
typedef VEC_OF(irun_given) irun_given_list;

typedef struct irun_statement irun_statement;

struct irun {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  flow_run *flow;
  const bisect_ir_options *o;
  VEC_OF(irun_info) infos;       /* by flow op */
  VEC_OF(irun_value) slots;      /* by SSA value met so far */
  const void **keys; int *places; size_t n_keys, n_used;      /* SSA value -> slot */
  bisect_stop stop;
  int64_t spent;
  int n_memories;                /* made so far, for their names */
  bool returned;
  irun_given_list given, gives;   /* of the last pass; of this one */
  irun_statement *statement;      /* that is running: its scalars are no nodes; NULL: none */
};

/* ---- irun.c ---- */
bool irun_stop(irun *r, MlirOperation op, bisect_end end, const char *why);
irun_value *irun_slot(irun *r, MlirValue v);
/* Operand i; its value must have been made. */
irun_value *irun_operand(irun *r, MlirOperation op, intptr_t i);
int64_t irun_int(irun *r, MlirOperation op, intptr_t i);
void irun_set_scalar(irun *r, MlirOperation op, dtype t, double x, int node);
bool irun_type(MlirType t, dtype *out);
int irun_op(irun *r, MlirOperation op);
/* Runs the operations of `b`; the operands of its terminator are then at *out_last. */
bool irun_block(irun *r, MlirBlock b, MlirOperation *out_last);
bool irun_spend(irun *r, MlirOperation op, int64_t n);
/* A node of a new tile; x is kept. */
int irun_add(irun *r, MlirOperation op, flow_kind kind, int n_in, const int *in, dtype t, int rank, const int64_t *shape, const double *x);
void irun_set_tensor(irun *r, MlirOperation op, intptr_t result, int node, bool is_open);
/* The elements of a tensor as a reader sees them. */
const double *irun_elements(irun *r, const irun_value *v);
double irun_round(dtype t, double x);

/* ---- irun_scalar.c ---- */
int irun_scalar_find(const char *name);                  /* -1: no scalar operation */
int irun_scalar_arity(int fn);
/* false: a division by zero, or an integer that a double does not hold; irun_scalar_stop says which. */
bool irun_scalar(int fn, dtype from, dtype to, int64_t predicate, const double *in, double *out);
bool irun_scalar_stop(irun *r, MlirOperation op, int fn, const double *in);
int64_t irun_predicate(MlirOperation op);
/* Handlers by name; NULL: not of this file. */
irun_fn irun_scalar_handler(const char *name);

/* ---- irun_memory.c: memory and what it holds ---- */
/* All places of the view are inside of its memory. */
bool irun_check_view(irun *r, MlirOperation op, const irun_view *v);
/* Copies the elements out. */
double *irun_copy_out(irun *r, const irun_view *v);
/* The node whose value the view shows; one that reads where it is of several, or of none. */
int irun_read(irun *r, MlirOperation op, const irun_view *v, dtype t, const double *x, bool always_new);
void irun_write(irun *r, const irun_view *v, const double *x, int node);
irun_view irun_whole(flow_memory *m);
/* For subview and extract_slice: kept[i] is the dim of the part that dim i of the result is. */
bool irun_kept_dims(MlirOperation op, MlirType t, int rank, int *kept);
irun_fn irun_memory_handler(const char *name);

/* ---- irun_tensor.c ---- */
irun_fn irun_tensor_handler(const char *name);
/* A list of sizes or offsets: attribute `name` with dynamic entries from operands `first`... */
bool irun_mixed(irun *r, MlirOperation op, const char *name, int segment, int64_t *out, int *n);

/* ---- irun_body.c ---- */
static inline bool irun_is_half(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16; }
irun_body *irun_body_compile(irun *r, MlirOperation op);
/* `widens`: halves are computed with in f32. */
bool irun_body_run(irun *r, MlirOperation op, const irun_body *b, double *registers, bool widens);

/* ---- irun_linalg.c ---- */
irun_fn irun_linalg_handler(const char *name);

/* ---- irun_control.c ---- */
irun_fn irun_control_handler(const char *name);
int64_t irun_affine(MlirAffineExpr e, const int64_t *dims, const int64_t *symbols, bool *bad);

/* ---- irun_statement.c ---- */
bool irun_is_statement(MlirOperation op);
/* Runs loop `op` as one statement. */
bool irun_run_statement(irun *r, MlirOperation op, irun_fn run, int id);
void irun_statement_input(irun *r, int node);
void irun_statement_load(irun *r, const irun_view *v);
void irun_statement_store(irun *r, MlirOperation op, const irun_view *v, double x);
void irun_statement_loop(irun *r, int64_t trips);      /* a loop of it begins, inside of those that are open */
void irun_statement_loop_end(irun *r);

/* ---- irun_gather.c ---- */
irun_fn irun_gather_handler(const char *name);

/* ---- irun_loom.c ---- */
irun_fn irun_loom_handler(const char *name);
#endif
