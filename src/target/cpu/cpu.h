/* target/cpu: tile functions and host code.  Takes functions on memrefs with upstream compute ops (linalg, arith, math, scf, memref);
 * leaves native code.  The same lowering makes the tile functions of the virtual chip and (later) host kernels. */
#ifndef LOOM_CPU_CPU_H
#define LOOM_CPU_CPU_H
#include "codegen/codegen.h"

/* A tile function: buf[i] = address of buffer i in this core's L1; arg[j] = ragged extents and other scalars (tog.h says which). */
typedef void (*cpu_tile_fn)(void *const *buf, const int64_t *arg);

/* Lowers every func.func of `m` that carries the attribute `loom.tile_function` (unit) in place to the LLVM dialect, vectorised.
 * Form of such a function (written by tog/build):
 *   func.func @tile_0(%b0: memref<64x32xf16>, %b1: memref<32x64xf16>, %b2: memref<64x64xf32>, %e0: index, %e1: index, ...) attributes {loom.tile_function}
 * All memref arguments have static shape and identity layout (nominal tile, row-major, packed); every trailing index argument is a
 * ragged extent: 0 <= extent <= the nominal extent of the dims it sizes.  The body takes memref.subview [0,..][%e,..][1,..] of the
 * buffers (dynamic sizes) and applies linalg/arith/scf ops to them (linalg.matmul f16 x f16 -> f32, linalg.fill, linalg.generic, memref.copy).
 * Elements outside the extents are neither read in a way that changes results nor written.
 * After the call each function has C linkage as cpu_tile_fn under its own name (a wrapper builds the memrefs from buf and arg). */
LOOM_MUST_USE loom_status cpu_lower_tiles(ir_ctx *ir, MlirModule m);
/* The same for another CPU than the running one: vectors of vector_bytes (codegen_vector_bytes). */
LOOM_MUST_USE loom_status cpu_lower_tiles_for(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Options for codegen_object of lowered tile functions: half the compile time of "default<O2>" at the same speed, because MLIR has
 * already blocked and vectorised what matters.  `cpu` as in codegen_options. */
codegen_options cpu_tile_options(const char *cpu);
/* cpu_lower_tiles + codegen_object (cpu_tile_options) + codegen_link. */
LOOM_MUST_USE loom_status cpu_compile_tiles(ir_ctx *ir, const char *mlir_text, LOOM_GIVE codegen_image **out);
/* What code leaves to kernel providers (cpu_kernels.h): the functions it declares, and with `products` the matrix products it would compute. */
typedef struct cpu_leaves { bool products; } cpu_leaves;
/* Object code for a module that lower_kernel_host made: plain loops, which may allocate.  `m` is changed.  arg[j] of its function are the open
 * sizes.  leaves NULL: nothing; what it declares is for whoever links it. */
LOOM_MUST_USE loom_status cpu_kernel_object(ir_ctx *ir, MlirModule m, const cpu_leaves *leaves, char **out_object, size_t *out_size);
/* The same as LLVM IR. */
LOOM_MUST_USE loom_status cpu_kernel_llvm(ir_ctx *ir, MlirModule m, const char **out);
/* ---- a materialized kernel (materialize.h) as native code ---- */
enum { CPU_GRID_MAX = 12 };
#define CPU_CORE_NAME "loom_core"
/* What one call needs: cores 0 <= arg[d] < count[d], each on a workspace of its own (64-byte aligned; contents do not matter).
 * kept_bytes: where there are any, one more tensor behind the others, 64-byte aligned, zeros in front of the first call.  Calls leave constants there in the form that the code reads; who then
 * writes 1.0f to its first element says that all of them are there, and that they stay as they are: later calls only read them. */
typedef struct cpu_grid { int n_dims; int64_t count[CPU_GRID_MAX], workspace_bytes, kept_bytes; } cpu_grid;
/* How products of narrow elements are made: as all others; by vectors of dot products (vdpbf16ps, vpdpbusd); in tiles (AMX).  Vectors want 64 bytes. */
typedef enum cpu_dot { CPU_DOT_NONE, CPU_DOT_VECTORS, CPU_DOT_TILES } cpu_dot;
typedef struct cpu_dots { cpu_dot bf16, i8; } cpu_dots;
/* Do the running CPU and its system have `kind` for elements of type t?  Tiles are asked for (base/tiles.h). */
bool cpu_has_dot(loom_ctx *ctx, dtype t, cpu_dot kind);
/* The first function of `bufferized` (materialize.h; not changed) as a module with one tile function CPU_CORE_NAME: buf = its tensors, then the
 * workspace; arg = the core.  Code for vectors of vector_bytes (codegen_vector_bytes).  constants: bit i where tensor i (of the first 64) may be the same in many calls, so that its
 * packed form is worth keeping.  LOOM_EUNSUP: cores talk to each other, which only chips can. */
LOOM_MUST_USE loom_status cpu_grid_from_bufferized(ir_ctx *ir, MlirModule bufferized, int vector_bytes, cpu_dots dots, uint64_t constants, cpu_grid *out, LOOM_GIVE MlirModule *out_module);
/* The object made of such a module `m` shall be for other programs, and its functions are `name`(tensors, sizes: not looked at), which runs all cores in
 * turn on a workspace of the object's own, one caller at a time, and `name`_core(tensors, workspace: 64-byte aligned, core: 0 .. cores - 1).
 * sizes: `m` has a tile function `name` of its own, which is called when the n_sizes sizes of a call are others than these. */
void cpu_export_grid(ir_ctx *ir, MlirModule m, const char *name, const cpu_grid *g, const int64_t *sizes, size_t n_sizes);
/* Is this an object that may be handed to others, or kept?  What cpu_link_kernel refuses is refused. */
LOOM_MUST_USE loom_status cpu_check_kernel(loom_ctx *ctx, const char *object, size_t size);
/* Links such an object, also one from a file; malloc and free are granted. */
LOOM_MUST_USE loom_status cpu_link_kernel(loom_ctx *ctx, const char *object, size_t size, LOOM_GIVE codegen_image **out);
#endif
