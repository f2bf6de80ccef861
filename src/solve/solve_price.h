/* Inside solve only: one candidate at given block sizes under the loom model. */
#ifndef LOOM_SOLVE_PRICE_H
#define LOOM_SOLVE_PRICE_H
#include "base/text.h"
#include "solve/solve_space.h"

typedef struct solve_price {
  model_program *program;
  model_point at;
  plan_candidate candidate;             /* with the slots of each access */
  plan_choice chosen[PLAN_LOADS_MAX];
  model_vector sum;
  int64_t term[MODEL_TERMS], cycles;
} solve_price;

/* Accesses without slots of their own: row->double_buffer.  LOOM_EINPUT: not of this kernel; LOOM_ELIMIT: beyond the model's numbers. */
LOOM_MUST_USE loom_status solve_price_row(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, solve_price *out);
#endif
