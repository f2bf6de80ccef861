/* Parts of slots: what a memref that is a slot of the workspace (memref.view), or one memref.subview of it, shows of it. */
#ifndef LOOM_CPU_REGION_H
#define LOOM_CPU_REGION_H
#include "ir/ir.h"
enum { CPU_RANK_MAX = 8 };
typedef struct cpu_region {
  MlirValue slot;                          /* result of the memref.view */
  int rank, n_kept, kept[CPU_RANK_MAX];    /* dims of the slot; those that the part has, in order */
  MlirValue offset[CPU_RANK_MAX];          /* null: start[d] */
  int64_t start[CPU_RANK_MAX];
  MlirValue extent[CPU_RANK_MAX];          /* null: size[d] */
  int64_t size[CPU_RANK_MAX];
} cpu_region;
/* false: `v` is no such part, or one with steps other than 1. */
bool cpu_read_region(MlirValue v, cpu_region *out);
/* Is the offset along dim d a multiple of n, whatever the loop counters are? */
bool cpu_offset_is_multiple(const cpu_region *r, int d, int64_t n);
bool cpu_ends_in_matrix(const cpu_region *r);        /* are its last two dims those of the slot? */
MlirValue cpu_region_offset(ir_builder *b, const cpu_region *r, int d);
/* No part has more elements along dim d of the slot than this. */
int64_t cpu_extent_most(const cpu_region *r, int d);
/* Which matrix of a slot with these sizes before the last two dims the region is in, its own such dims stepped on by `batch`. */
MlirValue cpu_leading(ir_builder *b, const cpu_region *r, const int64_t *sizes, const MlirValue *batch);
bool cpu_is_view(MlirOperation op);                  /* memref.subview, reinterpret_cast, cast: memory under another type */
bool cpu_has_unit_columns(MlirValue v);              /* do neighbours along the last dim lie together? */
/* memref.subview of src without its first `dropped` dims, which must have one element: offset[d], or start[d] where that is null; size[d], or
 * where it is dynamic that of dim d of `shown`. */
MlirValue cpu_part(ir_builder *b, MlirValue src, int dropped, const MlirValue *offset, const int64_t *start, const int64_t *size, MlirValue shown);
/* The last two dims of v at `leading` (one index for each dim before them): a matrix.  v itself where it has two dims. */
MlirValue cpu_matrix_at(ir_builder *b, MlirValue v, const MlirValue *leading);
/* A packed memref type of `element` with the most elements each dim of v can have; false: that is not known. */
bool cpu_largest(MlirValue v, MlirType element, MlirType *out);
#endif
