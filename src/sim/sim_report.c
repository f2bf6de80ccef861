/* loom.sim.v1 (cli.md); a key that does not apply is absent. */
#include "sim/sim_private.h"

static data_value *write_core(arena *m, const sim_report *r, const tog *t, int core) {
  data_value *o = data_object(m);
  int64_t coord[TOG_MESH_MAX];
  sim_core_coords(t, core, coord);
  for (int d = 0; d < t->n_mesh; d++)
    data_set_int(m, o, t->mesh_name[d], coord[d]);
  data_set_int(m, o, "cycles", r->cores[core].cycles);
  data_set_int(m, o, "busy", r->cores[core].busy);
  data_set_int(m, o, "dram_bytes", r->cores[core].dram_bytes);
  return o;
}

static data_value *write_fault(arena *m, const sim_fault *f, const tog *t) {
  data_value *o = data_object(m), *coord = data_array(m);
  data_set_string(m, o, "kind", sim_fault_name(f->kind));
  if (f->core >= 0) {
    data_set_int(m, o, "core", f->core);
    for (int d = 0; d < t->n_mesh; d++)
      data_push(m, coord, data_int(m, f->coord[d]));
    data_set(m, o, "coord", coord);
  }
  if (f->buffer)
    data_set_string(m, o, "buffer", f->buffer);
  data_set_int(m, o, "cycle", f->cycle);
  data_set_string(m, o, "text", f->text);
  return o;
}

static data_value *busy_item(arena *m, int64_t bytes, int64_t busy) {
  data_value *o = data_object(m);
  data_set_int(m, o, "bytes", bytes);
  data_set_int(m, o, "busy", busy);
  return o;
}

static data_value *write_channel(arena *m, const sim_channel *c, dram_model model) {
  data_value *o = busy_item(m, c->bytes, c->busy);
  if (model != DRAM_BANK)
    return o;
  data_set_int(m, o, "requests", c->bank.reads + c->bank.writes);
  data_set_int(m, o, "row_hits", c->bank.row_hits);
  data_set_int(m, o, "row_misses", c->bank.row_misses);
  data_set_int(m, o, "row_conflicts", c->bank.row_conflicts);
  return o;
}

data_value *sim_report_to_data(arena *m, const sim_report *r, const tog *t) {
  data_value *o = data_object(m), *cores = data_array(m), *units = data_object(m), *channels = data_array(m), *links = data_array(m), *faults = data_array(m);
  data_set_string(m, o, "schema", "loom.sim.v1");
  data_set_int(m, o, "cycles", r->cycles);
  data_set_int(m, o, "dram_bytes_read", r->dram_bytes_read);
  data_set_int(m, o, "dram_bytes_written", r->dram_bytes_written);
  if (r->l1_bytes_read || r->l1_bytes_written) {
    data_set_int(m, o, "l1_bytes_read", r->l1_bytes_read);
    data_set_int(m, o, "l1_bytes_written", r->l1_bytes_written);
  }
  data_set_int(m, o, "noc_bytes", r->noc_bytes);
  data_set_string(m, o, "dram", dram_model_name(r->dram));
  data_set_int(m, o, "events", r->events);
  for (int c = 0; c < r->n_cores; c++)
    data_push(m, cores, write_core(m, r, t, c));
  for (size_t i = 0; i < r->units.n; i++)
    data_set_int(m, units, r->units.at[i].name, r->units.at[i].busy);
  for (size_t i = 0; i < r->channels.n; i++)
    data_push(m, channels, write_channel(m, &r->channels.at[i], r->dram));
  for (size_t i = 0; i < r->links.n; i++) {
    data_value *link = data_object(m);
    data_set_int(m, link, "from", r->links.at[i].from);
    data_set_int(m, link, "to", r->links.at[i].to);
    data_set_int(m, link, "bytes", r->links.at[i].bytes);
    data_set_int(m, link, "busy", r->links.at[i].busy);
    data_push(m, links, link);
  }
  for (size_t i = 0; i < r->faults.n; i++)
    data_push(m, faults, write_fault(m, &r->faults.at[i], t));
  data_set(m, o, "per_core", cores);
  data_set(m, o, "unit_busy", units);
  data_set(m, o, "channels", channels);
  data_set(m, o, "links", links);
  data_set(m, o, "faults", faults);
  data_set_int(m, o, "n_faults", r->n_faults);
  return o;
}
