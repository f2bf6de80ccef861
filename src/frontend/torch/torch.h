/* torch: text of the torch dialect (torch, torch_c, tm_tensor) and of StableHLO, which stock MLIR does not read.
 * Takes: MLIR text in the custom assembly of these dialects, among anything else.  Leaves: the same text with their operations in MLIR's generic
 * form, line by line as it was, so that MLIR reads it with unregistered operations allowed; everything else is copied.
 *
 * The generic form:
 *   %2 = "torch.aten.mm"(%0, %1) : (!torch.vtensor<[4,8],f32>, !torch.vtensor<[8,2],f32>) -> (!torch.vtensor<[4,2],f32>) loc("f.mlir":7:8)
 *   - the operation keeps its name (dots and all), its operands in order, its discardable attributes, its regions;
 *   - types keep their spelling without blanks: `!torch.vtensor<[2,?],f32>`; MLIR holds them as opaque types of the dialect torch;
 *   - what custom assembly says without a keyword becomes an attribute: `value` of torch.constant.* and torch.vtensor.literal, `name` of
 *     torch.operator, `symbol_name`, `shape_expressions`, `message`; integers of torch.constant.int are i64, floats f64,
 *     the elements of a literal signless (tensor<2xi64> for tensor<2xsi64>);
 *   - operations with ins(..) outs(..) (tm_tensor) have operandSegmentSizes = array<i32: ins, outs>;
 *   - each operation that was rewritten has the place of its name in the source as its location. */
#ifndef LOOM_FRONTEND_TORCH_H
#define LOOM_FRONTEND_TORCH_H
#include "frontend/mlir_text/mlir_text.h"

/* Is there an operation or a type of these dialects in the text? */
bool torch_is_text(const char *text, size_t size);
/* Is this the name of an operation or a type of these dialects ("torch.aten.mm", "torch.vtensor")? */
bool torch_is_name(const char *name);
/* The generic form of `text`; *out is `text` itself when there was nothing to do.  `shown` is what the user wrote, with the same lines: places are
 * shown there.  LOOM_EINPUT: an operation that is spelt neither way, with its place; LOOM_ELIMIT: regions nested deeper than TORCH_REGIONS_MAX. */
enum { TORCH_REGIONS_MAX = 64 };
LOOM_MUST_USE loom_status torch_normalise(loom_ctx *ctx, const diag_source *shown, const char *text, size_t size, const char **out, size_t *out_size);
#endif
