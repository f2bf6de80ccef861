/* loom.page.v1: all that the page shows, as one JSON text. */
#include "report/report_diff.h"
#include "report/report_lanes.h"
#include "report/report_names.h"
#include "report/report_page.h"

static const char *quoted(arena *m, const char *s) { return data_write_json(m, data_string(m, s), 0); }

static void add_value(text *t, const char *key, const data_value *v) {
  if (v)
    text_addf(t, ",\"%s\":%s", key, data_write_json(t->mem, v, 0));
}

/* Peak rates in operations (a multiply-add is two) and bytes a cycle, of the whole chip. */
static data_value *machine_object(arena *m, const machine *chip) {
  data_value *v = data_object(m), *mesh = data_array(m), *ceilings = data_array(m), *attach = data_array(m);
  double cores = (double)machine_cores(chip);
  for (size_t d = 0; d < chip->mesh.n; d++) {
    data_value *dim = data_object(m);
    data_set_string(m, dim, "name", chip->mesh.at[d].name);
    data_set_int(m, dim, "size", chip->mesh.at[d].size);
    data_push(m, mesh, dim);
  }
  for (size_t i = 0; i < chip->units.n; i++) {
    data_value *unit = data_object(m);
    bool is_matrix = text_eq(chip->units.at[i].kind, "matrix");
    data_set_string(m, unit, "name", chip->units.at[i].name);
    data_set_string(m, unit, "kind", chip->units.at[i].kind);
    data_set_real(m, unit, "flops_per_cycle", chip->units.at[i].rate.value * cores * (is_matrix ? 2 : 1));
    data_push(m, ceilings, unit);
  }
  for (size_t i = 0; i < chip->attach.n; i++)
    data_push(m, attach, data_int(m, chip->attach.at[i]));
  data_set_string(m, v, "name", chip->name);
  data_set_string(m, v, "summary", chip->summary);
  data_set_real(m, v, "clock_hz", chip->clock_hz.value);
  data_set_int(m, v, "l1_bytes", chip->l1_bytes);
  data_set_real(m, v, "dram_bytes_per_cycle", chip->dram_bytes_per_cycle.value);
  data_set_real(m, v, "link_bytes_per_cycle", chip->link_bytes_per_cycle.value);
  data_set(m, v, "mesh", mesh);
  data_set(m, v, "units", ceilings);
  data_set(m, v, "attach", attach);
  return v;
}

static data_value *buffers_array(arena *m, const tog *t) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < t->buffers.n; i++) {
    const tog_buffer *b = &t->buffers.at[i];
    data_value *o = data_object(m), *shape = data_array(m);
    for (int d = 0; d < b->rank; d++)
      data_push(m, shape, data_int(m, b->shape[d]));
    data_set_string(m, o, "name", b->name);
    data_set_string(m, o, "dtype", dtype_mlir(b->type));
    data_set(m, o, "shape", shape);
    data_set_int(m, o, "bytes", b->bytes);
    data_set_int(m, o, "depth", b->depth);
    data_set_int(m, o, "offset", b->offset);
    data_set_int(m, o, "stride", b->stride);
    data_push(m, list, o);
  }
  return list;
}

static data_value *nodes_array(arena *m, const report_names *names) {
  data_value *list = data_array(m);
  for (int i = 0; i < names->n_nodes; i++)
    data_push(m, list, data_string(m, names->node_name[i]));
  return list;
}

static data_value *mesh_array(arena *m, const tog *t) {
  data_value *mesh = data_array(m);
  for (int d = 0; d < t->n_mesh; d++) {
    data_value *dim = data_object(m);
    data_set_string(m, dim, "name", t->mesh_name[d]);
    data_set_int(m, dim, "size", t->mesh_size[d]);
    data_push(m, mesh, dim);
  }
  return mesh;
}

/* Every text, and its difference to the one before: each line with its mark in front. */
static void add_irs(loom_ctx *ctx, text *t, const report_dir *dir) {
  text_add(t, ",\"irs\":[");
  for (size_t i = 0; i < dir->irs.n; i++) {
    text_addf(t, "%s{\"name\":%s,\"text\":%s", i ? "," : "", quoted(&ctx->mem, dir->irs.at[i].name), quoted(&ctx->mem, dir->irs.at[i].text));
    if (i > 0) {
      arena_mark mark = arena_save(&ctx->scratch);
      report_diff d;
      text lines = text_new(&ctx->scratch);
      report_diff_texts(&ctx->scratch, dir->irs.at[i - 1].text, dir->irs.at[i].text, &d);
      for (size_t k = 0; k < d.lines.n; k++) {
        text_addf(&lines, "%s%c", k ? "\n" : "", d.lines.at[k].mark);
        text_add_bytes(&lines, d.lines.at[k].at, d.lines.at[k].n);
      }
      text_addf(t, ",\"diff\":%s", quoted(&ctx->scratch, text_str(&lines)));
      arena_release(&ctx->scratch, mark);
    }
    text_add(t, "}");
  }
  text_add(t, "]");
}

const char *report_page_data(loom_ctx *ctx, const report_run *run, const report_dir *dir) {
  arena *m = &ctx->mem;
  report_names names;
  text t = text_new(m);
  report_name_all(m, run->t, run->report->n_cores, &names);
  text_addf(&t, "{\"schema\":\"loom.page.v1\",\"kernel\":%s,\"variant\":%s", quoted(m, run->t->kernel), quoted(m, run->t->variant));
  add_value(&t, "machine", machine_object(m, run->m));
  add_value(&t, "mesh", mesh_array(m, run->t));
  add_value(&t, "buffers", buffers_array(m, run->t));
  add_value(&t, "nodes", nodes_array(m, &names));
  add_value(&t, "sim", sim_report_to_data(m, run->report, run->t));
  add_value(&t, "summary", dir->summary);
  add_value(&t, "plan", dir->plan);
  add_value(&t, "flops", data_get(dir->parts, "flops"));
  add_value(&t, "explain", data_get(dir->parts, "explain") ? data_get(dir->parts, "explain") : data_get(dir->summary, "explain"));
  add_value(&t, "topk", data_get(dir->parts, "topk"));
  if (run->t->predicted_cycles > 0)
    text_addf(&t, ",\"predicted_cycles\":%" PRId64, run->t->predicted_cycles);
  text_addf(&t, ",\"cut\":%" PRId64 ",", run->record->cut);
  report_add_lanes(&t, m, run);
  text_add(&t, ",");
  report_add_lives(&t, m, run);
  add_irs(ctx, &t, dir);
  text_add(&t, "}");
  return text_str(&t);
}
