/* model: cost of a candidate as expressions over its block symbols.  Takes nest, machine, candidate.  Leaves exprs for the solver; never calls sim. */
#ifndef LOOM_MODEL_MODEL_H
#define LOOM_MODEL_MODEL_H
#include "machine/machine.h"
#include "nest/nest.h"
#include "plan/plan.h"

/* X(name, text): LOOM: aggregation of loom.md 3.3 with real buffers (f32 accumulators, liveness);  UPSTREAM: 3.3 with upstream's footprint;
 * UPSTREAM_NESTED: the older trip * max(compute, memory) of 3.5. */
#define MODEL_KIND_LIST(X) X(LOOM, "loom") X(UPSTREAM, "upstream") X(UPSTREAM_NESTED, "upstream-nested")
typedef enum model_kind {
#define X(n, t) MODEL_##n,
  MODEL_KIND_LIST(X)
#undef X
} model_kind;
bool model_kind_parse(const char *s, model_kind *out);
/* Raised when costs of the models change: plans that were found with others are not compared with theirs. */
enum { MODEL_VERSION = 1 };
const char *model_kind_text(model_kind k);

/* The symbol of upstream's global double-buffer choice (0 or 1); a variable of the solver like the block symbols. */
#define MODEL_DOUBLE_BUFFER "is_double_buffer"

typedef struct model_trip { const sym_expr *numerator, *denominator; int loop; } model_trip;    /* trip = ceil(numerator / denominator); exact iff it divides */
typedef struct model_cost {
  const sym_expr *cycles;                     /* total, over block symbols and is_double_buffer */
  const sym_expr *compute, *load, *store;     /* each alone, same trips: the cost split */
  const sym_expr *l1_bytes;                   /* footprint with depth */
  int64_t l1_capacity;
  const sym_expr *dram_bytes;                 /* read + written by the whole machine */
  VEC_OF(model_trip) trips;                   /* every loop after mapping */
} model_cost;

LOOM_MUST_USE loom_status model_build(loom_ctx *ctx, const nest *n, const machine *m, const plan_candidate *c, model_kind kind, bool accumulate_f32, model_cost **out);
/* The L1 buffers of a plan at its block sizes: bytes, depth, offsets (aligned, packed by liveness).  Used by solve to finish a plan and by materialize. */
LOOM_MUST_USE loom_status model_layout_l1(loom_ctx *ctx, const nest *n, const machine *m, plan *p);

/* ---- the loom model at numbers: what solve_space evaluates.  Cycles of the core clock, bytes; every quotient rounded up.
 *
 * Three threads a core: reader (loads in program order), compute, writer; each works through its own list and waits for slots only.
 *   T = first + max(C, R + tail, W, D, K, C + serial, C + exclusive, Xd) + last      (C + serial, C + exclusive, Xd: term SERIAL)
 * first: the loads before the first compute; last: the last stores; C: compute cycles of the core that has most; R, W: the reader's and writer's
 * cycles, D: DRAM bytes over the rate of all channels, K: bytes on the busiest link over its rate, each without what first and last count; R is not below
 * what a core takes that finds channels and links in use (model_total.c);
 * tail: compute behind the last load; serial: loads of depth 1 that no compute hides, and what
 * the loads of one of several loops, one behind the other, take beyond that loop's own compute; exclusive: stores of depth 1 straight from an accumulator;
 *   Xd = (turns - (d - 1) * runs) * R_turn + runs * (c_turn + E)
 * is the longest cycle through d slots of a loop of `turns` turns in `runs` runs, with E compute cycles around each run. ---- */
enum { MODEL_LINKS_MAX = 24, MODEL_BLOCKS_MAX = 16, MODEL_DIRECT_MAX = 4 };

/* Leaf costs, boxes and loops of one nest on one machine: const, shared by threads.  LOOM_EUNSUP: an op without a cost; LOOM_ELIMIT: more than
 * MODEL_BLOCKS_MAX block symbols or PLAN_ITERS_MAX parallel loops. */
typedef struct model_program model_program;
/* X(name, text): which values that compute owns may share bytes.  SIDE_BY_SIDE: none.  PACKED: those whose lives do not meet.  IN_PLACE: also a result and
 * the operand it is computed from element by element, an accumulator and what replaces it (the move is then free); nest_live.h has the rule. */
#define MODEL_SHARING_LIST(X) X(SIDE_BY_SIDE, "side by side") X(PACKED, "packed") X(IN_PLACE, "in place")
typedef enum model_sharing {
#define X(n, t) MODEL_##n,
  MODEL_SHARING_LIST(X)
#undef X
} model_sharing;
LOOM_MUST_USE loom_status model_compile(loom_ctx *ctx, const nest *n, const machine *m, bool accumulate_f32, model_sharing sharing, model_program **out);

/* Cores of each parallel loop and the temporal order (outermost first): all of a mapping that cycles depend on besides its routes. */
typedef struct model_grid { int32_t cores[PLAN_ITERS_MAX]; int8_t order[PLAN_ITERS_MAX]; } model_grid;
void model_grid_of(const plan_mapping *p, model_grid *out);

/* The waves of one parallel loop: `count` with `active` of its cores at work.  All full ones, then the partial last one. */
typedef struct model_waves { int n; int64_t active[2], count[2]; } model_waves;

/* A program at one grid and one tuple of block sizes (in the order of nest.symbols). */
typedef struct model_point {
  int64_t block[MODEL_BLOCKS_MAX];
  model_grid grid;
  model_waves waves[PLAN_ITERS_MAX];
  int n_waves;                          /* classes of waves: product over the parallel loops, the first loop slowest */
  int64_t trips[NEST_LOOPS_MAX];        /* turns on the core with most; of a causal loop: in its longest run */
  int64_t runs[NEST_LOOPS_MAX];         /* causal loop: its turns summed over the waves of the loop it depends on, on the core with most; else 0 */
  int64_t compute, tail, turn, around;  /* cycles: C, tail, c_turn, E */
  int64_t turns, turn_runs;             /* of the innermost loop that loads */
  int64_t copy[MODEL_DIRECT_MAX], last_copy[MODEL_DIRECT_MAX];     /* cycles of the copies that direct stores save (not in the above): all, the last */
  int64_t compute_in[NEST_LOOPS_MAX];   /* of C (and the copies): inside of each sequential loop that no other is around */
  int64_t l1_bytes;                     /* of the values that compute alone owns, packed */
} model_point;
/* False: a size or a cost beyond 2^60, or a division by zero in a perf function. */
bool model_set_blocks(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out);
/* The same but for what costs sym code: only how often loops run, and in which waves. */
bool model_set_waves(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out);
/* The same but for l1_bytes, whose packing takes most of the time. */
bool model_set_costs(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out);

/* One choice of one access in one class of waves.  Loads of links: 1/1024 byte for each byte of every sender's tile. */
typedef struct model_route {
  int32_t senders;                      /* cores that fetch (or store) at once */
  int32_t hops, tree_hops;              /* longest way channel -> sender (store: sender -> channel), sender -> receiver */
  int32_t own_x1024;                    /* the busiest link when one sender is alone */
  int32_t busiest_x1024, tree_x1024;    /* the busiest link of all transfers at once; of the trees (or chains) behind the senders */
  int32_t peak_x1024;                   /* the busiest link when all want the same of those channels on which tiles lie whose rows are whole pages (program_access.apart) */
  int32_t n_links, link_x1024[MODEL_LINKS_MAX];     /* on each link of the hull */
  int32_t sent_x1024[MODEL_LINKS_MAX];  /* of it the trees and chains */
} model_route;
/* LOOM_EBUG: the choice is of another mesh. */
LOOM_MUST_USE loom_status model_check_choice(loom_ctx *ctx, const plan_mapping *map, const plan_choice *c);
/* out[a][c * at->n_waves + w]: choice c of access a in class w.  Routes are dimension-ordered (dim 0 first, the shorter way, up on a tie); a tile's
 * bytes are taken as even over the channels.  Only links are kept that no other link exceeds in every column of this call (the hull): the
 * busiest link of any combination is among them.  `p` gives the machine; of `at` only the waves count.  In ctx->mem. */
LOOM_MUST_USE loom_status model_find_routes(loom_ctx *ctx, const model_program *p, const plan_mapping *map, const model_point *at,
                                            const plan_choice *const *choices, const size_t *n, model_route **out);

/* What one access adds up to. */
typedef struct model_vector {
  int64_t dram_bytes, l1_bytes;         /* of the machine, of a core */
  int64_t first, reader_rest, inner;    /* reader cycles: the first load, all others, one turn of the innermost loop */
  int64_t serial;                       /* reader cycles that only more slots can hide */
  int64_t writer_rest, last, exclusive; /* writer cycles: all stores but the last, the last, those during which the accumulator is not free */
  int64_t compute, tail;                /* compute cycles of the copy a store needs: all, the last */
  int64_t dram_rest;                    /* bytes without what all cores fetch first and store last */
  int64_t in_step;                      /* reader cycles besides when the cores fetch in step: all at once, turn by turn */
  int32_t depth;                        /* fewest slots of the loads in the innermost loop; 0: none */
  int32_t is_shared;                    /* a multicast: it keeps the cores in step */
  int64_t dram_own;                     /* of dram_rest, bytes of the core whose reader counts */
  int64_t phase;                        /* reader cycles that no slots hide: of a loop with other loops beside it, beyond its own compute (counted in serial) */
  int32_t n_links;
  int64_t link_rest[MODEL_LINKS_MAX];   /* bytes */
  int64_t link_sent[MODEL_LINKS_MAX];   /* of them on trees and chains */
} model_vector;
/* Does what it fetches or stores depend on parallel loop `loop`, or does one core of the loop alone run it? */
bool model_access_moves(const model_program *p, int access, int loop);
/* The loops that a choice lifts its access over under a temporal order, and those whose turns its slot holds: masks. */
typedef struct model_lift { uint32_t over, panel; } model_lift;
model_lift model_lift_of(const model_program *p, const int8_t *order, int access, const plan_choice *c);
/* May a store be emptied straight from its accumulator (plan_choice.direct)?  When both have the same type. */
bool model_may_be_direct(const model_program *p, int access);
/* `r`: the n_waves routes of this choice.  False: beyond 2^60. */
bool model_price(const model_program *p, const model_point *at, int access, const plan_choice *c, const model_route *r, model_vector *out);
/* The same in two steps: with one slot, whatever the choice says, and its bytes (false too where it takes more than `l1_most`); then with so many more. */
bool model_price_slot(const model_program *p, const model_point *at, int access, const plan_choice *c, const model_route *r, int64_t l1_most, model_vector *out, int64_t *slot);
void model_add_slots(model_vector *v, int64_t slot, int more);
/* L1 bytes of the choices of all accesses and of what compute owns; false: beyond 2^60. */
bool model_bytes_at(const model_program *p, const model_grid *g, const int64_t *blocks, const plan_choice *chosen, int64_t *out);
/* sum += x, the depth by min, is_shared by max. */
void model_add(model_vector *sum, const model_vector *x);

/* The same as columns that all add but MODEL_COLUMN_DEPTH (4 - depth; 0: none) and MODEL_COLUMN_SHARED, which combine by the larger.  DRAM and L1 bytes
 * come first, so that columns compared in order break ties. */
#define MODEL_COLUMNS_BY_MAX (UINT64_C(1) << MODEL_COLUMN_DEPTH | UINT64_C(1) << MODEL_COLUMN_SHARED)
enum { MODEL_COLUMN_DRAM, MODEL_COLUMN_L1, MODEL_COLUMN_DEPTH = 13, MODEL_COLUMN_SHARED, MODEL_COLUMN_OWN, MODEL_COLUMN_LINKS, MODEL_COLUMNS = MODEL_COLUMN_LINKS + 2 * MODEL_LINKS_MAX };
/* Writes and reads the first MODEL_COLUMN_LINKS + 2 * v->n_links columns. */
void model_to_columns(const model_vector *v, int64_t *out);
void model_from_columns(const int64_t *columns, int n_links, model_vector *out);

/* X(name, text): the terms of T; the first six compete, FILL and DRAIN are always paid. */
#define MODEL_TERM_LIST(X) X(COMPUTE, "compute") X(READER, "reader") X(WRITER, "writer") X(DRAM, "dram") X(LINKS, "links") X(SERIAL, "serial") X(FILL, "fill") X(DRAIN, "drain")
typedef enum model_term {
#define X(n, t) MODEL_TERM_##n,
  MODEL_TERM_LIST(X)
#undef X
  MODEL_TERMS
} model_term;
const char *model_term_text(model_term t);
/* Cycles of each term; SERIAL is the largest of those that wait for slots. */
void model_terms(const model_program *p, const model_point *at, const model_vector *sum, int64_t out[MODEL_TERMS]);
/* T.  Never falls when a column of *sum grows.  The sum of n vectors fits when each does (n <= PLAN_LOADS_MAX). */
int64_t model_total(const model_program *p, const model_point *at, const model_vector *sum);

/* ---- bounds and packing ---- */
typedef struct model_domain { const int64_t *at; int32_t n; } model_domain;     /* sizes of one block symbol, ascending */
/* How much the cores of a part of the mesh load the link that is busiest when all of them fetch.  Those that do lie at `n` places, `times` cores at each; sum[k]: channels over
 * which k of the places are reached along the link, those that load it least first. */
typedef struct model_reach { int64_t n_cores, n_channels, times, n; const int64_t *sum; } model_reach;
/* Finds them; what parts have in common is kept, in `m`.  For one thread. */
typedef struct model_reacher model_reacher;
model_reacher *model_reacher_make(arena *m, const model_program *p);
/* Of the first mesh_size[d] cores of each dim. */
void model_reacher_find(model_reacher *r, const int64_t *mesh_size, model_reach *out);
/* Bytes on that link for each byte that each of `cores` (at most n_cores) fetches, at least. */
double model_reach_least(const model_reach *r, int64_t cores);

/* What a mapping's first wave (store: last wave) says of one way of an access; everything at least. */
typedef struct model_way {
  double base, slope;                         /* cycles of the first load of a tile, or of the last store: base + slope * its bytes */
  double each;                                /* loads: reader cycles for each byte, in waves like the first */
  double drawn, beyond;                       /* of slope: what DRAM and the links take when all channels do it, what comes behind that */
  double stepped, after;                      /* of each: the same; stepped 0: each core by itself */
  double joint;                               /* loads: each, where the cores fetch in step; they do where some load is_cast */
  bool is_cast;                               /* a multicast */
  double copies, link;                        /* loads: bytes from DRAM, bytes on the way's busiest link (in waves like the first), for each byte that comes once */
} model_way;
/* Finds ways; kept from call to call, for one thread.  Takes from `m` in every call. */
typedef struct model_router model_router;
model_router *model_router_make(arena *m, const model_program *p);
/* `map` is used until the next call. */
void model_router_place(model_router *r, const plan_mapping *map);
/* The way `c` shares and moves, at any position and with any slots, in the first class of waves (store: the last): active[i] cores of parallel loop i are at
 * work there. */
model_way model_router_find(model_router *r, const int64_t *active, int access, const plan_choice *c);

/* One mapping, at the waves it was asked for. */
typedef struct model_case {
  const model_way *way[PLAN_LOADS_MAX]; int n[PLAN_LOADS_MAX];        /* of each access: it takes one of them */
  int n_links; const double *share, *drawn;   /* [n_access][n_links]: bytes on a link for each byte that comes once (loads only), of these from memory, at least; NULL: not known */
} model_case;
/* What is known of the mappings that a bound is for; all zero: nothing. */
typedef struct model_known {
  const model_reach *reach; int n_reach;      /* they use one of these parts of the mesh */
  const model_case *const *cases; size_t n_cases;    /* each is one of these */
  double full;                                /* part of the waves that are like the first, at least; without cases not read */
  int64_t l1_bytes;                           /* what is chosen fits in so many; 0: in any */
  bool one_slot;                              /* no load has a second slot */
} model_known;

double model_full_part(const model_program *p, const model_point *at);
/* Bytes that come from DRAM for each that comes once, when `shared` cores have each transfer together, at least. */
double model_copies(const model_program *p, const model_grid *g, int access, int64_t shared);

/* <= model_total of every mapping on these cores, order and choice, at every point with block i in at[from_i..to_i]. */
int64_t model_bound(const model_program *p, const int32_t *cores, const model_known *k, const model_domain *d, const int32_t *from, const int32_t *to);
/* The same at one point, with its true compute cycles: not below model_bound. */
int64_t model_bound_point(const model_program *p, const model_point *at, const model_known *k);
/* The same of each case alone, in out[i]: over the box, or at the point. */
void model_bound_each(const model_program *p, const int32_t *cores, const model_known *k, const model_domain *d, const int32_t *from, const int32_t *to, int64_t *out);
void model_bound_each_at(const model_program *p, const model_point *at, const model_known *k, int64_t *out);
/* <= DRAM bytes of every mapping on these cores, order and choice whose slots fit `l1_bytes`, at every point of the box. */
int64_t model_dram_bound(const model_program *p, const int32_t *cores, const model_domain *d, const int32_t *from, const int32_t *to, int64_t l1_bytes);
/* <= L1 bytes of every choice at these sizes; never falls when a block grows. */
int64_t model_pack_bound(const model_program *p, const int64_t *blocks);

/* The L1 buffers of the choices made: bytes, depths, offsets (loads and stores side by side, then what compute alone owns, packed by its lives),
 * in out->buffers and out->l1_bytes.  LOOM_EINFEASIBLE, with the parts in words: more than the core has. */
LOOM_MUST_USE loom_status model_layout_slots(loom_ctx *ctx, const model_program *p, const model_point *at, const plan_choice *chosen, plan *out);

typedef struct pack_item { int64_t bytes; int first, last; /* positions it lives at, both inside */ int64_t offset; } pack_item;
/* Bytes used, offsets set (multiples of `align`).  *out_bound: most bytes live at once; equal to the result: proven least.  Sizes are rounded up to `align`.  First fit by (size
 * falling, birth, index), then, when that is not proven, an exact search that looks at `node_budget` nodes at most (-1: only the bound). */
int64_t model_pack(pack_item *items, size_t n, int64_t align, int64_t node_budget, int64_t *out_bound);
#endif
