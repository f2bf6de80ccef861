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
#endif
