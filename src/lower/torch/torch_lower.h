/* torch_lower: one operation of the torch dialect (or tm_tensor) as linalg, tensor, arith, math and scf on tensors.
 * Takes: an operation described plainly (name, operands with types and known constants, result types).  Leaves: MLIR text of a function body that
 * computes it.  Knows nothing of MLIR's data structures; pass_torch.c describes the operations of a module and puts the bodies in their place.
 *
 * Numbers are PyTorch's: operands are promoted to the type of the result, halves compute in f32 and round once, sums of halves and products of
 * matrices accumulate in f32, comparisons promote their operands, dims count from the end when negative.  A dim of unknown size (?) is taken not to
 * be 1 where it meets another one; sizes are read from the operands. */
#ifndef LOOM_LOWER_TORCH_LOWER_H
#define LOOM_LOWER_TORCH_LOWER_H
#include "base/diag.h"
#include "base/dtype.h"
#include "base/text.h"
#include "base/vec.h"

enum { TL_RANK_MAX = 8, TL_DYNAMIC = -1 };

typedef enum tl_kind { TL_OTHER, TL_TENSOR, TL_INT, TL_FLOAT, TL_BOOL, TL_NONE, TL_STR, TL_LIST } tl_kind;
/* !torch.vtensor<[2,?],f32>, !torch.int, .. and what they become: tensor<2x?xf32>, i64, f64, i1. */
typedef struct tl_type { tl_kind kind; dtype dtype; int rank; int64_t dim[TL_RANK_MAX]; } tl_type;

typedef struct tl_value tl_value;
struct tl_value {
  tl_type type;
  const char *name;                  /* in the text: "%a2"; NULL: it has none (none, strings, lists) */
  bool is_known;                     /* a constant: `i` of int and bool, `f` of float, `s` of str */
  int64_t i; double f; const char *s;
  const tl_value *const *items; int n_items;   /* of a list */
};
typedef struct tl_attribute { const char *name, *text; } tl_attribute;   /* MLIR text: "0 : i64" */
typedef struct tl_op {
  const char *name;                  /* "torch.aten.mm" */
  loom_span span;
  const tl_value *const *in; int n_in;
  const tl_type *out; int n_out;
  const tl_attribute *attributes; int n_attributes;
  int n_segment_ins;                 /* of an operation with ins and outs: operands of ins */
  const char *region;                /* the function its region was made (tm_tensor); NULL: no region */
} tl_op;

/* Parses "!torch.vtensor<[2,?],f32>", "!torch.int", "tensor<2x?xf32>", "i64", ..; TL_OTHER: no tensor of a known shape and element type, no scalar. */
tl_type tl_type_parse(const char *text);
/* "tensor<2x?xf32>", "i64", "f64", "i1"; signless. */
const char *tl_type_text(arena *mem, const tl_type *t);
/* Element type of one of PyTorch's numbers of types (6: float32); false: unknown. */
bool tl_dtype_of_code(int64_t code, dtype *out);

/* Is there a lowering of operations of this name? */
bool torch_lower_knows(const char *name);
/* The names, sorted as in the table, with what the documentation says of each (a row of torch_ops.def). */
typedef struct torch_lower_row { const char *name, *family; } torch_lower_row;
const torch_lower_row *torch_lower_table(size_t *out_n);
/* The body: lines of MLIR over the operands' names, and the name of each result (op->n_out; names of operands too).  Result types are those of
 * tl_type_text(out).  LOOM_EUNSUP: this case of it has no lowering, with the reason at op->span; LOOM_EINPUT: it is not a valid operation. */
LOOM_MUST_USE loom_status torch_lower_op(loom_ctx *ctx, const tl_op *op, const char **out_body, const char **out_results);
#endif
