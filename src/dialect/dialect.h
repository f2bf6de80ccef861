/* dialect: IRDL texts of Loom's own dialects, loaded into a context, and the checks IRDL cannot express.
 * Takes: ir.  Leaves: registered dialects (loom), typed accessors, dialect_verify. */
#ifndef LOOM_DIALECT_DIALECT_H
#define LOOM_DIALECT_DIALECT_H
#include "ir/ir.h"

/* ops of dialect `loom` (generic assembly only; loom-dataflow.md 2.3):
 *   loom.sym {symbol_ref, upper_bound, is_reduction, asure_divisible?} : () -> index
 *   loom.alloc (dynamic sizes..) {static_sizes, memory = @L1, offset?, buffer_count?, alignment?} : memref
 *   loom.semaphore_take, loom.semaphore_give
 *   loom.copy (src, dst, area.., ul.., lr..) {operandSegmentSizes, src_mem_space, dst_mem_space, static_area, reclaim?}
 *   loom.matmul, loom.batch_matmul (a, b, c): overwrite semantics */
LOOM_MUST_USE loom_status dialect_load(ir_ctx *ir);
/* Cross-operand rules of loom ops in `m` (shapes, element types, areas, regions): every violation is reported with its location. */
LOOM_MUST_USE loom_status dialect_verify(ir_ctx *ir, MlirModule m);
/* The IRDL text of dialect `name` ("loom"), for --irdl-file; NULL when unknown. */
const char *dialect_irdl_text(const char *name);

/* ---- loom.copy ---- */
typedef struct dialect_copy { MlirValue src, dst; const char *src_space, *dst_space; /* "mem_DRAM", "mem_L1" */ int n_mesh; int64_t area[3]; MlirValue ul[3], lr[3]; /* null: no region */ } dialect_copy;
bool dialect_read_copy(arena *mem, MlirOperation op, dialect_copy *out);
MlirOperation dialect_build_copy(ir_builder *b, const dialect_copy *c);
/* ---- loom.alloc (static shapes) ---- */
typedef struct dialect_alloc { MlirType type; const char *memory; int64_t offset, buffer_count, alignment; /* -1: absent */ } dialect_alloc;
bool dialect_read_alloc(arena *mem, MlirOperation op, dialect_alloc *out);
MlirOperation dialect_build_alloc(ir_builder *b, const dialect_alloc *a);
MlirOperation dialect_build_take(ir_builder *b, MlirValue alloc);
MlirOperation dialect_build_give(ir_builder *b, MlirValue sem);
#endif
