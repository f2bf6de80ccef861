/* Inside explore only: what a space is made of. */
#ifndef LOOM_EXPLORE_SPACE_PRIVATE_H
#define LOOM_EXPLORE_SPACE_PRIVATE_H
#include "explore/explore_private.h"
#include "explore/explore_space.h"

typedef struct explore_level { int32_t size; int32_t iter; } explore_level;

/* One mesh dim: which cores each iterator gets (vectors, lexicographic), and the level sequences of each vector. */
typedef struct explore_dim {
  const char *name; int64_t size;
  int32_t n_vectors; const int32_t *cores;           /* [n_vectors][n_parallel] */
  const int32_t *first_sequence;                     /* [n_vectors + 1] */
  const int32_t *first_level;                        /* [n_sequences + 1] */
  const explore_level *level;                        /* of all sequences, innermost level first */
} explore_dim;

/* What --pin says of one access. */
typedef struct explore_fix { bool has_move; plan_move move[PLAN_MESH_MAX]; int hoist; /* -1: any */ int depth; /* 0: any */ const char *label; /* explore_write_label of the choice; NULL: any */ } explore_fix;
typedef struct explore_fixes { const char *order, *split, *map; bool any_depth; /* labels do not say how many slots */ explore_fix access[PLAN_LOADS_MAX]; } explore_fixes;
/* Reads the pins; "order=10", "split=x8_y2y4", "map=d0i0_d1i1", "load.x=bcast_x_chain_y", "load.x=hoist2", "depth.x=3". */
/* The label of a choice in names, without the numbers of levels; `any_depth`: and without its slots. */
void explore_write_label(const explore_space *s, const plan_mapping *p, int a, const plan_choice *c, bool any_depth, char *out, size_t size);
loom_status explore_read_fixes(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_fixes *out);
bool explore_fixes_mapping(const explore_fixes *f);
bool explore_mapping_is_fixed(arena *scratch, const explore_fixes *f, const plan_mapping *p);

typedef struct explore_load {
  const nest_node *node;
  const char *name;
  bool is_store, may_lift, may_prefetch, may_direct;
  uint32_t moves;                       /* loops its offsets use */
  uint32_t alone;                       /* iterators whose first core alone runs it */
  int n_seq, seq[NEST_LOOPS_MAX];       /* sequential loops around it, outermost first */
  const explore_fix *fix;
} explore_load;

/* Lemmas that can be switched off, to compare with everything written out. */
enum { EXPLORE_FREE_HOIST = 1, EXPLORE_IDLE_SLOT = 2, EXPLORE_ORDER_CLASS = 4, EXPLORE_ALL_RULES = 7 };

struct explore_impl {
  int n_mesh; explore_dim dim[PLAN_MESH_MAX];
  const int32_t *vector;                /* [n_profiles][n_mesh] */
  const int32_t *kept;                  /* [n_mappings]: number among the level orders of its profile; NULL: all are there */
  explore_load access[PLAN_LOADS_MAX];
  uint32_t causal[NEST_LOOPS_MAX];      /* by sequential loop: loops whose iterators its extent uses */
  explore_fixes fixes;
  unsigned lacking, rules;
  const uint8_t **order_sets;           /* of each order: for each load, with one slot and with two, how many sets of parallel loops it may be lifted over, and these */
};

/* explore_open with some lemmas switched off. */
LOOM_MUST_USE loom_status explore_open_with(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, unsigned rules, explore_space *out);

/* explore_space_dims.c: vectors and sequences of dim `d`; `full`: all of its cores only. */
LOOM_MUST_USE loom_status explore_list_dim(loom_ctx *ctx, const machine_dim *d, int n_iters, int n_mesh, bool full, explore_dim *out);
/* explore_choice.c */
void explore_read_accesses(arena *m, explore_space *s, const nest_node *const *access, const explore_options *o);
/* Positions of access `a` under `order`: hoists ascending; count.  EXPLORE_LIFTS_MAX fit. */
int explore_list_hoists(const explore_space *s, int a, const int *order, int depth, int *out);
/* Loops that `hoist` lifts over, and those of them in the panel as bits of plan_choice.panel. */
uint32_t explore_lifted(const explore_space *s, int a, const int *order, int hoist, unsigned *out_panel);
/* Iterators along which access `a` at position `hoist` is not shared: offsets use them, or a loop it is left in runs differently often for them. */
uint32_t explore_unshared(const explore_space *s, int a, int hoist);
/* Most cores along mesh dim `d` that may share a load of access `a` at position `hoist`. */
int64_t explore_widest_along(const explore_space *s, const plan_mapping *p, int a, int hoist, int d);
/* explore_space.c: is one iterator on the innermost levels and no others, each other one on one level? */
bool explore_follows_upstream(const plan_mapping *p);
/* explore_space_orders.c */
void explore_make_orders(loom_ctx *ctx, explore_space *s);
#endif
