/* Shared by the files of frontend/torch only: one operation while it is read, and the forms it may have. */
#ifndef LOOM_FRONTEND_TORCH_PRIVATE_H
#define LOOM_FRONTEND_TORCH_PRIVATE_H
#include "base/vec.h"
#include "frontend/torch/torch.h"
#include <string.h>

typedef struct torch_reader {
  loom_ctx *ctx;
  mlir_cursor c;
  mlir_edit e;
  int regions;                    /* we are inside */
} torch_reader;

/* An operation in the making. */
typedef struct torch_op {
  torch_reader *r;
  mlir_token name;                /* of the operation, where its text begins */
  const char *spelled;
  bool has_results;               /* something is before its '=' */
  VEC_OF(const char *) operands, operand_types, result_types;
  text attributes;                /* "a = 1, b = 2" */
  const char *types;              /* a functional type that says both lists; NULL: the lists do */
  int segments[2];                /* operands of ins and outs */
  int n_segments, n_regions;
} torch_op;

/* The words of the custom form of `name`; NULL: it has the common one (torch_form.c). */
const char *torch_form(const char *name);
/* Reads the operation whose name is the cursor's token and replaces it.  The cursor ends behind it. */
LOOM_MUST_USE loom_status torch_rewrite_op(torch_reader *r, bool has_results);
/* Rewrites everything up to the end of the text, or (in a region) up to and with the brace that closes it. */
LOOM_MUST_USE loom_status torch_rewrite_block(torch_reader *r, bool is_region);
/* "!torch.vtensor<[2, 3], f32>" without its blanks; other types as they are. */
const char *torch_type_text(arena *mem, mlir_slice type);

/* ---- pieces (torch_piece.c): what stands at the cursor goes into the operation ---- */
loom_status torch_take_value(torch_op *op);
loom_status torch_take_values(torch_op *op);                        /* maybe none */
loom_status torch_take_types(torch_op *op, bool is_result);
loom_status torch_take_functional_type(torch_op *op);
loom_status torch_take_attribute(torch_op *op, const char *name);   /* with the `: type` behind it, if there is one */
loom_status torch_take_dictionary(torch_op *op);                    /* if there is one */
loom_status torch_take_keys(torch_op *op);                          /* `dimension(0) inclusive(true)` and dictionaries */
loom_status torch_take_segment(torch_op *op, const char *word);
void torch_add_attribute(torch_op *op, const char *name, mlir_slice value);
loom_status torch_take_values_before_keys(torch_op *op);
loom_status torch_take_text_keys(torch_op *op);
loom_status torch_take_as_string(torch_op *op, const char *name);
loom_status torch_take_common_type(torch_op *op);
loom_status torch_take_typed(torch_op *op, const char *name);
#endif
