/* The page of a kernel on several chips: which has what, how the collectives and kernels ran, the splits that were to choose from; the kernel of each chip has a page of its own (report_page.h). */
#ifndef LOOM_REPORT_CHIPS_H
#define LOOM_REPORT_CHIPS_H
#include "base/data.h"
#include "chips/chips.h"

/* Chips whose kernels are one: its directory's name, the page of it (a path from this page; NULL: there is none), and its cycles. */
typedef struct report_chips_part { const char *name, *page; int64_t cycles; } report_chips_part;
typedef struct report_chips {
  const char *kernel; const machine *m; const chips_program *program; const chips_times *times;
  data_value *split, *summary;             /* summary NULL: the directory has none */
  const int *part_of;                      /* by chip; -1: it has no work */
  const report_chips_part *parts; size_t n_parts;
} report_chips;

/* What the page shows: loom.chips_page.v1. */
data_value *report_chips_data(arena *m, const report_chips *r);
const char *report_chips_html(arena *m, const char *title, const char *json);
#endif
