/* Inside solve only: the search of a whole space (explore_space.h) under the loom model.
 *
 *   tuple of cores -> box of block sizes -> point -> arm (mapping and loop order) -> choices of all accesses
 *
 * Boxes lie in a heap by (bound, age); an epoch takes the first few, cuts what is more than a point, and looks at the points against the incumbents
 * as they were when it began; then results are taken over in order.  So answers and counters do not depend on the number of threads.
 *
 * What is left out, and why nothing better is lost:
 *   bound      every bound is at most T of all it stands for; dropped is what is above the incumbent, or equal and later in the order of ties;
 *   ends       points of one tuple with the same first and last wave share how the first loads and last stores go, mapping by mapping;
 *   group      points of one tuple with the same waves share routes; arms that offer the same choices on the same routes cost the same: the first stays;
 *   orders, choices   explore_list_orders, explore_list_choices and explore_pick_choices have their own lemmas.
 * Ties: (T, block sizes in symbol order, sums of model_columns before the links, mapping, order, choices); of orders that differ by loops of one trip alone, where no slot may be a
 * panel, the one that has these outermost. */
#ifndef LOOM_SOLVE_SPACE_H
#define LOOM_SOLVE_SPACE_H
#include "explore/explore_space.h"
#include "solve/solve_private.h"

/* Rows to choose from instead of a space: their mappings and movements hold, all loads have one or all have two slots. */
typedef struct space_rows { const plan_candidate *const *at; size_t n; } space_rows;

/* Where the arms come from, and on which cores. */
typedef struct space_source {
  const explore_space *space;           /* NULL: the rows */
  space_rows rows;
  int n_parallel, n_access;
  int32_t n_tuples; const int32_t *tuple;                     /* [n_tuples][n_parallel] */
  const int32_t *row_tuple;             /* of each row */
  const bool *is_answered;              /* rows that are left out; NULL: none */
  uint32_t one_trip;                    /* parallel loops that must be one wave */
  bool one_depth;                       /* all loads have equally many slots */
  const bool *load;                     /* [n_access]: not a store */
  int depth;                            /* slots of all loads; 0: any */
  int64_t dram_limit;                   /* bytes of the machine */
} space_source;

/* A mapping with a loop order, and the choices of each access there. */
typedef struct space_arm {
  int64_t mapping;                      /* in the space, or the row */
  int order;
  plan_mapping map;
  size_t n[PLAN_LOADS_MAX];
  const plan_choice *choice[PLAN_LOADS_MAX];
  const model_route **route[PLAN_LOADS_MAX];                  /* of each choice, by class of waves */
  const uint16_t *price[PLAN_LOADS_MAX];                      /* of each choice: its number in the group */
  const uint16_t *way[PLAN_LOADS_MAX];                        /* of each choice: its number among the ways of the mapping */
} space_arm;
typedef VEC_OF(space_arm) space_arms;

/* A choice on a route, whatever arms have it. */
typedef struct space_price { plan_choice choice; const model_route *route; int8_t order[PLAN_ITERS_MAX]; } space_price;
typedef VEC_OF(space_price) space_prices;

/* Points of one tuple with the same first and last wave: what is known of each of its mappings, without their links. */
typedef struct space_ends_key { int32_t tuple, none; int64_t first[PLAN_ITERS_MAX], last[PLAN_ITERS_MAX]; } space_ends_key;
typedef struct space_ends {
  space_ends_key key;
  struct space_ends *older;
  size_t n, n_least; const model_case *const *cases, *const *least;      /* least: those that no other lies under */
} space_ends;

/* Points of one tuple with the same waves.  Mappings come when they are asked for. */
typedef struct space_key { int32_t tuple; uint32_t one_trip; int64_t active[PLAN_ITERS_MAX][2]; } space_key;
typedef struct space_group {
  space_key key;
  struct space_group *older;            /* of the same bucket */
  space_arms arms;                      /* as they came */
  VEC_OF(int32_t) in_order;             /* of them those without a twin before them; by mapping and order */
  space_prices prices[PLAN_LOADS_MAX];  /* each choice on each route once; the links' loads are of the first arm that has it */
  size_t n_mappings; bool *is_there; const model_case **cases;      /* of the tuple's mappings, in their order; case NULL: not there, or without arms */
  struct space_seen *seen;
} space_group;

enum { SPACE_BUCKETS = 1 << 12 };
struct space_builder;
struct space_ender;
typedef struct space_groups { space_group *newest[SPACE_BUCKETS]; space_ends *ends[SPACE_BUCKETS]; struct space_builder *builder; struct space_ender *ender; arena_mark mark; size_t limit_bytes; int64_t ways, mappings; /* looked at so far */ } space_groups;

void space_key_of(const space_source *s, int32_t tuple, const model_point *at, space_key *out);
/* With at least those of the tuple's mappings that is_asked says (in the order of the tuple's ends).  In ctx->mem.  LOOM_EINFEASIBLE never: a group may have no arms. */
LOOM_MUST_USE loom_status space_find_group(loom_ctx *ctx, const space_source *s, const model_program *p, space_groups *g, const space_key *key, const model_point *at,
                                           const bool *is_asked, const space_group **out);
/* The same, of what all points with `at`'s first and last wave share.  Cases in the order of the tuple's mappings, none left out. */
LOOM_MUST_USE loom_status space_find_ends(loom_ctx *ctx, const space_source *s, const model_program *p, space_groups *g, int32_t tuple, const model_point *at,
                                          const space_ends **out);
/* All groups go; when they take more than the limit.  Only between epochs. */
void space_groups_clear(loom_ctx *ctx, space_groups *g);
void space_groups_trim(loom_ctx *ctx, space_groups *g);

/* The best choices of one arm at one point. */
typedef struct space_find { int64_t total, column[MODEL_COLUMN_LINKS]; int32_t arm; uint16_t choice[PLAN_LOADS_MAX]; } space_find;
/* Finds of the arms whose T is at most `at_most`, by arm; with `room` 1 only the first in the order of ties, else it is
 * at least the number of arms.  `at` is not changed but for its order.  Count. */
size_t space_look(arena *scratch, const model_program *p, const space_source *s, const space_group *g, model_point *at, int64_t l1_bytes, int64_t at_most, size_t room,
                  space_find *out, explore_effort *effort);
/* Of sums before the links, column by column. */
int space_compare_columns(const int64_t *a, const int64_t *b);

/* ---- the search ---- */
enum { SPACE_LOOKS_MAX = 64 /* points of one epoch */, SPACE_LARGE_CORES = 512 };
typedef VEC_OF(solve_ratio) solve_ratios;

/* The parts of the mesh that the mappings of a tuple use. */
typedef struct space_reach { model_reach *at; int n; } space_reach;

/* How the bound of a node was made: from sizes alone, with the ends of its mappings, with the links of its group. */
typedef enum space_stage { SPACE_BOX, SPACE_ENDS, SPACE_GROUP } space_stage;
typedef struct space_node {
  int64_t bound, compute;               /* compute: cycles of a point; -1: a box, or not yet known */
  int64_t done, until, next;            /* mappings of a point, by their bounds: seen are those up to `done`, asked for those up to `until`; the first one behind, if it may win */
  int32_t tuple;
  space_stage stage;
  int32_t from[MODEL_BLOCKS_MAX], to[MODEL_BLOCKS_MAX];
} space_node;

/* A winner: one for each (mapping, order). */
typedef struct space_record {
  int64_t total, block[MODEL_BLOCKS_MAX], column[MODEL_COLUMN_LINKS], mapping;
  int order;
  plan_mapping map;
  plan_choice chosen[PLAN_LOADS_MAX];
} space_record;

typedef struct space_job { space_node *of; const space_group *group; int64_t at_most; space_find *found; size_t room, n; explore_effort effort; } space_job;

typedef struct space_search {
  loom_ctx *ctx;
  const nest *nest;
  const machine *machine;
  const solve_options *o;
  const solve_limits *limits;
  space_source source;
  model_program *program;
  solve_problem problem;                /* the block symbols, as the user restricts them */
  model_domain domain[MODEL_BLOCKS_MAX];
  int n_blocks;
  int loop_symbol[PLAN_ITERS_MAX];      /* of each parallel loop; -1: none */
  int wave_symbol[PLAN_ITERS_MAX]; int64_t wave_extent[PLAN_ITERS_MAX];      /* parallel loops that must be one wave; symbol -1: others */
  bool exact;                           /* rows: block sizes divide */
  const solve_ratios *row_trips;        /* rows: each one's trips over the block sizes */
  const space_reach *reach;             /* [n_tuples] */
  space_groups *groups;
  bool *is_asked; int64_t *bounds; const model_case **asked; size_t asked_room, n_asked;      /* mappings of a node that may still win; kept from node to node */
  solve_heap open;
  VEC_OF(space_node *) spare;
  VEC_OF(space_job) jobs;
  space_record *best; size_t n_best, room;    /* by the order of ties */
  space_find *found[SPACE_LOOKS_MAX]; size_t found_room[SPACE_LOOKS_MAX];
  int64_t age, left, evaluated, looked;
  int64_t most_effort;                  /* after which the search ends; 0: when all is proved */
  int64_t effort_of_parts;              /* of their groups (solve_space_parts.c); nodes and looks count in age and looked */
  size_t open_in_parts; int64_t bound_of_parts;               /* what was left open there, and its bound */
  bool is_together;                     /* others search, too: before the parts all do the same, and the clock has no say */
  double started;
  bool timed_out, is_done;
  int64_t bound;                        /* of what was left open */
} space_search;

/* To the end, the budget's or the time's; s->open.n is 0 where everything was seen or ruled out. */
LOOM_MUST_USE loom_status space_search_run(space_search *s);
/* Points of the domains at which the winner's choices fit the memory. */
int64_t space_count_feasible(const space_search *s, const space_record *r);
/* Where a load or store of a candidate stands, as a choice. */
void space_choice_of(const plan_access *a, int default_depth, plan_choice *out);
#endif
