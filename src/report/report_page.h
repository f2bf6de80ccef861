/* One page of HTML with everything in it: no request leaves it, and a policy in its head forbids any.  Text from files reaches it only as JSON in a data block,
 * whose every "<" is escaped, and is shown as text. */
#ifndef LOOM_REPORT_PAGE_H
#define LOOM_REPORT_PAGE_H
#include "report/report.h"
#include "report/report_dir.h"
#include "report/report_npu.h"

/* A directory and how it ran: on the virtual chip, or as an NPU's program; the other one is NULL. */
typedef struct report_side { const report_dir *dir; const machine *m; const report_run *chip; const report_npu_run *npu; } report_side;

/* What the page shows: loom.page.v1, docs/report.md.  `other`: what it is compared with; NULL: nothing. */
LOOM_MUST_USE loom_status report_page_data(loom_ctx *ctx, const report_side *it, const report_side *other, const char **out);
/* The page around that JSON. */
const char *report_page_html(arena *m, const char *title, const char *json);
#endif
