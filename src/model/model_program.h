/* Inside model only: a compiled nest (model_program.c makes it; prices, bounds and routes read it). */
#ifndef LOOM_MODEL_PROGRAM_H
#define LOOM_MODEL_PROGRAM_H
#include "model/model.h"
#include "model/model_number.h"
#include "nest/nest_buffer.h"

/* A size over the block symbols. */
typedef enum program_size_kind { PROGRAM_CONST, PROGRAM_BLOCK, PROGRAM_CODE } program_size_kind;
typedef struct program_size { program_size_kind kind; int64_t value; int symbol; const sym_code *code; bool is_falling; /* not certain to rise with every block */ } program_size;

typedef struct program_loop {
  int symbol;                           /* its block */
  program_size size;                    /* extent; with iterators at their last value */
  const sym_code *causal;               /* extent over the blocks, then the iterator of `outer`; NULL when it depends on none */
  int outer;                            /* parallel loop */
} program_loop;

/* A product of powers of blocks: cost >= sum of coefficient * product of block^power. */
/* unit[s]: block s stands there once, rounded up to whole units of so many; 0: as it is, or more often. */
typedef struct program_monomial { double coefficient; uint8_t power[MODEL_BLOCKS_MAX]; int64_t unit[MODEL_BLOCKS_MAX]; } program_monomial;

typedef struct program_compute {
  const nest_node *node;
  const sym_code *cost;
  uint32_t loops;                       /* mask: all parallel ones, the sequential ones around it */
  int copy;                             /* fills the slot of the direct-able store of this number; -1 */
  bool is_tail, in_turn, is_around;     /* behind the last load; inside the innermost loop that loads; directly around that loop */
  struct { int n; program_monomial *at; } lower[2];           /* two sums, neither above the cost */
} program_compute;

enum { PROGRAM_ITEMS_MAX = 64, PROGRAM_PACK_NODES = 2000, PROGRAM_PHASES_MAX = 16 };

/* A line along a dim on which routes of channels lie.  first: its node at place 0, as far as the channels say (model_noc.c); channels: at each place. */
typedef struct noc_line { int first; const int32_t *channels; } noc_line;
/* Routes between the channels and every node of the mesh. */
typedef struct model_noc {
  int n_dims, n_nodes, n_links, n_channels;
  int64_t size[MACHINE_MESH_DIMS_MAX];
  bool wraps[MACHINE_MESH_DIMS_MAX];
  uint16_t (*coord)[MACHINE_MESH_DIMS_MAX];
  int32_t *hops[2], *most[2];           /* by node; [0]: from the furthest channel, [1]: to it; channels that meet on one link */
  int32_t *most_along[2][MACHINE_MESH_DIMS_MAX];             /* the same on the links of a dim, by place */
  const int64_t *channel;               /* [n_channels]: the nodes they are at */
  int stride[MACHINE_MESH_DIMS_MAX];    /* nodes from one to the next along a dim */
  noc_line *line[2][MACHINE_MESH_DIMS_MAX]; int n_lines[2][MACHINE_MESH_DIMS_MAX];
} model_noc;

/* Where tensors lie: DRAM, or the L1 of cores, which are its channels then: of those that hold pages of the tensor, which are the first ones.  rate: bytes of all channels together in 1024 cycles, 0: without limit. */
typedef struct program_memory { bool is_l1; int64_t latency, rate, channels; int ways; /* that each hop of a route costs: L1 is sent a word first, which DRAM's latency has in it */ const model_noc *noc; } program_memory;

enum { PROGRAM_PASSING = 8 };
typedef struct program_access {
  const nest_node *node;
  const program_memory *memory; int64_t page_bytes;      /* of the tensor */
  bool is_store, is_first;              /* is_first: a load before the first compute that uses loads */
  int64_t elem_bytes;
  int rank;
  program_size size[NEST_RANK_MAX];
  int loop[NEST_RANK_MAX];              /* that each dim steps with; -1 */
  bool is_tiled[NEST_RANK_MAX];         /* the dim's size is that loop's block: its tiles lie side by side */
  int64_t shape[NEST_RANK_MAX];         /* of the tensor, elements */
  int64_t pitch[NEST_RANK_MAX];         /* bytes from one element to the next along the dim, as they lie in DRAM */
  int by_pitch[NEST_RANK_MAX];          /* dims, the widest pitch first */
  int64_t channels;                     /* that hold any box of the tensor, at most */
  int apart;                            /* its rows begin so many channels apart, or a multiple of it */
  const model_noc *phase;               /* [apart]: model_noc_phases; NULL: one */
  uint32_t moves, steps;                /* masks of loops: the box depends on it; a dim steps with it */
  uint32_t loops;                       /* mask of the loops around it */
  uint32_t active_by;                   /* parallel loops on whose surplus cores it does nothing: it moves with them, or a causal loop around it does */
  int n_seq, seq[NEST_LOOPS_MAX];       /* sequential loops around it, outermost first */
  uint32_t gap;                         /* compute nodes (by number) of a turn during which its slot is free; of a store: while it may be emptied */
  bool is_hidden;                       /* stores: whole loops of compute lie between two of them */
  /* stores: the slot it is emptied from, and the accumulator behind it */
  bool has_copy;                        /* an accumulator (or another type) is copied into the slot first */
  int direct;                           /* its number among those that an accumulator of the tensor's type may serve without a copy; -1 */
  int only_first;                       /* parallel loop on whose first core alone it runs; -1 */
  int64_t value_bytes;                  /* bytes of an element of the value stored */
  /* The core's memory is a cache, and nothing is kept in it: the tensor itself is read, or, by a direct store, written.  What passes through takes the room of
   * one part in PROGRAM_PASSING of it. */
  bool passes;
  bool waits_for_runs;                  /* .. and its rows are read once, as the right side of a product of few rows: nothing else gives them time to come */
} program_access;

/* A tile buffer of a core.  access: the load or store whose slots it is (its bytes count there); -1: compute alone owns it, from position
 * `first` to `last` of the program. */
typedef struct program_buffer { nest_buffer_kind kind; const char *name; dtype type; program_size dim[NEST_RANK_MAX]; int rank; int64_t elem_bytes; int access, first, last; } program_buffer;

LOOM_MUST_USE loom_status model_noc_make(loom_ctx *ctx, const machine *m, model_noc *out);
/* The same with the channels i, i + apart, i + 2 apart .. alone, for each i < apart: for model_noc_count only. */
model_noc *model_noc_phases(loom_ctx *ctx, const machine *m, const model_noc *whole, int apart);
/* load[link] += channels times senders whose tiles cross the link, when the nodes with sends[node] 1 (else 0) fetch from all channels (way 0) or store to them
 * (way 1).  `room`: model_noc_room. */
void model_noc_count(const model_noc *n, int way, const int32_t *sends, int32_t *room, int32_t *load);
/* The most that it would add to a link. */
int32_t model_noc_busiest(const model_noc *n, int way, const int32_t *sends, int32_t *room);
/* The same of the lines of dim d alone, one of each with senders[place]; without what such lines share links with. */
int32_t model_noc_busiest_along(const model_noc *n, int way, int d, const int32_t *senders, int32_t *room);
/* Places from one to another of a line, the shorter way round a ring, up on a tie. */
static inline int model_noc_places(const model_noc *n, int d, int from, int to) {
  int size = (int)n->size[d], up = to - from;
  if (!n->wraps[d])
    return up < 0 ? -up : up;
  up = up < 0 ? up + size : up;
  return up * 2 <= size ? up : size - up;
}
size_t model_noc_room(const model_noc *n);

struct model_program {
  const nest *n;
  const machine *m;
  int n_blocks, n_loops, n_parallel, n_access, n_compute, n_buffers;
  program_loop loop[NEST_LOOPS_MAX];
  int64_t unit[MODEL_BLOCKS_MAX];       /* of the blocks that some cost rounds up to whole units; 0: none */
  program_compute *compute;
  program_access access[PLAN_LOADS_MAX];
  program_buffer *buffer;               /* in the order of nest_list_buffers */
  int n_direct;
  int inner;                            /* innermost sequential loop that loads; -1: the temporal loops */
  int n_gathers; struct { int across; int rank; program_size dim[NEST_RANK_MAX]; int64_t elem_bytes; } gather[8];
  bool moves_itself;                    /* loads and stores take the core's own time */
  bool pads;                            /* edge tiles cost what whole ones do */
  /* cycles; bytes in 1024 cycles, 0: without limit */
  int64_t setup, run, hop, port_rate, link_rate, l1_align;
  int64_t start;                        /* setup, and the least latency of any access */
  int64_t page_bytes;                   /* of DRAM */
  program_memory dram;
  const program_memory **l1;            /* by tensor; NULL: in DRAM */
  model_noc noc;
};

/* Cycles of a reader that takes `alone` by itself, `own` of them (at most all) on something that others use for `others`: model_total.c has the law.  Never falls when one of
 * them grows; at least `alone`, at least own + others. */
int64_t model_contended(int64_t alone, int64_t own, int64_t others);

/* Bytes of the core's memory that a slot of `bytes` takes, unaligned.  c: how it is moved, one that takes the least if NULL. */
static inline int64_t program_room(const program_access *a, int64_t bytes, const plan_choice *c) {
  bool passes = a->passes && (!c || (a->is_store ? c->direct : c->panel == 0));      /* a panel is kept */
  return passes ? model_ceil(bytes, PROGRAM_PASSING) : bytes;
}
/* Value of a size; at most MODEL_MOST.  False: none. */
bool program_size_at(const program_size *s, const int64_t *blocks, int64_t *out);
/* Bytes of one tile of an access, unaligned. */
bool program_tile_bytes(const program_access *a, const int64_t *blocks, int64_t *out);

/* Channels that hold a box of these extents (elements, at most the tensor's shape) at the tensor's origin. */
int64_t program_channels(const program_access *a, const int64_t *extent);
/* Runs of consecutive bytes that make up a box of these extents; at most MODEL_MOST. */
int64_t program_runs(const program_access *a, const int64_t *extent);
/* >= those of every box with extents from `least` to `most`. */
int64_t program_channels_most(const program_access *a, const int64_t *least, const int64_t *most);
int64_t program_channels_whole(const program_access *a);      /* of every box */

/* What compute alone owns, as items to pack, by buffer number in `of`; at most `room`.  `least`: dims that may fall when a block grows count as 1.
 * False: a size beyond MODEL_MOST. */
bool program_list_items(const model_program *p, const int64_t *blocks, bool least, size_t room, pack_item *out, int *of, size_t *n);
/* The packed bytes of what compute alone owns. */
bool program_pack(const model_program *p, const int64_t *blocks, int64_t *out);

/* What a coordinate along mesh dim d adds to the index in each parallel loop: its levels' parts, the later ones of the same loop counting faster. */
void program_add_levels(const plan_mapping *map, int d, int32_t at, int32_t *index);
/* Cores of parallel loop `i` on which the access does something where `active` of each loop are at work: those with a lower index; -1: all. */
int64_t program_active_limit(const program_access *a, int i, const int64_t *active);
/* A load that is handed on from neighbour to neighbour.  steps: from the first core to the last; head, middle: the times that the first core, and the busiest of
 * those that are handed it, hand it on: along each chain dim that goes on from there. */
typedef struct program_chain { int64_t steps; int head, middle; } program_chain;
program_chain program_chain_of(const plan_choice *c);
/* Hops from a sender to the furthest of `area` cores along a dim. */
int32_t program_tree_hops(const model_noc *n, int d, int64_t area);

/* Sizes a loop's turns have on the core with most: at most two (count, size) pairs. */
typedef struct program_turns { int n; int64_t count[2], size[2]; } program_turns;
void program_parallel_turns(const model_program *p, int64_t extent, int64_t block, int64_t cores, program_turns *out);
void program_sequential_turns(const model_program *p, int64_t extent, int64_t block, program_turns *out);
/* Turns of causal loop `l` on the core that has most, summed over the waves of the loop it depends on; *longest: of one run. */
bool program_causal_turns(const model_program *p, int l, const int64_t *blocks, int64_t tiles, int64_t cores, int64_t *sum, int64_t *longest);
bool program_extent(const model_program *p, int loop, const int64_t *blocks, int64_t *out);

/* cost >= sum of the monomials wherever every block is >= 1; count returned, at most `room`.  Without `cancels` for large tiles, with it for small ones. */
int program_lower_terms(const sym_expr *e, const char *const *blocks, int n_blocks, bool cancels, program_monomial *out, int room);
#endif
