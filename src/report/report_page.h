/* One page of HTML with everything in it: no request leaves it, and a policy in its head forbids any.  Text from files reaches it only as JSON in a data block,
 * whose every "<" is escaped, and is shown as text. */
#ifndef LOOM_REPORT_PAGE_H
#define LOOM_REPORT_PAGE_H
#include "report/report.h"
#include "report/report_dir.h"

/* What the page shows: loom.page.v1, docs/report.md. */
const char *report_page_data(loom_ctx *ctx, const report_run *run, const report_dir *dir);
/* The page around that JSON. */
const char *report_page_html(arena *m, const char *title, const char *json);
#endif
