/* What the lowering to vcix knows of one linalg.matmul before it writes anything. */
#ifndef LOOM_TARGET_NPU_NPT_PRODUCT_H
#define LOOM_TARGET_NPU_NPT_PRODUCT_H
#include "target/npu/npt_transfer.h"
#include "target/npu/npt_vcix.h"

enum { NPT_LOOPS_MAX = 16, NPT_A = 0, NPT_B = 1, NPT_C = 2, NPT_CONV_LOOPS = 4 };
enum { NPT_K_H, NPT_K_W, NPT_O_H, NPT_O_W };

typedef struct npt_loops { int n; MlirOperation at[NPT_LOOPS_MAX]; } npt_loops;   /* outermost first */

/* Where an operand comes from.  is_cut: loom-dma-fine-grained made its loads, whose slots count the parts (`part` of `shape`) row by row. */
typedef struct npt_operand {
  bool is_loaded, is_stored, is_async, has_fixed_slot, is_cut;
  npt_form form;
  MlirValue tag;
  int rank;
  int64_t shape[NPT_RANK_MAX], part[NPT_RANK_MAX];
} npt_operand;

typedef struct npt_product {
  MlirOperation op;
  MlirValue memory[3];                          /* A, B, C (the bias is loaded into it) */
  int64_t m, n, k, sub_m, sub_n, sub_k;         /* of the tiles; of the parts in which they are loaded */
  int64_t ss, vector, push;                     /* elements of a vector; rows of A at once */
  MlirType element, sum, c_element;             /* of A and B; of the array; of C */
  int bits, kind;                               /* of element; ISA_PUSH_* */
  npt_loops accumulation, outer, inner;
  npt_operand from[3];
  bool is_conv, is_overwriting, needs_mask;     /* needs_mask: lanes K.. of A hold nobody knows what */
} npt_product;

/* *out_is_ours false: the product is left as it is. */
LOOM_MUST_USE loom_status npt_read_product(ir_ctx *ir, MlirOperation op, const npt_vcix_options *o, npt_product *out, bool *out_is_ours);
/* Replaces the product. */
LOOM_MUST_USE loom_status npt_lower_product(ir_ctx *ir, const npt_product *p);
/* exp, erf, tanh, sin, cos, log, atan of math: is it one; replaces it. */
bool npt_is_transcendental(MlirOperation op);
LOOM_MUST_USE loom_status npt_lower_transcendental(ir_ctx *ir, MlirOperation op, int vlen_bits);
/* exp2, log2, log10, log1p, expm1, tan, sinh, cosh, powf, remf: is it one; replaces it by arithmetic and transcendentals. */
bool npt_is_derived(MlirOperation op);
LOOM_MUST_USE loom_status npt_lower_derived(ir_ctx *ir, MlirOperation op);
MlirValue npt_loop_index(MlirOperation loop);
/* Its constant upper bound; false: it has none. */
bool npt_loop_end(MlirOperation loop, int64_t *out);
#endif
