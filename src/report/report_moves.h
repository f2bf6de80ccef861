/* Which core works on which part of which tensor, turn by turn: the boxes of a graph's loads and stores, evaluated for every core and every turn of the loops around. */
#ifndef LOOM_REPORT_MOVES_H
#define LOOM_REPORT_MOVES_H
#include "report/report.h"
#include "report/report_npu.h"

enum { REPORT_MOVES = 8000 /* boxes in a page */, REPORT_MOVE_NODES = 16, REPORT_TURNS = 4096 /* looked at, of a core, of one node */ };

/* Adds the JSON member "moves", stores first: {label, tensor, is_store, shape, turns, cores}.  `cores`: by core, of each turn whose box is not empty its number, when it began and
 * ended (cycles; -1: not known), offset and extent by dim of `shape`.  `turns`: the most that a core has; where there are more than fit, the first ones are told.
 * `chip`, `npu`: the run that the times are from, one of them NULL. */
LOOM_MUST_USE loom_status report_add_moves(loom_ctx *ctx, text *t, const tog *g, const report_run *chip, const report_npu_run *npu);
#endif
