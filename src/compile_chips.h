/* One kernel on a machine of several chips (chips/chips.h, docs/chips.md): the split is searched around the pipeline of compile.h, which plans the kernel of each shard. */
#ifndef LOOM_COMPILE_CHIPS_H
#define LOOM_COMPILE_CHIPS_H
#include "chips/chips.h"
#include "compile.h"

/* A split that was looked at.  kernel: cycles of the largest shard; before, behind: of collectives.  dram: bytes of the chip that has most
 * (fullest); is_too_large: for its DRAM.  is_ruled_out: collectives alone take as long as the best; is_infeasible: a shard has no plan. */
typedef struct compile_chips_row { chips_split split; int64_t kernel, before, behind, cycles, bound, dram, fullest; bool is_too_large, is_ruled_out, is_infeasible, is_proved; } compile_chips_row;
/* The kernel of chips that have the same sizes. */
typedef struct compile_chips_shard { chips_part part; int64_t chip /* the first that has it */; kernel_graph *graph; compile_options o; compile_state s; bool is_open; } compile_chips_shard;
typedef struct compile_chips_timing { int64_t begin, kernel, end; int shard; /* -1: the chip has no part of the kernel */ } compile_chips_timing;

/* Which elements of a tensor lie on which chips: bit chip * elems + element, row-major. */
typedef struct compile_chips_held { int64_t elems; uint8_t *bits; } compile_chips_held;

typedef struct compile_chips {
  loom_ctx *ctx; const compile_options *o; compile_options options;
  machine *machine, *chip;
  compile_state whole;                     /* the kernel as it is written; its plan is that of the largest shard, with the cycles of all */
  chips_kernel kernel;
  VEC_OF(compile_chips_row) rows;          /* best first */
  chips_split split; chips_program program;
  VEC_OF(compile_chips_shard) shards; int *shard_of;       /* by chip; -1: idle */
  compile_chips_timing *timing;            /* by chip, of the last run; NULL: none */
  compile_chips_held *const *held;         /* by tensor of the whole kernel, when it runs with values: what arguments have in front of it, and all have behind it; NULL: nobody asks; its entries: not of that one */
  const char *output_dir;                  /* NULL: nothing was written */
} compile_chips;

/* Is the machine, of the options or of their config.json, one of several chips?  It is left in o->loaded_machine.  false also where it cannot be read: whoever reads it next says so. */
bool compile_chips_wanted(loom_ctx *ctx, compile_options *o);
/* Of options for which compile_chips_wanted said true.  `out` is zeroed first; close it in any case.  o->stop_after COMPILE_SOLVE: the table alone.  LOOM_EUNSUP: the input is no kernel graph, or more than one loop nest. */
LOOM_MUST_USE loom_status compile_chips_kernel(loom_ctx *ctx, const compile_options *o, compile_chips *out);
void compile_chips_close(compile_chips *c);
/* Runs all chips with values; r->times_only: one chip of each shape, without values. */
LOOM_MUST_USE loom_status compile_chips_execute(compile_chips *c, const run_options *r, compile_execution *out);
/* Bytes in the DRAM of a chip, with the split that was chosen. */
int64_t compile_chips_dram(const compile_chips *c, int64_t chip);
/* Adds what chip number `chip` did: bytes, events and faults are counted of every chip, and a fault says of which it is; all else is that of the first that is added, cycles too.
 * `out` is zero before. */
void compile_chips_add_report(compile_execution *out, arena *m, const sim_report *r, int64_t chip);
data_value *compile_chips_summary(compile_chips *c, const compile_execution *e);      /* loom.summary.v1; e may be NULL */
data_value *compile_chips_table(compile_chips *c);                                     /* loom.explore.v1 */
#endif
