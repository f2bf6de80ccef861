/* helion_mlir: a kernel graph in the form that the first helion-mlir printed: affine.for with iter_args, tensor.extract_slice and
 * insert_slice, helion.phi, loom.get_symbol, torch.aten.* on !torch.vtensor (docs/helion.md, "The helion form of stage 0").
 * Takes: a kernel graph, or text of that form.  Leaves: the text, or the kernel graph.
 *
 * The form keeps everything a kernel graph has but the names of values and places: what is printed reads back as the same graph.
 *   sizes     index arithmetic of arith; "loom.get_symbol"() {name} is a block size (kind "tunable", "size": a split, an open size)
 *   loops     affine.parallel, affine.for (scf.for where the bounds are made inside a grid), loom.block_sym: the block that tiles it; the
 *             induction variable of a tiled loop counts tiles, of an untiled one it is the index
 *   memory    function arguments, "helion.alloc" and "helion.host_ref" (a view) are host memory, also as destinations of insert_slice;
 *             "helion.store" %memory, %inserted makes the slice happen; what a kernel writes is read by "helion.load"
 *   tiles     "helion.tile_size" is the extent of the current tile; a slice at %iv * %block of that size is the tile
 *   compute   torch.aten.*, torch.prims.convert_element_type; "helion.dot", "helion.call", .. for what ATen has no exact word for
 * Text that an older helion-mlir wrote (no loom.block_sym) reads too: a loop of ceildiv(n, block size) steps is tiled by that block. */
#ifndef LOOM_FRONTEND_HELION_MLIR_H
#define LOOM_FRONTEND_HELION_MLIR_H
#include "dialect/dialect.h"
#include "kernel/kernel.h"

/* Is this MLIR text of the helion form (it names loom.get_symbol, a helion.* or a torch.aten.* operation)? */
bool helion_mlir_is_text(const char *text, size_t size);
/* The kernel graph of the first function that is not private.  LOOM_EINPUT, LOOM_EUNSUP with places in `path`. */
LOOM_MUST_USE loom_status helion_mlir_read(ir_ctx *ir, const char *path, const char *text, size_t size, kernel_graph **out);
/* The text of `k`, which has been read back and compared.  LOOM_EUNSUP: an operation has no form (place of the kernel's source). */
LOOM_MUST_USE loom_status helion_mlir_print(ir_ctx *ir, const kernel_graph *k, const char **out);
#endif
