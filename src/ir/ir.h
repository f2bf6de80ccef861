/* ir: the only room that includes mlir-c.  Checked wrappers over MLIR 22's C API: MLIR is built without assertions, so every wrapper
 * checks null handles, kinds and indices itself and turns a violation into LOOM_EBUG or a null result instead of undefined behaviour.
 * Takes: loom_ctx.  Leaves: contexts, modules, a builder, walking and matching; MLIR's diagnostics land in ctx->diag. */
#ifndef LOOM_IR_IR_H
#define LOOM_IR_IR_H
#include "base/data.h"
#include "base/dtype.h"
#include "base/text.h"
#include <mlir-c/AffineExpr.h>
#include <mlir-c/AffineMap.h>
#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>
#include <mlir-c/Diagnostics.h>
#include <mlir-c/IR.h>
#include <mlir-c/Pass.h>

/* One MLIR context per compile: all dialects registered, threads off, unregistered ops refused unless asked, diagnostics into `ctx`. */
typedef struct ir_ctx {
  loom_ctx *ctx;
  MlirContext mlir;
  MlirLocation unknown;              /* unknown location */
  const diag_source *source;         /* of the text being parsed, so that MLIR locations become spans */
  bool quiet;                        /* diagnostics are dropped (trial parses) */
} ir_ctx;

LOOM_MUST_USE loom_status ir_open(loom_ctx *ctx, LOOM_GIVE ir_ctx *out);
void ir_close(ir_ctx *ir);
void ir_allow_unregistered(ir_ctx *ir, bool allow);

/* Parses a module.  Text is pre-scanned (bytes <= 16 MB, bracket depth <= 128) before MLIR sees it: LOOM_ELIMIT. */
LOOM_MUST_USE loom_status ir_parse(ir_ctx *ir, const char *path, const char *text, size_t size, LOOM_GIVE MlirModule *out);
LOOM_MUST_USE loom_status ir_verify(ir_ctx *ir, MlirModule m);
/* Module text; generic form with `generic`; always local scope (no #map aliases).  Owned by `mem`. */
const char *ir_print(arena *mem, MlirOperation op, bool generic);
MlirModule ir_clone_module(MlirModule m);
void ir_close_module(LOOM_TAKE MlirModule m);          /* a null handle is fine */

/* ---- types and attributes ---- */
MlirType ir_type(ir_ctx *ir, const char *text);                       /* parsed; null and LOOM_EBUG diagnostic when malformed */
MlirType ir_index_type(ir_ctx *ir);
MlirType ir_dtype(ir_ctx *ir, dtype t);
bool ir_type_dtype(MlirType t, dtype *out);                           /* element type of an MLIR scalar/shaped type */
MlirAttribute ir_attr(ir_ctx *ir, const char *text);                  /* parsed */
MlirAttribute ir_int_attr(ir_ctx *ir, int64_t v);                     /* v : i64 */
MlirAttribute ir_index_attr(ir_ctx *ir, int64_t v);                   /* v : index */
MlirAttribute ir_str_attr(ir_ctx *ir, const char *s);
MlirAttribute ir_bool_attr(ir_ctx *ir, bool b);
MlirAttribute ir_symbol_attr(ir_ctx *ir, const char *name);           /* @name */
MlirAttribute ir_attr_of(MlirOperation op, const char *name);         /* inherent or discardable; null when absent */
bool ir_attr_int(MlirAttribute a, int64_t *out);
const char *ir_attr_string(arena *mem, MlirAttribute a);              /* StringAttr or FlatSymbolRef; NULL otherwise */

/* ---- looking at operations ---- */
const char *ir_op_name(MlirOperation op);                             /* "linalg.matmul"; lives as long as the context */
bool ir_op_is(MlirOperation op, const char *name);
intptr_t ir_num_operands(MlirOperation op);
MlirValue ir_operand(MlirOperation op, intptr_t i);                   /* null when out of range */
MlirValue ir_result(MlirOperation op, intptr_t i);
MlirRegion ir_region(MlirOperation op, intptr_t i);
MlirBlock ir_body(MlirOperation op);                                  /* first block of region 0, or null */
MlirOperation ir_def(MlirValue v);                                    /* defining op, null for block arguments */
bool ir_const_int(MlirValue v, int64_t *out);                         /* arith.constant of index or integer */
loom_span ir_span(ir_ctx *ir, MlirOperation op);                      /* from its file location, else no span */
/* Operand segment `segment` of an op with operandSegmentSizes: first index and count. */
bool ir_segment(MlirOperation op, int segment, intptr_t *first, intptr_t *count);
/* Pre-order over op and everything inside.  fn returns false to stop. Safe against erasing the visited op when `post`. */
bool ir_walk(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data);
bool ir_walk_post(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data);
MlirOperation ir_find_func(MlirModule m, const char *name);           /* func.func by symbol; NULL name: the first one */
const char *ir_func_name(arena *mem, MlirOperation func);

/* ---- building ---- */
typedef struct ir_builder { ir_ctx *ir; MlirBlock block; MlirOperation before; MlirLocation loc; } ir_builder;   /* `before` null: append at the end */
typedef struct ir_named { const char *name; MlirAttribute attr; } ir_named;
ir_builder ir_at_end(ir_ctx *ir, MlirBlock block);
ir_builder ir_before(ir_ctx *ir, MlirOperation op);
/* Creates and inserts an op.  Counts may be 0.  Regions are taken.  A failed creation is LOOM_EBUG in ctx->diag and a null op. */
MlirOperation ir_build(ir_builder *b, const char *name, intptr_t n_results, const MlirType *results, intptr_t n_operands,
                       const MlirValue *operands, intptr_t n_attrs, const ir_named *attrs, intptr_t n_regions, MlirRegion *regions);
MlirValue ir_index_const(ir_builder *b, int64_t v);

/* ---- pipelines of upstream passes ---- */
LOOM_MUST_USE loom_status ir_run_pipeline(ir_ctx *ir, MlirModule m, const char *pipeline);   /* "builtin.module(canonicalize,cse)" */

#endif
