/* nest_leaf: the perf functions one node of a nest stands for, in the words of the machines' perf sets (loom.md 4.7). */
#ifndef LOOM_NEST_LEAF_H
#define LOOM_NEST_LEAF_H
#include "nest/nest.h"

enum { NEST_LEAF_ARGS_MAX = 6 };
typedef struct nest_arg { const char *symbol; const sym_expr *value; } nest_arg;
/* `func` is the name for the node's own element type ("matmul_bf16"), `fallback` the f16 one every perf set has; equal for transfers.  Arguments are in
 * the order of their symbols' characters, as upstream lists them. */
typedef struct nest_leaf { const char *func, *fallback; int n_args; nest_arg arg[NEST_LEAF_ARGS_MAX]; } nest_leaf;

/* Room that the calls of `node` take: as many as a generic op has scalar ops, one at least. */
size_t nest_leaves_most(const nest_node *node);
/* The calls of `node` (not a loop) in order; count returned, `out` has room for nest_leaves_most(node).
 * Transfers: M and N are the tile's rows and columns counted in f16 elements of equal bytes (an f32 tile has twice the rows); outer dims
 * fold into M.  area[d] of the mesh's size[d] cores, one at least and all at most, share the transfer; effective_bandwidth = 10 * min over d of size[d] / area[d].
 * Gathers: B tiles of M x N; area[d] cores of the mesh send.
 * Generic ops: one call per scalar op, L = all elements; the last op of a reduction has P rows of R elements.  Fills, casts, broadcasts,
 * transposes and moves have none. */
size_t nest_node_leaves(arena *m, const nest *n, const nest_node *node, const int64_t *area, const int64_t *size, int n_mesh, nest_leaf *out);
#endif
