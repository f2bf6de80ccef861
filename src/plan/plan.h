/* plan: MEETING POINT 3.  Every decision for one kernel on one machine; small and complete: materialize(module, plan) is a pure function.
 * Takes nothing from other rooms than base and sym.  Leaves: the structure, variant names, the text form (loom.plan.v1). */
#ifndef LOOM_PLAN_PLAN_H
#define LOOM_PLAN_PLAN_H
#include "base/dtype.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { PLAN_LIFTS_MAX = 24 /* loops around an access */, PLAN_MESH_MAX = 3, PLAN_LOGICAL_MAX = 12, PLAN_ITERS_MAX = 8, PLAN_LOADS_MAX = 32 };

/* One logical mesh dim: a level of the ordered factorisation of a physical dim, given to parallel iterator `iter` (loom.md 1.5). */
typedef struct plan_logical { int mesh_dim, level; int64_t size; int iter; } plan_logical;

typedef struct plan_mapping {
  int n_mesh; const char *mesh_name[PLAN_MESH_MAX]; int64_t mesh_size[PLAN_MESH_MAX];     /* cores used in each mesh dim */
  int n_logical; plan_logical logical[PLAN_LOGICAL_MAX];                                   /* sorted by (level, mesh dim) */
  int n_iters; int order[PLAN_ITERS_MAX];                                                  /* temporal loop order, outermost first: permutation of iterators */
} plan_mapping;

/* X(name, text): how the tile of a load reaches the cores that share it, along one mesh dim. */
#define PLAN_MOVE_LIST(X) X(UNICAST, "n") X(MULTICAST, "bcast") X(CHAIN, "chain" /* stored and forwarded from neighbour to neighbour */)
typedef enum plan_move {
#define X(n, t) PLAN_##n,
  PLAN_MOVE_LIST(X)
#undef X
  PLAN_MOVES
} plan_move;

/* How one load (or the store) moves: area[d] cores along mesh dim d share one transfer (1: no sharing).
 * levels[d]: bit mask of the logical levels of mesh dim d that are spanned; label_level[d]: level shown in upstream's name.
 * The rest as in plan_choice; `depth` 0: not chosen for this access alone (plan.double_buffer). */
typedef struct plan_access { const char *name; /* "x", unique: tensor name, then tensor.2 .. */ bool is_store; int64_t area[PLAN_MESH_MAX]; unsigned levels[PLAN_MESH_MAX]; int label_level[PLAN_MESH_MAX];
  plan_move move[PLAN_MESH_MAX]; int hoist; unsigned panel; int depth; bool direct; } plan_access;

/* What is chosen for one load or store of a candidate. */
typedef struct plan_choice {
  plan_move move[PLAN_MESH_MAX];         /* UNICAST where area is 1 */
  int64_t area[PLAN_MESH_MAX];           /* cores along the dim that share one transfer: a run of consecutive coordinates */
  unsigned levels[PLAN_MESH_MAX];        /* logical levels the area spans, as in plan_access */
  int hoist;                             /* loops it is lifted over, from the innermost of [temporal order.., sequential loops..] */
  unsigned panel;                        /* bit i: the i-th lifted loop multiplies the slot, since the access moves with it */
  int depth;                             /* slots, 1..3 */
  bool direct;                           /* store: from the accumulator itself, without an output copy */
} plan_choice;

/* X(name, text): what a reader of a plan must be able to do beyond upstream's candidates. */
#define PLAN_FEATURE_LIST(X)                                                                                             \
  X(HOIST_TEMPORAL, "loads lifted over temporal loops") X(PANEL, "slots that hold all tiles of a loop")                  \
  X(CHAIN, "tiles forwarded from core to core") X(PARTIAL_AREA, "transfers shared by fewer cores than could share them") \
  X(DEPTH3, "three slots") X(MIXED_DEPTH, "a number of slots for each buffer") X(SHARED_L1, "values that share bytes")   \
  X(DIRECT_STORE, "stores straight from an accumulator") X(OCCUPANCY, "idle cores")                                      \
  X(ANY_MAPPING, "iterators on any levels") X(GATHER, "gathers") X(ONLY_FIRST, "work of the first core alone")
enum {
#define X(n, t) PLAN_FEATURE_BIT_##n,
  PLAN_FEATURE_LIST(X)
#undef X
  PLAN_FEATURES
};
typedef enum plan_feature {
#define X(n, t) PLAN_NEEDS_##n = 1 << PLAN_FEATURE_BIT_##n,
  PLAN_FEATURE_LIST(X)
#undef X
} plan_feature;

typedef struct plan_candidate {          /* a row of the candidate table: everything but the block sizes */
  const char *name;                      /* upstream's variant name (with the broadcast labels) */
  plan_mapping mapping;
  int n_access; plan_access access[PLAN_LOADS_MAX];      /* program order of loads and stores */
} plan_candidate;

typedef struct plan_block { const char *symbol; int64_t size; } plan_block;
typedef struct plan_buffer { const char *name; dtype type; int rank; int64_t shape[8]; int64_t bytes; /* of one slot */ int depth; int64_t offset; /* in L1; slot i at offset + i*bytes (aligned) */ } plan_buffer;

/* X(name, text): how sure the answer is. */
#define PLAN_PROOF_LIST(X) X(ASSIGNED, "assigned") X(BEST_FOUND, "best_found") X(OPTIMAL, "optimal")
typedef enum plan_proof {
#define X(n, t) PLAN_##n,
  PLAN_PROOF_LIST(X)
#undef X
} plan_proof;

/* A dim of the mesh of chips, and the loop that is split along it; loop NULL: only its first chip works (docs/chips.md). */
typedef struct plan_chips { const char *name; int64_t size; const char *loop; } plan_chips;

typedef struct plan {
  const char *kernel, *kernel_path, *kernel_sha256;
  const char *machine, *calibration, *model;
  plan_candidate candidate;
  VEC_OF(plan_block) blocks;             /* in symbol order */
  bool double_buffer;                    /* upstream's is_double_buffer: load buffers have depth 2 */
  VEC_OF(plan_buffer) buffers;           /* filled by the L1 planner (materialize's layout must agree) */
  bool accumulate_f32;
  int64_t predicted_cycles, lower_bound;
  int64_t cost_compute, cost_load, cost_store, cost_tail;   /* cycles; the split of predicted_cycles by what the time would be without the others */
  int64_t l1_bytes, l1_capacity, dram_bytes;
  int64_t points, feasible;              /* of the winning variant's domain; feasible -1: not counted */
  bool ragged;                           /* domain used ceiling trips */
  plan_proof proof;
  VEC_OF(plan_chips) chips;              /* of a kernel on several: the rest is the plan of the largest shard, with the cycles of all; n 0: one chip */
} plan;

/* Upstream's strings: split "x8_y1y8", map "d0i0_d1i0_d2i1", order "f01", labels "dim_y_level1_bc8" / "n", whole names.  What upstream does not know stands
 * behind the label of an access: "_ch" for "_bc" along a chain, "_h2" two loops lifted over, "_d2" two slots, "_acc" straight from the accumulator. */
const char *plan_split_string(arena *m, const plan_mapping *p);
const char *plan_map_string(arena *m, const plan_mapping *p);
const char *plan_order_string(arena *m, const plan_mapping *p);
const char *plan_access_label(arena *m, const plan_mapping *p, const plan_access *a);
const char *plan_variant_name(arena *m, const char *kernel, const plan_candidate *c);
/* "<variant>__is_double_buffer1__tile_k64__tile_m64": upstream's function name of a materialised candidate, symbols sorted by name. */
const char *plan_function_name(arena *m, const plan *p);
/* Cores that iterator `iter` is spread over; 1 when it is not. */
int64_t plan_iter_cores(const plan_mapping *p, int iter);
int64_t plan_block_size(const plan *p, const char *symbol);           /* -1 when absent */
const char *plan_proof_text(plan_proof p);

void plan_add_costs(arena *m, data_value *v, const plan *p);           /* cost_split, l1_bytes, l1_capacity, dram_bytes, points, feasible */
data_value *plan_to_data(arena *m, const plan *p);                    /* loom.plan.v1 */
LOOM_MUST_USE loom_status plan_from_data(loom_ctx *ctx, const data_value *v, plan **out);
#endif
