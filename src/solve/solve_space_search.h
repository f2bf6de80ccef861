/* Inside the search of a space only: what its steps share. */
#ifndef LOOM_SOLVE_SPACE_SEARCH_H
#define LOOM_SOLVE_SPACE_SEARCH_H
#include "solve/solve_space.h"

/* ---- nodes (solve_space_node.c) ---- */
void space_push(space_search *s, space_node *x);
space_node *space_new_node(space_search *s);
void space_drop(space_search *s, space_node *x);      /* to be used again */
void space_corner(const space_search *s, const space_node *x, int64_t *blocks);      /* the smallest sizes */
const int32_t *space_cores_of(const space_search *s, int32_t tuple);
int space_widest(const space_search *s, const space_node *x);      /* the symbol with most sizes; -1: a point */
/* The widest symbol on which the waves depend; -1: the whole box has the same. */
int space_wave_symbol(const space_search *s, const space_node *x);
bool space_may_fit(const space_search *s, const space_node *x);
/* Leaves out largest sizes that fit with no others of the box, which has a point that fits.  `but`: the symbol whose sizes were not cut for others; -1: none. */
void space_cut_sizes(const space_search *s, space_node *x, int but);
model_known space_known_parts(const space_search *s, const space_node *x);
/* Raises the bound.  `known`: of the mappings; NULL: only what parts of the mesh they use. */
void space_bound_node(const space_search *s, space_node *x, const model_known *known);
/* The smallest corner, as far as is asked for: how often loops run, what compute costs, what it owns. */
typedef enum space_detail { SPACE_WAVES, SPACE_COSTS, SPACE_PACKED } space_detail;
bool space_set_point(const space_search *s, const space_node *x, space_detail how, model_point *out);
/* Most cycles that something in the node may cost and still count; below its bound: it cannot win. */
int64_t space_at_most(const space_search *s, const space_node *x);
/* Into s->best, if it is good enough; what is kept of many does not depend on their order. */
void space_keep(space_search *s, const space_record *x);

/* ---- epochs (solve_space.c) ---- */
int64_t space_effort(const space_search *s);
int64_t space_groups_effort(const space_search *s);      /* of that, what groups took */
LOOM_MUST_USE loom_status space_prepare_jobs(space_search *s);
LOOM_MUST_USE loom_status space_run_job(loom_ctx *worker, void *data, size_t i);
void space_take_over(space_search *s, const space_job *j);
void space_pay(space_search *s, const space_job *j);
LOOM_MUST_USE loom_status space_run_epochs(space_search *s, int64_t most_effort);      /* 0: to the end */

/* ---- a first answer on large meshes (solve_space_first.c) ---- */
bool space_uses_all(const space_search *s, int32_t tuple);      /* each core has tiles of some loops */
LOOM_MUST_USE loom_status space_find_first(space_search *s, const space_node *all);

/* ---- parts (solve_space_parts.c) ---- */
/* From where the search is to its end, the budget's or the time's, by all threads and ranks. */
LOOM_MUST_USE loom_status space_run_parts(space_search *s);

/* What a round of some parts came to (solve_space_ranks.c). */
typedef struct space_sum {
  int64_t evaluated, looked, age, effort /* of groups */, bound;
  bool timed_out;
  int n_parts; int32_t *open;           /* [n_parts]: nodes */
} space_sum;
/* Over all ranks: everybody gets the whole sum, records merged into s->best.  Of one process: nothing to do but that. */
LOOM_MUST_USE loom_status space_sum_ranks(space_search *s, space_sum *sum);
LOOM_MUST_USE loom_status space_send_nodes(space_search *s, int to, const space_node *at, size_t n);
LOOM_MUST_USE loom_status space_receive_nodes(space_search *s, int from, size_t n, space_node *out);
#endif
