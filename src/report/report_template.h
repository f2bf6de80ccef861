/* report_template: a page of HTML around JSON, with everything in it. */
#ifndef LOOM_REPORT_TEMPLATE_H
#define LOOM_REPORT_TEMPLATE_H
#include "base/arena.h"

typedef struct report_template { const char *html /* with marks: "@STYLE@" */, *css, *js; } report_template;
const char *report_fill(arena *m, const report_template *page, const char *title, const char *json);
#endif
