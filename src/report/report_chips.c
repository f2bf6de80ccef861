#include "report/report_chips.h"
#include "report/report_template.h"

static const char chips_html[] =
#include "chips_html.inc"
    ;
static const char page_css[] =
#include "page_css.inc"
    ;
static const char chips_js[] =
#include "page_elements_js.inc"
#include "chips_main_js.inc"
    ;

const char *report_chips_html(arena *m, const char *title, const char *json) { return report_fill(m, &(report_template){chips_html, page_css, chips_js}, title, json); }

static data_value *machine_object(arena *m, const machine *chips) {
  data_value *v = data_object(m), *mesh = data_array(m);
  for (size_t d = 0; d < chips->chips.n; d++) {
    data_value *dim = data_object(m);
    data_set_string(m, dim, "name", chips->chips.at[d].name);
    data_set_int(m, dim, "size", chips->chips.at[d].size);
    data_push(m, mesh, dim);
  }
  data_set_string(m, v, "name", chips->name);
  data_set_string(m, v, "summary", chips->summary);
  data_set(m, v, "mesh", mesh);
  data_set_real(m, v, "link_bytes_per_cycle", machine_chip_link_rate(chips));
  return v;
}

static data_value *links_array(arena *m, const report_chips *r, int stage) {
  data_value *all = data_array(m);
  chips_link *links;
  const size_t n = chips_stage_links(m, r->program, stage, &links);
  for (size_t i = 0; i < n; i++) {
    data_value *l = data_array(m);
    data_push(m, l, data_int(m, links[i].from));
    data_push(m, l, data_int(m, links[i].to));
    data_push(m, l, data_int(m, links[i].bytes));
    data_push(m, all, l);
  }
  return all;
}

/* When each chip is in it; its cycles are from the first one's beginning to the last one's end. */
static data_value *stage_object(arena *m, const report_chips *r, int stage) {
  const chips_stage *g = &r->program->stages.at[stage];
  data_value *o = data_object(m), *begin = data_array(m), *end = data_array(m);
  int64_t first = INT64_MAX, last = 0;
  for (int64_t c = 0; c < r->program->n_chips; c++) {
    const int64_t b = r->times->watch.begin[stage * r->program->n_chips + c], e = r->times->watch.end[stage * r->program->n_chips + c];
    data_push(m, begin, data_int(m, b));
    data_push(m, end, data_int(m, e));
    first = e > b && b < first ? b : first;
    last = e > b && e > last ? e : last;
  }
  data_set_string(m, o, "kind", chips_collective_text(g->kind));
  data_set_string(m, o, "tensor", r->program->tensors.at[g->tensor].name);
  data_set_string(m, o, "dim", (size_t)g->dim < r->m->chips.n ? r->m->chips.at[g->dim].name : "");
  data_set_string(m, o, "when", g->behind ? "behind" : "before");
  data_set_int(m, o, "bytes", g->bytes);
  data_set_int(m, o, "predicted_cycles", g->cycles);
  data_set_int(m, o, "cycles", last > first ? last - first : 0);
  data_set(m, o, "begin", begin);
  data_set(m, o, "end", end);
  data_set(m, o, "links", links_array(m, r, stage));
  return o;
}

static data_value *chips_array(arena *m, const report_chips *r) {
  data_value *all = data_array(m);
  for (int64_t c = 0; c < r->program->n_chips; c++) {
    data_value *o = data_object(m);
    data_set_int(m, o, "part", r->part_of[c]);
    data_set_int(m, o, "begin", r->times->begin[c]);
    data_set_int(m, o, "kernel_cycles", r->part_of[c] < 0 ? 0 : r->parts[r->part_of[c]].cycles);
    data_set_int(m, o, "end", r->times->end[c]);
    data_push(m, all, o);
  }
  return all;
}

static data_value *parts_array(arena *m, const report_chips *r) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < r->n_parts; i++) {
    data_value *o = data_object(m);
    data_set_string(m, o, "name", r->parts[i].name);
    if (r->parts[i].page)
      data_set_string(m, o, "page", r->parts[i].page);
    data_set_int(m, o, "cycles", r->parts[i].cycles);
    data_push(m, all, o);
  }
  return all;
}

data_value *report_chips_data(arena *m, const report_chips *r) {
  data_value *v = data_object(m), *stages = data_array(m);
  for (size_t i = 0; i < r->program->stages.n; i++)
    data_push(m, stages, stage_object(m, r, (int)i));
  data_set_string(m, v, "schema", "loom.chips_page.v1");
  data_set_string(m, v, "kernel", r->kernel);
  data_set(m, v, "machine", machine_object(m, r->m));
  data_set(m, v, "split", r->split);
  data_set_int(m, v, "cycles", r->times->cycles);
  data_set(m, v, "stages", stages);
  data_set(m, v, "chips", chips_array(m, r));
  data_set(m, v, "parts", parts_array(m, r));
  if (r->summary)
    data_set(m, v, "summary", r->summary);
  return v;
}
