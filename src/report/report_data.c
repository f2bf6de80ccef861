/* loom.page.v1: all that the page shows, as one JSON text. */
#include "report/report_diff.h"
#include "report/report_lanes.h"
#include "report/report_moves.h"
#include "report/report_names.h"
#include "report/report_page.h"
#include <string.h>

enum { TEXT_BYTES_MAX = 160000 };        /* of all stages; they are in a page about three times */

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

/* The difference of two texts: each line with its mark in front. */
static void add_diff(loom_ctx *ctx, text *t, const char *old_text, const char *new_text) {
  arena_mark mark = arena_save(&ctx->scratch);
  report_diff d;
  text lines = text_new(&ctx->scratch);
  report_diff_texts(&ctx->scratch, old_text, new_text, &d);
  for (size_t k = 0; k < d.lines.n; k++) {
    text_addf(&lines, "%s%c", k ? "\n" : "", d.lines.at[k].mark);
    text_add_bytes(&lines, d.lines.at[k].at, d.lines.at[k].n);
  }
  text_addf(t, ",\"diff\":%s", quoted(&ctx->scratch, text_str(&lines)));
  arena_release(&ctx->scratch, mark);
}

/* As much of a text as a page takes, whole lines; the last line says what is left out. */
static const char *shown(arena *m, const char *all, size_t most) {
  const size_t n = strlen(all);
  size_t kept = n <= most ? n : most;
  while (kept > 0 && kept < n && all[kept - 1] != '\n')
    kept--;
  return kept == n ? all : arena_printf(m, "%.*s... %zu more bytes\n", (int)kept, all, n - kept);
}

static size_t most_of(const report_dir *dir) { return TEXT_BYTES_MAX / (dir->irs.n ? dir->irs.n : 1); }

/* Every text, and its difference to the one before. */
static void add_irs(loom_ctx *ctx, text *t, const report_dir *dir) {
  arena *m = &ctx->mem;
  const char *before = NULL;
  text_add(t, ",\"irs\":[");
  for (size_t i = 0; i < dir->irs.n; i++) {
    const char *now = shown(m, dir->irs.at[i].text, most_of(dir));
    text_addf(t, "%s{\"name\":%s,\"text\":%s", i ? "," : "", quoted(m, dir->irs.at[i].name), quoted(m, now));
    if (before)
      add_diff(ctx, t, before, now);
    text_add(t, "}");
    before = now;
  }
  text_add(t, "]");
}

/* Of each stage that both have, what the other one's lines became here. */
static void add_other_irs(loom_ctx *ctx, text *t, const report_dir *dir, const report_dir *other) {
  arena *m = &ctx->mem;
  bool is_first = true;
  text_add(t, ",\"irs\":[");
  for (size_t i = 0; i < dir->irs.n; i++)
    for (size_t k = 0; k < other->irs.n; k++) {
      if (!text_eq(dir->irs.at[i].name, other->irs.at[k].name))
        continue;
      text_addf(t, "%s{\"name\":%s", is_first ? "" : ",", quoted(m, dir->irs.at[i].name));
      add_diff(ctx, t, shown(m, other->irs.at[k].text, most_of(other)), shown(m, dir->irs.at[i].text, most_of(dir)));
      text_add(t, "}");
      is_first = false;
      break;
    }
  text_add(t, "]");
}

static data_value *explain_of(const report_dir *dir) { return data_get(dir->parts, "explain") ? data_get(dir->parts, "explain") : data_get(dir->summary, "explain"); }

static data_value *sim_of(arena *m, const report_side *x) {
  return x->npu ? npu_report_to_data(m, x->npu->report, x->npu->g, x->m) : sim_report_to_data(m, x->chip->report, x->dir->t);
}

/* What two runs are compared by. */
static void add_side(text *t, arena *m, const report_side *x) {
  const tog *g = x->dir->t;
  text_addf(t, "\"kernel\":%s,\"variant\":%s,\"engine\":\"%s\"", quoted(m, g->kernel), quoted(m, g->variant), x->npu ? "npu" : "chip");
  add_value(t, "machine", machine_object(m, x->m));
  add_value(t, "mesh", x->npu ? data_get(machine_object(m, x->m), "mesh") : mesh_array(m, g));
  add_value(t, "sim", sim_of(m, x));
  add_value(t, "summary", x->dir->summary);
  add_value(t, "plan", x->dir->plan);
  add_value(t, "flops", data_get(x->dir->parts, "flops"));
  add_value(t, "explain", explain_of(x->dir));
  if (g->predicted_cycles > 0)
    text_addf(t, ",\"predicted_cycles\":%" PRId64, g->predicted_cycles);
}

static void add_chip_run(text *t, arena *m, const report_run *run) {
  report_names names;
  report_name_all(m, run->t, run->report->n_cores, &names);
  add_value(t, "buffers", buffers_array(m, run->t));
  add_value(t, "nodes", nodes_array(m, &names));
  text_addf(t, ",\"cut\":%" PRId64 ",", run->record->cut);
  report_add_lanes(t, m, run);
  text_add(t, ",");
  report_add_lives(t, m, run);
}

static void add_npu_run(text *t, arena *m, const report_npu_run *run) {
  add_value(t, "buffers", report_npu_buffers(m, run->g));
  add_value(t, "nodes", report_npu_nodes(m, run->g));
  text_addf(t, ",\"cut\":%" PRId64 ",\"lane_bytes\":%" PRId64 ",", run->record->cut, machine_lane_bytes(run->m));
  report_add_npu_lanes(t, m, run);
}

loom_status report_page_data(loom_ctx *ctx, const report_side *it, const report_side *other, const char **out) {
  static const char *const parts[] = {"topk", "pareto", "pareto_is_complete", "sensitivity"};
  arena *m = &ctx->mem;
  text t = text_new(m);
  text_add(&t, "{\"schema\":\"loom.page.v1\",");
  add_side(&t, m, it);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    add_value(&t, parts[i], data_get(it->dir->parts, parts[i]));
  if (it->npu)
    add_npu_run(&t, m, it->npu);
  else
    add_chip_run(&t, m, it->chip);
  text_add(&t, ",");
  LOOM_TRY(report_add_moves(ctx, &t, it->dir->t, it->chip, it->npu));
  add_irs(ctx, &t, it->dir);
  if (other) {
    text_addf(&t, ",\"name\":%s,\"other\":{\"name\":%s,", quoted(m, it->dir->path), quoted(m, other->dir->path));
    add_side(&t, m, other);
    add_other_irs(ctx, &t, it->dir, other->dir);
    text_add(&t, "}");
  }
  text_add(&t, "}");
  *out = text_str(&t);
  return LOOM_OK;
}
