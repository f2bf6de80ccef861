/* eval: the schedule evaluator (MLAR).  Takes: Schedule JSON, trees of Func, PlacedFunc, Sequential and Parallel, and a machine whose perf set prices the calls.
 * Leaves: the same tree with `scenarios` on every node, guarded alternatives of its cost, symbols left open. */
#ifndef LOOM_ETG_EVAL_H
#define LOOM_ETG_EVAL_H
#include "machine/machine.h"

/* Scenarios of a node, levels of schedules, calls in all (each makes the sums one level deeper), scenarios of all nodes and their beginnings. */
enum { EVAL_SCENARIOS_MAX = 4096, EVAL_DEPTH_MAX = 16, EVAL_CALLS_MAX = 1024, EVAL_TOTAL_MAX = 1 << 16 };

/* A call has the scenarios of its function, the function's own guard in front of each; symbols are replaced by what sym_map gives, others stay; nothing is folded,
 * no guard dropped.  Sequential: every combination of its parts' scenarios, costs added to Const 0, guards joined by And without "True".  Parallel: the same with Max.
 * Costs are {"Concrete": fixed + volume / throughput}, {"Expression": ..} in schedules with PlacedFunc, as upstream's evaluators of their time; "Div" is the division
 * of the consumer.
 * LOOM_EUNSUP: no such function; LOOM_ELIMIT: more than `limit` scenarios on a node, or more than the numbers above; LOOM_EINPUT: no schedule, a
 * unit that is not there, a call without a unit whose function several have.  Shares parts of `schedule`. */
LOOM_MUST_USE loom_status eval_schedule(loom_ctx *ctx, const machine *m, const data_value *schedule, int64_t limit, data_value **out);
#endif
