/* A machine as a loom.machine.v1 tree: what machine_from_yaml reads, nothing left to extend. */
#include "base/text.h"
#include "machine/machine_private.h"

static data_value *number_value(arena *mem, double v) {
  const double greatest = 9007199254740992.0;   /* 2^53: whole numbers are exact below */
  return v > -greatest && v < greatest && v == (double)(int64_t)v ? data_int(mem, (int64_t)v) : data_real(mem, v);
}

data_value *machine_with_origin(arena *mem, data_value *v, const machine_number *origin) {
  if (!origin || !(origin->source || origin->note || origin->is_assumed))
    return v;
  data_value *all = data_object(mem);
  data_set(mem, all, "value", v);
  if (origin->source)
    data_set_string(mem, all, "source", origin->source);
  if (origin->is_assumed)
    data_set_bool(mem, all, "assumed", true);
  if (origin->note)
    data_set_string(mem, all, "note", origin->note);
  return all;
}

static data_value *rate_tree(arena *mem, const machine_number *n) { return machine_with_origin(mem, number_value(mem, n->value), n); }

static data_value *whole_tree(arena *mem, const machine *m, const char *path, int64_t v) {
  return machine_with_origin(mem, data_int(mem, v), machine_origin_find(m, path));
}

static void add_fields(arena *mem, const machine *m, const char *section, data_value *out) {
  for (size_t i = 0; i < machine_n_fields; i++) {
    const machine_field *f = &machine_fields[i];
    if (!text_eq(f->section, section))
      continue;
    data_set(mem, out, f->key, f->kind == MACHINE_WHOLE ? whole_tree(mem, m, machine_field_path(mem, f), *machine_field_whole(m, f))
                                                        : rate_tree(mem, machine_field_rate(m, f)));
  }
}

static data_value *dims_tree(arena *mem, const machine *m, const machine_dims *dims, const char *path) {
  data_value *all = data_array(mem);
  for (size_t d = 0; d < dims->n; d++) {
    const machine_dim *dim = &dims->at[d];
    data_value *v = data_object(mem);
    data_set_string(mem, v, "name", dim->name);
    data_set(mem, v, "size", whole_tree(mem, m, arena_printf(mem, "%s.%s", path, dim->name), dim->size));
    data_set_bool(mem, v, "wrap", dim->wraps);
    data_push(mem, all, v);
  }
  return all;
}

static data_value *memory_tree(arena *mem, const machine *m) {
  data_value *v = data_object(mem);
  data_set_string(mem, v, "name", m->l1_name);
  if (m->l1_banks) {
    data_set(mem, v, "banks", whole_tree(mem, m, "core.memory.banks", m->l1_banks));
    data_set(mem, v, "bank_bytes", whole_tree(mem, m, "core.memory.bank_bytes", m->l1_bytes / m->l1_banks));
  } else
    data_set(mem, v, "bytes", whole_tree(mem, m, "core.memory.bytes", m->l1_bytes));
  add_fields(mem, m, "core.memory", v);
  return v;
}

static data_value *units_tree(arena *mem, const machine *m) {
  data_value *all = data_array(mem);
  for (size_t i = 0; i < m->units.n; i++) {
    const machine_unit *u = &m->units.at[i];
    data_value *v = data_object(mem), *shape = data_array(mem);
    for (int d = 0; d < u->rank; d++)
      data_push(mem, shape, data_int(mem, u->shape[d]));
    data_set_string(mem, v, "name", u->name);
    data_set_string(mem, v, "kind", u->kind);
    data_set(mem, v, "shape", shape);
    data_set(mem, v, "count", whole_tree(mem, m, arena_printf(mem, "core.units.%s.count", u->name), u->count));
    data_set(mem, v, "rate", rate_tree(mem, &u->rate));
    data_push(mem, all, v);
  }
  return all;
}

static data_value *core_tree(arena *mem, const machine *m) {
  data_value *v = data_object(mem), *movers = data_array(mem);
  for (size_t i = 0; i < m->movers.n; i++)
    data_push(mem, movers, data_string(mem, m->movers.at[i]));
  data_set(mem, v, "memory", memory_tree(mem, m));
  data_set(mem, v, "units", units_tree(mem, m));
  data_set(mem, v, "movers", movers);
  add_fields(mem, m, "core", v);
  if (m->pads_edges)
    data_set_string(mem, v, "ragged", "pad");
  if (m->lacks_concurrent_movers)
    data_set_bool(mem, v, "concurrent_movers", false);
  if (m->has_concurrent_units)
    data_set_bool(mem, v, "concurrent_units", true);
  machine_part_write(mem, m, MACHINE_PART_DISPATCH, v);
  machine_part_write(mem, m, MACHINE_PART_PIPELINE, v);
  return v;
}

static data_value *coordinates(arena *mem, const machine *m, int64_t core) {
  int64_t coord[MACHINE_MESH_DIMS_MAX];
  data_value *v = data_array(mem);
  for (size_t d = m->mesh.n; d-- > 0; core /= m->mesh.at[d].size)
    coord[d] = core % m->mesh.at[d].size;
  for (size_t d = 0; d < m->mesh.n; d++)
    data_push(mem, v, data_int(mem, coord[d]));
  return v;
}

static data_value *dram_tree(arena *mem, const machine *m) {
  data_value *v = data_object(mem), *attach = data_array(mem);
  const machine_number *origin = machine_origin_find(m, "dram.attach"), spread = {.is_assumed = m->attach_assumed};
  for (size_t c = 0; c < m->attach.n; c++)
    data_push(mem, attach, coordinates(mem, m, m->attach.at[c]));
  add_fields(mem, m, "dram", v);
  data_set(mem, v, "bytes_per_cycle", rate_tree(mem, &m->dram_bytes_per_cycle));
  data_set(mem, v, "attach", machine_with_origin(mem, attach, origin ? origin : &spread));
  if (m->dram_run_cycles)
    data_set(mem, v, "run_cycles", whole_tree(mem, m, "dram.run_cycles", m->dram_run_cycles));
  if (m->dram_write_align_bytes)
    data_set(mem, v, "write_align_bytes", whole_tree(mem, m, "dram.write_align_bytes", m->dram_write_align_bytes));
  if (m->hashes_channels)
    data_set_string(mem, v, "interleave", "ipoly");
  machine_part_write(mem, m, MACHINE_PART_BANK, v);
  return v;
}

/* ---- perf sets ---- */

static data_value *expr_tree(arena *mem, const sym_expr *e) {
  int64_t v;
  return sym_is_const(e, &v) ? data_int(mem, v) : data_string(mem, sym_str(mem, e));
}

static void add_guard(arena *mem, data_value *v, const sym_expr *when) {
  if (when->op == SYM_FALSE)
    data_set_bool(mem, v, "when", false);
  else if (when->op != SYM_TRUE)
    data_set_string(mem, v, "when", sym_str(mem, when));
}

static void add_cost(arena *mem, data_value *v, const machine_scenario *s) {
  int64_t volume;
  data_set(mem, v, "fixed", expr_tree(mem, s->fixed));
  if (sym_is_const(s->volume, &volume) && volume == 0)
    return;
  data_set(mem, v, "volume", expr_tree(mem, s->volume));
  data_set(mem, v, "throughput", expr_tree(mem, s->throughput));
}

static data_value *func_tree(arena *mem, const machine_func *f) {
  data_value *v = data_object(mem), *symbols = data_array(mem), *scenarios = data_array(mem);
  for (size_t i = 0; i < f->symbols.n; i++)
    data_push(mem, symbols, data_string(mem, f->symbols.at[i]));
  data_set_string(mem, v, "unit", f->unit);
  data_set(mem, v, "symbols", symbols);
  add_guard(mem, v, f->when);
  if (f->is_assumed)
    data_set_bool(mem, v, "assumed", true);
  if (f->scenarios.n == 1 && f->scenarios.at[0].when->op == SYM_TRUE) {
    add_cost(mem, v, &f->scenarios.at[0]);
    return v;
  }
  for (size_t i = 0; i < f->scenarios.n; i++) {
    data_value *s = data_object(mem);
    add_guard(mem, s, f->scenarios.at[i].when);
    add_cost(mem, s, &f->scenarios.at[i]);
    data_push(mem, scenarios, s);
  }
  data_set(mem, v, "scenarios", scenarios);
  return v;
}

static data_value *perf_tree(arena *mem, const machine_perf *p) {
  data_value *v = data_object(mem), *functions = data_object(mem), *aliases = data_object(mem);
  for (size_t i = 0; i < p->funcs.n; i++) {
    const machine_func *f = &p->funcs.at[i];
    data_set(mem, functions, data_get(functions, f->name) ? arena_printf(mem, "%s@%s", f->name, f->unit) : f->name, func_tree(mem, f));
  }
  for (size_t i = 0; i < p->aliases.n; i++)
    data_set_string(mem, aliases, p->aliases.at[i].name, p->aliases.at[i].target);
  if (p->source)
    data_set_string(mem, v, "source", p->source);
  data_set(mem, v, "functions", functions);
  if (aliases->n)
    data_set(mem, v, "aliases", aliases);
  return v;
}

static data_value *host_tree(arena *mem, const machine *m) {
  data_value *v = data_object(mem);
  data_set_string(mem, v, "cpu", m->host_cpu);
  for (size_t i = 0; i < m->host_facts.n; i++)
    data_set(mem, v, m->host_facts.at[i].path, rate_tree(mem, &m->host_facts.at[i].number));
  return v;
}

data_value *machine_to_data(arena *mem, const machine *m) {
  data_value *v = data_object(mem), *links = data_object(mem), *perf = data_object(mem);
  data_set_string(mem, v, "schema", MACHINE_SCHEMA);
  data_set_string(mem, v, "name", m->name);
  if (m->summary)
    data_set_string(mem, v, "summary", m->summary);
  add_fields(mem, m, "", v);
  if (m->chips.n) {
    data_value *chips = data_object(mem);
    data_set(mem, chips, "mesh", dims_tree(mem, m, &m->chips, "chips.mesh"));
    machine_part_write(mem, m, MACHINE_PART_CHIP_LINKS, chips);
    data_set(mem, v, "chips", chips);
  }
  data_set(mem, v, "mesh", dims_tree(mem, m, &m->mesh, "mesh"));
  data_set(mem, v, "core", core_tree(mem, m));
  data_set(mem, v, "dram", dram_tree(mem, m));
  add_fields(mem, m, "links", links);
  if (m->lacks_multicast)
    data_set_bool(mem, links, "multicast", false);
  if (m->lacks_sharing)
    data_set_bool(mem, links, "sharing", false);
  if (m->link_packet_bytes)
    data_set(mem, links, "packet_bytes", machine_with_origin(mem, data_int(mem, m->link_packet_bytes), machine_origin_find(m, "links.packet_bytes")));
  data_set(mem, v, "links", links);
  machine_part_write(mem, m, MACHINE_PART_CROSSBAR, v);
  machine_part_write(mem, m, MACHINE_PART_NOC, v);
  machine_part_write(mem, m, MACHINE_PART_NPU, v);
  if (m->host_cpu)
    data_set(mem, v, "host", host_tree(mem, m));
  if (m->target_kind) {
    data_value *target = data_object(mem);
    data_set_string(mem, target, "kind", m->target_kind);
    if (m->target_arch)
      data_set_string(mem, target, "arch", m->target_arch);
    data_set(mem, v, "target", target);
  }
  for (size_t i = 0; i < m->perf.n; i++)
    data_set(mem, perf, m->perf.at[i].name, perf_tree(mem, &m->perf.at[i]));
  if (m->perf.n)
    data_set_string(mem, v, "calibration", m->perf.at[m->calibration].name);
  data_set(mem, v, "perf", perf);
  return v;
}
