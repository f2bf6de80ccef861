/* loom.sim.v1 of a tile graph. */
#include "sim/npu/npu_private.h"

const char *npu_fault_name(npu_fault_kind k) {
  static const char *const names[] = {
#define X(name, word) word,
      NPU_FAULT_LIST(X)
#undef X
  };
  return names[k];
}

static data_value *write_core(arena *mem, const npu_report *r, const machine *m, int core) {
  const npu_core_report *c = &r->cores[core];
  data_value *o = data_object(mem), *arrays = data_array(mem), *given = data_object(mem);
  int64_t at = core, coord[MACHINE_MESH_DIMS_MAX], busy = c->vector_busy;
  for (size_t d = m->mesh.n; d-- > 0; at /= m->mesh.at[d].size)
    coord[d] = at % m->mesh.at[d].size;
  for (size_t d = 0; d < m->mesh.n; d++)
    data_set_int(mem, o, m->mesh.at[d].name, coord[d]);
  for (int i = 0; i < r->n_arrays; i++)
    busy = c->array_busy[i] > busy ? c->array_busy[i] : busy;
  data_set_int(mem, o, "cycles", c->cycles);
  data_set_int(mem, o, "busy", busy);
  data_set_int(mem, o, "dram_bytes", c->read_bytes + c->written_bytes);
  data_set_int(mem, o, "vector_busy", c->vector_busy);
  for (int i = 0; i < r->n_arrays; i++)
    data_push(mem, arrays, data_int(mem, c->array_busy[i]));
  data_set(mem, o, "array_busy", arrays);
  data_set_int(mem, o, "dma_cycles", c->dma_cycles);
  data_set_int(mem, given, "load", c->instructions[TILE_LOAD]);
  data_set_int(mem, given, "store", c->instructions[TILE_STORE]);
  data_set_int(mem, given, "wait", c->instructions[TILE_WAIT]);
  data_set_int(mem, given, "compute", c->instructions[TILE_COMPUTE]);
  data_set_int(mem, given, "skipped", c->skipped);
  data_set(mem, o, "instructions", given);
  return o;
}

static data_value *write_job(arena *mem, const npu_job_report *j) {
  data_value *o = data_object(mem);
  data_set_string(mem, o, "graph", j->graph);
  data_set_int(mem, o, "partition", j->partition);
  data_set_int(mem, o, "arrival", j->arrival);
  data_set_int(mem, o, "begin", j->begin);
  data_set_int(mem, o, "end", j->end);
  data_set_int(mem, o, "work_items", j->items);
  return o;
}

/* Of programs: where the time of the arrays went, and the room that was needed. */
static void add_program(arena *mem, const npu_report *r, const npu_core_report *c, data_value *o) {
  data_value *bubble = data_array(mem), *idle = data_array(mem);
  for (int i = 0; i < r->n_arrays; i++) {
    data_push(mem, bubble, data_int(mem, c->array_bubble[i]));
    data_push(mem, idle, data_int(mem, c->array_idle[i]));
  }
  data_set(mem, o, "array_bubble", bubble);
  data_set(mem, o, "array_idle", idle);
  data_set_int(mem, o, "spad_lane_bytes", c->spad_peak);
}

static data_value *write_channel(arena *mem, const npu_report *r, const dram_counts *c) {
  data_value *o = data_object(mem);
  data_set_int(mem, o, "bytes", (c->reads + c->writes) * r->request_bytes);
  data_set_int(mem, o, "reads", c->reads);
  data_set_int(mem, o, "writes", c->writes);
  if (r->dram == DRAM_RATE)
    return o;
  data_set_int(mem, o, "row_hits", c->row_hits);
  data_set_int(mem, o, "row_misses", c->row_misses);
  data_set_int(mem, o, "row_conflicts", c->row_conflicts);
  data_set_int(mem, o, "forwarded", c->forwarded);
  return o;
}

static data_value *write_fault(arena *mem, const npu_fault *f) {
  data_value *o = data_object(mem);
  data_set_string(mem, o, "kind", npu_fault_name(f->kind));
  if (f->core >= 0)
    data_set_int(mem, o, "core", f->core);
  if (f->node)
    data_set_string(mem, o, "node", f->node);
  data_set_int(mem, o, "cycle", f->cycle);
  data_set_string(mem, o, "text", f->text);
  return o;
}

data_value *npu_report_to_data(arena *mem, const npu_report *r, const tile_graph *g, const machine *m) {
  data_value *o = data_object(mem), *cores = data_array(mem), *channels = data_array(mem), *faults = data_array(mem);
  int64_t read = 0, written = 0, vector = 0, arrays = 0;
  for (int i = 0; i < r->n_cores; i++) {
    const npu_core_report *c = &r->cores[i];
    read += c->read_bytes;
    written += c->written_bytes;
    vector += c->vector_busy;
    for (int k = 0; k < r->n_arrays; k++)
      arrays += c->array_busy[k];
    data_value *core = write_core(mem, r, m, i);
    if (r->n_jobs)
      add_program(mem, r, c, core);
    data_push(mem, cores, core);
  }
  for (int i = 0; i < r->n_channels; i++)
    data_push(mem, channels, write_channel(mem, r, &r->channels[i]));
  for (size_t i = 0; i < r->faults.n; i++)
    data_push(mem, faults, write_fault(mem, &r->faults.at[i]));
  data_set_string(mem, o, "schema", "loom.sim.v1");
  data_set_string(mem, o, "graph", g->name);
  data_set_string(mem, o, "machine", m->name);
  data_set_string(mem, o, "dram", dram_model_name(r->dram));
  data_set_int(mem, o, "cycles", r->cycles);
  data_set_int(mem, o, "dram_bytes_read", read);
  data_set_int(mem, o, "dram_bytes_written", written);
  data_set_int(mem, o, "noc_bytes", r->noc_bytes);
  data_set_int(mem, o, "events", r->events);
  data_set_int(mem, o, "work_items", r->items);
  data_set_int(mem, o, "tiles", r->tiles);
  data_set(mem, o, "per_core", cores);
  data_value *units = data_object(mem);
  data_set_int(mem, units, "matrix", arrays);
  data_set_int(mem, units, "vector", vector);
  data_set(mem, o, "unit_busy", units);
  data_set(mem, o, "channels", channels);
  if (r->n_jobs) {
    data_value *jobs = data_array(mem);
    for (int i = 0; i < r->n_jobs; i++)
      data_push(mem, jobs, write_job(mem, &r->jobs[i]));
    data_set(mem, o, "jobs", jobs);
    data_set_int(mem, o, "code_instructions", r->code_instructions);
  }
  data_set(mem, o, "faults", faults);
  data_set_int(mem, o, "n_faults", r->n_faults);
  return o;
}
