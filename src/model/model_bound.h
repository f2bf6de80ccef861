/* Inside model only: what a bound is made of (model_bound.c), and its last step (model_bound_ways.c). */
#ifndef LOOM_MODEL_BOUND_H
#define LOOM_MODEL_BOUND_H
#include "model/model_program.h"

/* The box a bound is for. */
typedef struct bounder {
  const model_program *p;
  int64_t least[MODEL_BLOCKS_MAX], most[MODEL_BLOCKS_MAX];     /* of each block over the box */
  double padded[NEST_LOOPS_MAX];        /* elements, each turn rounded up to whole units of the loop's block (model_program.unit) */
  double tiled[NEST_LOOPS_MAX];         /* elements of whole tiles, which is what loads and stores are priced for; where the core does not move data itself: as walked */
  double turns[NEST_LOOPS_MAX], walked[NEST_LOOPS_MAX];        /* least over the box: turns and elements on the core with most; 0: not known */
  double runs[NEST_LOOPS_MAX];                                 /* of causal loops */
  int64_t packed;                                              /* 0: not yet asked for */
} bounder;

/* model_pack_bound of the least blocks. */
int64_t bound_packed(bounder *b);

/* What a slot may hold: one tile, or the tiles of some loops; all at least.  times: tiles in it.  spread: all channels over those that hold what the cores of a wave have
 * there together.  own: cycles for each byte of one core's.  repeats: how often what a core walks comes again, for loops that it does not move with. */
typedef struct bound_slot { double times, spread, own, repeats; } bound_slot;
enum { BOUND_SLOTS_MAX = 4 };
/* Those that no other is no worse than, of those that fit in `l1_bytes` (0: all); count.  `tile`: bytes that one takes of L1, at least. */
int bound_slots(bounder *b, const int32_t *cores, int access, double tile, int64_t l1_bytes, bound_slot *out);

/* The first load or the last store: cycles, and of those for each byte. */
typedef struct bound_last { double cycles, slope; } bound_last;

/* Cycles; bytes by access: of a tile, what of the core's memory a tile takes at least, of all elements once, of those that the core with most walks through.  end: any way, by slot; start: setup and latency; spare: L1
 * that is left when each access has one slot with one tile, at most; all others at least. */
typedef struct bound_parts {
  double compute, writer, links, start, spare;
  bool is_tight, one_slot;              /* not all loads can have two slots; none has */
  bound_last end[PLAN_LOADS_MAX][BOUND_SLOTS_MAX];
  double tile[PLAN_LOADS_MAX], held[PLAN_LOADS_MAX], once[PLAN_LOADS_MAX], walked[PLAN_LOADS_MAX], spread[PLAN_LOADS_MAX];      /* spread: times repeats, of any of its slots */
  int n_slots[PLAN_LOADS_MAX]; bound_slot slot[PLAN_LOADS_MAX][BOUND_SLOTS_MAX];
} bound_parts;
int64_t bound_by_ways(const model_program *p, const bound_parts *x, const model_known *k);
void bound_each_way(const model_program *p, const bound_parts *x, const model_known *k, int64_t *out);

static inline double bound_cycles(double bytes, int64_t rate_x1024) { return rate_x1024 ? bytes * 1024 / (double)rate_x1024 : 0; }
/* fmin and fmax are calls */
static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }
#endif
