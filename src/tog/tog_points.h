/* tog, inside: the times a node runs, point by point, for checks that look at values.  A point is a core and the turns of the loops around the node. */
#ifndef LOOM_TOG_POINTS_H
#define LOOM_TOG_POINTS_H
#include "tog/tog_private.h"

enum { TOG_LEVELS_MAX = TOG_MESH_MAX + TOG_DEPTH_MAX, TOG_POINTS_MAX = 1 << 17 /* of one node; checks stop there, the simulator sees the rest */ };

/* Mesh dims, then loops from the outside: level i has the name and the variable i. */
typedef struct tog_path { const tog *t; int n, n_mesh; const char *name[TOG_LEVELS_MAX]; const tog_node *loop[TOG_LEVELS_MAX]; sym_code *trip[TOG_LEVELS_MAX]; } tog_path;

/* Calls visit(ctx, node, path, data) for every node but loops, in program order. */
typedef loom_status (*tog_node_visit)(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data);
LOOM_MUST_USE loom_status tog_visit_nodes(loom_ctx *ctx, const tog *t, tog_node_visit visit, void *data);

/* The levels to vary; the others stay at 0. */
typedef struct tog_levels { bool vary[TOG_LEVELS_MAX]; } tog_levels;
/* Varies also what `e` (NULL: nothing) depends on. */
void tog_levels_add(const tog_path *p, const sym_expr *e, tog_levels *out);
/* Varies also what the trip counts of varied loops depend on; call it last. */
void tog_levels_close(const tog_path *p, tog_levels *out);
/* Calls at(data, variables) for the points, first level slowest, until it returns false or TOG_POINTS_MAX are done.  True: it has seen all of them. */
typedef bool (*tog_point_visit)(void *data, const int64_t *vars);
bool tog_visit_points(const tog_path *p, const tog_levels *levels, tog_point_visit at, void *data);

/* The expression over a path's variables; e NULL: *out NULL. */
LOOM_MUST_USE loom_status tog_compile(loom_ctx *ctx, const tog_path *p, const sym_expr *e, sym_code **out);
/* "core (0, 3), k = 2": the levels that are varied. */
const char *tog_point_text(arena *m, const tog_path *p, const tog_levels *levels, const int64_t *vars);
const char *tog_core_text(arena *m, const tog *t, const int64_t *coords);
#endif
