/* dialect: IRDL texts of Loom's own dialects, loaded into a context, and the checks IRDL cannot express.
 * Takes: ir.  Leaves: registered dialects (loom), typed accessors, dialect_verify. */
#ifndef LOOM_DIALECT_DIALECT_H
#define LOOM_DIALECT_DIALECT_H
#include "ir/ir.h"

enum { DIALECT_MESH_MAX = 3, DIALECT_RANK_MAX = 8 };

/* ops of dialect `loom` (generic assembly only; loom-dataflow.md 2.3); the list with the attributes of each is loom.irdl.mlir:
 *   stage-0    loom.sym, loom.get_symbol (the helion form), loom.broadcast, loom.gather, loom.placeholder, loom.lookup
 *   of chips   loom.bind_shape, loom.bind_mem (functions of units and movers)
 *   bufferized loom.alloc, loom.semaphore_take, loom.semaphore_give, loom.copy, loom.matmul, loom.batch_matmul (overwrite semantics)
 * Attributes on loops: loom.block_sym, loom.iter_type (scf.for); loom.block_syms, loom.iter_types, loom.logical_levels,
 * loom.physical_dims (scf.parallel, one entry a dimension). */
LOOM_MUST_USE loom_status dialect_load(ir_ctx *ir);                     /* with it dialect `mips`: mips.matmul, in mips.irdl.mlir */
/* Dialect `helion`: what the helion form of stage 0 needs (src/frontend/helion_mlir); in helion.irdl.mlir. */
LOOM_MUST_USE loom_status dialect_load_helion(ir_ctx *ir);
/* Dialects `check` and `util`: expectations of test files, and the values they hide from the compiler (src/frontend/check); check.irdl.mlir, util.irdl.mlir. */
LOOM_MUST_USE loom_status dialect_load_check(ir_ctx *ir);
/* Dialect `ttkernel`: device kernels of Tenstorrent boards (src/target/tt); made from ttkernel_ops.def, see ttkernel.h. */
LOOM_MUST_USE loom_status dialect_load_ttkernel(ir_ctx *ir);
/* Dialect `vcix`: systolic array, lane number and transcendentals of NPU cores (src/target/npu); vcix.irdl.mlir. */
LOOM_MUST_USE loom_status dialect_load_vcix(ir_ctx *ir);
/* Its rules that IRDL cannot state, for `op` and everything inside: fields, element counts, and that vectors fit eight registers of vlen_bits (0: not checked).
 * Every violation is reported with its place; LOOM_EINPUT if there was one. */
LOOM_MUST_USE loom_status dialect_verify_vcix(ir_ctx *ir, MlirOperation op, int vlen_bits);
/* Dialects `togsim` and `torchsim`: transfers and lane numbers of NPU programs (src/target/npu); togsim.irdl.mlir, torchsim.irdl.mlir, togsim.h.  A program with
 * indirect transfers is read with unregistered operations allowed: IRDL cannot say their operands. */
LOOM_MUST_USE loom_status dialect_load_togsim(ir_ctx *ir, bool is_indirect);
/* Cross-operand rules of loom ops in `m` (shapes, element types, areas, regions, slots given once, loop attributes): every violation is
 * reported with its location; LOOM_EINPUT if there was one. */
LOOM_MUST_USE loom_status dialect_verify(ir_ctx *ir, MlirModule m);
/* The same for one op and everything inside. */
LOOM_MUST_USE loom_status dialect_verify_op(ir_ctx *ir, MlirOperation op);
/* The IRDL text of dialect `name` ("loom", "helion", "check", "util", "mips", "vcix", "togsim", "torchsim"), for --irdl-file; NULL when unknown. */
const char *dialect_irdl_text(const char *name);

/* ---- loom.sym ---- */
const char *dialect_sym_name(arena *mem, MlirOperation op);            /* "tile_m"; NULL: not a loom.sym */

/* ---- loom.copy (static areas) ---- */
typedef struct dialect_copy { MlirValue src, dst; const char *src_space, *dst_space; /* "mem_DRAM", "mem_L1" */
  int n_mesh; int64_t area[DIALECT_MESH_MAX]; MlirValue ul[DIALECT_MESH_MAX], lr[DIALECT_MESH_MAX]; /* null: no region */
  bool chain[DIALECT_MESH_MAX]; /* along that mesh dim it goes from neighbour to neighbour */ } dialect_copy;
bool dialect_read_copy(arena *mem, MlirOperation op, dialect_copy *out);
MlirOperation dialect_build_copy(ir_builder *b, const dialect_copy *c);

/* ---- loom.gather between buffers: every core of the region sends `value` to place `place` of the slot of the core at ul ---- */
typedef struct dialect_gather { MlirValue value, slot, place; int n_mesh; int64_t area[DIALECT_MESH_MAX]; MlirValue ul[DIALECT_MESH_MAX], lr[DIALECT_MESH_MAX]; } dialect_gather;
bool dialect_read_gather(MlirOperation op, dialect_gather *out);          /* false: another form of it */
MlirOperation dialect_build_gather(ir_builder *b, const dialect_gather *g);

/* ---- loom.lookup: `rows` places of dim `dim` of a view of `table`, each where the element of `index` says ---- */
typedef struct dialect_lookup { MlirValue table, index; int dim; int64_t rows; /* of the table, along dim */ } dialect_lookup;
bool dialect_read_lookup(MlirOperation op, dialect_lookup *out);
MlirValue dialect_build_lookup(ir_builder *b, const dialect_lookup *l, MlirType view);

/* ---- loom.alloc (static shapes) ---- */
typedef struct dialect_alloc { MlirType type; const char *memory; const char *name; /* of the value it holds, may be NULL */
  int64_t offset, buffer_count, alignment; /* -1: absent */ } dialect_alloc;
bool dialect_read_alloc(arena *mem, MlirOperation op, dialect_alloc *out);
MlirOperation dialect_build_alloc(ir_builder *b, const dialect_alloc *a);
MlirOperation dialect_build_take(ir_builder *b, MlirValue alloc);
MlirOperation dialect_build_give(ir_builder *b, MlirValue slot);

/* ---- loops ---- */
MlirAttribute dialect_iter_type(ir_ctx *ir, const char *kind);         /* #loom.iter_type<"spatial"> | "temporal" | "sequential" */
#endif
