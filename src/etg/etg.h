/* etg: exploration task graphs, upstream's ETG JSON, as structs.  Takes: files of generations 1 to 3 (loom.md 2), resolved or not, or what explore fills in.
 * Leaves: loop trees of calls, what restricts the block sizes, and the same JSON again. */
#ifndef LOOM_ETG_ETG_H
#define LOOM_ETG_ETG_H
#include "machine/machine.h"

/* An expression, folded for use, and as the file has it.  `text` NULL: made here, written from `is`. */
typedef VEC_OF(const char *) etg_strings;
typedef struct etg_expr { const sym_expr *is; const data_value *text; } etg_expr;
static inline etg_expr etg_make_expr(const sym_expr *e) { return (etg_expr){e, NULL}; }

/* One alternative of a cost: cycles while `when` holds; of several that hold the first counts. */
typedef struct etg_scenario { etg_expr when, cycles; const char *wrapper; /* "Concrete", "Expression"; NULL: bare */ } etg_scenario;
typedef VEC_OF(etg_scenario) etg_scenarios;

typedef struct etg_arg { const char *symbol; etg_expr value; } etg_arg;
typedef struct etg_call {
  const char *func;
  const char *label, *read, *write;      /* may be NULL */
  bool is_placed;                        /* a PlacedFunc */
  const data_value *target;              /* where it is placed: {array, selectors}; may be NULL */
  bool has_map;                          /* `symbols` and `args` are in the file */
  etg_strings symbols;
  VEC_OF(etg_arg) args;
  etg_scenarios scenarios;               /* empty: not resolved */
  const sym_expr *cycles;                /* the scenarios as one expression, MACHINE_UNCOVERED_CYCLES where none holds; NULL: not resolved */
  loom_span span;
} etg_call;

/* A Sequential: calls that run one after another because they share a unit or a mover. */
typedef struct etg_branch { VEC_OF(etg_call *) calls; etg_scenarios scenarios; const sym_expr *cycles; /* of `scenarios`; NULL: there are none */ } etg_branch;

typedef struct etg_block etg_block;
/* Branches overlap; or a loop, which is then the stage's only content.  Stages of a scope run one after another. */
typedef struct etg_stage { int64_t id; bool is_bare; /* one branch without a list (oldest files) */ VEC_OF(etg_branch *) branches; etg_block *loop; } etg_stage;
typedef VEC_OF(etg_stage *) etg_scope;
struct etg_block {
  const char *symbol;                    /* block symbol of a temporal loop, "" of a sequential one; NULL: the kernel itself, which runs once */
  bool is_temporal;
  etg_expr trips;                        /* of a loop */
  etg_scope load, compute, store;        /* generation 1: its memory scope is `load` */
};

typedef struct etg_symbol { const char *name; bool is_bare; /* "int" alone */ int64_t align, upper; /* 0: not told */ } etg_symbol;
typedef VEC_OF(etg_expr) etg_exprs;
/* Generation 1: elements of all buffers in `load`, no name and no capacity (that is a hard constraint); 2: elements; 3: bytes. */
enum { ETG_CAPACITY_UNTOLD = -1 };       /* between generations 1 and 2: the chip says it */
typedef struct etg_memory { const char *name; int64_t capacity; etg_exprs load, compute, store; loom_span span; } etg_memory;
typedef enum etg_divides { ETG_NOT_TOLD, ETG_DIVIDES, ETG_MAY_NOT_DIVIDE } etg_divides;
typedef struct etg_trip { etg_expr trips; etg_divides divides; } etg_trip;

typedef struct etg_variant {
  const char *name, *datatype;           /* datatype NULL: not told */
  int generation;
  bool is_flat;                          /* no loop tree: `kernel` is one body that runs for every temporal and sequential iteration */
  etg_block *kernel;
  VEC_OF(etg_symbol) symbols;            /* in file order */
  bool has_booleans;
  etg_strings booleans;
  bool has_memories;
  VEC_OF(etg_memory) memories;
  VEC_OF(etg_trip) temporal, sequential;
  bool sequential_is_list;               /* generation 1 and 2 write a single loop without a list */
  etg_exprs hard;                        /* constraints; each has the place of its text */
  loom_span span;
} etg_variant;
typedef struct etg_file { VEC_OF(etg_variant *) variants; } etg_file;

/* `v` is the whole file, a list of variants; the keys tell each one's generation.  LOOM_EINPUT with the place.  Keys that no generation has are ignored with a
 * warning.  Keeps `v`. */
LOOM_MUST_USE loom_status etg_read(loom_ctx *ctx, const data_value *v, etg_file *out);
/* Each variant in its own generation.  What was read and not changed is equal to the JSON it came from. */
data_value *etg_write(arena *m, const etg_file *e);
/* Costs of `m` for every call that has none, and for every branch the sum of its calls: upstream's p02.  Symbols that older files do not pass count as nobody shares
 * and nobody contends; transfers of generation 1 (d, h, v, a; dram_to_l1_1d_bcst_h_f16 ..) are those of their newer names, shared by whole rows or columns of `m`.
 * A capacity that the file does not tell is that of a core's memory.  LOOM_EUNSUP: the machine has no such function. */
LOOM_MUST_USE loom_status etg_resolve(loom_ctx *ctx, etg_file *e, const machine *m);
/* if(a, x, if(b, y, z)) as the scenarios a: x, !a && b: y, !a && !b: z; guards exclude each other. */
void etg_split_cost(arena *m, const sym_expr *cost, const char *wrapper, etg_scenarios *out);
#endif
