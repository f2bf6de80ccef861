/* Shared by the files of the printer. */
#ifndef LOOM_FRONTEND_HM_PRINT_H
#define LOOM_FRONTEND_HM_PRINT_H
#include "frontend/helion_mlir/helion_mlir.h"
#include "frontend/helion_mlir/hm_table.h"

typedef struct hm_line { const char *op, *name; } hm_line;
typedef struct hm_cached { kernel_value value; bool is_torch; } hm_cached;

/* One function being printed.  Constants and symbols stand at its head; lines of grids are kept back until what they need from the
 * function's own level has been printed. */
typedef struct hm_printer {
  loom_ctx *ctx;
  arena *mem;
  const kernel_graph *k;
  text constants, head, *out;
  text *functions;                       /* private functions: of folds and scans */
  int *n_functions;
  int depth, next;
  VEC_OF(hm_line) known_constants, known, known_at_top;   /* what is printed once; `known`: in the open regions */
  const char **builtin, **torch;         /* by kernel value: its names as tensor<..> and as !torch.vtensor<..> */
  VEC_OF(hm_cached) cached;              /* names made in open regions, forgotten with them */
  const char **tensor;                   /* by kernel tensor: the name of its memory */
  const char **tensor_type;
  bool *is_written;                      /* by kernel tensor: a store or an atomic goes to its memory */
  const char **symbol;                   /* by symbol: its name as an index; BLOCK, NOMINAL: of the block size; RUNTIME: once it is bound */
  bool *at_top;                          /* by symbol: it is known at the function's own level */
  kernel_value *tile;                    /* by symbol: the parameter of the open loop over the block; -1: none */
  const kernel_range **range;            /* by kernel value: of loop parameters */
  VEC_OF(const char *) names;            /* taken %names */
  bool in_grid;
  loom_span span;                        /* of the op being printed */
} hm_printer;

/* ---- hm_print_text.c: lines, names, types, sizes ---- */
void hm_printer_start(hm_printer *p, loom_ctx *ctx, const kernel_graph *k, text *functions, int *n_functions);
void hm_put(hm_printer *p, const char *fmt, ...) LOOM_PRINTF(2, 3);                   /* one indented line */
const char *hm_def(hm_printer *p, const char *fmt, ...) LOOM_PRINTF(2, 3);            /* "%new = .."; returns the name */
const char *hm_once(hm_printer *p, const char *fmt, ...) LOOM_PRINTF(2, 3);           /* hm_def, once in the open regions */
const char *hm_constant(hm_printer *p, const char *fmt, ...) LOOM_PRINTF(2, 3);       /* hm_def, once at the function's head */
const char *hm_name(hm_printer *p, const char *wish);                                 /* a %name that is not taken */
const char *hm_string(arena *m, const char *s);                                       /* an MLIR string literal */
LOOM_MUST_USE loom_status hm_no_form(hm_printer *p, const char *what);
/* The size with those that are numbers in the text as numbers. */
const sym_expr *hm_known(hm_printer *p, const sym_expr *e);
/* true: the size is a number. */
bool hm_static(hm_printer *p, const sym_expr *e, int64_t *out);
const char *hm_builtin_type(hm_printer *p, const kernel_type *t);
const char *hm_torch_type(hm_printer *p, const kernel_type *t);
/* A constant of element type `t` as MLIR writes it, without its type. */
const char *hm_number(arena *m, dtype t, double x);
const char *hm_block_size(hm_printer *p, const char *block);                                    /* %name : index */
LOOM_MUST_USE loom_status hm_size(hm_printer *p, const sym_expr *e, const char **out);          /* %name : index */
/* "%name", or the number: for slices. */
LOOM_MUST_USE loom_status hm_size_or_number(hm_printer *p, const sym_expr *e, const char **out);
/* From inside of a grid to the function's own level in front of it, and back. */
hm_printer hm_to_top(hm_printer *p);
void hm_from_top(hm_printer *p, const hm_printer *inside);
/* The size at the function's own level; *out NULL: it is not known there. */
LOOM_MUST_USE loom_status hm_size_at_top(hm_printer *p, const sym_expr *e, const char **out);
LOOM_MUST_USE loom_status hm_torch_int(hm_printer *p, const sym_expr *e, const char **out);     /* %name : !torch.int */
const char *hm_torch_constant(hm_printer *p, int64_t v);
const char *hm_torch_bool(hm_printer *p, bool v);
const char *hm_torch_none(hm_printer *p);

/* ---- values ---- */
LOOM_MUST_USE loom_status hm_builtin(hm_printer *p, kernel_value v, const char **out);
LOOM_MUST_USE loom_status hm_torch(hm_printer *p, kernel_value v, const char **out);
void hm_set_builtin(hm_printer *p, kernel_value v, const char *name);
void hm_set_torch(hm_printer *p, kernel_value v, const char *name);
/* A 0-d value as a scalar of its element type, and as index. */
LOOM_MUST_USE loom_status hm_scalar(hm_printer *p, kernel_value v, const char **out);
LOOM_MUST_USE loom_status hm_index(hm_printer *p, kernel_value v, const char **out);
typedef struct hm_scope { size_t known, cached; } hm_scope;
hm_scope hm_open_scope(hm_printer *p);
void hm_close_scope(hm_printer *p, hm_scope s);

/* Operands of a generic operation: "(%a, %b)" and "(tensor<..>, index)". */
typedef struct hm_operands { text names, types; } hm_operands;
hm_operands hm_operands_new(hm_printer *p);
void hm_operand(hm_operands *o, const char *name, const char *type);
LOOM_MUST_USE loom_status hm_operand_builtin(hm_printer *p, hm_operands *o, kernel_value v);
LOOM_MUST_USE loom_status hm_operand_torch(hm_printer *p, hm_operands *o, kernel_value v);
LOOM_MUST_USE loom_status hm_operand_size(hm_printer *p, hm_operands *o, const sym_expr *e);
/* The operands as one tuple, appended to `to`. */
void hm_operand_tuple(hm_printer *p, hm_operands *to, const hm_operands *parts);
/* "name"(..) {attributes} : (..) -> result */
const char *hm_generic(hm_printer *p, const char *name, const hm_operands *o, const char *attributes, const char *result);

/* ---- hm_print_memory.c ---- */
LOOM_MUST_USE loom_status hm_print_load(hm_printer *p, const kernel_op *op);
LOOM_MUST_USE loom_status hm_print_store(hm_printer *p, const kernel_op *op);
LOOM_MUST_USE loom_status hm_print_atomic(hm_printer *p, const kernel_op *op);
/* ---- hm_print_op.c ---- */
LOOM_MUST_USE loom_status hm_print_compute(hm_printer *p, const kernel_op *op);
/* ---- hm_print.c ---- */
/* The operations of a region of `around` (NULL: the kernel itself); `yield` is the name of its last operation. */
LOOM_MUST_USE loom_status hm_print_region(hm_printer *p, const kernel_op *around, const kernel_region *r, const char *yield);
/* A private function of scalars with the region's operations; its name. */
LOOM_MUST_USE loom_status hm_print_function(hm_printer *p, const kernel_op *op, const char **out);
#endif
