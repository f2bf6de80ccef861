/* What each thread did when, for a page: as many slices as can be drawn, that add up to the cycles of their core whatever had to be left out. */
#ifndef LOOM_REPORT_LANES_H
#define LOOM_REPORT_LANES_H
#include "base/text.h"
#include "report/report.h"
#include "report/report_pieces.h"

enum { REPORT_LIVES = 12000, REPORT_STEPS = 12000 };

/* Adds the JSON members "kinds" (names of phases, the last is "done"), "lanes" (by core * 3 + thread: [cycles, kind, node, other, bytes, ..] five numbers a slice;
 * kind -1: several short ones, then node is the kind that takes most of it and other the cycles of that), "resolution" (cycles; 0: nothing was joined) and "steps"
 * (by core, of the compute thread: [level, begin, cycles, node, value, ..]; absent where there are too many). */
void report_add_lanes(text *t, arena *m, const report_run *run);
/* Adds "lives": by core, [buffer, slot, reserved, published, freed, ..] in cycles, -1 for never; null for cores left out. */
void report_add_lives(text *t, arena *m, const report_run *run);
#endif
