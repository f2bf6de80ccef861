/* tog, inside: what the verifier's files share. */
#ifndef LOOM_TOG_PRIVATE_H
#define LOOM_TOG_PRIVATE_H
#include "sym/sym_interval.h"
#include "tog/tog.h"

/* The names an expression may use, with the values they can have. */
typedef struct tog_scope { int n; const char *name[TOG_MESH_MAX + TOG_DEPTH_MAX]; sym_interval range[TOG_MESH_MAX + TOG_DEPTH_MAX]; } tog_scope;
tog_scope tog_scope_of_mesh(const tog *t);
/* The scope inside the loop. */
tog_scope tog_scope_in_loop(const tog_scope *s, const tog_node *loop);
/* Values of the expression (tog_check has passed); wide where names depend on each other. */
sym_interval tog_range(const tog_scope *s, const sym_expr *e);

/* How often the body of a loop runs, as far as its trip count tells. */
typedef enum tog_runs { TOG_RUNS_NEVER, TOG_RUNS_ONCE, TOG_RUNS_AT_MOST_ONCE, TOG_RUNS_OFTEN } tog_runs;
tog_runs tog_loop_runs(const tog_scope *s, const tog_node *loop);

/* Every loop level frees what it reserves and publishes what it takes.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_balance(loom_ctx *ctx, const tog *t);
/* One SEND and one COLLECT for a gathered buffer; rows and senders that can be.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_gathers(loom_ctx *ctx, const tog *t);
/* One thread reads and frees a buffer.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_consumers(loom_ctx *ctx, const tog *t);
/* A read waits for its slot or comes after one that has.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_waits(loom_ctx *ctx, const tog *t);
/* No box leaves its tensor or its slot.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_ranges(loom_ctx *ctx, const tog *t);
/* Cores that share a load agree on sender and rectangle, and come to it equally often.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_partners(loom_ctx *ctx, const tog *t);
/* Every core is sent as many tiles of a gathered buffer as it waits for.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_gather_counts(loom_ctx *ctx, const tog *t);
/* Stores write every element of every output once.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_coverage(loom_ctx *ctx, const tog *t);
/* Where a tensor lies in the L1, by itself.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_l1_place(loom_ctx *ctx, const tog_tensor *x);
/* Tensors in the L1 are inside of it, and nothing else is there.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_l1_tensors(loom_ctx *ctx, const tog *t, const tog_chip *chip);
/* Every slot is inside the L1.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_slots(loom_ctx *ctx, const tog *t, const tog_chip *chip);
/* Two buffers may share bytes when one is free, by one thread's order, before the other is reserved.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_overlaps(loom_ctx *ctx, const tog *t);
#endif
