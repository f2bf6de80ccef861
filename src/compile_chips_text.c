/* What several chips do, as JSON: in the summary, and the table of splits. */
#include "compile_chips.h"

static data_value *collectives(arena *m, const compile_chips *c) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < c->program.stages.n; i++) {
    const chips_stage *g = &c->program.stages.at[i];
    data_value *o = data_object(m);
    chips_link *links;
    int64_t most = 0;
    const size_t n = chips_stage_links(m, &c->program, (int)i, &links);
    for (size_t k = 0; k < n; k++)
      most = links[k].bytes > most ? links[k].bytes : most;
    data_set_string(m, o, "kind", chips_collective_text(g->kind));
    data_set_string(m, o, "tensor", c->program.tensors.at[g->tensor].name);
    data_set_string(m, o, "dim", c->machine->chips.at[g->dim].name);
    data_set_string(m, o, "when", g->behind ? "behind" : "before");
    data_set_int(m, o, "predicted_cycles", g->cycles);
    data_set_int(m, o, "bytes", g->bytes);
    data_set_int(m, o, "links", (int64_t)n);
    data_set_int(m, o, "busiest_link_bytes", most);
    data_push(m, all, o);
  }
  return all;
}

static data_value *per_chip(arena *m, const compile_chips *c) {
  data_value *all = data_array(m);
  for (int64_t i = 0; i < c->program.n_chips; i++) {
    data_value *o = data_object(m), *part = data_object(m);
    const chips_part p = chips_part_of(&c->kernel, c->machine, &c->split, i);
    for (int a = 0; a < c->kernel.n_axes; a++) {
      data_value *run = data_array(m);
      data_push(m, run, data_int(m, p.begin[a]));
      data_push(m, run, data_int(m, p.begin[a] + (p.is_idle ? 0 : p.extent[a])));
      data_set(m, part, c->kernel.axis[a].name, run);
    }
    data_set_int(m, o, "chip", i);
    data_set_bool(m, o, "idle", p.is_idle);
    data_set(m, o, "part", part);
    data_set_int(m, o, "dram_bytes", compile_chips_dram(c, i));
    if (c->timing) {
      data_set_int(m, o, "begin", c->timing[i].begin);
      data_set_int(m, o, "kernel_cycles", c->timing[i].kernel);
      data_set_int(m, o, "end", c->timing[i].end);
    }
    data_push(m, all, o);
  }
  return all;
}

/* Why a split is none to choose; NULL: it was one. */
static const char *left_out(const compile_chips_row *r) { return r->is_too_large ? "dram" : r->is_ruled_out ? "collectives" : r->is_infeasible ? "plan" : NULL; }

/* A split, what it moves and what it costs. */
static data_value *row_data(arena *m, const compile_chips *c, const compile_chips_row *r) {
  data_value *o = data_object(m), *moves = data_array(m);
  chips_program p;
  chips_program_make(m, &c->kernel, c->machine, &r->split, &p);
  for (size_t i = 0; i < p.stages.n; i++)
    data_push(m, moves, data_string(m, arena_printf(m, "%s of %s along %s", chips_collective_text(p.stages.at[i].kind), p.tensors.at[p.stages.at[i].tensor].name, c->machine->chips.at[p.stages.at[i].dim].name)));
  data_set_string(m, o, "name", chips_split_text(m, &c->kernel, c->machine, &r->split));
  data_set(m, o, "chips", chips_split_to_data(m, &c->kernel, c->machine, &r->split));
  data_set(m, o, "moves", moves);
  data_set_int(m, o, "dram_bytes", r->dram);
  data_set_int(m, o, "cycles_before", r->before);
  data_set_int(m, o, "cycles_behind", r->behind);
  if (left_out(r)) {
    data_set_string(m, o, "left_out", left_out(r));
  } else {
    data_set_int(m, o, "cost", r->cycles);
    data_set_int(m, o, "kernel_cycles", r->kernel);
  }
  return o;
}

/* Best first. */
static data_value *alternatives(arena *m, const compile_chips *c) {
  enum { ALTERNATIVES_MAX = 100 };
  data_value *all = data_array(m);
  for (size_t i = 0; i < c->rows.n && i < ALTERNATIVES_MAX; i++)
    data_push(m, all, row_data(m, c, &c->rows.at[i]));
  return all;
}

static data_value *chips_data(arena *m, const compile_chips *c) {
  const compile_chips_row *best = &c->rows.at[0];
  data_value *v = data_object(m);
  data_set(m, v, "split", chips_split_to_data(m, &c->kernel, c->machine, &c->split));
  data_set_int(m, v, "kernel_cycles", best->kernel);
  data_set_int(m, v, "cycles_before", best->before);
  data_set_int(m, v, "cycles_behind", best->behind);
  data_set_int(m, v, "splits", (int64_t)c->rows.n);
  data_set_int(m, v, "dram_bytes", best->dram);
  if (machine_dram_bytes(c->chip))
    data_set_int(m, v, "dram_capacity", machine_dram_bytes(c->chip));
  data_set(m, v, "alternatives", alternatives(m, c));
  data_set(m, v, "collectives", collectives(m, c));
  data_set(m, v, "per_chip", per_chip(m, c));
  return v;
}

data_value *compile_chips_summary(compile_chips *c, const compile_execution *e) {
  arena *m = &c->ctx->mem;
  data_value *v = compile_summary(&c->whole, e);
  data_set(m, v, "chips", chips_data(m, c));
  return v;
}

data_value *compile_chips_table(compile_chips *c) {
  arena *m = &c->ctx->mem;
  data_value *v = data_object(m), *rows = data_array(m);
  int64_t ruled_out = 0;
  data_set_string(m, v, "schema", "loom.explore.v1");
  data_set_string(m, v, "kernel", c->whole.kernel->name);
  data_set_string(m, v, "machine", c->machine->name);
  for (size_t i = 0; i < c->rows.n; i++) {
    const compile_chips_row *r = &c->rows.at[i];
    ruled_out += r->is_ruled_out;
    if (!r->is_ruled_out)
      data_push(m, rows, row_data(m, c, r));
  }
  data_set(m, v, "candidates", rows);
  data_set_int(m, v, "total", (int64_t)c->rows.n);
  data_set_int(m, v, "pruned", ruled_out);
  return v;
}
