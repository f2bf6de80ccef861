/* Shared by the files of target/cpu/ only: the steps of cpu_lower_tiles, in the order they run. */
#ifndef LOOM_CPU_PRIVATE_H
#define LOOM_CPU_PRIVATE_H
#include "base/vec.h"
#include "target/cpu/cpu.h"
#include "target/cpu/cpu_region.h"

typedef VEC_OF(MlirOperation) cpu_ops;
typedef struct cpu_blocking { int lanes, rows, vectors; } cpu_blocking;   /* a block of sums is rows x (vectors * lanes) */
/* Replaces linalg.matmul and batch_matmul on float memrefs by calls of one register-blocked micro-kernel per combination of types. */
LOOM_MUST_USE loom_status cpu_lower_matmuls(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Replaces the other products into f16 and bf16 by loops whose sums are f32. */
void cpu_lower_half_sums(ir_ctx *ir, MlirModule m);
/* The micro-kernel `name` for inputs of element types a and b and sums of type c (spelled as in MLIR), as the text of one private function. */
const char *cpu_matmul_text(arena *mem, const char *name, const char *a, const char *b, const char *c, int vector_bytes);
/* Those of narrow elements by instructions for them (cpu_dot.h), before cpu_pack_products: the others stay. */
LOOM_MUST_USE loom_status cpu_dot_products(ir_ctx *ir, MlirModule m, MlirValue workspace, cpu_dots dots, int64_t *bytes);
#define CPU_MATRIX_TYPE "memref<?x?x%s, strided<[?, 1], offset: ?>>"   /* of its arguments */
/* Replaces copies and linalg operations that work element by element or along rows by loops of vectors of vector_bytes; what stands together
 * over the same rows becomes one loop over them, and memory private to it may be left out.  Others stay. */
LOOM_MUST_USE loom_status cpu_lower_vectors(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Replaces arithmetic on floats of a byte and less by that of f32, and conversions of them by integer arithmetic; linalg ops of modules that have
 * such floats become loops. */
LOOM_MUST_USE loom_status cpu_lower_small_floats(ir_ctx *ir, MlirModule m);
/* Replaces functions of the math dialect by arithmetic (cpu_math.h). */
LOOM_MUST_USE loom_status cpu_lower_math(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Products whose right-hand side is packed into panels of lanes * vectors columns (cpu_pack_text.c, cpu_product_text.c): all of a core's program,
 * f32 sums.  g->workspace_bytes of `workspace` are taken; what is packed is added, to it or to g->kept_bytes (cpu_grid_from_bufferized, `constants`). */
LOOM_MUST_USE loom_status cpu_pack_products(ir_ctx *ir, MlirModule m, MlirValue workspace, int vector_bytes, uint64_t constants, cpu_grid *g);
/* Packed tensors that stay from call to call (cpu_pack_kept.c): one argument in front of the workspace, rows of NR floats.  The first says whether the others are there already. */
typedef struct cpu_kept { ir_ctx *ir; MlirValue workspace; uint64_t constants; cpu_grid *grid; MlirValue memory; /* null: nothing is kept yet */ int64_t rows; } cpu_kept;
/* Can all that `load` ever leaves in its slot, of so many rows, be kept for `products`?  `part`: of the slot, where it loads to.  Then *out_base is the first row of the slot's contents
 * in their turn, known in front of the load and of the products. */
bool cpu_keep(cpu_kept *k, MlirOperation load, const cpu_region *part, const cpu_ops *products, int64_t rows, int nr, MlirValue *out_base);
/* The packing function `inner` (of `type` and `panels`), called where the first row says that nothing is there yet: *out_name. */
LOOM_MUST_USE loom_status cpu_pack_once(ir_ctx *ir, MlirModule m, const char *inner, const char *type, const char *panels, const char **out_name);
void cpu_end_kept(cpu_kept *k, int nr);
/* Reads of slots that are loaded once become reads of the tensor, but for what cpu_pack_products packs. */
LOOM_MUST_USE loom_status cpu_elide_loads(ir_ctx *ir, MlirModule m);
MlirValue cpu_tensor_of(MlirValue v);                        /* the function's argument that v shows; null: it shows none */
bool cpu_is_after(MlirOperation op, MlirOperation before);   /* in its block, or inside of what stands behind it there */
/* What a product's sums start from and where they go (cpu_sums.c).  Null: no fill to save, no store to save. */
typedef struct cpu_sums { MlirOperation fill, store, turns; } cpu_sums;
/* The product of matrices of `type` as a call: b builds it, inside of loops over the batch (`index`), where its sums are `from`, go `to`, and start from 0 where `init`
 * is true.  Closing: what it stands for, and what it does besides, is `dead`, to be erased. */
typedef struct cpu_site { cpu_sums sums; ir_builder b; MlirValue index[CPU_RANK_MAX], init, from, to; } cpu_site;
void cpu_open_site(ir_ctx *ir, MlirOperation product, const char *type, cpu_site *out);
void cpu_close_site(ir_ctx *ir, MlirOperation product, const cpu_site *s, cpu_ops *dead);
/* Has the product so few rows that its right-hand side is read where it lies, if it lies in a tensor row by row? */
bool cpu_has_few_rows(ir_ctx *ir, MlirOperation product);
cpu_blocking cpu_product_blocking(int vector_bytes);
/* func @name(a: f32 matrix, packed b: memref<?xNRxf32>, its first row: index, rows of a panel: index, c: f32 matrix, where the sums go: f32 matrix,
 * start from 0 and not from c: i1) */
const char *cpu_product_text(arena *mem, const char *name, int vector_bytes);
/* func @name(a: matrix of element a, b: of element b, c: f32 matrix, where the sums go: f32 matrix, start from 0 and not from c: i1) */
const char *cpu_rows_text(arena *mem, const char *name, const char *a, const char *b, int vector_bytes);
/* func @name(b: `type`, a matrix of `element`, packed: memref<?xNRxf32>, first row: index, rows of a panel: index) */
const char *cpu_pack_text(arena *mem, const char *name, const char *type, const char *element, bool any_strides, int vector_bytes);
/* ---- looking and building (cpu_build.c) ---- */
bool cpu_is_product(MlirOperation op);                           /* linalg.matmul or batch_matmul */
bool cpu_is_plain_product(ir_ctx *ir, MlirOperation op);         /* one whose operands are not transposed by its maps */
bool cpu_has_type(MlirValue v, dtype want);                      /* a memref of such elements */
bool cpu_lacks(MlirModule m, const char *name);                  /* no function of that name is there yet */
LOOM_MUST_USE loom_status cpu_call(ir_builder *b, const char *name, intptr_t n, const MlirValue *operands);
MlirValue cpu_cast(ir_builder *b, MlirValue v, const char *type);                                /* v itself where it has the type */
MlirValue cpu_index_op(ir_builder *b, const char *name, MlirValue x, MlirValue y);
/* scf.for over the n first dims of v; *b then builds in the innermost. */
void cpu_open_loops(ir_builder *b, MlirValue v, int n, MlirValue *index);
/* rows x columns of `element` at the end of the workspace, aligned to a cache line; *bytes grow. */
MlirValue cpu_reserve(ir_ctx *ir, MlirValue workspace, int64_t *bytes, int64_t rows, int64_t columns, dtype element);
/* Text that transposes lanes (at most 16) vectors of as many `element`s: v[i] are their names, then those of the result. */
void cpu_add_transpose(text *out, const char *element, int lanes, const char **v);
/* Of a core's program that cpu_export_grid has marked: the functions that the object exports, which call `entry`.  n_tensors: its buffers but the workspace. */
bool cpu_is_exported(MlirOperation core);
bool cpu_is_hidden(MlirOperation function);      /* its entry is for the module alone */
void cpu_write_export(arena *m, MlirOperation core, const char *entry, int64_t n_tensors, text *out);
/* Gives every tile function its C entry: a function of its name that builds the memrefs from buf and arg. */
LOOM_MUST_USE loom_status cpu_make_entries(ir_ctx *ir, MlirModule m);
/* Moves the functions of `text` (a module) to the end of `m`. */
LOOM_MUST_USE loom_status cpu_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *src);
#endif
