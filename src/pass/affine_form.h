/* Index arithmetic as affine expressions: what affinize makes of arith ops. */
#ifndef LOOM_PASS_AFFINE_FORM_H
#define LOOM_PASS_AFFINE_FORM_H
#include "pass/pass_private.h"

enum { AFFINE_INPUTS_MAX = 32, AFFINE_READS_MAX = 4096 };

/* Expressions over common inputs.  Dims: program ids (the last three arguments of the function) and induction variables; symbols: all else. */
typedef struct affine_form {
  ir_ctx *ir;
  MlirBlock entry;                      /* of the function */
  int n_dims, n_symbols, reads;         /* reads: operations looked at, at most AFFINE_READS_MAX */
  MlirValue dim[AFFINE_INPUTS_MAX], symbol[AFFINE_INPUTS_MAX];
} affine_form;

typedef struct affine_term { MlirAffineExpr expr; bool is_natural; /* >= 0 is known */ } affine_term;

/* The value of index type `v` as an expression.  LOOM_EUNSUP: a product of two indices, a quotient or remainder that may be of a negative
 * number, or by something that is no positive constant. */
LOOM_MUST_USE loom_status affine_form_read(affine_form *f, MlirValue v, affine_term *out);
bool affine_form_is_zero(const affine_form *f, MlirAffineExpr e);
/* A value equal to the least (op "affine.min") or greatest ("affine.max") of n expressions, or the only one (n == 1: "affine.apply", or an
 * input or constant when the expression is that).  Null when it cannot be built. */
MlirValue affine_form_build(const affine_form *f, ir_builder *b, const char *op, const MlirAffineExpr *exprs, intptr_t n);
#endif
