/* tfn: tile functions read back.  Takes a tile operation graph with the MLIR text of its functions; leaves for each which op it is, on which parts of which buffers,
 * over which iteration: what code generators that know buffers and not memrefs start from. */
#ifndef LOOM_TOG_FUNCTION_TFN_H
#define LOOM_TOG_FUNCTION_TFN_H
#include "ir/ir.h"
#include "tog/tog.h"

enum { TFN_OPERANDS_MAX = 24, TFN_ITER_MAX = 8 };
typedef enum tfn_kind { TFN_FILL, TFN_MATMUL, TFN_GENERIC } tfn_kind;
/* A number, or argument `arg` of the function (behind its buffers). */
typedef struct tfn_index { int arg; /* -1: value */ int64_t value; } tfn_index;
/* An operand of the op: a part of buffer argument `use`.  Dim i of the operand is dim `dropped + i` of the buffer. */
typedef struct tfn_operand {
  int use, rank, dropped;                 /* rank: of the buffer */
  tfn_index offset[TOG_RANK_MAX], extent[TOG_RANK_MAX];
  int iter[TOG_RANK_MAX];                 /* by buffer dim: dim of the iteration; -1: always the first element */
} tfn_operand;
typedef struct tfn_function {
  const char *name;
  tfn_kind kind;
  MlirOperation op;
  int n_uses, n_args;
  int n_operands;                         /* the last one is the output */
  tfn_operand operand[TFN_OPERANDS_MAX];
  int n_iter; bool is_reduction[TFN_ITER_MAX];
  tfn_index extent[TFN_ITER_MAX];         /* of each iteration dim */
  double fill; MlirAttribute fill_value;  /* FILL */
  int k_iter; bool transpose_b;           /* MATMUL: the contracted dim; in1 holds its columns in rows */
  bool overwrites;                        /* MATMUL: starts from zero, whatever the output holds */
  bool ragged[TOG_ARGS_MAX];              /* argument: at some point not what the target calls whole; for its use, not set here */
} tfn_function;
/* *out has an entry for each of t->functions; its handles live in *out_module.  LOOM_EUNSUP: a function that is more than one op; `cores` names the target in messages. */
LOOM_MUST_USE loom_status tfn_read(ir_ctx *ir, const tog *t, const char *cores, LOOM_GIVE MlirModule *out_module, tfn_function **out);
const tfn_operand *tfn_output(const tfn_function *f);
/* What the op's body yields. */
MlirValue tfn_yielded(const tfn_function *f);
#endif
