#include "report/report_program.h"
#include "report/report_template.h"

static const char program_html[] =
#include "program_html.inc"
    ;
static const char page_css[] =
#include "page_css.inc"
    ;
static const char program_js[] =
#include "page_elements_js.inc"
#include "program_main_js.inc"
    ;

const char *report_program_html(arena *m, const char *title, const char *json) { return report_fill(m, &(report_template){program_html, page_css, program_js}, title, json); }
