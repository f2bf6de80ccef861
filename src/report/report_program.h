/* The page of a whole model, as report_page.h: what was compiled, where time and memory go. */
#ifndef LOOM_REPORT_PROGRAM_H
#define LOOM_REPORT_PROGRAM_H
#include "base/arena.h"

/* json: loom.program_report.v1. */
const char *report_program_html(arena *m, const char *title, const char *json);
#endif
