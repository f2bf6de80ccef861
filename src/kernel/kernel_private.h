/* Shared by the verifier's files. */
#ifndef LOOM_KERNEL_PRIVATE_H
#define LOOM_KERNEL_PRIVATE_H
#include "kernel/kernel.h"

typedef struct verifier {
  loom_ctx *ctx;
  const kernel_graph *k;
  loom_status blame;          /* LOOM_EBUG for graphs our front ends made, LOOM_EINPUT for graphs read from a file */
  bool *visible;              /* one per value: defined in an enclosing region, earlier */
  bool *defined;              /* one per value */
  bool *is_tile;              /* one per value: the tile number of a range */
  const char **open_blocks; int n_open_blocks;     /* blocks of the enclosing loops */
  const char **slots;         /* the kernel's symbol names */
} verifier;

#define KERNEL_BAD(v, span, ...) return diag_error((v)->ctx, (span), (v)->blame, __VA_ARGS__)

/* Every symbol of `e` belongs to the kernel. */
LOOM_MUST_USE loom_status kernel_check_expr(verifier *v, loom_span span, const sym_expr *e);
LOOM_MUST_USE loom_status kernel_check_dims(verifier *v, loom_span span, const kernel_type *t);
/* Equal structure, or equal values at several sample sizes. */
bool kernel_same_size(verifier *v, const sym_expr *a, const sym_expr *b);
bool kernel_same_type(verifier *v, const kernel_type *a, const kernel_type *b);
/* Operand counts, element types and shapes of an op that has no regions. */
LOOM_MUST_USE loom_status kernel_check_op(verifier *v, const kernel_op *op);
LOOM_MUST_USE loom_status kernel_check(loom_ctx *ctx, const kernel_graph *k, loom_status blame);
#endif
