/* Shared by the files of this room only. */
#ifndef LOOM_CHIPS_PRIVATE_H
#define LOOM_CHIPS_PRIVATE_H
#include "chips/chips.h"

typedef struct chips_walk {
  loom_ctx *ctx; const kernel_graph *k;
  int n_axes; chips_axis axis[CHIPS_AXES_MAX]; bool is_out[CHIPS_AXES_MAX]; const char *why[CHIPS_AXES_MAX]; loom_span where[CHIPS_AXES_MAX];
  int *position;                           /* by value: the axis that it is a tile number or a place of, -1: none */
  VEC_OF(chips_access) accesses;           /* program order */
  const char *no_sum;                      /* why a sequential loop is no axis; NULL: there is none, or it is one */
} chips_walk;
/* Fills it for the one PARALLEL of the kernel. */
LOOM_MUST_USE loom_status chips_walk_all(chips_walk *w, const kernel_op *parallel);
void chips_drop(chips_walk *w, int axis, loom_span where, const char *why);
/* A loop that only sums, into values that are stored as they are: why it is none; NULL: it is one. */
const char *chips_why_no_sum(const kernel_graph *k, const kernel_op *parallel, const kernel_op *loop);
/* Coordinates of a chip. */
void chips_coordinates(const machine *m, int64_t chip, int64_t *out);
int64_t chips_number(const machine *m, const int64_t *coordinates);
bool chips_is_shared(const chips_kernel *k, const chips_split *s, int t, int d);      /* the tensor is the same along dim d of the mesh */
bool chips_is_sharded(const chips_kernel *k, const chips_split *s, int t, int d);
bool chips_takes_part(const machine *m, const chips_split *s, int64_t chip);          /* false: along a dim without axis, not the first */
chips_run_of chips_piece(chips_run_of r, int64_t i, int64_t n);
chips_run_of chips_cut(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip, int to);            /* the box, cut along shared dims before `to` */
chips_run_of chips_gathered(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip, int from);    /* boxes of all chips along dims that shard it, from `from` on */
/* ---- cycles that formulas and the run share (chips_program.c) ---- */
int64_t chips_type_bytes(const chips_program *p, const chips_stage *g);               /* of an element on its way */
int64_t chips_link_cycles(const machine *m, int64_t bytes);
int64_t chips_sum_cycles(const machine *m, int64_t bytes);                            /* so many bytes of partial sums are added to as many */
int64_t chips_round_cycles(const machine *m, const chips_elements *t, int64_t elems); /* partial sums to elements */
bool chips_tensor_has_axis(const chips_tensor *t, int axis);
#endif
