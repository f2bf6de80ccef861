/* Inside model only: what a bound is made of (model_bound.c), and its last step (model_bound_ways.c). */
#ifndef LOOM_MODEL_BOUND_H
#define LOOM_MODEL_BOUND_H
#include "model/model_program.h"

/* Cycles; bytes by access: of a tile (0 without cases), of all elements once, of those that the core with most walks through.  end: of the first load or the last store
 * any way; start: setup and latency; all at least. */
typedef struct bound_parts {
  double compute, writer, links, start;
  double end[PLAN_LOADS_MAX], tile[PLAN_LOADS_MAX], once[PLAN_LOADS_MAX], walked[PLAN_LOADS_MAX];
} bound_parts;
int64_t bound_by_ways(const model_program *p, const bound_parts *x, const model_known *k);

static inline double bound_cycles(double bytes, int64_t rate_x1024) { return rate_x1024 ? bytes * 1024 / (double)rate_x1024 : 0; }
/* fmin and fmax are calls */
static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }
#endif
