#include "report/report_page.h"
#include "report/report_template.h"

static const char page_html[] =
#include "page_html.inc"
    ;
static const char page_css[] =
#include "page_css.inc"
    ;
/* In the order in which they need each other. */
static const char page_js[] =
#include "page_elements_js.inc"
#include "page_base_js.inc"
#include "page_slices_js.inc"
#include "page_summary_js.inc"
#include "page_mesh_js.inc"
#include "page_timeline_js.inc"
#include "page_memory_js.inc"
#include "page_roofline_js.inc"
#include "page_search_js.inc"
#include "page_plot_js.inc"
#include "page_diff_js.inc"
#include "page_trades_js.inc"
#include "page_sensitivity_js.inc"
#include "page_stages_js.inc"
#include "page_waves_js.inc"
#include "page_compare_js.inc"
#include "page_main_js.inc"
    ;

const char *report_page_html(arena *m, const char *title, const char *json) { return report_fill(m, &(report_template){page_html, page_css, page_js}, title, json); }
