/* Several plans of one kernel: at block sizes that are given (s->o->assigned), and at sizes around the best (s->o->topk_block_size). */
#ifndef LOOM_COMPILE_ASSIGNED_H
#define LOOM_COMPILE_ASSIGNED_H
#include "compile.h"

/* Each assignment as if it were all that is asked for: `make_plan` finds its plan, which it adds to s->plans.  The rows of all are then the table's and the solver's. */
LOOM_MUST_USE loom_status compile_assign(compile_state *s, loom_status (*make_plan)(compile_state *));
/* Behind each plan of s->plans, those of its variant whose sizes are among the nearest possible ones, half of them on each side, in every combination that fits. */
LOOM_MUST_USE loom_status compile_add_neighbours(compile_state *s);
#endif
